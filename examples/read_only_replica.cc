// A read-only replica: what happens to its own writes, and how to release it.

// [program]
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  Database source = Database::open("Source", "source.blazedb", "correct horse", {.role = SyncRole::server});
  Database replica = Database::open("Replica", "replica.blazedb", "battery staple");
  source.insert({{"message", "from the source"}});
  replica.insert({{"message", "the replica's own"}});

  Topology topology;
  NodeId from = topology.registerDatabase(source, "Source");
  NodeId to = topology.registerDatabase(replica, "Replica");

  // [connect]
  try {
    topology.connectLocal(from, to, ConnectionMode::readOnly);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::HasOwnWrites) throw;  // it has writes of its own: give them up?
    topology.connectLocal(from, to, ConnectionMode::readOnly, {.adopt = true});
  }
  topology.synchronize();
  // [/connect]
  std::cout << "the replica holds " << replica.count() << " record\n";

  // [refused]
  try {
    replica.insert({{"message", "no"}});
  } catch (const Error& error) {
    std::cout << errorName(error.code()) << "\n";  // ReadOnlyReplica, also after a disconnect and a restart
  }
  // [/refused]

  // [release]
  for (const ConnectionStatus& status : topology.connections(to)) topology.disconnect(status.id);
  replica.releaseReadOnly();
  replica.insert({{"message", "free again"}});
  // [/release]
  std::cout << "released: " << replica.count() << " records\n";
  return replica.count() == 2 && source.count() == 1 ? 0 : 1;
}
// [/program]
