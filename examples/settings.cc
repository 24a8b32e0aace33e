// Settings under names of their own: two devices create the same one while they are apart, and nothing doubles.
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

// Writes some fields of a setting, which may exist or not; the others stay. (upsert would remove the others.)
void set(const Database& db, const std::string& name, const Record& fields) {
  Collection settings = db.collection("settings");
  settings.upsertFields(settings.key(name), fields);  // the same id in every database
}

// The whole setting; no fields if nobody has set it yet.
Record get(const Database& db, const std::string& name) {
  Collection settings = db.collection("settings");
  return settings.fetch(settings.key(name)).value_or({});
}

int main() {
  Database phone = Database::open("Phone", "phone.blazedb", "correct horse");
  Database laptop = Database::open("Laptop", "laptop.blazedb", "battery staple");

  // Not connected yet: both create the setting "editor".
  set(phone, "editor", {{"theme", "dark"}});
  set(laptop, "editor", {{"fontSize", 14}, {"wrap", true}});

  Topology topology;
  topology.connectLocal(topology.registerDatabase(phone, "Phone"), topology.registerDatabase(laptop, "Laptop"),
                        ConnectionMode::bidirectional);
  topology.synchronize();

  set(laptop, "editor", {{"fontSize", 16}});  // one field of a setting that exists
  topology.synchronize();

  for (const Database& db : {phone, laptop}) {
    Record editor = get(db, "editor");
    std::string theme = editor.string("theme").value_or("light");
    std::int64_t fontSize = editor.integer("fontSize").value_or(12);
    std::cout << db.name() << ": " << theme << ", " << fontSize << " points\n";
    if (theme != "dark" || fontSize != 16 || editor.size() != 3 || db.collection("settings").count() != 1) return 1;
  }
  return get(phone, "sound").empty() ? 0 : 1;
}
