// Apps of one machine that share data: each has its own database, with its own file and password, and they meet in an
// app group.
//
// In the one app:
//   CrossAppSyncCoordinator sharing(db, "group.com.yourapp.blazedb", {.collections = {"notes"}});
//   sharing.enable();
// In the other:
//   SyncEngine sync = connectToSharedDatabase(mine, "group.com.yourapp.blazedb", "Notes", AccessMode::readOnly);
//
// It does not matter which of the two starts first, and both go on when either was restarted. Roles, conflicts, the
// journal, statuses and synchronize() are as between any two databases (topology.h). An app may share what it has
// attached from another one.
//
// An app group is a folder in which apps leave sockets. Whoever could put a socket there could pose as an app: so the
// folder and everything above it belong to the user himself or to root, nobody else may write there, no part of the
// path is a symbolic link, and all of this is looked at again at each call (UnsafeFolder says what is wrong, and the
// command that mends it). Whoever connects, and whoever is connected with, is asked for his user by the kernel.
// docs/security.md says what that protects from.
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

// Where apps meet, and who may. The members beside the name are the same in all apps of the group.
struct AppGroup {
  AppGroup(std::string groupName) : name(std::move(groupName)) {}
  AppGroup(const char* groupName) : name(groupName) {}

  // 1 to 128 of [A-Za-z0-9_.-], not beginning with a point.
  std::string name;
  // The folder that holds the group's folder. Empty: $XDG_RUNTIME_DIR/blazedb, else /run/user/UID/blazedb; with a
  // `unixGroup`, /run/blazedb. Missing folders are made, with mode 0700 whatever the umask. A path that is not full
  // counts from the folder in which the process is at the call; an XDG_RUNTIME_DIR that is not full is ignored.
  std::string root = {};
  // For apps of several users: the unix group that they are members of. The group's folder is then made with mode 0770
  // and belongs to it; best by root, once and for all (docs/guide.md has the command).
  std::string unixGroup = {};
  // Who may be at the other end, beside one's own user and the members of `unixGroup`: the ids of users, and of unix
  // groups of which he is a member.
  std::vector<std::uint32_t> users = {};
  std::vector<std::uint32_t> groups = {};
  // Where not empty, the other end also has to be one of these programs, by their paths.
  std::vector<std::string> executables = {};
};

enum class AccessMode : std::uint8_t {
  readOnly,   // this database becomes a read-only replica of the shared one; see ConnectionMode::readOnly
  readWrite,  // writes here go there too. Refused (NotAllowed, in the status) where it is shared read-only
};

// Shares one database with the other apps of a group, under its own name. The sharing ends with the object, with
// disable(), or with the process, however it ends. Where somebody removes the socket or its folder, as programs that
// clean up do, it is shared again; the importers connect anew. Movable.
class BLAZEDB_API CrossAppSyncCoordinator {
 public:
  // Shares nothing yet.
  CrossAppSyncCoordinator(const Database& database, AppGroup group, ExportPolicy policy = {});
  ~CrossAppSyncCoordinator();
  CrossAppSyncCoordinator(CrossAppSyncCoordinator&&) noexcept;
  CrossAppSyncCoordinator& operator=(CrossAppSyncCoordinator&&) noexcept;

  // Shared when it returns. A second time does nothing. Errors: InvalidArgument (the name of the group, of the database
  // or of a unix group; a path that is too long for a socket; a policy that cannot be), UnsafeFolder, AlreadyExists (a
  // database of this name is shared in the group already), NotAllowed, IoError.
  void enable();
  // Ends the connections of the importers, who wait until it is shared again; a synchronize() has nobody left to wait
  // for. Not from a callback.
  void disable();
  // Is it shared now?
  bool enabled() const;

  // One for each app that is connected now.
  std::vector<ConnectionStatus> connections() const;
  // Returns when every app that is connected has applied what was committed here before the call, and what it had is
  // applied here. Timeout.
  void synchronize(std::chrono::milliseconds timeout = std::chrono::minutes(10));
  // `listener` is called when an app has connected, with each new state of its connection, and with `stopped` and the
  // reason when it has gone; as Topology::onStatus, also after enable() and disable().
  [[nodiscard]] Subscription onStatus(std::function<void(const ConnectionStatus&)> listener);

 private:
  class Sharing;
  std::unique_ptr<Sharing> sharing_;
};

// Keeps `database` in sync with the one that is shared as `name` in the group, for as long as the SyncEngine lives.
// Returns at once: where it is not shared yet the status is offline and says so, and it connects when it is, without
// polling. Only what the exporter's policy grants comes across. Errors: InvalidArgument, UnsafeFolder, NotAllowed,
// IoError (as enable()), ReadOnlyReplica. In the status: NotAllowed (this app may not attach, or not write),
// HasOwnWrites (with readOnly, see ConnectOptions::adopt), UnsafeFolder, DuplicateReplica and so on.
[[nodiscard]] BLAZEDB_API SyncEngine connectToSharedDatabase(const Database& database, const AppGroup& group,
                                                             const std::string& name,
                                                             AccessMode mode = AccessMode::readOnly,
                                                             const ConnectOptions& options = {});

struct SharedDatabase {
  std::string name;
  std::uint32_t user = 0;  // whose process shares it
  bool alive = false;      // false: that process has ended without a word
  // What the process says of itself; do not decide on it who may do what. Nothing where it cannot be read.
  bool readable = false;
  std::int64_t pid = 0;
  std::string program = {};
  std::vector<std::string> collections = {};  // empty: all
  bool readOnly = true;

  friend bool operator==(const SharedDatabase&, const SharedDatabase&) = default;
};

// What is shared in the group now, by name. Takes away what dead processes of the same user have left there. Errors:
// NoSuchGroup, InvalidArgument, UnsafeFolder, NotAllowed, IoError.
BLAZEDB_API std::vector<SharedDatabase> listSharedDatabases(const AppGroup& group);

// Calls `listener` with what is shared in the group: once at the beginning, then each time that it has changed; also
// when a process was killed. On a thread of its own; what it throws is thrown away. The group's folder is made where it
// is missing, as apps may start in any order; when it is taken away and cannot be made again, nothing is shared, and
// nothing more is said. Errors: InvalidArgument, UnsafeFolder, NotAllowed, IoError.
[[nodiscard]] BLAZEDB_API Subscription
watchSharedDatabases(const AppGroup& group, std::function<void(const std::vector<SharedDatabase>&)> listener);

// The groups that have a folder in `root` (as AppGroup::root), by name. NotFound where there is no such folder;
// UnsafeFolder, NotAllowed, IoError.
BLAZEDB_API std::vector<std::string> listAppGroups(const std::string& root = {});

}  // namespace blazedb
