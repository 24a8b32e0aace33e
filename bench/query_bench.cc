// Queries over a whole collection, compared with plain SQLite that has the same records as JSON text and asks with
// json_extract: one filter that few records pass, a count, a sum, and groups.
//
// Both have their pages in memory: SQLite has a cache as large as its file, BlazeDB the memory that it takes by
// default, so that it decrypts what it reads.
#include <cmath>
#include <cstdio>
#include <functional>

#include "codec/json.h"
#include "measure.h"
#include "plain_sqlite.h"

namespace blazedb::bench {
namespace {

constexpr int kPieces = 5;
constexpr std::uint64_t kPerCall = 10'000;

class PlainSqlite {
 public:
  explicit PlainSqlite(const std::string& path) : plain_(path) {
    plain_.execute(
        "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-2000000;"
        "CREATE TABLE records(id BLOB PRIMARY KEY, json TEXT NOT NULL)");
    insert_ = plain_.prepare("INSERT INTO records VALUES(?1, ?2)");
  }
  ~PlainSqlite() { sqlite3_finalize(insert_); }
  PlainSqlite(const PlainSqlite&) = delete;

  void insertMany(const std::vector<UUID>& ids, const std::vector<Record>& records) {
    plain_.execute("BEGIN");
    for (std::size_t i = 0; i < ids.size(); i++) {
      std::string json = codec::recordToJson(records[i], std::nullopt);
      sqlite3_bind_blob(insert_, 1, ids[i].bytes.data(), 16, SQLITE_STATIC);
      sqlite3_bind_text(insert_, 2, json.data(), static_cast<int>(json.size()), SQLITE_STATIC);
      plain_.check(sqlite3_step(insert_));
      sqlite3_reset(insert_);
    }
    plain_.execute("COMMIT");
  }

  // Runs the query to its end. Returns the number of rows, and adds up the first column.
  std::pair<std::uint64_t, double> ask(const char* sql) {
    sqlite3_stmt* statement = plain_.prepare(sql);
    std::pair<std::uint64_t, double> found{};
    while (sqlite3_step(statement) == SQLITE_ROW) {
      found.first++;
      found.second += sqlite3_column_double(statement, 0);
    }
    plain_.check(sqlite3_finalize(statement));
    return found;
  }

 private:
  SqliteHandle plain_;
  sqlite3_stmt* insert_ = nullptr;
};

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "the two do not agree: %s\n", what);
  std::abort();
}

// Both in turn; the first piece warms up.
void compare(const char* name, const std::function<void()>& ours, const std::function<void()>& theirs) {
  std::vector<double> ourMs, theirMs, ratios;
  for (int piece = 0; piece <= kPieces; piece++) {
    Stopwatch ourTime;
    ours();
    double our = ourTime.seconds();
    Stopwatch theirTime;
    theirs();
    double their = theirTime.seconds();
    if (piece == 0) continue;
    ourMs.push_back(our * 1e3);
    theirMs.push_back(their * 1e3);
    ratios.push_back(their / our);
  }
  report(name, median(ratios), Bound::atLeast, 1.5, "x",
         text("%.0f ms against %.0f ms", median(ourMs), median(theirMs)));
}

void run(const Arguments& arguments) {
  TemporaryFolder folder(arguments.folder);
  Database db = openDatabase(folder.file("queries.blazedb"), Durability::normal);
  PlainSqlite plain(folder.file("plain.db"));
  for (std::uint64_t next = 0; next < arguments.records; next += kPerCall) {
    std::vector<Record> records = readings(next, kPerCall);
    plain.insertMany(db.insertMany(records), records);
  }
  std::size_t found = 0;
  std::uint64_t rows = 0;
  compare(
      "filter by one field of ten, of plain SQLite", [&] { found = db.query("temp > 99.9").all().size(); },
      [&] { rows = plain.ask("SELECT id, json FROM records WHERE json_extract(json, '$.temp') > 99.9").first; });
  require(found == rows && found > 0, "filter");

  compare(
      "count of a condition, of plain SQLite", [&] { found = db.query("temp > 50").count(); },
      [&] {
        rows = static_cast<std::uint64_t>(
            plain.ask("SELECT count(*) FROM records WHERE json_extract(json, '$.temp') > 50").second);
      });
  require(found == rows && found > 0, "count");

  double sum = 0, theirSum = 0;
  compare(
      "sum of a field, of plain SQLite", [&] { sum = *db.query().sum("temp").as<double>(); },
      [&] { theirSum = plain.ask("SELECT sum(json_extract(json, '$.temp')) FROM records").second; });
  require(std::abs(sum - theirSum) < 1e-6 * sum, "sum");

  compare(
      "mean by group, of plain SQLite",
      [&] {
        found = db.query().groupBy({"city"}).aggregate({{"temp", Aggregate::average("temp")}}).size();
      },
      [&] {
        rows = plain.ask("SELECT avg(json_extract(json, '$.temp')) FROM records GROUP BY json_extract(json, '$.city')")
                   .first;
      });
  require(found == rows && found == 8, "groups");
}

}  // namespace
}  // namespace blazedb::bench

int main(int argc, char** argv) {
  blazedb::bench::Arguments arguments(argc, argv);
  blazedb::bench::printHeading("query_bench");
  blazedb::bench::run(arguments);
  return 0;
}
