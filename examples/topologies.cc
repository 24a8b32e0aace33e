// Chains, stars and rings: every write reaches every database that connections lead to.

// [program]
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  std::vector<Database> databases;
  for (std::string name : {"hub", "red", "green", "blue", "archive"})
    databases.push_back(Database::open(name, name + ".blazedb", "correct horse"));

  // [star]
  Topology topology;
  NodeId hub = topology.registerDatabase(databases[0], "hub", {.role = SyncRole::server});
  std::vector<NodeId> leaves;
  for (std::size_t i = 1; i <= 3; i++) {
    leaves.push_back(topology.registerDatabase(databases[i], databases[i].name(), {.role = SyncRole::client}));
    topology.connectLocal(hub, leaves.back(), ConnectionMode::bidirectional);
  }
  // [/star]

  // [ring]
  // A second way beside the one over the hub. What arrives by both is merged once.
  topology.connectLocal(leaves[0], leaves[1], ConnectionMode::bidirectional);
  // [/ring]

  // [chain]
  NodeId archive = topology.registerDatabase(databases[4], "archive");
  topology.connectLocal(leaves[2], archive, ConnectionMode::readOnly);  // hub <-> blue --> archive
  // [/chain]

  UUID id = databases[1].insert({{"message", "from red"}});
  topology.synchronize();
  for (const Database& database : databases)
    std::cout << database.name() << ": " << database.fetch(id)->string("message").value() << "\n";

  // [graph]
  std::cout << topology.graph().visualize();
  // [/graph]
}
// [/program]
