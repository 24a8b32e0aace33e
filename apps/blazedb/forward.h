// Commands on a database that another process has open (server/control_wire.h): both ends.
#pragma once

#include <string>
#include <vector>

#include "blazedb/error.h"
#include "password.h"
#include "server/control_server.h"

namespace blazedb::cli {

// openDatabase() throws this if another process has the file open.
struct InUse {
  std::string file;
  std::string passwordFile;  // as the user gave it
  Password password;
  Error error;
  std::string instead = {};  // another way to what the command does: a clause for the message
};

// Lets that process run the command line `words` and returns the exit status. After ^C that process ends the work, and
// says what was done. Throws Error: WrongPassword, NotAllowed (another user's process), Offline, or DatabaseInUse if
// that process takes no commands.
int forward(const InUse& inUse, const std::vector<std::string>& words);

// For a command that no other process runs: the error, with the commands to type. Throws NotAllowed as forward().
Error needsItAlone(const std::string& command, const InUse& inUse);

// Runs the command line of another process on `database`, which this process has open. For ControlServer; defined in
// main.cc.
int runForVisitor(const Database& database, const server::ControlRequest& request, server::ControlCaller& caller);

}  // namespace blazedb::cli
