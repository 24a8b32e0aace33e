// Which replicas are connected with a database that is offered, so that two files with one id are not at once.
//
// One incarnation may be here several times: the connection that a client had lost lingers until the hub notices.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "sync/peer.h"

namespace blazedb::topology {

class ConnectedReplicas : public std::enable_shared_from_this<ConnectedReplicas> {
 public:
  // To be kept for as long as the peer is connected; none where another incarnation of it is.
  std::shared_ptr<void> take(const sync::Peer& peer) {
    std::lock_guard lock(mutex_);
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
    std::lock_guard lock(mutex_);
    auto seat = seats_.find(replica);
    if (--seat->second.connections == 0) seats_.erase(seat);
  }

  std::mutex mutex_;
  std::map<UUID, Seat> seats_;
};

}  // namespace blazedb::topology
