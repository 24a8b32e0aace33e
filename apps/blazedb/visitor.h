// A command that this process runs for another one.
//
// A process that keeps a database open (serve, sync --watch) runs the commands that others type for that file, which it
// alone may open (server/control_wire.h). They are the same commands; only what surrounds one is different: its output
// and input are at the other end of a socket, its paths are relative to another folder, the database is open already,
// and ^C is the other end's going away. What asks for one of these asks visitor() first. Passing the surroundings to
// every function instead was rejected: each command would carry them, for the few that look.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "blazedb/database.h"
#include "server/control_server.h"

namespace blazedb::cli {

class Visitor {
 public:
  // While it lives, it is the one that this thread runs a command for.
  Visitor(const Database& database, std::string folder, server::ControlCaller& caller);
  ~Visitor();
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  const Database& database() const { return database_; }
  // Each false where the other end has gone.
  bool print(std::string_view text);
  bool flush();
  bool complain(std::string_view text);
  bool hasGone() const { return caller_.hasGone(); }
  // The next part of its standard input; nothing at the end.
  std::optional<std::string> input() { return caller_.input(); }
  std::string pathFrom(const std::string& given) const;

 private:
  Database database_;
  std::string folder_;
  server::ControlCaller& caller_;
  std::string unsent_;
};

// Nothing where the command is run for the user of this process.
Visitor* visitor();

// A path as it was typed, as this process can use it.
std::string pathFrom(const std::string& given);

}  // namespace blazedb::cli
