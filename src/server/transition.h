// A file between two states: a process has it, and nobody listens for commands on it yet, or any more.
//
// Whoever will take commands for a file (control_wire.h) has it open for a while before its control socket listens: a
// key is derived, a log is recovered, somebody types the password of the next file. At its end it is the other way
// round. A command that comes then would find the file in use and nobody to talk to. So the process says beforehand
// that it is worth while to wait.
//
// It says so by a socket that listens under a name of the file's device and number, not in a folder but in the
// abstract namespace, where a process that is killed leaves nothing. Nobody accepts there and nothing is said: whoever
// connects waits until the socket is closed. What was rejected: a mark in `FILE-owner`, which is written after the file
// is taken, so that a gap remains.
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

  // From here on commands wait. Of a file that is not there, or whose name another process has, nothing is said.
  void begin();
  // The files are listened for, or free. So they are when this goes.
  void end() { sockets_.clear(); }

 private:
  std::vector<std::string> files_;
  std::vector<base::Descriptor> sockets_;
};

// Waits while the file is between two states, not for longer than `timeMax`. False, at once: nobody says that it is.
bool waitForTransition(const std::string& file, std::chrono::milliseconds timeMax);

}  // namespace blazedb::server
