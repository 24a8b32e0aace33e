// A command that this process runs for another process.
//
// Only one process may have a database open. A process that keeps one open (serve, share, sync --watch, attach --watch)
// therefore runs the commands that other processes send it for that file (server/control_wire.h). They are the same
// commands in another environment: their input and output are at the other end of a socket, their paths start at
// another folder, the database is open already, and ^C there, or the end of the other process, takes the place of ^C.
// Code that needs one of these asks visitor() first. Rejected: passing the environment to every function, because few
// of them need it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "blazedb/database.h"
#include "server/control_server.h"

namespace blazedb::cli {

class Visitor {
 public:
  // While this object lives, visitor() returns it on this thread.
  Visitor(const Database& database, std::string folder, server::ControlCaller& caller);
  ~Visitor();
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  const Database& database() const { return database_; }
  // These return false if the other process has gone.
  bool print(std::string_view text);
  bool flush();
  bool complain(std::string_view text);
  // Whether the other process has gone, or its user has interrupted it. It may still print.
  bool hasGone() const { return caller_.hasGone(); }
  // Whether hasGone() says so because this process is about to end.
  bool isStopped() const { return caller_.isStopped(); }
  // Waits until `fd` can be read. Returns false if hasGone().
  bool waitReadable(int fd) const { return caller_.waitReadable(fd); }
  // The next part of a file that the other process reads ("-": its standard input); empty at the end. None: hasGone().
  std::optional<std::string> input(const std::string& path) { return caller_.input(path); }
  std::string pathFrom(const std::string& given) const;

 private:
  Database database_;
  std::string folder_;
  server::ControlCaller& caller_;
  std::string unsent_;
};

// nullptr if the command runs for the user of this process.
Visitor* visitor();

// Turns a path as the user typed it into one that this process can use.
std::string pathFrom(const std::string& given);

}  // namespace blazedb::cli
