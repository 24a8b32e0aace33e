// refused: changes of this database that the rights of peers have refused (src/replica/refused.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "blazedb/rejected.h"
#include "db/statements.h"
#include "replica/rows.h"

namespace blazedb::db {

class RefusedTable {
 public:
  explicit RefusedTable(Statements& statements) : statements_(statements) {}

  std::vector<replica::Refused> of(std::span<const sync::RecordKey> keys);
  std::vector<sync::Rejection> by(const UUID& peer);
  void set(const replica::Refused& refused);
  // Returns false if there is none.
  bool remove(std::int64_t id);
  std::uint64_t count();

  // For the user: those with an id above `after`. A file of an earlier version that is opened read-only has no such
  // table, and so no entries.
  std::vector<RejectedChange> after(std::int64_t after);

 private:
  bool there();

  Statements& statements_;
};

}  // namespace blazedb::db
