// Watching connections: a callback for each new state, the states of all, a barrier with a timeout.
#include <blazedb/blazedb.h>

#include <future>
#include <iostream>

using namespace blazedb;

int main() {
  Database a = Database::open("A", "a.blazedb", "correct horse");
  Database b = Database::open("B", "b.blazedb", "correct horse");
  std::vector<Record> batch;
  for (int i = 0; i < 500; i++) batch.push_back({{"number", i}});
  a.insertMany(batch);

  Topology topology;
  NodeId from = topology.registerDatabase(a, "A");
  NodeId to = topology.registerDatabase(b, "B");
  ConnectionId connection = topology.connectLocal(from, to, ConnectionMode::bidirectional);

  // [listen]
  Subscription subscription = topology.onStatus(connection, [](const ConnectionStatus& status) {
    if (status.state == ConnectionState::catchingUp) std::cerr << status.done << " of " << status.total << "\n";
    if (status.state == ConnectionState::offline)
      std::cerr << status.message << ", next try in " << status.nextTry.count() << " ms\n";
  });
  // [/listen]

  // [barrier]
  try {
    topology.synchronize(std::chrono::seconds(30));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Timeout) throw;  // a connection has stopped for good: what() says why
    std::cerr << error.what() << "\n";              // not there yet; it goes on in the background
    return 1;
  }
  // [/barrier]

  // [look]
  for (const ConnectionStatus& status : topology.connections(from))
    std::cout << status.pending << " pending, " << (status.bytes > 0 ? "some" : "no") << " bytes across the link\n";
  ConnectionStatus now = topology.status(connection);
  TopologyGraph graph = topology.graph();
  std::cout << graph.visualize();  // toDot() for Graphviz, toJson() for programs
  // [/look]
  bool asExpected = now.state == ConnectionState::live && now.pending == 0 && graph.nodes.size() == 2;
  return asExpected && b.count() == 500 ? 0 : 1;
}
