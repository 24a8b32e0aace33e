// What is done now and then: forgetting deletes that all readers have heard of, and what is remembered for longer than
// the retention time; trimming the feed; saving what is known of readers.
//
// For one thread at a time, but for save().
#pragma once

#include <cstdint>

#include "db/group_commit.h"
#include "db/journal.h"
#include "db/origins.h"
#include "db/reader_pool.h"

namespace blazedb::db {

class Upkeep {
 public:
  // All of these must outlive it. `durability`: of purges.
  Upkeep(GroupCommit& writer, ReaderPool& readers, Shared& shared, Origins& origins, Journal& journal,
         base::Clock& clock, std::int64_t retentionMs, Durability durability);

  // Bounded work; true where there is more to do.
  bool run();
  // Saves what may be saved later than it is known: how far readers are, and how much of the feed is stale. With
  // Durability::full also where there is nothing new: what was committed before is on the disk then.
  void save(GroupCommit::Alone& alone, Durability durability = Durability::normal);

 private:
  bool purgeTombstones();
  void forgetCollections();
  bool trimFeed();
  void forgetReaders();
  void forgetOrigins();

  GroupCommit& writer_;
  ReaderPool& readers_;
  Shared& shared_;
  Origins& origins_;
  Journal& journal_;
  base::Clock& clock_;
  const std::int64_t retentionMs_;
  const Durability durability_;
  std::uint64_t trimmedTo_ = 0;
  std::int64_t forgetReadersAtMs_ = 0;
  std::uint64_t savedStale_ = 0;  // the writer's
};

}  // namespace blazedb::db
