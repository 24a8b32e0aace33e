// Topology: databases connected with each other, kept in sync.
//
//   Topology topology;
//   NodeId a = topology.registerDatabase(db1, "DB1", {.role = SyncRole::server});
//   NodeId b = topology.registerDatabase(db2, "DB2", {.role = SyncRole::client});
//   topology.connectLocal(a, b, ConnectionMode::bidirectional);
//   UUID id = db1.insert({{"message", "Hello!"}});
//   topology.synchronize();          // a barrier, not a sleep
//   db2.fetch(id);
//
// Connections may form any graph: chains, stars, rings, meshes. Whatever was written anywhere ends up, once, at every
// database that it can reach, and then nothing moves any more. A connection that breaks (a full disk, say) tries again
// by itself, 100 ms to 30 s apart, and its status says why.
//
// Topology is a cheap handle; connections end when the last handle goes or disconnect() is called. Safe to use from any
// thread. Callbacks run on one thread of the topology, with no lock held; they may call back into the API, except
// synchronize() and disconnect(), and let go of the last handle.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/database.h"
#include "blazedb/error.h"
#include "blazedb/export.h"
#include "blazedb/local_peers.h"
#include "blazedb/remote.h"
#include "blazedb/subscription.h"

namespace blazedb {

enum class ConnectionMode : std::uint8_t {
  bidirectional,  // both send and receive
  readOnly,       // the target only receives; its own writes are refused with ReadOnlyReplica, also while it is not
                  // connected
  writeOnly,      // the target only sends
};

// Which links a node may open. It does not follow the data.
enum class SyncMode : std::uint8_t { localOnly, localAndRemote, remoteOnly };

struct NodeId {
  std::uint64_t value = 0;
  friend auto operator<=>(const NodeId&, const NodeId&) = default;
};

struct ConnectionId {
  std::uint64_t value = 0;
  friend auto operator<=>(const ConnectionId&, const ConnectionId&) = default;
};

struct RegisterOptions {
  SyncMode syncMode = SyncMode::localAndRemote;
  std::optional<SyncRole> role = {};  // absent: what the file says. Kept in the file.
};

struct ConnectOptions {
  // For readOnly: a target that has writes of its own is refused with HasOwnWrites unless this is set; then the
  // source's state replaces them.
  bool adopt = false;
  // One of the two was away for longer than deletes are remembered, and has to give up what the other one holds no
  // more. More than 1,000 records that are more than a tenth of what it holds end the connection with TooManyRemovals,
  // unless this is set. What goes is kept in Database::removedRecords() for a while.
  bool acceptRemovals = false;
};

enum class ConnectionState : std::uint8_t {
  connecting,
  catchingUp,  // done of total records
  live,        // every change goes across as it is committed
  offline,     // broken: `error` says why, `nextTry` when
  stopped,     // for good: `error` says why; none where an app that had attached has left in order
  paused,      // by pause()
};

struct ConnectionStatus {
  ConnectionId id;
  NodeId from;
  NodeId to;                // 0 where that is elsewhere: what another app shares is `from`, everything else `to`
  std::string remote = {};  // then: "host:port/database", or what a client's token is called and its address; of
                            // another app the path of its socket, or "pid 1234 (uid 1000)"
  ConnectionMode mode = ConnectionMode::bidirectional;
  ConnectionState state = ConnectionState::connecting;
  std::uint64_t done = 0;      // records that have arrived in this catching-up, both directions
  std::uint64_t total = 0;     // about how many it will be
  std::uint64_t pending = 0;   // changes committed at either end that the other has not applied yet (about)
  std::uint64_t bytes = 0;     // across the link, both directions, since it was made
  std::uint64_t repaired = 0;  // records that differed although nothing was pending, and were sent again
  std::uint64_t rejected = 0;  // records that one end has not taken from the other: Database::rejectedChanges()
  std::string rejection = {};  // with these: why, of the latest, and what to do
  bool verified = false;       // both ends hold the same: their digests were compared, and nothing has changed since
  std::optional<ErrorCode> error;        // also while it is live: NotAllowed where what was written here cannot leave
  std::string message;                   // with `error`
  std::chrono::milliseconds nextTry{0};  // with offline: from now
};

struct TopologyNode {
  NodeId id;
  std::string name;
  SyncRole role = SyncRole::client;
  SyncMode syncMode = SyncMode::localAndRemote;
  std::uint64_t records = 0;
};

// A picture of the moment.
struct BLAZEDB_API TopologyGraph {
  std::vector<TopologyNode> nodes;
  std::vector<ConnectionStatus> connections;

  std::string visualize() const;  // text for people
  std::string toDot() const;      // Graphviz
  std::string toJson() const;
};

namespace topology {
class Network;
}

class BLAZEDB_API Topology {
 public:
  Topology();

