// A callback that is called when a conflict is found, on the database's own thread.
#include <blazedb/blazedb.h>

#include <future>
#include <iostream>

using namespace blazedb;

int main() {
  Database first = Database::open("First", "first.blazedb", "correct horse");
  Database second = Database::open("Second", "second.blazedb", "correct horse");
  UUID id = first.insert({{"colour", "red"}});
  Topology topology;
  NodeId a = topology.registerDatabase(first, "First");
  NodeId b = topology.registerDatabase(second, "Second", {.role = SyncRole::server});
  ConnectionId connection = topology.connectLocal(a, b, ConnectionMode::bidirectional);
  topology.synchronize();
  topology.disconnect(connection);

  // [listen]
  std::promise<Conflict> found;
  Subscription subscription = first.onConflict([&](const Conflict& conflict) { found.set_value(conflict); });
  // [/listen]

  // The server's write beats a write of the client that it had not seen. A delete is a write like any other.
  first.updateFields(id, {{"colour", "green"}});
  second.remove(id);
  topology.connectLocal(a, b, ConnectionMode::bidirectional);

  // [heard]
  Conflict conflict = found.get_future().get();
  std::cout << conflict.field << " = " << *conflict.lost.as<std::string>()
            << (conflict.won ? " was overridden\n" : " went with the record\n");
  first.restoreConflict(conflict.id);  // brings the record back, whole
  // [/heard]

  topology.synchronize();
  std::optional<Record> back = second.fetch(id);
  if (!back || back->string("colour") != "green") return 1;
  std::cout << "back: colour = " << *back->string("colour") << "\n";
}
