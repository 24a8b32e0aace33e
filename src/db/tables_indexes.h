// indexes: what indexes there are. SQLite has each one as an index on `records`, or as a table of FTS5.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/indexes.h"
#include "db/statements.h"

namespace blazedb::db {

class IndexTable {
 public:
  explicit IndexTable(Statements& statements) : statements_(statements) {}

  // Those that were made under the present rules (indexRules), by collection and name.
  Indexes all();
  // Makes one from the records that are there, and returns its number. Takes memory for what it holds.
  std::int64_t add(std::int64_t collection, const IndexInfo& info);
  void remove(std::int64_t number);
  // Checks what full-text indexes hold against the records. Returns the faults, a sentence each.
  std::vector<std::string> check();
  // Whether some were made under other rules, and makes these again.
  bool hasOutdated();
  void renewOutdated();

 private:
  struct Stored;
  std::vector<Stored> stored();
  void erase(const Stored& stored);

  Statements& statements_;
};

}  // namespace blazedb::db