  // The database stays open as long as the topology lives. `name`: 1 to 128 of [A-Za-z0-9_.-], unique here.
  // AlreadyExists for a name, or a database, that is registered; DuplicateReplica for a copy of one that is.
  NodeId registerDatabase(const Database& database, const std::string& name, const RegisterOptions& options = {});

  // Connects two databases of this process; returns at once, the first exchange runs in the background. Errors:
  // NotFound, InvalidArgument (a node with itself), AlreadyExists (these two are connected), ModeForbids (a remoteOnly
  // node), HasOwnWrites, ReadOnlyReplica (an end that would receive is a read-only replica of another one).
  ConnectionId connectLocal(NodeId from, NodeId to, ConnectionMode mode, const ConnectOptions& options = {});

  // Connects with a database that a hub offers; returns at once. Errors: NotFound, ModeForbids (a localOnly node),
  // AlreadyExists (this node is connected there already), ReadOnlyReplica, NotSupported (e2eOnly, teams),
  // InvalidPolicy, InvalidArgument (a host, a pin or a file that cannot be). What is known only on the way there
  // (PlaintextForbidden, WrongPin, WrongToken, UnknownDatabase, NotAllowed and so on) is in the status.
  ConnectionId connectRemote(NodeId node, const RemoteNode& remote, const SyncPolicy& policy = {});

  // Offers nodes to clients on other machines, under their names, each to whoever has a token of that database
  // (token.h). Listens when it returns. Errors: NotFound, ModeForbids, PlaintextForbidden, InvalidArgument (an address
  // or a certificate that cannot be used), IoError (the port is taken).
  ListenerInfo listen(NodeId node, const ListenOptions& options = {});
  ListenerInfo listen(const std::vector<NodeId>& nodes, const ListenOptions& options = {});
  // Reads the certificate and its key again: for new connections. NotFound, InvalidArgument (then the old one stays).
  void reloadCertificate(ListenerId listener);
  // NotFound.
  CertificateStatus certificate(ListenerId listener) const;

  // Offers a node to other apps of this machine, at the path of a socket (local_peers.h). Listens when it returns. A
  // socket that a process which has died left behind is removed, any other file stays. Errors: NotFound, ModeForbids (a
  // remoteOnly node), ReadOnlyReplica (others would write), InvalidPolicy, InvalidArgument (a path that is not
  // absolute, or too long), AlreadyExists (what is there is no socket), IoError (somebody listens there).
  ListenerInfo listenLocal(NodeId node, const std::string& socketPath, const ListenLocalOptions& options = {});
  // Connects with what another app offers; returns at once. `mode` is meant as if that were connected to this node:
  // with readOnly this node only receives, and is bound to the other database as soon as it is found. Whoever offers
  // need not be there yet. Errors: NotFound, ModeForbids (a remoteOnly node), AlreadyExists (this node is connected
  // there already), ReadOnlyReplica, InvalidArgument (a path). What is known only on the way there (NotAllowed,
  // HasOwnWrites, ReadOnlyReplica) is in the status.
  ConnectionId connectCrossApp(NodeId node, const std::string& socketPath,
                               ConnectionMode mode = ConnectionMode::bidirectional,
                               const CrossAppOptions& options = {});

  // Tells the clients that the hub is stopping, and ends their connections. NotFound.
  void stopListening(ListenerId listener);

  // Of a connection that was made by connectRemote or connectCrossApp: ends the conversation, and begins it again at
  // once. NotFound.
  void pause(ConnectionId connection);
  void resume(ConnectionId connection);

  // Ends a connection; what was not sent yet stays in the feed for the next one. Returns when nothing of it runs any
  // more; a synchronize() that is waiting for it throws Timeout at once. NotFound.
  void disconnect(ConnectionId connection);

  // Returns when everything that any node had committed before the call is applied at every node that connections
  // made here lead to, and what the hubs had is applied here. Throws Timeout (with the connections that are behind)
  // or, where a connection has stopped for good, its error; and, when all the rest is done, NotAllowed where something
  // was written here that a connection cannot carry, as its token may only read.
  void synchronize(std::chrono::milliseconds timeout = std::chrono::minutes(10));

  std::vector<ConnectionStatus> connections() const;
  std::vector<ConnectionStatus> connections(NodeId node) const;
  ConnectionStatus status(ConnectionId connection) const;
  TopologyGraph graph() const;

  // `listener` is called with each new state, and at most ten times a second with progress, on the topology's own
  // thread. What it throws is thrown away. NotFound.
  [[nodiscard]] Subscription onStatus(ConnectionId connection, std::function<void(const ConnectionStatus&)> listener);

 private:
  std::shared_ptr<topology::Network> network_;
};

}  // namespace blazedb
