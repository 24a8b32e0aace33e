// The numbers of peers in Row::origin, kept in memory because every batch asks for one. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "db/tables.h"

namespace blazedb::db {

class Origins {
 public:
  // As Reader::originOf says. A number that is known stays until forgetAll(); only a merge gives one to a peer.
  std::int64_t of(const sync::Peer& peer, ReadTables& tables) {
    base::Lock lock(mutex_);
    auto [known, isNew] = known_.try_emplace({peer.replica, peer.incarnation}, 0);
    if (isNew) known->second = tables.originOf(peer);
    return known->second;
  }
  // Something of the peer was merged, so the peer has a number now.
  void noteMerged(const sync::Peer& peer) {
    base::Lock lock(mutex_);
    auto known = known_.find({peer.replica, peer.incarnation});
    if (known != known_.end() && known->second == 0) known_.erase(known);
  }
  // Some numbers were removed.
  void forgetAll() {
    base::Lock lock(mutex_);
    known_.clear();
  }

 private:
  base::Mutex mutex_;
  std::map<std::pair<UUID, std::uint64_t>, std::int64_t> known_ GUARDED_BY(mutex_);
};

}  // namespace blazedb::db
