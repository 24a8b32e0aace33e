// What --watch prints: a line for each change of a connection's status.
#pragma once

#include <map>

#include "blazedb/topology.h"

namespace blazedb::cli {

// A listener for Topology::onStatus and similar functions, which call it on one thread.
class StatusLines {
 public:
  // `named`: each line names its connection.
  explicit StatusLines(bool json, bool named = false) : json_(json), named_(named) {}

  // Throws nothing. If stdout takes no more, it sends the process SIGTERM, which ends the watch.
  void show(const ConnectionStatus& status);

 private:
  void printAsJson(const ConnectionStatus& status) const;
  void printForPeople(const ConnectionStatus& status) const;

  bool json_;
  bool named_;
  std::map<ConnectionId, ConnectionStatus> last_;
};

}  // namespace blazedb::cli
