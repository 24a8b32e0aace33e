// The arguments that say which records of a database: those of query and watch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "blazedb/database.h"
#include "open.h"

namespace blazedb::cli {

struct QueryArguments {
  DatabaseArgument database;
  std::string expression;
  std::string collection;
  std::vector<std::string> parameters;
  std::vector<std::string> sort;
  std::optional<std::uint64_t> limit;
  std::uint64_t offset = 0;
};

void addQuery(Arguments& arguments, QueryArguments& query);
// Throws UsageError for a parameter that cannot be read, NotFound if there is no such collection.
Query queryOf(const Database& database, const QueryArguments& arguments);

}  // namespace blazedb::cli
