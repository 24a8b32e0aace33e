// Many threads, one handle: threads that write at the same time share one sync to the disk.
#include <blazedb/blazedb.h>

#include <iostream>
#include <thread>

using namespace blazedb;

int main() {
  // [threads]
  Database db = Database::open("Readings", "readings.blazedb", "correct horse");
  std::vector<std::jthread> threads;
  for (int sensor = 0; sensor < 4; sensor++)
    threads.emplace_back([db, sensor] {  // a handle is copied like a shared_ptr
      for (int i = 0; i < 25; i++) db.collection("readings").insert({{"sensor", sensor}, {"number", i}});
    });
  threads.clear();  // joins
  // [/threads]

  // [normal]
  DatabaseOptions options;
  options.durability = Durability::normal;  // a power cut may take back the last moments
  Database cache = Database::open("Cache", "cache.blazedb", "correct horse", options);
  // [/normal]
  cache.insert({{"sensor", 0}});

  std::cout << db.collection("readings").count() << " readings\n";
  return db.collection("readings").count() == 100 ? 0 : 1;
}
