// Real records for the demo: countries, their subdivisions, and languages, from the ISO tables 3166-1, 3166-2 and
// 639-3. The Debian package iso-codes has these tables.
#pragma once

#include <string>
#include <vector>

#include "blazedb/record.h"

namespace blazedb::cli {

struct IsoTable {
  std::string collection;  // "countries"
  std::vector<Record> records;
};

// Throws Error: NotFound, which names the package to install; InvalidArgument if a file does not hold its table.
std::vector<IsoTable> readIsoTables();

}  // namespace blazedb::cli
