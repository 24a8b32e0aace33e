// What a SyncEngine points to: a topology of its own, with one connection.
#pragma once

#include <memory>

#include "topology/network.h"

namespace blazedb::topology {

class SyncHandle {
 public:
  explicit SyncHandle(const std::shared_ptr<db::Engine>& engine)
      : node(network.registerDatabase(engine, engine->name(), {})) {}

  Network network;
  NodeId node;
  ConnectionId connection;  // made by who makes this
};

}  // namespace blazedb::topology
