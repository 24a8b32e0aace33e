// Topology: connects databases, and keeps the connected ones in sync.
//
//   Topology topology;
//   NodeId a = topology.registerDatabase(db1, "DB1", {.role = SyncRole::server});
//   NodeId b = topology.registerDatabase(db2, "DB2", {.role = SyncRole::client});
//   topology.connectLocal(a, b, ConnectionMode::bidirectional);
//   UUID id = db1.insert({{"message", "Hello!"}});
//   topology.synchronize();          // a barrier, not a sleep
//   db2.fetch(id);
//
// Connections may form any graph: chains, stars, rings, meshes. Every write reaches every database that the connections
// lead to, however many ways there are, and then nothing is sent any more. A connection that breaks (a full disk, say)
// tries again by itself, 100 ms to 30 s apart; its status says why.
//
// Topology is a cheap handle. A connection ends with disconnect(), or when the last handle has gone. Any thread may
// call any function. Callbacks run on one thread of the topology, with no lock held. They may call the API, except
// synchronize() and disconnect(), and they may release the last handle.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/collection_names.h"
#include "blazedb/connection_mode.h"
#include "blazedb/database.h"
#include "blazedb/error.h"
#include "blazedb/export.h"
#include "blazedb/local_peers.h"
#include "blazedb/remote.h"
#include "blazedb/subscription.h"

namespace blazedb {

// Which connections a node may have: within this machine, to other machines, or both. It says nothing of where the data
// may go on from there.
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
  std::optional<SyncRole> role = {};  // stored in the file; absent: the stored role
};

struct ConnectOptions {
  // For readOnly. A target that has writes of its own is refused with HasOwnWrites. With adopt the state of the source
  // replaces everything that the target holds.
  bool adopt = false;
  // A database that was away for longer than deletes are remembered removes the records that the other one no longer
  // holds. If these are more than 1,000 and more than a tenth of its records, the connection ends with TooManyRemovals.
  // With acceptRemovals they are removed. Database::removedRecords() keeps them for a while in any case.
  bool acceptRemovals = false;
  // The collections to sync; absent: all. Of an app that shares, all that it shares: if this database also has writes
  // of its own in others, and they are not left out here, the status says NotAllowed.
  CollectionNames collections = {};
};

enum class ConnectionState : std::uint8_t {
  connecting,
  catchingUp,  // done of total records
  live,        // every change is sent as it is committed
  offline,     // broken, and tried again: `error` says why, `nextTry` when
  stopped,     // not tried again: `error` says why; absent if another app that was connected said goodbye
  paused,      // by pause()
};

struct ConnectionStatus {
  ConnectionId id;
  // The two nodes. An end in another process has the id 0 and is described by `remote`. A hub, or an app that shares,
  // to which this node has connected is `from`. Clients and apps that have connected with this node are `to`.
  NodeId from;
  NodeId to;
  // The end elsewhere: "host:port/database" of a hub; the token's name and the address of a client; the path of the
  // socket of an app that shares; "pid 1234 (uid 1000)" of an app that attached. Empty: both ends are nodes here.
  std::string remote = {};
  ConnectionMode mode = ConnectionMode::bidirectional;
  ConnectionState state = ConnectionState::connecting;
  std::uint64_t done = 0;          // records that have arrived while catching up, both directions
  std::uint64_t total = 0;         // about how many there will be
  std::uint64_t pending = 0;       // about how many changes committed at one end the other has not applied yet
  std::uint64_t bytes = 0;         // sent in both directions since the connection was made
  std::uint64_t repaired = 0;      // records that differed although nothing was pending, and were sent again
  std::uint64_t rejected = 0;      // records that one end refused to take from the other: Database::rejectedChanges()
  std::string rejection = {};      // why one of these was refused, and what to do; and why nothing comes of some teams
  bool verified = false;           // both ends hold the same: they compared digests, and nothing has changed since
  std::optional<ErrorCode> error;  // also while live: NotAllowed if writes of this end stay here
  std::string message;             // what happened, and what to do; with `error`
  std::chrono::milliseconds nextTry{0};  // with offline: the time until the next try
};

struct TopologyNode {
  NodeId id;
  std::string name;
  SyncRole role = SyncRole::client;
  SyncMode syncMode = SyncMode::localAndRemote;
  std::uint64_t records = 0;  // live ones
};

// The nodes and connections of one moment.
struct BLAZEDB_API TopologyGraph {
  std::vector<TopologyNode> nodes;
  std::vector<ConnectionStatus> connections;

  std::string visualize() const;  // text for people
  std::string toDot() const;      // Graphviz
  std::string toJson() const;     // an object with "nodes" and "connections", for programs
};

namespace topology {
class Network;
}

class BLAZEDB_API Topology {
 public:
  Topology();

  // Makes a database a node of this topology, which keeps it open. `name`: 1 to 128 of [A-Za-z0-9_.-], unique in this
  // topology. Errors: InvalidArgument (the name), AlreadyExists (the name or the database is registered),
  // DuplicateReplica (a copy of the file is registered), OpenedReadOnly.
  NodeId registerDatabase(const Database& database, const std::string& name, const RegisterOptions& options = {});

