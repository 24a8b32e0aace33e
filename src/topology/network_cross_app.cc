// Connections with other apps of this machine: checks what the caller asks for, and makes a listener or a link of it.
#include <atomic>
#include <filesystem>

#include "blazedb/error.h"
#include "link/failure.h"
#include "link/handshake.h"
#include "topology/local_listener.h"
#include "topology/network.h"

namespace blazedb::topology {
namespace {

// A process may change its working folder, and both ends must mean the same path.
void checkPath(const std::string& path) {
  if (!std::filesystem::path(path).is_absolute())
    throw Error(ErrorCode::InvalidArgument, "the path of a socket begins with /, and '" + path + "' does not");
}

// Settles two things with the other end before anything of it is merged: whether it takes what is written here, and to
// which source `replica` is bound. Binding throws away this end's own writes once. If the replica was released and
// written to since, the connection ends.
auto meeting(std::shared_ptr<replica::Replica> replica, ConnectionMode mode, const CrossAppOptions& options) {
  auto mayAdopt = std::make_shared<std::atomic<bool>>(options.adopt);  // shared by the sessions of the link
  return [replica = std::move(replica), mode, mustSend = options.mustSend, mayAdopt](
             const sync::Hello& peer, sync::Agreement&) -> std::optional<sync::Bye> {
    if (mode != ConnectionMode::readOnly) {
      if (peer.receives || !mustSend) return std::nullopt;
      return sync::Bye{ErrorCode::NotAllowed, "'" + peer.identity.name +
                                                  "' is shared read-only, and what is written here would not get "
                                                  "there; connect read-only, or have it shared for writing"};
    }
    try {
      replica->bindTo(peer.identity.replica, *mayAdopt);
      *mayAdopt = false;
      return std::nullopt;
    } catch (const Error& error) {
      return link::failureOf(error);
    }
  };
}

}  // namespace

ListenerInfo Network::listenLocal(NodeId id, const std::string& path, const ListenLocalOptions& options,
                                  std::function<void(const ConnectionStatus&)> changed) {
  checkPath(path);
  base::Lock lock(mutex_);
  const Node& offered = node(id);
  refuseRemoteOnly(offered);
  if (!options.policy.readOnly) refuseReplica(*offered.replica);
  ListenerId listener{nextId_++};
  Listener::Changed tell;
  if (changed)
    tell = [listener, changed = std::move(changed)](const Listener::Guest& guest) {
      changed(describe(listener, guest));
    };
  return add(std::make_shared<LocalListener>(io(), clock_, random_, Listener::Offer{id, offered.name, offered.replica},
                                             path, options, std::move(tell)),
             listener);
}

ConnectionId Network::connectCrossApp(NodeId to, const std::string& path, ConnectionMode mode,
                                      const CrossAppOptions& options, std::function<void()> look) {
  checkPath(path);
  if (path.size() > link::kSocketPathBytesMax)
    throw Error(ErrorCode::InvalidArgument,
                "no socket has a path of more than " + std::to_string(link::kSocketPathBytesMax) +
                    " bytes, and this one has " + std::to_string(path.size()) + ": " + path);
  base::Lock lock(mutex_);
  const Node& target = node(to);
  refuseRemoteOnly(target);
  if (mode == ConnectionMode::bidirectional) refuseReplica(*target.replica);

  link::RemoteOptions remote;
  remote.path = path;
  remote.database = link::kOnlyDatabase;
  remote.checkListener = [peers = options.peers,
                          look = std::move(look)](const link::Credentials& listener) -> std::optional<sync::Bye> {
    try {
      if (look) look();
    } catch (const Error& error) {
      return link::failureOf(error);
    }
    if (listener.uid == 0 && peers.executables.empty()) return std::nullopt;
    return refusePeer(peers, listener, "the process that listens there is not trusted:");
  };
  remote.session.terms.sends = mode != ConnectionMode::readOnly;
  remote.session.terms.receives = mode != ConnectionMode::writeOnly;
  remote.session.terms.scope = scopeOf(options.collections);
  remote.session.terms.relation = sync::Relation::importer;
  remote.session.leaveOtherScopes = true;
  remote.session.meet = meeting(target.replica, mode, options);
  return add(to, path, mode, std::move(remote));
}

}  // namespace blazedb::topology
