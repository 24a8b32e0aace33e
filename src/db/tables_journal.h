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
  // The entries with an id above `after`, oldest first.
  std::vector<Conflict> after(std::int64_t after);
  std::uint64_t count();
  // Returns false if there is none.
  bool remove(std::int64_t id);

 private:
  Statements& statements_;
};

class Removed {
 public:
  explicit Removed(Statements& statements) : statements_(statements) {}

  void add(std::span<const replica::RemovedCopy> copies);
  // The entries with an id above `after`, oldest first: a thousand, or fewer if they are large. A file of an earlier
  // version that is opened read-only has no such table, and so no entries.
  std::vector<RemovedRecord> after(std::int64_t after);
  // When the oldest record was removed.
  std::optional<std::int64_t> oldestMs();
  // Returns false if there is none.
  bool remove(std::int64_t id);
  // Forgets at most `max` entries that are as old as `ms`. Returns how many it forgot.
  std::int64_t removeOld(std::int64_t ms, std::int64_t max);

 private:
  Statements& statements_;
};

}  // namespace blazedb::db
