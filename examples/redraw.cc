// A list on a screen that redraws itself when the data changes, here or in another database.
#include <blazedb/blazedb.h>

#include <condition_variable>
#include <iostream>
#include <mutex>

using namespace blazedb;

int main() {
  Database phone = Database::open("Phone", "phone.blazedb", "correct horse");
  Database desk = Database::open("Desk", "desk.blazedb", "correct horse");
  Topology topology;
  topology.connectLocal(topology.registerDatabase(phone, "phone"), topology.registerDatabase(desk, "desk"),
                        ConnectionMode::bidirectional);

  std::mutex mutex;
  std::condition_variable drawn;
  auto redraw = [](const std::vector<Record>& todos) {
    for (const Record& todo : todos) std::cout << "[ ] " << todo.string("text").value() << "\n";
    std::cout << "--\n";
  };
  // [observe]
  std::vector<Record> shown;
  Subscription live =
      desk.collection("todos").query("done = false").orderBy("due").observe([&](const QueryUpdate& update) {
        std::lock_guard lock(mutex);
        update.applyTo(shown);
        redraw(shown);
        drawn.notify_all();
      });
  // [/observe]
  auto waitFor = [&](const std::vector<std::string>& texts) {
    std::unique_lock lock(mutex);
    drawn.wait(lock, [&] {
      std::vector<std::string> now;
      for (const Record& todo : shown) now.push_back(todo.string("text").value());
      return now == texts;
    });
  };
  Collection todos = phone.collection("todos");
  UUID tea = todos.insert({{"text", "make tea"}, {"done", false}, {"due", 2}});
  todos.insert({{"text", "get up"}, {"done", false}, {"due", 1}});
  waitFor({"get up", "make tea"});
  todos.updateFields(tea, {{"done", true}});
  waitFor({"get up"});

  // [changes]
  Subscription audit = desk.collection("todos").observe([](const std::vector<RecordChange>& changes) {
    for (const RecordChange& change : changes)
      std::cout << change.id.toString() << (change.peer ? " came from " + change.peer->toString() : " is from here")
                << "\n";
  });
  // [/changes]
  return 0;
}
