// Sharing a database with the apps of this machine, and attaching to one: the public functions over the folder of the
// group, a listener and a link. Sharing, the state behind a CrossAppSyncCoordinator, comes first.
//
// An importer finds the shared database by a socket and a note in the folder. If another program removes them, the
// watch on the folder has them made again (shareAgain).
#include "blazedb/cross_app.h"

#include <optional>
#include <utility>

#include "base/mutex.h"
#include "base/typed.h"
#include "blazedb/error.h"
#include "db/access.h"
#include "topology/app_group.h"
#include "topology/shared_note.h"
#include "topology/shared_watch.h"
#include "topology/sync_handle.h"

namespace blazedb {
namespace {

using topology::AppGroupFolder;

LocalPeers peersOf(const AppGroup& group, const AppGroupFolder& folder) {
  LocalPeers peers{group.users, group.groups, group.executables};
  if (folder.members()) peers.groups.push_back(*folder.members());
  return peers;
}

}  // namespace

class CrossAppSyncCoordinator::Sharing {
 public:
  Sharing(std::shared_ptr<replica::Replica> replica, AppGroup group, ExportPolicy policy)
      : replica_(std::move(replica)), group_(std::move(group)), policy_(std::move(policy)) {}

  ~Sharing() { stopWatching(); }

  void enable() {
    base::Lock lock(mutex_);
    if (shared_) return;
    group_ = topology::resolved(std::move(group_));
    share();
    if (std::exchange(wanted_, true)) return;
    try {
      watch_ = topology::watchGroup(group_, [this] { shareAgain(); });
    } catch (const Error&) {
      // It is shared. Without a watch, changes to the folder are not noticed.
    }
  }
  void disable() {
    stopWatching();
    base::Lock lock(mutex_);
    unshare();
  }
  bool enabled() const { return shared() != nullptr; }
  std::vector<ConnectionStatus> connections() const {
    auto sharing = shared();
    return sharing ? sharing->network.connections(std::nullopt) : std::vector<ConnectionStatus>();
  }
  void synchronize(std::chrono::milliseconds timeout) const {
    if (auto sharing = shared()) sharing->network.synchronize(sharing->listener, timeout);
  }
  Subscription onStatus(std::function<void(const ConnectionStatus&)> listener) {
    return listeners_->add(std::move(listener), callbacks_);
  }

 private:
  struct Shared {
    explicit Shared(const std::shared_ptr<replica::Replica>& replica)
        : node(network.registerDatabase(replica, replica->name(), {})) {}

    topology::Network network;
    NodeId node;
    ListenerId listener;
  };

  void stopWatching() {
    Subscription watch;  // ends without the lock, since it may be waiting for it
    base::Lock lock(mutex_);
    wanted_ = false;
    std::swap(watch, watch_);
  }
  void share() REQUIRES(mutex_) {
    AppGroupFolder folder(group_, AppGroupFolder::IfMissing::make);
    std::string path = folder.socketPath(replica_->name());
    ListenLocalOptions options{policy_, peersOf(group_, folder), folder.members() ? 0660u : 0600u};
    auto note = std::make_unique<topology::SharedNote>(std::move(folder), replica_->name());
    auto sharing = std::make_shared<Shared>(replica_);
    auto changed = [callbacks = callbacks_, listeners = listeners_](const ConnectionStatus& status) {
      callbacks->post([listeners, status] { listeners->tell(status); });
    };
    sharing->listener = sharing->network.listenLocal(sharing->node, path, options, changed).id;
    note->publish(policy_);
    note_ = std::move(note);
    shared_ = std::move(sharing);
  }
  void unshare() REQUIRES(mutex_) {
    if (!shared_) return;
    shared_->network.stopListening(shared_->listener);
    shared_.reset();
    note_.reset();
  }
  // Called when something has happened in the folder: another program may have removed the files by which apps find
  // this one. If it cannot be shared now, the next event tries again.
  void shareAgain() {
    base::Lock lock(mutex_);
    if (!wanted_ || (note_ && note_->isInPlace())) return;
    unshare();
    try {
      share();
    } catch (const Error&) {
    }
  }

