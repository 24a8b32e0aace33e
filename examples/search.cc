// Notes: indexes, a unique one, and a search as the user types.
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  Database db = Database::open("Notes", "notes.blazedb", "correct horse");
  Collection notes = db.collection("notes");
  for (int i = 0; i < 1000; i++)
    notes.insert({{"title", "Note " + std::to_string(i)}, {"folder", i % 10}, {"changed", i}});
  notes.insert({{"title", "Crème brûlée"}, {"text", "Cream, sugar, a hot spoon."}, {"folder", 3}, {"changed", 5000}});
  notes.insert({{"title", "दिन"}, {"text", "day"}, {"tags", Array{"hindi"}}});

  // [index]
  notes.createIndex("by_folder", {"folder", "changed"});
  Query folder = notes.query("folder = $folder", {{"folder", 3}}).orderBy("changed", Order::descending).limit(20);
  std::cout << folder.explain().text << "\n";  // looks at the index 'by_folder': 20 looked at, 20 found
  // [/index]
  bool right = folder.explain().index == "by_folder" && folder.explain().looked == 20;

  // [unique]
  Collection users = db.collection("users");
  users.createIndex("by_mail", {"lower(mail)"}, {.unique = true});
  users.insert({{"mail", "ada@example.com"}});
  try {
    users.insert({{"mail", "Ada@example.com"}});
  } catch (const Error& error) {
    std::cout << error.what() << "\n";  // AlreadyExists: the record ... has the same values ...
  }
  for (const Duplicate& same : users.duplicates("by_mail"))  // what two devices have inserted while they were apart
    std::cout << same.records.size() << " records have " << *same.values[0].as<std::string>() << "\n";
  // [/unique]
  right = right && users.count() == 1 && users.duplicates("by_mail").empty();

  // [text]
  notes.createFullTextIndex("words", {"title", "text", "tags"});
  for (const SearchHit& hit : notes.query().match("words", "cream OR creme").limit(10).hits())
    std::cout << hit.record.string("title").value() << ": " << hit.excerpt << "\n";  // Crème brûlée: [Crème] brûlée
  // [/text]
  right = right && notes.query().match("words", "cream OR creme").count() == 1;

  // [typed]
  std::string typed = "hot spo";  // what is in the search field after each key
  std::vector<Record> found = notes.query("folder = 3").match("words", searchFor(typed)).limit(20).all();
  // [/typed]
  right = right && found.size() == 1;

  // A vowel sign is a part of its word: दिन (day) does not find दान (gift).
  notes.insert({{"title", "दान"}});
  right = right && notes.query().match("words", "दिन").count() == 1 && notes.query().match("words", "hindi").exists();
  return right ? 0 : 1;
}
