// Queries, compared with plain SQLite that has the same records as JSON text and asks with json_extract: over a whole
// collection, by indexes on expressions, and by the words of FTS5; and what indexes cost when records are inserted.
//
// Over a whole collection SQLite has a cache as large as its file. By index it has 4 MiB, as much as a reader of
// BlazeDB, so that both read their pages from the system; BlazeDB decrypts them. A program works with fields and not
// with text: both begin with fields when they store a record, and end with them when they read one by index. What
// SQLite alone takes, without writing and parsing JSON (nlohmann), is printed beside it.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "between.h"
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
        "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-2000000;"
        "CREATE TABLE records(id BLOB PRIMARY KEY, json TEXT NOT NULL)");
    insert_ = plain_.prepare("INSERT INTO records VALUES(?1, ?2)");
  }
  ~PlainSqlite() { sqlite3_finalize(insert_); }
  PlainSqlite(const PlainSqlite&) = delete;

  void execute(const char* sql) { plain_.execute(sql); }
  sqlite3_stmt* prepare(const char* sql) { return plain_.prepare(sql); }

  void insertMany(const std::vector<UUID>& ids, const std::vector<std::string>& records) {
    plain_.execute("BEGIN");
    for (std::size_t i = 0; i < ids.size(); i++) {
      const std::string& json = records[i];
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
// `textAlone`: what they do, without the fields.
void compare(const char* name, const std::function<void()>& ours, const std::function<void()>& theirs,
             double required = 1.5, int pieces = kPieces, const std::function<void()>& textAlone = {}) {
  std::vector<double> ourMs, theirMs, ratios, textMs;
  for (int piece = 0; piece <= pieces; piece++) {
    Stopwatch ourTime;
    ours();
    double our = ourTime.seconds();
    Stopwatch theirTime;
    theirs();
    double their = theirTime.seconds();
    Stopwatch textTime;
    if (textAlone) textAlone();
    textMs.push_back(textTime.seconds() * 1e3);
    if (piece == 0) continue;
    ourMs.push_back(our * 1e3);
    theirMs.push_back(their * 1e3);
    ratios.push_back(their / our);
  }
  report(name, median(ratios), Bound::atLeast, required, "x",
         text("%.4g ms against %.4g ms", median(ourMs), median(theirMs)) +
             (textAlone ? text(", text alone %.4g ms", median(textMs)) : ""));
}

// As readings(), with the same number in every three records.
std::vector<Record> records(std::uint64_t first, std::uint64_t count) {
  std::vector<Record> all = readings(first, count);
  for (std::uint64_t i = 0; i < count; i++) all[i].set("batch", static_cast<std::int64_t>((first + i) / 3));
  return all;
}

// 12 of 5,000 words, some of which are much more frequent than others.
std::string words(std::uint64_t i) {
  std::string all;
  for (std::uint64_t word = 0; word < 12; word++) {
    double chance = static_cast<double>(splitmix64(i * 12 + word) >> 11) * 0x1p-53;
    all += (word > 0 ? " word" : "word") + std::to_string(static_cast<int>(5000 * chance * chance * chance));
  }
  return all;
}

void wholeCollection(Database& db, PlainSqlite& plain) {
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

// A statement of plain SQLite that is prepared once.
class Prepared {
 public:
  Prepared(PlainSqlite& plain, const char* sql) : statement_(plain.prepare(sql)) {}
  ~Prepared() { sqlite3_finalize(statement_); }
  Prepared(const Prepared&) = delete;

  // The number of rows. The last column is text, or JSON to parse.
  template <class Bind>
  std::size_t rows(Bind&& bind, bool parses = false) {
    bind(statement_);
    std::size_t rows = 0, bytes = 0;
    int last = sqlite3_column_count(statement_) - 1;
    for (; sqlite3_step(statement_) == SQLITE_ROW; rows++) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, last));
      auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, last));
      bytes += parses ? nlohmann::json::parse(text, text + size).size() : size;
    }
    sqlite3_reset(statement_);
    require(rows == 0 || bytes > 0, "bytes");
    return rows;
  }

 private:
  sqlite3_stmt* statement_;
};

