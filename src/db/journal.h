// What merges have overridden here, and what peers have removed: listed, restored, dismissed. Thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "blazedb/conflict.h"
#include "blazedb/removed_record.h"
#include "db/group_commit.h"
#include "db/reader_pool.h"

namespace blazedb::db {

// Its functions are what those of Database say.
class Journal {
 public:
  Journal(GroupCommit& writer, ReaderPool& readers, Durability durability)
      : writer_(writer), readers_(readers), durability_(durability) {}

  std::vector<Conflict> conflicts(std::int64_t after = 0) const;
  void restoreConflict(std::int64_t id);
  void dismissConflict(std::int64_t id);
  std::vector<RemovedRecord> removed(std::int64_t after = 0) const;
  void restoreRemoved(std::int64_t id);
  // Forgets removed records that are as old as `ms`, some at a time; true where there may be more.
  bool forgetRemoved(std::int64_t ms);

 private:
  GroupCommit& writer_;
  ReaderPool& readers_;
  const Durability durability_;
};

}  // namespace blazedb::db
