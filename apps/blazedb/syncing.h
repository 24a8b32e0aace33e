// The part that `blazedb sync` and `attach` share: connect, sync and print a summary; or, with --watch, stay connected
// and print each change of the status.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "blazedb/topology.h"
#include "interrupt.h"
#include "server/transition.h"

namespace blazedb::cli {

// One connection, of a SyncEngine or of a Topology. It ends with the last copy of this object.
struct SyncConnection {
  std::function<ConnectionStatus()> status;
  std::function<void(std::chrono::milliseconds timeout)> synchronize;
  std::function<Subscription(std::function<void(const ConnectionStatus&)> listener)> onStatus;
};
SyncConnection connectionOf(SyncEngine sync);
SyncConnection connectionOf(Topology topology, ConnectionId id);

// What --collections names.
CollectionNames collectionsOf(const std::vector<std::string>& given);

struct SyncJob {
  std::vector<Database> databases;  // the databases that this process has open
  std::function<SyncConnection()> connect = {};
  // Returns the text to append to the message of an error: the options that help, or nothing.
  std::function<std::string(ErrorCode)> advice = {};
  bool watch = false;
  bool json = false;
  std::vector<std::string> collections = {};  // what --collections names
  // For NotAllowed, when the other end may not take the writes made here: the text to append to the message. With
  // `keepOwn` this is no error.
  std::string adviceToReaders = {};
  bool keepOwn = false;
  // With `watch`: the transition of the databases' files, begun before they were opened.
  server::Transition* transition = nullptr;
};

// Returns the exit status. `interrupt` must be made before the databases are opened. Throws Error: Cancelled, or the
// error that broke the connection; with `watch` only an error that stopped it for good.
int runSync(const SyncJob& job, Interrupt& interrupt);

}  // namespace blazedb::cli