void byIndex(Database& db, PlainSqlite& plain, std::uint64_t count) {
  constexpr int kQuestions = 2000;
  plain.execute("PRAGMA cache_size=-4096");
  compare(
      "building two indexes, of plain SQLite",
      [&] {
        if (!db.indexes().empty()) {
          db.dropIndex("batch");
          db.dropIndex("city_owner");
        }
        db.createIndex("batch", {"batch"});
        db.createIndex("city_owner", {"city", "owner"});
      },
      [&] {
        plain.execute(
            "DROP INDEX IF EXISTS batch; DROP INDEX IF EXISTS city_owner;"
            "CREATE INDEX batch ON records(json_extract(json, '$.batch'));"
            "CREATE INDEX city_owner ON records(json_extract(json, '$.city'), json_extract(json, '$.owner'))");
      },
      1.0, 3);
  std::size_t found = 0, rows = 0;
  auto chance = [&](int i) {
    return static_cast<std::int64_t>(splitmix64(static_cast<std::uint64_t>(i)) % (count / 3 - 50));
  };
  {
    Prepared theirs(plain, "SELECT id, json FROM records WHERE json_extract(json, '$.batch') = ?1");
    auto ask = [&](bool parses) {
      rows = 0;
      for (int i = 0; i < kQuestions; i++)
        rows += theirs.rows([&](sqlite3_stmt* s) { sqlite3_bind_int64(s, 1, chance(i)); }, parses);
    };
    compare(
        "by index, three records, 2,000 times",
        [&] {
          found = 0;
          for (int i = 0; i < kQuestions; i++) found += db.query("batch = $batch", {{"batch", chance(i)}}).all().size();
        },
        [&] { ask(true); }, 0.7, kPieces, [&] { ask(false); });
    require(found == rows && found == 3 * kQuestions, "equality");
  }
  {
    Prepared theirs(plain,
                    "SELECT id, json FROM records WHERE json_extract(json, '$.batch') >= ?1 AND "
                    "json_extract(json, '$.batch') < ?2");
    auto ask = [&](bool parses) {
      rows = 0;
      for (int i = 0; i < kQuestions; i++)
        rows += theirs.rows(
            [&](sqlite3_stmt* s) {
              sqlite3_bind_int64(s, 1, chance(i));
              sqlite3_bind_int64(s, 2, chance(i) + 33);
            },
            parses);
    };
    compare(
        "by index, a range of 99 records, 2,000 times",
        [&] {
          found = 0;
          for (int i = 0; i < kQuestions; i++)
            found +=
                db.query("batch >= $from AND batch < $to", {{"from", chance(i)}, {"to", chance(i) + 33}}).all().size();
        },
        [&] { ask(true); }, 0.7, kPieces, [&] { ask(false); });
    require(found == rows && found == 99 * kQuestions, "range");
  }
  {
    Prepared theirs(plain,
                    "SELECT id, json FROM records WHERE json_extract(json, '$.city') = ?1 ORDER BY "
                    "json_extract(json, '$.owner') LIMIT 20");
    auto ask = [&](bool parses) {
      rows = 0;
      for (int i = 0; i < kQuestions; i++)
        rows += theirs.rows(
            [&](sqlite3_stmt* s) { sqlite3_bind_text(s, 1, i % 2 ? "Oslo" : "Lima", 4, SQLITE_STATIC); }, parses);
    };
    compare(
        "by index, in its order, the first 20, 2,000 times",
        [&] {
          found = 0;
          for (int i = 0; i < kQuestions; i++)
            found +=
                db.query("city = $city", {{"city", i % 2 ? "Oslo" : "Lima"}}).orderBy("owner").limit(20).all().size();
        },
        [&] { ask(true); }, 0.7, kPieces, [&] { ask(false); });
    require(found == rows && found == 20 * kQuestions, "order");
  }
}

