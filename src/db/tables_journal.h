// conflicts and removed: the journals of what a merge, or a peer, has taken away here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "blazedb/conflict.h"
#include "blazedb/removed_record.h"
#include "db/statements.h"
#include "replica/rows.h"

namespace blazedb::db {

class Conflicts {
 public:
  explicit Conflicts(Statements& statements) : statements_(statements) {}

  void add(std::span<const replica::Overridden> entries, std::int64_t nowMs);
  // Those with an id above `after`, oldest first.
  std::vector<Conflict> after(std::int64_t after);
  std::uint64_t count();
  // False where there is none.
  bool remove(std::int64_t id);

 private:
  Statements& statements_;
};

class Removed {
 public:
  explicit Removed(Statements& statements) : statements_(statements) {}

  void add(const RemovedRecord& removed, base::ByteView fields);
  // Those with an id above `after`, oldest first: a thousand, or fewer where they are large. None in a file of an
  // earlier version, which is only read and has no such table.
  std::vector<RemovedRecord> after(std::int64_t after);
  // When the oldest was removed.
  std::optional<std::int64_t> oldestMs();
  // False where there is none.
  bool remove(std::int64_t id);
  // Forgets those that are as old as `ms`, at most `max` of them, and gives how many it were.
  std::int64_t removeOld(std::int64_t ms, std::int64_t max);

 private:
  Statements& statements_;
};

}  // namespace blazedb::db
