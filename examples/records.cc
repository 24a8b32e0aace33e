// Records and values: what a field can hold, and the operations on one collection.
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  Database db = Database::open("Library", "library.blazedb", "correct horse");

  // [insert]
  Collection books = db.collection("books");
  UUID id = books.insert({
      {"title", "The Art of Computer Programming"},
      {"volumes", 5},
      {"price", 254.99},
      {"inPrint", true},
      {"added", Date::now()},
      {"shelf", UUID::generate()},
      {"cover", Bytes{0xFF, 0xD8, 0xFF}},
      {"tags", Array{"algorithms", "mathematics"}},
      {"author", Object{{"given", "Donald"}, {"family", "Knuth"}}},
      {"borrowedBy", nullptr},
  });
  // [/insert]

  // [read]
  std::optional<Record> book = books.fetch(id);
  if (!book) return 1;                                             // there is no such record
  std::string title = book->string("title").value_or("untitled");  // getters never convert: nullopt for another type
  std::optional<std::int64_t> volumes = book->integer("volumes");
  std::string family = book->object("author")->string("family").value();
  bool lent = !(*book)["borrowedBy"].isNull();
  // [/read]
  if (!volumes || lent) return 1;
  std::cout << title << ", " << family << ", " << *volumes << " volumes\n";

  // [change]
  books.updateFields(id, {{"inPrint", false}, {"borrowedBy", "Ada"}});  // these two; the others stay
  books.unset(id, {"tags", "cover"});                                   // removes these two
  books.update(id, {{"title", "TAOCP"}, {"volumes", 5}});               // the whole record: other fields are removed
  bool inserted = books.upsert(UUID::generate(), {{"title", "Concrete Mathematics"}});
  bool removed = books.remove(id);  // false where there was none
  // [/change]
  if (!inserted || !removed || books.fetch(id)) return 1;

  // [many]
  std::vector<Record> batch;
  for (int i = 1; i <= 1000; i++) batch.push_back({{"title", "Volume " + std::to_string(i)}, {"number", i}});
  std::vector<UUID> ids = books.insertMany(batch);  // one commit, all or nothing

  auto early = [](const Record& record) { return record.integer("number").value_or(1000) < 100; };
  std::uint64_t changed = books.updateMany(early, {{"early", true}});
  std::uint64_t deleted = books.removeMany(early);

  std::vector<std::optional<Record>> some = books.fetchMany({ids[0], ids[500]});
  books.upsertMany({*some[1], Record{{"title", "One more"}}});     // inserts, or replaces
  books.insertMany({*some[1]}, {.onConflict = OnConflict::skip});  // or merge, or replace
  // [/many]
  if (ids.size() != 1000 || changed != 99 || deleted != 99 || some[0] || !some[1]) return 1;
  std::cout << changed << " marked, " << deleted << " deleted, " << books.count() << " left\n";

  // [walk]
  std::uint64_t pages = 0;
  books.forEach([&](const Record& record) {
    pages += static_cast<std::uint64_t>(record.string("title")->size());
    return true;  // false stops
  });
  // [/walk]
  std::cout << "titles of " << pages << " bytes in all\n";

  // [name]
  Collection settings = db.collection("settings");
  settings.upsertFields(settings.key("theme"), {{"value", "dark"}});
  std::optional<std::string> theme = settings.fetch(settings.key("theme"))->string("value");
  // [/name]
  if (theme != "dark") return 1;
}