  // Connects two nodes of this topology; `to` is the target of `mode`. Returns at once: the exchange runs in the
  // background. Errors: NotFound, InvalidArgument (a node with itself), AlreadyExists (the two are connected),
  // ModeForbids (a remoteOnly node), HasOwnWrites (see ConnectOptions::adopt), ReadOnlyReplica (an end that would
  // receive is a read-only replica of another database), InvalidPolicy (the names of the collections).
  ConnectionId connectLocal(NodeId from, NodeId to, ConnectionMode mode, const ConnectOptions& options = {});

  // Connects a node with a database that a hub offers. Returns at once. Errors: NotFound, ModeForbids (a localOnly
  // node), AlreadyExists (the node is connected there already), ReadOnlyReplica, NotSupported (e2eOnly),
  // InvalidPolicy, InvalidArgument (the host, the database's name, a pin, a file, or a token of more than 8,192 bytes).
  // This node is the target of SyncPolicy::mode. Failures on the way to the hub are in the status: PlaintextForbidden,
  // WrongPin, WrongToken, UnknownDatabase, NotAllowed and others.
  ConnectionId connectRemote(NodeId node, const RemoteNode& remote, const SyncPolicy& policy = {});

  // Offers nodes, under their names, to clients on other machines that have a token of the database (token.h). Clients
  // can connect when it returns. Those of a read-only replica only receive, whatever their tokens grant. Errors:
  // NotFound, ModeForbids (a localOnly node), PlaintextForbidden, InvalidArgument (no node; an address or a certificate
  // that cannot be used), IoError (the port is taken).
  ListenerInfo listen(NodeId node, const ListenOptions& options = {});
  ListenerInfo listen(const std::vector<NodeId>& nodes, const ListenOptions& options = {});
  // Reads the certificate and its key again, and the keys of the issuer, for new connections. Errors: NotFound,
  // InvalidArgument (something new cannot be used; the listener keeps the old one, and has taken the rest).
  void reloadCertificate(ListenerId listener);
  // The certificate that the listener presents now. Throws NotFound.
  CertificateStatus certificate(ListenerId listener) const;
  // The keys of the issuer that the listener uses now. Throws NotFound.
  IssuerStatus issuer(ListenerId listener) const;

  // Offers a node to other apps of this machine, on a socket at an absolute path (local_peers.h). Apps can connect when
  // it returns. It replaces a socket that a dead process left behind, and no other file. Errors: NotFound, ModeForbids
  // (a remoteOnly node), ReadOnlyReplica (the policy lets others write to a read-only replica), InvalidPolicy,
  // InvalidArgument (the path is relative or too long, or the mode), AlreadyExists (the path is no socket), IoError
  // (another process listens there).
  ListenerInfo listenLocal(NodeId node, const std::string& socketPath, const ListenLocalOptions& options = {});
  // Connects a node with the database that another app offers on a socket. Returns at once; the app may start later.
  // This node is the target of `mode`: with readOnly it only receives, and becomes a replica of the other database as
  // soon as the two meet. Errors: NotFound, ModeForbids (a remoteOnly node), AlreadyExists (the node is connected there
  // already), ReadOnlyReplica, InvalidArgument (the path is relative or too long), InvalidPolicy (the names of the
  // collections). Failures on the way to the app are in the status: NotAllowed, HasOwnWrites, ReadOnlyReplica and
  // others.
  ConnectionId connectCrossApp(NodeId node, const std::string& socketPath,
                               ConnectionMode mode = ConnectionMode::bidirectional,
                               const CrossAppOptions& options = {});

  // Tells the clients or apps that this end is stopping, and ends their connections. Waits for calls of theirs that are
  // running. Must not be called in a callback. Throws NotFound.
  void stopListening(ListenerId listener);

  // Ends the exchange over a connection until resume(). Throws NotFound.
  void pause(ConnectionId connection);
  // Begins it again at once: after pause(), without waiting for the next try, or after it has stopped. Throws NotFound.
  void resume(ConnectionId connection);

  // Ends a connection. What it has not sent yet stays in the feed for the next connection. When it returns nothing of
  // the connection runs any more, its listeners included. A synchronize() that waits for it throws Timeout at once.
  // Must not be called in a callback. Throws NotFound.
  void disconnect(ConnectionId connection);

  // Waits until every node that connections made here lead to has applied what any node had committed before the call,
  // and until the nodes here have applied what the hubs and apps had. Errors: Timeout (names the connection that is
  // behind); the error of a connection that has stopped; Offline (a connection is paused); and, after everything else
  // has arrived, NotAllowed if a token, or SyncPolicy::mode, does not let writes of a node here leave. Must not be
  // called in a callback.
  void synchronize(std::chrono::milliseconds timeout = std::chrono::minutes(10));

  // All connections, those of the listeners' clients and apps too.
  std::vector<ConnectionStatus> connections() const;
  // The connections of one node. Throws NotFound.
  std::vector<ConnectionStatus> connections(NodeId node) const;
  // Of a connection that connectLocal, connectRemote or connectCrossApp made. Throws NotFound.
  ConnectionStatus status(ConnectionId connection) const;
  // The nodes and all connections, as they are now.
  TopologyGraph graph() const;

  // Calls `listener` on the topology's callback thread with each new state of a connection made here, and with its
  // progress, at most ten times a second. What it throws is discarded. Throws NotFound.
  [[nodiscard]] Subscription onStatus(ConnectionId connection, std::function<void(const ConnectionStatus&)> listener);

 private:
  std::shared_ptr<topology::Network> network_;
};

}  // namespace blazedb
