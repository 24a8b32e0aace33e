// Which replicas are connected with an offered database, so that two files with one id are not connected at once.
//
// One incarnation may be connected several times: the hub notices late that a client has lost its earlier connection.
#pragma once

#include <map>
#include <memory>

#include "base/mutex.h"
#include "sync/peer.h"

namespace blazedb::topology {

class ConnectedReplicas : public std::enable_shared_from_this<ConnectedReplicas> {
 public:
  // Returns a seat, to be kept for as long as the peer is connected; none if another incarnation of it is connected.
  std::shared_ptr<void> take(const sync::Peer& peer) {
    base::Lock lock(mutex_);
    Seat& seat = seats_.try_emplace(peer.replica, Seat{peer.incarnation, 0}).first->second;
    if (seat.incarnation != peer.incarnation) return nullptr;
    seat.connections++;
    return {this, [self = shared_from_this(), replica = peer.replica](void*) { self->leave(replica); }};
  }

 private:
  struct Seat {
    std::uint64_t incarnation = 0;
    int connections = 0;
  };

  void leave(const UUID& replica) {
    base::Lock lock(mutex_);
    auto seat = seats_.find(replica);
    if (--seat->second.connections == 0) seats_.erase(seat);
  }

  base::Mutex mutex_;
  std::map<UUID, Seat> seats_ GUARDED_BY(mutex_);
};

}  // namespace blazedb::topology
