// Importing a CSV again and again: an article's number makes its id, so nothing doubles, and local fields stay.
#include <blazedb/blazedb.h>

#include <iostream>
#include <sstream>
#include <stdexcept>

using namespace blazedb;

// A namespace of this application's own, from `uuidgen`; it must never change.
const UUID kArticles = UUID::parse("3d0f6f0c-9a55-4be4-8a0e-5f2f4a3c7e19").value();

// It knows no quotes: use a CSV library for files that others make. Throws std::runtime_error.
std::vector<Record> parse(const std::string& csv) {
  std::vector<Record> articles;
  std::istringstream lines(csv);
  std::string line;
  if (!std::getline(lines, line) || line != "number,title,cents") throw std::runtime_error("another heading: " + line);
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::string number, title;
    std::int64_t cents = 0;
    std::getline(std::getline(cells, number, ','), title, ',') >> cents;
    if (number.empty() || !cells || !cells.eof()) throw std::runtime_error("not number,title,cents: " + line);
    Record article{{"number", number}, {"title", title}, {"cents", cents}};
    article.setId(UUID::fromName(kArticles, number));
    articles.push_back(std::move(article));
  }
  return articles;
}

int main() {
  Database db = Database::open("Shop", "shop.blazedb", "correct horse");
  Collection articles = db.collection("articles");

  // One commit, so the whole file or nothing. Articles that exist keep the fields that the file does not have.
  auto importCsv = [&](const std::string& csv) { articles.insertMany(parse(csv), {.onConflict = OnConflict::merge}); };

  importCsv("number,title,cents\nA-1,Lamp,4900\nA-2,Chair,7900\n");
  UUID lamp = UUID::fromName(kArticles, "A-1");
  articles.updateFields(lamp, {{"shelf", "B7"}});  // added here; no file has it

  const std::string next = "number,title,cents\nA-1,Lamp,4500\nA-2,Chair,7900\nA-3,Table,19900\n";
  importCsv(next);
  importCsv(next);  // twice, by mistake
  try {
    importCsv("number,title,cents\nA-4,Shelf,3900\nA-5,Bed,unknown\n");
    return 1;
  } catch (const std::runtime_error& error) {
    std::cout << error.what() << "\n";
  }

  for (const Record& article : articles.fetchAll())
    std::cout << article.string("title").value() << ", " << article.integer("cents").value() << " cents, shelf "
              << article.string("shelf").value_or("unknown") << "\n";
  Record merged = articles.fetch(lamp).value();
  return articles.count() == 3 && merged.integer("cents") == 4500 && merged.string("shelf") == "B7" ? 0 : 1;
}
