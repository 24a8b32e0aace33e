// Several operations that are committed together or not at all, and that arrive together at the other side.
#include <blazedb/blazedb.h>

#include <iostream>
#include <stdexcept>

using namespace blazedb;

int main() {
  Database db = Database::open("Bank", "bank.blazedb", "correct horse");
  Database copy = Database::open("Branch", "branch.blazedb", "correct horse");
  Topology topology;
  topology.connectLocal(topology.registerDatabase(db, "Bank"), topology.registerDatabase(copy, "Branch"),
                        ConnectionMode::bidirectional);

  Collection accounts = db.collection("accounts");
  UUID alice = accounts.insert({{"owner", "Alice"}, {"balance", 100}});
  UUID bob = accounts.insert({{"owner", "Bob"}, {"balance", 20}});

  // [transaction]
  auto transfer = [&](std::int64_t amount) {
    db.transaction([&](Transaction& transaction) {
      Collection inside = transaction.collection("accounts");  // sees what the transaction has done so far
      std::int64_t from = inside.fetch(alice)->integer("balance").value() - amount;
      std::int64_t to = inside.fetch(bob)->integer("balance").value() + amount;
      inside.updateFields(alice, {{"balance", from}});
      inside.updateFields(bob, {{"balance", to}});
      transaction.collection("transfers").insert({{"amount", amount}, {"at", Date::now()}});
      if (from < 0) throw std::runtime_error("Alice has not that much");  // nothing of the above is kept
    });
  };
  // [/transaction]

  transfer(70);
  bool refused = false;
  try {
    transfer(70);
  } catch (const std::runtime_error& error) {
    std::cout << error.what() << "\n";
    refused = true;
  }

  topology.synchronize();
  for (const Database* database : {&db, &copy}) {
    Collection here = database->collection("accounts");
    std::int64_t a = here.fetch(alice)->integer("balance").value();
    std::int64_t b = here.fetch(bob)->integer("balance").value();
    std::uint64_t transfers = database->collection("transfers").count();
    std::cout << database->name() << ": Alice " << a << ", Bob " << b << ", " << transfers << " transfer\n";
    if (a != 30 || b != 90 || transfers != 1) return 1;
  }
  return refused ? 0 : 1;
}
