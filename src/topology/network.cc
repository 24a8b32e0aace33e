// In this order: the rules of connecting, nodes, local connections, ending a connection, the barrier, statuses and the
// graph. Connections to other machines and apps are in network_remote.cc and network_cross_app.cc.
#include "topology/network.h"

#include <algorithm>

#include "base/contain.h"
#include "base/names.h"
#include "blazedb/error.h"
#include "link/local_link.h"

namespace blazedb::topology {
namespace {

ConnectionState stateOf(link::LinkState state) {
  switch (state) {
    case link::LinkState::connecting:
      return ConnectionState::connecting;
    case link::LinkState::catchingUp:
      return ConnectionState::catchingUp;
    case link::LinkState::live:
      return ConnectionState::live;
    case link::LinkState::offline:
      return ConnectionState::offline;
    case link::LinkState::stopped:
      return ConnectionState::stopped;
    case link::LinkState::paused:
      return ConnectionState::paused;
  }
  return ConnectionState::stopped;
}

// Connections of a hub's clients are numbered beside those that were made here.
constexpr int kListenerShift = 40;

ConnectionId idOf(ListenerId listener, std::uint64_t served) { return {listener.value << kListenerShift | served}; }

// The status of both directions, as one end of a session knows it.
void addRejected(const sync::SessionStatus& session, ConnectionStatus& out) {
  out.rejected = session.setAside + session.refused;
  for (const std::optional<sync::Bye>* why : {&session.reason, &session.ofTeams}) {
    if (!*why) continue;
    if (!out.rejection.empty()) out.rejection += "; ";
    out.rejection += std::string(errorName((*why)->code)) + ": " + (*why)->text;
  }
}

// What has arrived at an end elsewhere is known by its acknowledgements.
void addProgress(const sync::SessionStatus& session, bool peerIsElsewhere, ConnectionStatus& out) {
  out.done += std::min(session.received, session.expected);
  out.total += session.expected;
  if (!peerIsElsewhere) return;
  out.done += std::min(session.delivered, session.toDeliver);
  out.total += session.toDeliver;
}

}  // namespace

void Network::refuseReplica(const replica::Replica& receiver) {
  if (std::optional<UUID> source = receiver.source())
    throw Error(ErrorCode::ReadOnlyReplica,
                "'" + receiver.name() + "' is a read-only replica of " + source->toString() +
                    " and receives from nobody else; end that with releaseReadOnly() (blazedb release FILE) first");
}

void Network::refuseRemoteOnly(const Node& node) {
  if (node.syncMode == SyncMode::remoteOnly)
    throw Error(ErrorCode::ModeForbids,
                "the node '" + node.name + "' is registered as remoteOnly and opens no local connection");
}

bool Network::Ends::sends(int end) const {
  return mode == ConnectionMode::bidirectional || (mode == ConnectionMode::readOnly) == (end == (toReplica ? 0 : 1));
}

std::string Network::Ends::names() const {
  return "'" + fromReplica->name() + "' and '" + (toReplica ? toReplica->name() : remote) + "'";
}

sync::Scope Network::scopeOf(const CollectionNames& collections, const std::vector<std::string>& excludeFields) {
  if (collections && collections->empty())
    throw Error(ErrorCode::InvalidPolicy, "no collection is named: leave the names out for all collections");
  for (const std::string& name : collections.value_or(std::vector<std::string>()))
    base::requireName(name, "collection", ErrorCode::InvalidPolicy);
  return sync::makeScope(collections, excludeFields);
}

StayingChanges::Found Network::Ends::changesThatStay(const link::LinkStatus& status) const {
  const sync::SessionStatus& session = status.ends[0];
  if (toReplica || !session.peer || (isImport && !session.sending)) return {};
  return staying->find(*fromReplica, session, scope);
}

std::uint64_t Network::Ends::acknowledgedBefore() const {
  std::optional<UUID> peer = fromReplica->remoteAt(remote);
  std::optional<sync::Scope> carried = peer ? fromReplica->readingOf(*peer) : std::nullopt;
  return carried ? fromReplica->acknowledgedTo(*peer, sync::intersect(scope, *carried)) : 0;
}

std::vector<replica::Unsent> Network::Ends::unsent(const sync::SessionStatus& session) const {
  std::optional<UUID> peer = session.peer ? std::optional(session.peer->replica) : fromReplica->remoteAt(remote);
  if (!peer) return {{.scope = scope}};
  Carried carried =
      session.peer ? Carried(session) : Carried(sync::intersect(scope, fromReplica->readingOf(*peer).value_or(scope)));
  std::vector<replica::Unsent> questions = carried.leftOut(*fromReplica, *peer, scope);
  if (carried.scope) {
    std::uint64_t acknowledged = std::max(session.acknowledgedTo, fromReplica->acknowledgedTo(*peer, *carried.scope));
    questions.insert(questions.begin(), {peer, *carried.scope, false, acknowledged, acknowledged});
  }
  return questions;
}

void Network::Connection::listenToFeeds(const link::Link::Listener& report) {
  auto moved = [link = link.get(), staying = staying, report] {
    link->feedMoved();
    if (!staying->sendsNothing || staying->lookIsDue.exchange(true)) return;
    auto ask = [&] {
      link::LinkStatus status = link->status();
      status.quiet = true;
      report(status);
    };
    if (!base::contain(ask)) staying->lookIsDue = false;  // no memory: the next commit asks
  };
  fromListener = fromReplica->addFeedListener(moved);
  if (toReplica) toListener = toReplica->addFeedListener(moved);
  moved();  // what was committed before the listeners were there
}

void Network::Connection::end() {
  fromReplica->removeFeedListener(fromListener);
  if (toReplica) toReplica->removeFeedListener(toListener);
  link->end();
}

Network::Connection::~Connection() {
  if (link) end();
}

Network::~Network() {
  std::map<ConnectionId, ConnectionPtr> ending;
  std::map<ListenerId, ListenerPtr> closing;
  {
    base::Lock lock(mutex_);
    ending.swap(connections_);
    closing.swap(listeners_);
  }
}

NodeId Network::registerDatabase(std::shared_ptr<replica::Replica> replica, const std::string& name,
                                 const RegisterOptions& options) {
  base::requireName(name, "node");
  replica->requireWritable();
  {
    base::Lock lock(mutex_);
    refuseTaken(*replica, name);
  }
  if (options.role) replica->setRole(*options.role);  // without the lock: it waits for the database
  base::Lock lock(mutex_);
  refuseTaken(*replica, name);
  NodeId id{nextId_++};
  nodes_[id] = {std::move(replica), name, options.syncMode};
  return id;
}

void Network::refuseTaken(const replica::Replica& replica, const std::string& name) const {
  for (const auto& [id, node] : nodes_) {
    if (node.replica.get() == &replica)
      throw Error(ErrorCode::AlreadyExists, "this database is registered already, as '" + node.name + "'");
    if (node.name == name)
      throw Error(ErrorCode::AlreadyExists, "a node '" + name +
                                                "' is registered already; choose another name (for blazedb serve: "
                                                "blazedb set FILE --name NAME)");
    if (node.replica->replicaId() == replica.replicaId())
      throw Error(ErrorCode::DuplicateReplica, "'" + name + "' and '" + node.name +
                                                   "' carry the same replica id: one file is a copy of the other. Give "
                                                   "the copy an id of its own with renewReplicaId() "
                                                   "(blazedb renew FILE)");
  }
}

const Network::Node& Network::node(NodeId id) const {
  auto found = nodes_.find(id);
  if (found == nodes_.end())
    throw Error(ErrorCode::NotFound, "no node " + std::to_string(id.value) + " in this topology");
  return found->second;
}

void Network::refuseLocal(NodeId from, NodeId to, ConnectionMode mode) const {
  const Node& source = node(from);
  const Node& target = node(to);
  if (from == to) throw Error(ErrorCode::InvalidArgument, "a database cannot be connected with itself");
  refuseRemoteOnly(source);
  refuseRemoteOnly(target);
  for (const auto& [id, other] : connections_)
    if ((other->from == from && other->to == to) || (other->from == to && other->to == from))
      throw Error(ErrorCode::AlreadyExists, "'" + source.name + "' and '" + target.name +
                                                "' are connected already; disconnect them first to change the mode");
  if (mode == ConnectionMode::bidirectional) refuseReplica(*target.replica);
  if (mode != ConnectionMode::readOnly) refuseReplica(*source.replica);
}

ConnectionId Network::connectLocal(NodeId from, NodeId to, ConnectionMode mode, const ConnectOptions& options) {
  sync::Scope scope = scopeOf(options.collections);
  Node source, target;
  {
    base::Lock lock(mutex_);
    refuseLocal(from, to, mode);
    source = node(from);
    target = node(to);
  }
  // Without the lock: it waits for the database, and reads all of it.
  if (mode == ConnectionMode::readOnly) target.replica->bindTo(source.replica->replicaId(), options.adopt);
  base::Lock lock(mutex_);
  refuseLocal(from, to, mode);
  ConnectionId id{nextId_++};
  auto connection = std::make_shared<Connection>();
  connection->from = from;
  connection->to = to;
  connection->mode = mode;
  connection->fromReplica = source.replica;
  connection->toReplica = target.replica;

  sync::SessionOptions first, second;
  first.terms.sends = second.terms.receives = connection->sends(0);
  second.terms.sends = first.terms.receives = connection->sends(1);
  first.terms.scope = second.terms.scope = scope;
  first.acceptRemovals = second.acceptRemovals = options.acceptRemovals;
  link::Link::Listener report = reporter(id, *connection);
  connection->link =
      std::make_unique<link::LocalLink>(link::LocalLink::End{source.replica->store(), first},
                                        link::LocalLink::End{target.replica->store(), second}, clock_, random_, report);
  connection->listenToFeeds(report);
  connections_[id] = std::move(connection);
  return id;
}

// Tells the status of a link, on the thread of the callbacks. That thread holds no link, or it would be the last owner
// of one if the network is destroyed meanwhile. And it holds no database while a listener runs, so that the listener
// can close it.
link::Link::Listener Network::reporter(ConnectionId id, const Ends& connection) const {
  auto ends = std::make_shared<const Ends>(connection);  // the link's; shared with a callback for a moment
  return [callbacks = callbacks_, id, ends](const link::LinkStatus& status) {
    callbacks->post([id, weak = std::weak_ptr(ends), status] {
      std::shared_ptr<const Ends> alive = weak.lock();
      if (!alive) return;
      StayingChanges& staying = *alive->staying;
      staying.lookIsDue = false;  // what is written from here on may not be seen below
      const sync::SessionStatus& session = status.ends[0];
      base::contain([&] {
        if (!alive->remote.empty() && session.peer)
          alive->fromReplica->noteRemote(alive->remote, session.peer->replica);
      });
      staying.sendsNothing = !alive->toReplica && !alive->isImport && session.peer && !session.sending;
      std::shared_ptr<StatusListeners> listeners = alive->listeners;
      ConnectionStatus now;
      // A database that cannot be read must not keep back what the connection has to say.
      if (!base::contain([&] { now = describe(id, *alive, status); })) now = describe(id, *alive, status, false);
      bool isNews = staying.isNews() || !status.quiet;
      alive.reset();
      if (isNews) listeners->tell(now);
    });
  };
}

void Network::disconnect(ConnectionId id) {
  ConnectionPtr ending;
  {
    base::Lock lock(mutex_);
    auto found = connections_.find(id);
    for (const auto& [number, open] : listeners_)
      if (found == connections_.end() && number.value == id.value >> kListenerShift &&
          open->dismiss(id.value & ((std::uint64_t{1} << kListenerShift) - 1)))
        return;
    if (found == connections_.end())
      throw Error(ErrorCode::NotFound, "no connection " + std::to_string(id.value) + " in this topology");
    ending = std::move(found->second);
    connections_.erase(found);
  }
  ending->end();
  callbacks_->drain();
}

Network::ConnectionPtr Network::connection(ConnectionId id) const {
  base::Lock lock(mutex_);
  auto found = connections_.find(id);
  if (found == connections_.end())
    throw Error(ErrorCode::NotFound, "no connection " + std::to_string(id.value) + " in this topology");
  return found->second;
}

std::map<ConnectionId, Network::ConnectionPtr> Network::all() const {
  base::Lock lock(mutex_);
  return connections_;
}

SyncEngine::Pending Network::pending(ConnectionId id, std::size_t limit) const {
  ConnectionPtr found = connection(id);
  SyncEngine::Pending pending;
  for (const replica::Unsent& question : found->unsent(found->link->status().ends[0]))
    found->fromReplica->visitUnsent(question, [&](std::string_view collection, const UUID& record, bool lacks) {
      if (lacks && pending.count++ < limit) pending.changes.push_back({std::string(collection), record});
    });
  return pending;
}

// Each round brings what the nodes had at its beginning over one link. If a round moved nothing, nothing is left to
// bring. After as many rounds as there are nodes, everything that was there at the call has gone every possible way.
void Network::synchronize(std::chrono::milliseconds timeout) {
  std::int64_t deadlineUs = clock_.monotonicUs() + std::chrono::microseconds(timeout).count();
  std::map<ConnectionId, ConnectionPtr> links = all();
  std::size_t rounds = 0;
  {
    base::Lock lock(mutex_);
    rounds = nodes_.size();
  }
  std::map<replica::Replica*, std::uint64_t> before;
  for (std::size_t round = 0; round <= rounds; round++) {
    std::map<replica::Replica*, std::uint64_t> ends;
    for (const auto& [id, connection] : links)
      for (replica::Replica* replica : {connection->fromReplica.get(), connection->toReplica.get()})
        if (replica) ends[replica] = replica->store().feedEnd();
    if (round > 0 && ends == before) break;
    before = ends;
    for (const auto& [id, connection] : links) {
      bool reached = true;
      if (!connection->toReplica) reached = connection->link->waitSynchronized(deadlineUs);
      for (int end = 0; end < 2 && connection->toReplica; end++) {
        replica::Replica* replica = end == 0 ? connection->fromReplica.get() : connection->toReplica.get();
        if (connection->sends(end)) reached &= connection->link->waitAcknowledged(end, ends[replica], deadlineUs);
      }
      if (reached) continue;
      ConnectionStatus now = describe(id, *connection, connection->link->status());
      if (now.error && now.state == ConnectionState::stopped)
        throw Error(*now.error, "the connection of " + connection->names() + " has stopped: " + now.message);
      if (now.state == ConnectionState::paused)
        throw Error(ErrorCode::Offline, "the connection of " + connection->names() + " is paused; resume it first");
      throw Error(ErrorCode::Timeout, "the connection of " + connection->names() + " is still behind by about " +
                                          std::to_string(now.pending) + " changes" +
                                          (now.error ? ": " + now.message : ""));
    }
  }
  for (const auto& [id, connection] : links)
    if (StayingChanges::Found staying = connection->changesThatStay(connection->link->status()); staying.records > 0)
      throw Error(ErrorCode::NotAllowed, "the connection of " + connection->names() + " brings nothing further, but " +
                                             staying.advice(connection->mode, connection->isImport));
}

ConnectionStatus Network::describe(ConnectionId id, const Ends& connection, const link::LinkStatus& status,
                                   bool reads) {
  ConnectionStatus out;
  out.id = id;
  out.from = connection.toReplica ? connection.from : connection.to;
  out.to = connection.toReplica ? connection.to : connection.from;
  out.remote = connection.remote;
  out.mode = connection.mode;
  out.state = stateOf(status.state);
  for (int end = 0; end < 2; end++) {
    const sync::SessionStatus& session = status.ends[static_cast<std::size_t>(end)];
    addProgress(session, connection.toReplica == nullptr, out);
    if (!connection.sends(end) || (end == 1 && !connection.toReplica)) continue;
    if (session.peer && !session.sending) continue;  // see below
    std::uint64_t feedEnd = (end == 0 ? connection.fromReplica : connection.toReplica)->store().feedEnd();
    std::uint64_t acknowledged = session.acknowledgedTo;
    if (reads && !session.peer && !connection.toReplica)
      acknowledged = std::max(acknowledged, connection.acknowledgedBefore());
    out.pending += feedEnd - std::min(feedEnd, acknowledged);
  }
  out.bytes = status.bytes;
  out.repaired = status.repaired;
  addRejected(status.ends[0], out);
  out.verified = status.state == link::LinkState::live && status.ends[0].verified &&
                 (status.ends[1].verified || !connection.toReplica) && out.pending == 0;
  StayingChanges::Found staying = reads ? connection.changesThatStay(status) : StayingChanges::Found{};
  out.pending += staying.records;
  if (staying.records > 0 && !status.error) {
    out.error = ErrorCode::NotAllowed;
    out.message = staying.advice(connection.mode, connection.isImport);
  }
  if (status.error) {
    out.error = status.error->code;
    out.message = status.error->text;
    out.nextTry = std::chrono::milliseconds(status.nextTryMs);
  }
  return out;
}

ConnectionStatus Network::describe(ListenerId listener, const Listener::Guest& guest) {
  const sync::SessionStatus& session = guest.served.status.ends[0];
  ConnectionStatus out;
  out.id = idOf(listener, guest.served.id);
  out.from = guest.node;
  out.remote = guest.name;
  if (session.sending != session.receiving)
    out.mode = session.sending ? ConnectionMode::readOnly : ConnectionMode::writeOnly;
  out.state = stateOf(guest.served.status.state);
  addProgress(session, true, out);
  out.bytes = guest.served.status.bytes;
  out.repaired = guest.served.status.repaired;
  addRejected(session, out);
  out.verified = session.verified && guest.served.status.state == link::LinkState::live;
  if (guest.served.status.error) {
    if (!guest.served.status.left) out.error = guest.served.status.error->code;
    out.message = guest.served.status.error->text;
  }
  return out;
}

std::vector<ConnectionStatus> Network::connections(std::optional<NodeId> only) const {
  if (only) {
    base::Lock lock(mutex_);
    node(*only);
  }
  std::vector<ConnectionStatus> found;
  for (const auto& [id, connection] : all())
    if (!only || connection->from == *only || connection->to == *only)
      found.push_back(describe(id, *connection, connection->link->status()));
  for (const auto& [id, listener] : listeners())
    for (const Listener::Guest& guest : listener->guests())
      if (!only || guest.node == *only) found.push_back(describe(id, guest));
  return found;
}

ConnectionStatus Network::status(ConnectionId id) const {
  ConnectionPtr found = connection(id);
  return describe(id, *found, found->link->status());
}

TopologyGraph Network::graph() const {
  TopologyGraph graph;
  std::map<NodeId, Node> nodes;
  {
    base::Lock lock(mutex_);
    nodes = nodes_;
  }
  for (const auto& [id, node] : nodes) {
    TopologyNode out{id, node.name, node.replica->role(), node.syncMode, 0};
    for (const sync::DigestLine& line : node.replica->store().digests()) out.records += line.live;
    graph.nodes.push_back(std::move(out));
  }
  graph.connections = connections(std::nullopt);
  return graph;
}

Subscription Network::onStatus(ConnectionId id, std::function<void(const ConnectionStatus&)> listener) {
  ConnectionPtr found = connection(id);
  return found->listeners->add(std::move(listener), callbacks_);
}

}  // namespace blazedb::topology
