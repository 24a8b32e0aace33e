// 100,000 records in pages, as a table shows them: by number, and one after the other.
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  Database db = Database::open("Shop", "shop.blazedb", "correct horse");
  constexpr int kArticles = 100'000, kPage = 50;
  std::vector<Record> articles;
  for (int i = 0; i < kArticles; i++)
    articles.push_back({{"number", i}, {"name", "article " + std::to_string(i)}, {"price", (i * 37) % 1000 + 1}});
  db.insertMany(articles);

  // The user jumps to page 1,000. Each page is asked for by itself.
  Query dearest = db.query("price > 0").orderBy("price", Order::descending).orderBy("number");
  std::vector<Record> page = dearest.offset(999 * kPage).limit(kPage).all();
  std::cout << "page 1,000 begins with " << page.front().string("name").value() << "\n";
  bool right = page.size() == kPage;

  // The user leafs on. Records that are added or removed before this place move nothing.
  db.removeMany("price = 1000");
  std::vector<Record> next = dearest.after(page.back()).limit(kPage).all();
  right = right && next.size() == kPage && next.front().integer("price") <= page.back().integer("price");

  // A program goes through all, in portions, without holding them in memory.
  std::uint64_t seen = 0;
  for (const Record& article : dearest) seen += article.contains("price") ? 1 : 0;
  std::cout << seen << " articles\n";
  return right && seen == db.count() ? 0 : 1;
}
