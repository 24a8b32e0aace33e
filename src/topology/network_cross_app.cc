// Connections with other apps of this machine: what may be asked for, and how it becomes a listener or a link.
#include <algorithm>
#include <atomic>
#include <filesystem>

#include "blazedb/error.h"
#include "link/handshake.h"
#include "link/retry.h"
#include "topology/local_listener.h"
#include "topology/network.h"

namespace blazedb::topology {
namespace {

// The working folder of a process changes, and both ends have to mean the same.
void checkPath(const std::string& path) {
  if (!std::filesystem::path(path).is_absolute())
    throw Error(ErrorCode::InvalidArgument, "the path of a socket begins with /, and '" + path + "' does not");
}

// Binds `engine` to whatever is found at the other end, before anything of that is merged. What this throws away it
// throws away once: a replica that was released since, and written to, ends the connection.
auto bindToPeer(std::shared_ptr<db::Engine> engine, bool adopt) {
  auto mayAdopt = std::make_shared<std::atomic<bool>>(adopt);  // shared by the sessions of the link
  return [engine = std::move(engine), mayAdopt](const sync::Identity& peer) -> std::optional<sync::Bye> {
    try {
      engine->bindTo(peer.replica, *mayAdopt);
      *mayAdopt = false;
      return std::nullopt;
    } catch (const Error& error) {
      return link::failureOf(error);
    }
  };
}

}  // namespace

ListenerInfo Network::listenLocal(NodeId id, const std::string& path, const ListenLocalOptions& options) {
  checkPath(path);
  std::lock_guard lock(mutex_);
  const Node& offered = node(id);
  refuseRemoteOnly(offered);
  if (!options.policy.readOnly) refuseReplica(*offered.engine);
  return add(std::make_shared<LocalListener>(io(), clock_, random_, Listener::Offer{id, offered.name, offered.engine},
                                             path, options));
}

ConnectionId Network::connectCrossApp(NodeId to, const std::string& path, ConnectionMode mode,
                                      const CrossAppOptions& options) {
  checkPath(path);
  if (path.size() > link::kSocketPathBytesMax)
    throw Error(ErrorCode::InvalidArgument,
                "no socket has a path of more than " + std::to_string(link::kSocketPathBytesMax) +
                    " bytes, and this one has " + std::to_string(path.size()) + ": " + path);
  std::lock_guard lock(mutex_);
  const Node& target = node(to);
  refuseRemoteOnly(target);
  if (mode == ConnectionMode::bidirectional) refuseReplica(*target.engine);

  link::RemoteOptions remote;
  remote.path = path;
  remote.database = link::kOnlyDatabase;
  remote.checkListener = [users = options.users](const link::Credentials& listener) -> std::optional<sync::Bye> {
    if (std::find(users.begin(), users.end(), listener.uid) != users.end()) return std::nullopt;
    return link::refuseStranger(listener);
  };
  remote.session.sends = mode != ConnectionMode::readOnly;
  remote.session.receives = mode != ConnectionMode::writeOnly;
  remote.session.importer = true;
  remote.session.leaveOtherScopes = true;
  if (mode == ConnectionMode::readOnly) remote.session.meet = bindToPeer(target.engine, options.adopt);
  return add(to, path, mode, std::move(remote));
}

}  // namespace blazedb::topology
