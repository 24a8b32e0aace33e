// Upkeep, now and then: forgets deletes that all readers know and what is older than the retention time, trims the
// feed, and saves what is known of readers.
//
// One thread at a time may call it; save() is thread-safe.
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

  // Does a bounded piece of work. Returns true if there is more to do.
  bool run();
  // Saves what need not be saved at once: how far readers are, and how much of the feed is stale. With Durability::full
  // it commits even if nothing is new, and everything that was committed before is on the disk then.
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
};

}  // namespace blazedb::db
