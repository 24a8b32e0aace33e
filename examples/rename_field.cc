// Renaming a field in all records: in batches, each a transaction, so it may stop anywhere and run again.
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

// Returns the number of records that had the old field. Run it at every start: a device with an older version of the
// application may go on writing the old field, and its value is then the newer one.
std::uint64_t renameField(Database db, const std::string& collection, const std::string& from, const std::string& to) {
  std::uint64_t renamed = 0;
  std::vector<UUID> batch;
  auto commit = [&] {
    db.transaction([&](Transaction& transaction) {
      Collection inside = transaction.collection(collection);
      for (const std::optional<Record>& record : inside.fetchMany(batch)) {  // as they are now: other threads may write
        if (!record || !record->contains(from)) continue;
        UUID id = record->id().value();
        inside.updateFields(id, {{to, (*record)[from]}});
        inside.unset(id, {from});
        renamed++;
      }
    });
    batch.clear();
  };
  db.collection(collection).forEach([&](const Record& record) {
    if (record.contains(from)) batch.push_back(record.id().value());
    if (batch.size() == 500) commit();
    return true;
  });
  if (!batch.empty()) commit();
  return renamed;
}

int main() {
  Database db = Database::open("Contacts", "contacts.blazedb", "correct horse");
  Collection people = db.collection("people");
  std::vector<Record> records;
  for (int i = 0; i < 1200; i++) records.push_back({{"name", "Person " + std::to_string(i)}, {"phone", i}});
  records.push_back({{"name", "Nobody"}});
  std::vector<UUID> ids = people.insertMany(records);

  std::uint64_t first = renameField(db, "people", "phone", "mobile");
  std::uint64_t second = renameField(db, "people", "phone", "mobile");
  people.updateFields(ids[7], {{"phone", 5550007}});  // as an older version of the application does it
  std::uint64_t third = renameField(db, "people", "phone", "mobile");
  std::cout << first << " records renamed, then " << second << ", then " << third << "\n";

  std::uint64_t right = 0;
  for (int i = 0; const Record& person : people.fetchAll()) {
    std::int64_t expected = i == 7 ? 5550007 : i;
    if (!person.contains("phone") && (i == 1200 || person.integer("mobile") == expected)) right++;
    i++;
  }
  return first == 1200 && second == 0 && third == 1 && right == ids.size() ? 0 : 1;
}
