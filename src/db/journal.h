// The journals of a user: lists, restores and dismisses what merges have overridden and what peers have removed.
// Thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "blazedb/conflict.h"
#include "blazedb/removed_record.h"
#include "db/group_commit.h"
#include "db/reader_pool.h"

namespace blazedb::db {

// Each function does what the one of the same name in Database says.
class Journal {
 public:
  Journal(GroupCommit& writer, ReaderPool& readers, Durability durability)
      : writer_(writer), readers_(readers), durability_(durability) {}

  std::vector<Conflict> conflicts(std::int64_t after = 0) const;
  void restoreConflict(std::int64_t id);
  void dismissConflict(std::int64_t id);
  std::vector<RemovedRecord> removed(std::int64_t after = 0) const;
  void restoreRemoved(std::int64_t id);
  // Forgets some of the removed records that are as old as `ms`. Returns true if there may be more.
  bool forgetRemoved(std::int64_t ms);

 private:
  GroupCommit& writer_;
  ReaderPool& readers_;
  const Durability durability_;
};

}  // namespace blazedb::db
