// Apps of one machine that share data. Each app has its own database, with its own file and password. The apps meet in
// an app group.
//
// In the app that shares (the exporter):
//   CrossAppSyncCoordinator sharing(db, "group.com.yourapp.blazedb", {.collections = {"notes"}});
//   sharing.enable();
// In an app that attaches (an importer):
//   SyncEngine sync = connectToSharedDatabase(mine, "group.com.yourapp.blazedb", "Notes", AccessMode::readOnly);
//
// Either app may start first, and either may restart. Roles, conflicts, the journal, statuses and synchronize() work as
// between any two databases (topology.h). An importer may share the same data with further apps.
//
// An app group is a folder that holds the sockets of its apps. A process that could put a socket there could pose as an
// app. Every call therefore checks the folder: it and all folders above it belong to this user, to root or to one of
// AppGroup::users; nobody else may write there, except the members of AppGroup::unixGroup, and except in a sticky
// folder above it, such as /tmp; and no part of the path is a symbolic link. UnsafeFolder names the fault and the
// command that mends it. Each end also asks the kernel which user runs the other end. docs/security.md says what this
// protects from.
//
// All functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "blazedb/database.h"
#include "blazedb/export.h"
#include "blazedb/export_policy.h"
#include "blazedb/remote.h"
#include "blazedb/subscription.h"
#include "blazedb/topology.h"

namespace blazedb {

// Where apps meet, and which processes may take part. All apps of a group give the same values.
struct AppGroup {
  AppGroup(std::string groupName) : name(std::move(groupName)) {}
  AppGroup(const char* groupName) : name(groupName) {}

  // 1 to 128 of [A-Za-z0-9_.-]; the first is not a point.
  std::string name;
  // The folder that holds the group's folder. Empty: $XDG_RUNTIME_DIR/blazedb, else /run/user/UID/blazedb; with a
  // `unixGroup`, /run/blazedb. Missing folders are made with mode 0700, whatever the umask. A relative path starts at
  // the working folder of the call. A relative XDG_RUNTIME_DIR is ignored.
  std::string root = {};
  // For apps of several users: the unix group that they are members of. The group's folder then belongs to this unix
  // group and has mode 3770. Let root make it once (docs/guide.md has the command).
  std::string unixGroup = {};
  // Which processes may be at the other end, beside those of this user and of the members of `unixGroup`: those of
  // these users (uids), and of the members of these unix groups (gids).
  std::vector<std::uint32_t> users = {};
  std::vector<std::uint32_t> groups = {};
  // Paths of programs. If not empty, the process at the other end must also run one of them.
  std::vector<std::string> executables = {};
};

enum class AccessMode : std::uint8_t {
  readOnly,   // this database becomes a read-only replica of the shared one; see ConnectionMode::readOnly
  readWrite,  // both send their writes. The status says NotAllowed if the exporter shares read-only
};

// Shares one database with the other apps of a group, under the database's own name. The sharing ends with this object,
// with disable(), or with the process, however the process ends. If another program removes the socket or its folder,
// the coordinator makes them again and the importers reconnect. Movable.
class BLAZEDB_API CrossAppSyncCoordinator {
 public:
  // Keeps the three values and shares nothing yet: enable() checks them.
  CrossAppSyncCoordinator(const Database& database, AppGroup group, ExportPolicy policy = {});
  ~CrossAppSyncCoordinator();
  CrossAppSyncCoordinator(CrossAppSyncCoordinator&&) noexcept;
  CrossAppSyncCoordinator& operator=(CrossAppSyncCoordinator&&) noexcept;

  // Starts sharing; importers can connect when it returns. Does nothing if the database is shared already. Errors:
  // InvalidArgument (the name of the group, of the database or of a unix group; a path too long for a socket),
  // InvalidPolicy, UnsafeFolder, AlreadyExists (the group has a shared database of this name), ReadOnlyReplica (the
  // policy lets importers write, and this database is a read-only replica), OpenedReadOnly, NotAllowed (this process
  // may not make the folder, or not give it to the unix group), IoError.
  void enable();
  // Stops sharing and ends the connections of the importers. They wait until the database is shared again. A
  // synchronize() that is running returns: it has no connection left to wait for. Must not be called in a callback.
  void disable();
  // Whether the database is shared now.
  bool enabled() const;

  // One status for each importer that is connected now; none while nothing is shared.
  std::vector<ConnectionStatus> connections() const;
  // Waits until every connected importer has applied what was committed here before the call, and this database has
  // applied what those importers had. Throws Timeout. Returns at once while nothing is shared.
  void synchronize(std::chrono::milliseconds timeout = std::chrono::minutes(10));
  // Calls `listener` when an importer connects, with each new state of its connection, and with `stopped` and the
  // reason when it has gone. The subscription outlasts disable() and enable(). Threads as Topology::onStatus.
  [[nodiscard]] Subscription onStatus(std::function<void(const ConnectionStatus&)> listener);

 private:
  class Sharing;
  std::unique_ptr<Sharing> sharing_;
};

// Keeps `database` in sync with the database that the group shares as `name`, for as long as the SyncEngine lives.
// Returns at once. Until an app shares that name the status is offline and says so; then the connection is made without
// polling. If the group has no folder yet, this looks for it once a second, and does not make it. The exporter sends
// and takes only what its policy grants. Errors: InvalidArgument, UnsafeFolder, NotAllowed, IoError (as enable()),
// ReadOnlyReplica (with readWrite, where `database` is a read-only replica), OpenedReadOnly, InvalidPolicy (the names
// of the collections). Later failures are in the status: NotAllowed (this app may not attach, or what it has written
// stays here), HasOwnWrites (with readOnly; see ConnectOptions::adopt), UnsafeFolder, DuplicateReplica and others.
[[nodiscard]] BLAZEDB_API SyncEngine connectToSharedDatabase(const Database& database, const AppGroup& group,
                                                             const std::string& name,
                                                             AccessMode mode = AccessMode::readOnly,
                                                             const ConnectOptions& options = {});

struct SharedDatabase {
  std::string name;
  std::uint32_t user = 0;  // the uid of the process that shares it
  bool alive = false;      // false: that process died and left its files behind
  // The rest is what the exporter says of itself: grant no rights by it. `readable` false: it could not be read.
  bool readable = false;
  std::int64_t pid = 0;
  std::string program = {};
  std::vector<std::string> collections = {};  // empty: all
  bool readOnly = true;

  friend bool operator==(const SharedDatabase&, const SharedDatabase&) = default;
};

// Lists what the group shares now, ordered by name. Removes what dead processes of this user left in the folder.
// Errors: NoSuchGroup, InvalidArgument, UnsafeFolder, NotAllowed, IoError.
BLAZEDB_API std::vector<SharedDatabase> listSharedDatabases(const AppGroup& group);

// Calls `listener` with the list of listSharedDatabases(): once at the beginning, then after each change, also when a
// process is killed. `listener` runs on a thread of this watch; what it throws is discarded. Apps may start in any
// order, so a missing folder is made. If the folder is removed and cannot be made again, `listener` gets an empty list,
// and the watch tries to make it once a second. Errors: InvalidArgument, UnsafeFolder, NotAllowed, IoError.
[[nodiscard]] BLAZEDB_API Subscription
watchSharedDatabases(const AppGroup& group, std::function<void(const std::vector<SharedDatabase>&)> listener);

// Lists the groups that have a folder in `root` (as AppGroup::root), ordered by name. Errors: NotFound (there is no
// such folder), UnsafeFolder, NotAllowed, IoError.
BLAZEDB_API std::vector<std::string> listAppGroups(const std::string& root = {});

}  // namespace blazedb
