// A file between two states: a process has it open, and does not listen for commands on it yet, or any more.
//
// A process that takes commands for a file (control_wire.h) has it open for a while before its control socket listens:
// it derives a key, recovers a log, or asks for the password of the next file. At its end it is the other way round. A
// command that comes then would find the file in use and no process to talk to. So the process announces that waiting
// is worth while.
//
// It does so by a socket that listens under a name of the file's device and number, in the abstract namespace, where a
// process that is killed leaves nothing. The process accepts no connection there: a command that connects waits until
// the socket is closed. Rejected: a mark in `FILE-owner`, which is written after the file is taken, so a gap remains.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace blazedb::server {

// For one thread.
class Transition {
 public:
  // begin().
  explicit Transition(std::vector<std::string> files) : files_(std::move(files)) { begin(); }

  // From here on commands wait. Announces nothing for a file that is not there, or whose name another process has.
  void begin();
  // The process listens for the files, or has closed them. The destructor says so too.
  void end() { sockets_.clear(); }

 private:
  std::vector<std::string> files_;
  std::vector<base::Descriptor> sockets_;
};

// Waits while the file is between two states, at most `timeMax`. Returns false at once if no process announces that.
bool waitForTransition(const std::string& file, std::chrono::milliseconds timeMax);

}  // namespace blazedb::server
