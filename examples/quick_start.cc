// The quick start: two databases, connected, and a record that appears in both.

// [program]
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  // [open]
  Database db1 = Database::open("DB1", "db1.blazedb", "correct horse");
  Database db2 = Database::open("DB2", "db2.blazedb", "battery staple");
  // [/open]

  // [connect]
  Topology topology;
  NodeId id1 = topology.registerDatabase(db1, "DB1", {.role = SyncRole::server});
  NodeId id2 = topology.registerDatabase(db2, "DB2", {.role = SyncRole::client});
  topology.connectLocal(id1, id2, ConnectionMode::bidirectional);
  // [/connect]

  // [write]
  UUID id = db1.insert({{"message", "Hello!"}, {"value", 42}});
  // [/write]
  // [arrive]
  topology.synchronize();  // returns when everything written so far has arrived
  std::cout << db2.fetch(id)->string("message").value() << "\n";
  // [/arrive]
}
// [/program]
