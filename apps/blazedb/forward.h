// Commands on a database that is open in another process (server/control_wire.h), from both sides.
#pragma once

#include <string>
#include <vector>

#include "blazedb/error.h"
#include "password.h"
#include "server/control_server.h"

namespace blazedb::cli {

// What openDatabase() throws where another process has the file.
struct InUse {
  std::string file;
  Password password;
  Error error;
};

// Lets that process run the command line `words`, and gives the exit status. Throws Error: WrongPassword, NotAllowed
// (another user's process), Offline, or `error` where nobody listens for commands.
int forward(const InUse& inUse, const std::vector<std::string>& words);

// Runs the command line of another process on `database`, which is open here: for ControlServer. In main.cc.
int runForVisitor(const Database& database, const server::ControlRequest& request, server::ControlCaller& caller);

}  // namespace blazedb::cli
