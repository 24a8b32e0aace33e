// Two databases change the same field while they are apart: which write wins, and how to restore the other.

// [program]
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  // [roles]
  Database office = Database::open("Office", "office.blazedb", "correct horse", {.role = SyncRole::server});
  Database laptop = Database::open("Laptop", "laptop.blazedb", "battery staple");  // a new file: client
  // [/roles]
  Topology topology;
  NodeId officeNode = topology.registerDatabase(office, "Office");
  NodeId laptopNode = topology.registerDatabase(laptop, "Laptop");
  ConnectionId connection = topology.connectLocal(officeNode, laptopNode, ConnectionMode::bidirectional);

  UUID id = office.insert({{"title", "Invoice 7"}, {"amount", 100}, {"paid", false}});
  topology.synchronize();

  // [apart]
  topology.disconnect(connection);
  office.updateFields(id, {{"amount", 110}});
  laptop.updateFields(id, {{"amount", 120}, {"paid", true}});  // later, but the laptop is a client

  topology.connectLocal(officeNode, laptopNode, ConnectionMode::bidirectional);
  topology.synchronize();
  // [/apart]
  Record both = *laptop.fetch(id);
  std::cout << "amount " << *both.integer("amount") << ", paid " << std::boolalpha << *both.boolean("paid") << "\n";

  // [journal]
  for (const Conflict& conflict : laptop.conflicts()) {
    std::cout << conflict.field << ": " << *conflict.lost.as<std::int64_t>() << " lost to "
              << *conflict.won->as<std::int64_t>() << "\n";
    laptop.restoreConflict(conflict.id);  // or dismissConflict(conflict.id), which keeps what won
  }
  // [/journal]

  topology.synchronize();
  std::cout << "restored: " << *office.fetch(id)->integer("amount") << "\n";
  bool asExpected = *both.integer("amount") == 110 && *both.boolean("paid") &&
                    *office.fetch(id)->integer("amount") == 120 && laptop.conflicts().empty();
  return asExpected ? 0 : 1;
}
// [/program]
