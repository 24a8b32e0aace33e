// What a Topology handle points to: nodes, their connections, and the thread on which user callbacks run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "blazedb/topology.h"
#include "link/io.h"
#include "link/remote_link.h"
#include "replica/replica.h"
#include "topology/callback_thread.h"
#include "topology/listener.h"
#include "topology/status_listeners.h"
#include "topology/staying_changes.h"

namespace blazedb::topology {

class Network {
 public:
  ~Network();

  NodeId registerDatabase(std::shared_ptr<replica::Replica> replica, const std::string& name,
                          const RegisterOptions& options);
  ConnectionId connectLocal(NodeId from, NodeId to, ConnectionMode mode, const ConnectOptions& options);
  ConnectionId connectRemote(NodeId node, const RemoteNode& remote, const SyncPolicy& policy);
  ListenerInfo listen(const std::vector<NodeId>& nodes, const ListenOptions& options);
  // `changed` is called with each new state of a connection there, on a worker.
  ListenerInfo listenLocal(NodeId node, const std::string& path, const ListenLocalOptions& options,
                           std::function<void(const ConnectionStatus&)> changed = {});
  // `look` is called before each attempt, and throws if there must be none.
  ConnectionId connectCrossApp(NodeId node, const std::string& path, ConnectionMode mode,
                               const CrossAppOptions& options, std::function<void()> look = {});
  void reloadCertificate(ListenerId id);
  CertificateStatus certificate(ListenerId id) const;
  IssuerStatus issuer(ListenerId id) const;
  void stopListening(ListenerId id);
  void pause(ConnectionId id) { connection(id)->link->pause(); }
  void resume(ConnectionId id) { connection(id)->link->resume(); }
  void disconnect(ConnectionId id);
  void synchronize(std::chrono::milliseconds timeout);
  // Waits for all clients that are connected there now; for none if it was stopped. Throws Timeout.
  void synchronize(ListenerId listener, std::chrono::milliseconds timeout);
  std::vector<ConnectionStatus> connections(std::optional<NodeId> node) const;
  ConnectionStatus status(ConnectionId id) const;
  TopologyGraph graph() const;
  SyncEngine::Pending pending(ConnectionId id, std::size_t limit) const;
  Subscription onStatus(ConnectionId id, std::function<void(const ConnectionStatus&)> listener);

 private:
  struct Node {
    std::shared_ptr<replica::Replica> replica;
    std::string name;
    SyncMode syncMode = SyncMode::localAndRemote;
  };
  // A connection without its link.
  struct Ends {
    NodeId from, to;
    std::string remote;     // instead of `to`; `from` is then the target of `mode`
    bool isImport = false;  // of what an app shares
    sync::Scope scope;
    ConnectionMode mode = ConnectionMode::bidirectional;
    // With the databases' handles; the second only within a process.
    std::shared_ptr<replica::Replica> fromReplica, toReplica;
    std::shared_ptr<StatusListeners> listeners = std::make_shared<StatusListeners>();
    std::shared_ptr<StayingChanges> staying = std::make_shared<StayingChanges>();  // with callbacks

    // Which changes cannot leave. Reads from storage.
    StayingChanges::Found changesThatStay(const link::LinkStatus& status) const;
    // How far the other end came at the last meeting, if that is known. Reads from storage.
    std::uint64_t acknowledgedBefore() const;
    // The questions about everything that has not left, whether it can or not.
    std::vector<replica::Unsent> unsent(const sync::SessionStatus& session) const;
    bool sends(int end) const;  // 0: from, 1: to
    std::string names() const;
  };
  struct Connection : Ends {
    int fromListener = 0, toListener = 0;
    std::unique_ptr<link::Link> link;  // last: it ends first

    // `report` is that of the link.
    void listenToFeeds(const link::Link::Listener& report);
    // Ends it for good; calls that wait on it return. A second call does nothing.
    void end();
    ~Connection();
  };
  using ConnectionPtr = std::shared_ptr<Connection>;  // shared with calls that wait on it
  using ListenerPtr = std::shared_ptr<Listener>;      // likewise

  const Node& node(NodeId id) const REQUIRES(mutex_);
  ConnectionPtr connection(ConnectionId id) const;
  std::map<ConnectionId, ConnectionPtr> all() const;
  std::map<ListenerId, ListenerPtr> listeners() const;
  ListenerPtr listener(ListenerId id) const;
  link::Io& io() REQUIRES(mutex_);
  ListenerInfo add(ListenerPtr listener, ListenerId id) REQUIRES(mutex_);
  // A connection of a node with something elsewhere.
  ConnectionId add(NodeId from, const std::string& remote, ConnectionMode mode, link::RemoteOptions options)
      REQUIRES(mutex_);
  // Throws InvalidPolicy if a name is none.
  static sync::Scope scopeOf(const CollectionNames& collections, const std::vector<std::string>& excludeFields = {});
  // Throws if this database, its id or the name is registered.
  void refuseTaken(const replica::Replica& replica, const std::string& name) const REQUIRES(mutex_);
  // Throws if the two cannot be connected in this way.
  void refuseLocal(NodeId from, NodeId to, ConnectionMode mode) const REQUIRES(mutex_);
  static void refuseRemoteOnly(const Node& node);
  static void refuseLocalOnly(const Node& node);
  static void refuseReplica(const replica::Replica& receiver);
  link::Link::Listener reporter(ConnectionId id, const Ends& ends) const;
  static ConnectionStatus describe(ListenerId listener, const Listener::Guest& guest);
  // Throws Error if the database cannot be read. Without `reads` it leaves out what only the database knows.
  static ConnectionStatus describe(ConnectionId id, const Ends& connection, const link::LinkStatus& status,
                                   bool reads = true);

  base::SystemClock clock_;
  base::SystemRandom random_;
  std::shared_ptr<CallbackThread> callbacks_ = std::make_shared<CallbackThread>();
  mutable base::Mutex mutex_;
  std::map<NodeId, Node> nodes_ GUARDED_BY(mutex_);
  std::unique_ptr<link::Io> io_ GUARDED_BY(mutex_);  // once there is a link to another process
  std::map<ConnectionId, ConnectionPtr> connections_ GUARDED_BY(mutex_);
  std::map<ListenerId, ListenerPtr> listeners_ GUARDED_BY(mutex_);
  std::uint64_t nextId_ GUARDED_BY(mutex_) = 1;
};

}  // namespace blazedb::topology