  std::shared_ptr<Shared> shared() const {
    base::Lock lock(mutex_);
    return shared_;
  }

  std::shared_ptr<replica::Replica> replica_;  // with the database's handles
  AppGroup group_ GUARDED_BY(mutex_);
  const ExportPolicy policy_;
  // Both with what is on its way on the network's threads.
  std::shared_ptr<topology::CallbackThread> callbacks_ = std::make_shared<topology::CallbackThread>();
  std::shared_ptr<topology::StatusListeners> listeners_ = std::make_shared<topology::StatusListeners>();
  mutable base::Mutex mutex_;
  std::unique_ptr<topology::SharedNote> note_ GUARDED_BY(mutex_);  // holds the name for longer than apps can connect
  std::shared_ptr<Shared> shared_ GUARDED_BY(mutex_);              // with calls that wait on it
  bool wanted_ GUARDED_BY(mutex_) = false;                         // between enable() and disable()
  Subscription watch_ GUARDED_BY(mutex_);
};

CrossAppSyncCoordinator::CrossAppSyncCoordinator(const Database& database, AppGroup group, ExportPolicy policy)
    : sharing_(base::typed([&] {
        return std::make_unique<Sharing>(db::Access::replicaOf(database), std::move(group), std::move(policy));
      })) {}
CrossAppSyncCoordinator::~CrossAppSyncCoordinator() = default;
CrossAppSyncCoordinator::CrossAppSyncCoordinator(CrossAppSyncCoordinator&&) noexcept = default;
CrossAppSyncCoordinator& CrossAppSyncCoordinator::operator=(CrossAppSyncCoordinator&&) noexcept = default;

void CrossAppSyncCoordinator::enable() { base::typed(&Sharing::enable, sharing_); }
void CrossAppSyncCoordinator::disable() { base::typed(&Sharing::disable, sharing_); }
bool CrossAppSyncCoordinator::enabled() const { return base::typed(&Sharing::enabled, sharing_); }
std::vector<ConnectionStatus> CrossAppSyncCoordinator::connections() const {
  return base::typed(&Sharing::connections, sharing_);
}
void CrossAppSyncCoordinator::synchronize(std::chrono::milliseconds timeout) {
  base::typed(&Sharing::synchronize, sharing_, timeout);
}
Subscription CrossAppSyncCoordinator::onStatus(std::function<void(const ConnectionStatus&)> listener) {
  return base::typed(&Sharing::onStatus, sharing_, std::move(listener));
}

SyncEngine connectToSharedDatabase(const Database& database, const AppGroup& wanted, const std::string& name,
                                   AccessMode mode, const ConnectOptions& options) {
  return base::typed([&] {
    AppGroup group = topology::resolved(wanted);
    // A folder that an app has not made yet is not made here: the name of the group may be mistyped.
    AppGroupFolder folder(group, AppGroupFolder::IfMissing::accept);
    std::string path = folder.socketPath(name);
    auto handle = std::make_shared<topology::SyncHandle>(db::Access::replicaOf(database));
    bool receivesOnly = mode == AccessMode::readOnly;
    handle->connection = handle->network.connectCrossApp(
        handle->node, path, receivesOnly ? ConnectionMode::readOnly : ConnectionMode::bidirectional,
        {.adopt = options.adopt,
         .mustSend = !receivesOnly,
         .peers = peersOf(group, folder),
         .collections = options.collections},
        [group] { AppGroupFolder(group, AppGroupFolder::IfMissing::accept); });
    return SyncEngine(std::move(handle));
  });
}

std::vector<SharedDatabase> listSharedDatabases(const AppGroup& group) {
  return base::typed([&] { return topology::sharedIn(AppGroupFolder(group, AppGroupFolder::IfMissing::refuse)); });
}

Subscription watchSharedDatabases(const AppGroup& group,
                                  std::function<void(const std::vector<SharedDatabase>&)> listener) {
  return base::typed([&] { return topology::watchShared(topology::resolved(group), std::move(listener)); });
}

std::vector<std::string> listAppGroups(const std::string& root) {
  return base::typed([&] { return topology::appGroupsIn(root); });
}

}  // namespace blazedb
