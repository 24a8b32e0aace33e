// Other apps of this machine: who may connect with a database that is offered to them, and how one is connected with.
//
// In the app that shares:
//   Topology topology;
//   NodeId node = topology.registerDatabase(db, "Notes");
//   topology.listenLocal(node, "/run/user/1000/notes.sock", {.policy = {.collections = {"notes"}}});
//
// In the other one:
//   topology.connectCrossApp(node, "/run/user/1000/notes.sock", ConnectionMode::readOnly);
//
// Either may start first. There is no token and no TLS: nothing leaves the machine, and the kernel says who is at the
// other end of a socket.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "blazedb/export_policy.h"

namespace blazedb {

// Our own user may always; everything empty: nobody else.
struct LocalPeers {
  std::vector<std::uint32_t> users = {};   // ids of users
  std::vector<std::uint32_t> groups = {};  // ids of groups; whoever is in one of them
  // Of all these only processes that run one of these files; empty: any. It keeps apps apart that mean well: whoever
  // may debug a process of its user can act in its name.
  std::vector<std::string> executables = {};
};

struct ListenLocalOptions {
  ExportPolicy policy = {};
  LocalPeers peers = {};
  // Of the socket, as of a file: with 0660 its group can reach it, with 0666 everybody; `peers` decides in any case.
  std::uint32_t mode = 0600;
};

struct CrossAppOptions {
  // For readOnly: a database that has writes of its own ends the connection with HasOwnWrites unless this is set; then
  // the other one's state replaces them.
  bool adopt = false;
  // For modes that send: NotAllowed where writes are not taken there. Without it, they stay here.
  bool mustSend = false;
  // Who may have made the socket, beside our own user and root.
  LocalPeers peers = {};
};

}  // namespace blazedb
