// Real records for the demo: the countries, their subdivisions, and the languages of the world, as the ISO tables
// 3166-1, 3166-2 and 639-3 list them. Debian has them in the package iso-codes.
#pragma once

#include <string>
#include <vector>

#include "blazedb/record.h"

namespace blazedb::cli {

struct IsoTable {
  std::string collection;  // "countries"
  std::vector<Record> records;
};

// Throws Error: NotFound, which names the package to install; InvalidArgument where a table is not as it should be.
std::vector<IsoTable> readIsoTables();

}  // namespace blazedb::cli
