// What a SyncEngine points to: a topology of its own, with one connection.
#pragma once

#include <memory>

#include "topology/network.h"

namespace blazedb::topology {

class SyncHandle {
 public:
  explicit SyncHandle(const std::shared_ptr<replica::Replica>& replica)
      : node(network.registerDatabase(replica, replica->name(), {})) {}

  Network network;
  NodeId node;
  ConnectionId connection;  // set by the function that makes this
};

}  // namespace blazedb::topology