void bulk(const std::string& folder, std::uint64_t count) {
  Database db = openDatabase(folder + "/bulk.blazedb", Durability::normal);
  PlainSqlite plain(folder + "/bulk.db");
  db.createIndex("batch", {"batch"});
  db.createIndex("city_owner", {"city", "owner"});
  plain.execute(
      "CREATE INDEX batch ON records(json_extract(json, '$.batch'));"
      "CREATE INDEX city_owner ON records(json_extract(json, '$.city'), json_extract(json, '$.owner'))");
  std::vector<double> ratios, ourMs, theirMs, textMs;
  for (std::uint64_t next = 0; next < count; next += kPerCall) {
    std::vector<Record> some = records(next, kPerCall);
    Stopwatch ourTime;
    std::vector<UUID> ids = db.insertMany(some);
    double our = ourTime.seconds();
    std::vector<nlohmann::json> fields;
    for (const Record& record : some)
      fields.push_back(nlohmann::json::parse(codec::recordToJson(record, std::nullopt)));
    Stopwatch theirTime;
    std::vector<std::string> json;
    for (const nlohmann::json& each : fields) json.push_back(each.dump());
    Stopwatch textTime;
    plain.insertMany(ids, json);
    textMs.push_back(textTime.seconds() * 1e3);
    theirMs.push_back(theirTime.seconds() * 1e3);
    ourMs.push_back(our * 1e3);
    ratios.push_back(theirMs.back() / ourMs.back());
  }
  report("insertMany with two indexes, of plain SQLite", median(ratios), Bound::atLeast, 0.8, "x",
         text("%.4g ms against %.4g ms for 10,000 records, text alone %.4g ms", median(ourMs), median(theirMs),
              median(textMs)));
}

