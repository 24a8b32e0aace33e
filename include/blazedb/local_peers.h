// Sharing a database with other apps of this machine over a socket: which processes may connect, and how an app
// connects. cross_app.h does the same by names in an app group.
//
// In the app that shares:
//   Topology topology;
//   NodeId node = topology.registerDatabase(db, "Notes");
//   topology.listenLocal(node, "/run/user/1000/notes.sock", {.policy = {.collections = {"notes"}}});
//
// In an app that attaches:
//   topology.connectCrossApp(node, "/run/user/1000/notes.sock", ConnectionMode::readOnly);
//
// Either app may start first. There is no token and no TLS: nothing leaves the machine, and the kernel tells each end
// the process and the user at the other end of the socket.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "blazedb/collection_names.h"
#include "blazedb/export_policy.h"

namespace blazedb {

// Which processes may be at the other end: those of this user, and of the users and groups named here.
struct LocalPeers {
  std::vector<std::uint32_t> users = {};   // uids
  std::vector<std::uint32_t> groups = {};  // gids of unix groups: their members
  // Paths of programs. If not empty, the process must also run one of these files. This separates apps that mean well,
  // but is no defence: a process that may debug another one can act in its name.
  std::vector<std::string> executables = {};
};

struct ListenLocalOptions {
  ExportPolicy policy = {};
  LocalPeers peers = {};
  // The file mode of the socket: 0600 (this user can reach it), 0660 (its unix group too) or 0666 (everybody). `peers`
  // decides in any case.
  std::uint32_t mode = 0600;
};

struct CrossAppOptions {
  // For readOnly. If the target has writes of its own, the connection ends with HasOwnWrites. With adopt the state of
  // the source replaces them.
  bool adopt = false;
  // For modes that send. If the other app takes no writes, the connection ends with NotAllowed. Without mustSend the
  // writes stay here.
  bool mustSend = false;
  // Which processes may have made the socket, beside those of root.
  LocalPeers peers = {};
  CollectionNames collections = {};  // see ConnectOptions
};

}  // namespace blazedb
