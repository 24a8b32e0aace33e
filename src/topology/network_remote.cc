// Links to other machines: checks what the caller asks for, and makes a link of it.

#include "base/names.h"
#include "blazedb/error.h"
#include "link/handshake.h"
#include "link/host_name.h"
#include "topology/network.h"

namespace blazedb::topology {
namespace {

void check(const SyncPolicy& policy) {
  if (policy.encryptionMode == EncryptionMode::e2eOnly)
    throw Error(
        ErrorCode::NotSupported,
        "e2eOnly, the default, is not in this version; ask for smartProxy where the hub may read what it stores "
        "(blazedb sync --encryption smartProxy)");
  if (policy.teams && policy.teams->empty())
    throw Error(ErrorCode::InvalidPolicy, "the policy names no team: leave `teams` out for all records");
  if (policy.teams && policy.teams->size() > sync::kTeamsMax)
    throw Error(ErrorCode::TooLarge, "a policy names up to 1000 teams");
  if (policy.passphrase)
    throw Error(ErrorCode::InvalidPolicy, "a passphrase is for e2eOnly; with smartProxy nothing is encrypted with it");
  for (const std::string& field : policy.excludeFields) base::requireFieldName(field);
}

std::string addressOf(const RemoteNode& remote) {
  std::string host = link::HostName(remote.host).shown;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return host + ":" + std::to_string(remote.port) + "/" + remote.database;
}

// A hub that grants nothing of what the mode asks for would leave a connection over which nothing ever goes.
std::optional<sync::Bye> refuseEmpty(ConnectionMode mode, const sync::Hello& hub) {
  if (mode == ConnectionMode::readOnly && !hub.sends)
    return sync::Bye{
        ErrorCode::NotAllowed,
        "the token may only write, and the mode of the connection is readOnly: no data could flow in either direction; "
        "ask for a token that may read, or connect in another mode"};
  if (mode == ConnectionMode::writeOnly && !hub.receives)
    return sync::Bye{ErrorCode::NotAllowed,
                     "the token may only read, or the hub is a read-only replica, and the mode of the connection is "
                     "writeOnly: no data could flow in either direction; ask for a token that may write, or connect in "
                     "another mode"};
  return std::nullopt;
}

}  // namespace

void Network::refuseLocalOnly(const Node& node) {
  if (node.syncMode == SyncMode::localOnly)
    throw Error(ErrorCode::ModeForbids,
                "the node '" + node.name + "' is registered as localOnly and opens no remote link");
}

link::Io& Network::io() {
  if (!io_) io_ = std::make_unique<link::Io>();
  return *io_;
}

ConnectionId Network::connectRemote(NodeId from, const RemoteNode& remote, const SyncPolicy& policy) {
  check(policy);
  link::RemoteOptions options;
  options.session.terms.sends = policy.mode != ConnectionMode::readOnly;
  options.session.terms.receives = policy.mode != ConnectionMode::writeOnly;
  options.session.terms.scope = scopeOf(policy.collections, policy.excludeFields);
  options.session.terms.teams = policy.teams;
  options.session.meet = [mode = policy.mode](const sync::Hello& hub, sync::Agreement&) {
    return refuseEmpty(mode, hub);
  };
  options.session.leaveOtherScopes = policy.removeOutOfScope;
  options.session.acceptRemovals = policy.acceptRemovals;
  options.host = remote.host;
  options.port = remote.port;
  options.database = remote.database;
  options.token.assign(remote.authToken.begin(), remote.authToken.end());
  options.allowPlaintext = remote.allowPlaintext;
  if (remote.host.empty()) throw Error(ErrorCode::InvalidArgument, "the remote node has no host");
  if (options.token.size() > link::kTokenBytesMax)
    throw Error(ErrorCode::InvalidArgument, "the token has more than 8,192 bytes, and no hub takes it");
  base::requireName(remote.database, "database");
  if (remote.useTLS)
    options.tls = link::TlsContext::forClient(
        {remote.pinning.pins(), remote.caFile, remote.clientCertificateFile, remote.clientKeyFile});

  base::Lock lock(mutex_);
  const Node& source = node(from);
  refuseLocalOnly(source);
  if (options.session.terms.receives) refuseReplica(*source.replica);
  return add(from, addressOf(remote), policy.mode, std::move(options));
}

ConnectionId Network::add(NodeId from, const std::string& remote, ConnectionMode mode, link::RemoteOptions options) {
  const Node& source = node(from);
  for (const auto& [id, other] : connections_)
    if (other->from == from && other->remote == remote)
      throw Error(ErrorCode::AlreadyExists, "'" + source.name + "' and " + remote +
                                                " are connected already; disconnect them first to change how");
  ConnectionId id{nextId_++};
  auto connection = std::make_shared<Connection>();
  connection->from = from;
  connection->remote = remote;
  connection->isImport = !options.path.empty();
  connection->mode = mode;
  connection->scope = options.session.terms.scope;
  connection->fromReplica = source.replica;
  link::Link::Listener report = reporter(id, *connection);
  connection->link =
      std::make_unique<link::RemoteLink>(io(), source.replica->store(), clock_, random_, std::move(options), report);
  connection->listenToFeeds(report);
  connections_[id] = std::move(connection);
  return id;
}

}  // namespace blazedb::topology