void fullText(const std::string& folder, std::uint64_t count) {
  constexpr int kQuestions = 50;
  Database db = openDatabase(folder + "/text.blazedb", Durability::normal);
  PlainSqlite plain(folder + "/text.db");
  plain.execute("CREATE VIRTUAL TABLE words USING fts5(text, tokenize='unicode61 remove_diacritics 2')");
  db.createFullTextIndex("words", {"text"});
  {
    Prepared insert(plain, "INSERT INTO words VALUES(?1)");
    for (std::uint64_t next = 0; next < count; next += kPerCall) {
      std::vector<Record> some;
      plain.execute("BEGIN");
      for (std::uint64_t i = next; i < next + kPerCall; i++) {
        std::string text = words(i);
        insert.rows([&](sqlite3_stmt* s) {
          sqlite3_bind_text(s, 1, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
        });
        some.push_back({{"text", std::move(text)}});
      }
      plain.execute("COMMIT");
      db.insertMany(some);
    }
  }
  Prepared theirs(plain, "SELECT text FROM words WHERE words MATCH ?1 ORDER BY rank LIMIT 20");
  std::size_t found = 0, rows = 0;
  auto search = [](int i) { return "word" + std::to_string(i * 13 % 200) + " word" + std::to_string(i * 29 % 300); };
  compare(
      "full text, two words, the best 20, 50 times",
      [&] {
        found = 0;
        for (int i = 0; i < kQuestions; i++) found += db.query().match("words", search(i)).limit(20).all().size();
      },
      [&] {
        rows = 0;
        for (int i = 0; i < kQuestions; i++) {
          std::string text = search(i);
          rows += theirs.rows([&](sqlite3_stmt* s) {
            sqlite3_bind_text(s, 1, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
          });
        }
      },
      0.7);
  require(found == rows && found > kQuestions, "full text");
}

// From the commit to the callback, of the latency between two databases.
void live(const std::string& folder) {
  Database a = openDatabase(folder + "/live-a.blazedb", Durability::normal);
  Database b = openDatabase(folder + "/live-b.blazedb", Durability::normal);
  Topology topology;
  topology.connectLocal(topology.registerDatabase(a, "A"), topology.registerDatabase(b, "B"),
                        ConnectionMode::bidirectional);
  topology.synchronize();
  double between = median(measureLive(a, b).fromCommit);

  // The same writes at the same rate into a database that has no link.
  Database c = openDatabase(folder + "/live-c.blazedb", Durability::normal);
  std::atomic<std::uint64_t> calls{0};
  Subscription watch = c.query("temp >= 0").observe([&](const QueryUpdate&) { calls++; });
  std::vector<double> callbackUs;
  auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < 5'500; i++) {
    std::this_thread::sleep_until(start + i * std::chrono::microseconds(1000));
    std::uint64_t before = calls;
    c.insert(reading(10'000 + i));
    Stopwatch sinceCommit;
    while (calls == before) std::this_thread::yield();
    if (i >= 500) callbackUs.push_back(sinceCommit.us());
  }
  double callback = median(callbackUs);
  report("live query, from commit to callback, of a link", callback / between, Bound::atMost, 1.3, "x",
         text("%.0f us against %.0f us between two databases", callback, between));
}

// A thousand observers of one collection: what a commit costs its caller, and all of them until the last was called.
void manyObservers(const std::string& folder) {
  constexpr int kObservers = 1000, kCommits = 200;
  Database db = openDatabase(folder + "/many.blazedb", Durability::normal);
  auto commit = [&](Collection collection, std::uint64_t i) {
    Stopwatch time;
    collection.insert(reading(i));
    return time.us();
  };
  std::vector<double> alone, watched, elsewhere, until;
  Collection busy = db.collection("busy"), quiet = db.collection("quiet");
  for (std::uint64_t i = 0; i < kCommits; i++) alone.push_back(commit(busy, i));
  std::atomic<int> calls{0};
  std::vector<Subscription> all;
  for (int i = 0; i < kObservers; i++)
    all.push_back(busy.query("seq % $all = $own", {{"all", kObservers}, {"own", i}}).observe([&](const QueryUpdate&) {
      calls++;
    }));
  while (calls < kObservers) std::this_thread::yield();
  for (std::uint64_t i = 0; i < kCommits; i++) {
    int before = calls;
    Stopwatch time;
    watched.push_back(commit(busy, i));
    while (calls == before) std::this_thread::yield();
    until.push_back(time.us());
    elsewhere.push_back(commit(quiet, i));
  }
  report("a commit that 1,000 queries follow", median(until) / 1e3, Bound::atMost, 1.0, "ms",
         text("%.0f us for its caller, %.0f us unobserved, %.0f us beside", median(watched), median(alone),
              median(elsewhere)));
}

void run(const Arguments& arguments) {
  TemporaryFolder folder(arguments.folder);
  {
    Database db = openDatabase(folder.file("queries.blazedb"), Durability::normal);
    PlainSqlite plain(folder.file("plain.db"));
    for (std::uint64_t next = 0; next < arguments.records; next += kPerCall) {
      std::vector<Record> some = records(next, kPerCall);
      std::vector<std::string> json;
      for (const Record& record : some) json.push_back(codec::recordToJson(record, std::nullopt));
      plain.insertMany(db.insertMany(some), json);
    }
    wholeCollection(db, plain);
    byIndex(db, plain, arguments.records);
  }
  bulk(folder.file(""), arguments.records / 4);
  fullText(folder.file(""), arguments.records);
  live(folder.file(""));
  manyObservers(folder.file(""));
}

}  // namespace
}  // namespace blazedb::bench

int main(int argc, char** argv) {
  blazedb::bench::Arguments arguments(argc, argv);
  blazedb::bench::printHeading("query_bench");
  blazedb::bench::run(arguments);
  return 0;
}
