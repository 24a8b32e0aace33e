// What a Topology handle points to: the nodes, the connections between them, and the thread of the listeners.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "blazedb/topology.h"
#include "db/engine.h"
#include "link/local_link.h"
#include "topology/callback_thread.h"

namespace blazedb::topology {

class Network {
 public:
  ~Network();

  NodeId registerDatabase(std::shared_ptr<db::Engine> engine, const std::string& name, const RegisterOptions& options);
  ConnectionId connectLocal(NodeId from, NodeId to, ConnectionMode mode, const ConnectOptions& options);
  void disconnect(ConnectionId id);
  void synchronize(std::chrono::milliseconds timeout);
  std::vector<ConnectionStatus> connections(std::optional<NodeId> node) const;
  ConnectionStatus status(ConnectionId id) const;
  TopologyGraph graph() const;
  Subscription onStatus(ConnectionId id, std::function<void(const ConnectionStatus&)> listener);

 private:
  struct Node {
    std::shared_ptr<db::Engine> engine;
    std::string name;
    SyncMode syncMode = SyncMode::localAndRemote;
  };
  struct Listeners;
  struct Connection {
    NodeId from, to;
    ConnectionMode mode = ConnectionMode::bidirectional;
    std::shared_ptr<db::Engine> fromEngine, toEngine;
    int fromListener = 0, toListener = 0;
    std::shared_ptr<Listeners> listeners;
    std::unique_ptr<link::LocalLink> link;  // last: it ends first

    bool sends(int end) const;  // 0: from, 1: to
    ~Connection();
  };
  using ConnectionPtr = std::shared_ptr<Connection>;  // shared with calls that wait on it

  const Node& node(NodeId id) const;
  ConnectionPtr connection(ConnectionId id) const;
  std::map<ConnectionId, ConnectionPtr> all() const;
  static ConnectionStatus describe(ConnectionId id, const Connection& connection, const link::LinkStatus& status);

  base::SystemClock clock_;
  base::SystemRandom random_;
  std::shared_ptr<CallbackThread> callbacks_ = std::make_shared<CallbackThread>();
  mutable std::mutex mutex_;
  std::map<NodeId, Node> nodes_;
  std::map<ConnectionId, ConnectionPtr> connections_;
  std::uint64_t nextId_ = 1;
};

}  // namespace blazedb::topology
