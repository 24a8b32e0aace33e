// The stock of a shop, counted on two devices that are apart: each sale and delivery adds to the number, and a
// stocktake assigns it.
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

std::int64_t stockOf(const Database& db, const UUID& item) { return db.fetch(item)->integer("stock").value(); }

bool show(const Database& till, const Database& store, const UUID& item, std::int64_t expected) {
  std::cout << "till: " << stockOf(till, item) << ", store: " << stockOf(store, item) << "\n";
  return stockOf(till, item) == expected && stockOf(store, item) == expected;
}

int main() {
  Database till = Database::open("Till", "till.blazedb", "correct horse");
  Database store = Database::open("Store", "store.blazedb", "battery staple");
  Topology topology;
  NodeId a = topology.registerDatabase(till, "Till"), b = topology.registerDatabase(store, "Store");
  ConnectionId connection = topology.connectLocal(a, b, ConnectionMode::bidirectional);

  // [count]
  UUID item = till.insert({{"name", "bolt M8"}, {"stock", 100}});
  topology.synchronize();
  topology.pause(connection);         // apart
  till.increment(item, "stock", -3);  // a sale
  till.increment(item, "stock", -2);
  store.updateFields(item, {{"stock", Increment(50)}, {"supplier", "Ada"}});  // a delivery
  topology.resume(connection);
  topology.synchronize();  // 100 - 3 - 2 + 50 = 145 on both
  // [/count]
  bool right = show(till, store, item, 145);

  // [stocktake]
  topology.pause(connection);
  store.increment(item, "stock", -5);
  store.updateFields(item, {{"stock", 138}});  // a stocktake: whatever the sum was, this many are there
  store.increment(item, "stock", 20);
  till.increment(item, "stock", -1);  // sold meanwhile: the stocktake does not know of it
  topology.resume(connection);
  topology.synchronize();  // 138 + 20 - 1 = 157 on both
  // [/stocktake]
  right = show(till, store, item, 157) && right;
  return right && till.conflicts().empty() && store.conflicts().empty() ? 0 : 1;
}
