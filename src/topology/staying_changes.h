// Changes made here that do not get to the hub, because the token, the hub or the mode lets this end only receive.
//
// A user would not notice them: the connection is live, and everything that it carries has arrived. So they are counted
// in the feed, where each record has the replica from which it came. A scan begins where the one before ended, if that
// found none. So for a database that is only read, which is the usual case, each scan reads only what is new.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "blazedb/connection_mode.h"
#include "replica/replica.h"

namespace blazedb::topology {

// Those of one connection. Thread-safe.
class StayingChanges {
 public:
  // How many records here, in scope, have changes that the peer has not and will not get. Reads from storage.
  std::uint64_t count(replica::Replica& replica, const UUID& peer, const sync::Scope& scope) {
    base::Lock lock(mutex_);
    std::uint64_t end = replica.store().feedEnd();
    if (peer == peer_ && end == countedTo_) return count_;
    if (peer != peer_) noneTo_ = 0;
    count_ = replica.unsentTo(peer, scope, noneTo_, 0).count;
    peer_ = peer;
    countedTo_ = end;
    if (count_ == 0) noneTo_ = end;
    return count_;
  }

  static std::string advice(std::uint64_t count, ConnectionMode mode) {
    return std::to_string(count) + (count == 1 ? " record" : " records") +
           " with changes made here cannot get to the hub, as " +
           (mode == ConnectionMode::readOnly ? "the mode of the connection is readOnly; connect in another mode"
                                             : "the token may only read, or the hub is a read-only replica; ask for a "
                                               "token that may write, or connect with the source of the replica") +
           ", or keep such records in collections that are not synchronized";
  }

 private:
  base::Mutex mutex_;
  std::optional<UUID> peer_ GUARDED_BY(mutex_);
  std::uint64_t countedTo_ GUARDED_BY(mutex_) = 0;
  std::uint64_t count_ GUARDED_BY(mutex_) = 0;
  std::uint64_t noneTo_ GUARDED_BY(mutex_) = 0;  // a place in the feed
};

}  // namespace blazedb::topology
