// What `blazedb sync` and `attach` do once they know what to connect: bring it in sync and say what that took, or stay
// connected and print each change of the status.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "blazedb/topology.h"
#include "interrupt.h"
#include "server/transition.h"

namespace blazedb::cli {

// One connection, whoever keeps it. It ends with the last copy of this.
struct SyncConnection {
  std::function<ConnectionStatus()> status;
  std::function<void(std::chrono::milliseconds timeout)> synchronize;
  std::function<Subscription(std::function<void(const ConnectionStatus&)> listener)> onStatus;
};
SyncConnection connectionOf(SyncEngine sync);
SyncConnection connectionOf(Topology topology, ConnectionId id);

struct SyncJob {
  std::vector<Database> databases;  // those that are open here
  std::function<SyncConnection()> connect = {};
  // Which options mend an error: a clause that follows its message, or nothing.
  std::function<std::string(ErrorCode)> advice = {};
  bool watch = false;
  bool json = false;
  // Where what was written here may not leave: which options help; or that it is no error.
  std::string adviceToReaders = {};
  bool keepOwn = false;
  // With `watch`: of the files of the databases, begun before these were opened.
  server::Transition* transition = nullptr;
};

// Gives the exit status. `interrupt` is older than the databases. Throws Error: Cancelled, or what broke the
// connection; with `watch` only what has stopped it for good.
int runSync(const SyncJob& job, Interrupt& interrupt);

}  // namespace blazedb::cli
