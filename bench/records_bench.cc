// One database compared with plain SQLite that has the same tables: the cost of encryption, stamps, the feed and the
// digest.
//
// Plain SQLite gets prepared rows: encoded fields, stamps and ids. It has the same schema, page size, cache, log,
// checkpoints and `synchronous`. It encodes, encrypts and checks nothing, and returns a blob where BlazeDB returns a
// Record.
#include <memory>
#include <thread>

#include "base/uuid_v7.h"
#include "codec/fields.h"
#include "db/schema.h"
#include "measure.h"
#include "plain_sqlite.h"
#include "storage/database_file.h"
#include "sync/record_state.h"

namespace blazedb::bench {
namespace {

constexpr std::uint64_t kPerCall = 1000;
constexpr std::uint64_t kPieces = 10;

class PlainSqlite {
 public:
  explicit PlainSqlite(const std::string& path) : plain_(path) {
    plain_.execute(
        "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF;"
        "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=16384; PRAGMA journal_size_limit=134217728");
    plain_.execute(("PRAGMA cache_size=" + std::to_string(-storage::kWriterCacheKiBDefault)).c_str());
    for (const char* sql : db::kTables) plain_.execute(sql);
    plain_.execute("INSERT INTO collections(name, live, digest_low, digest_high) VALUES('default', 0, 0, 0)");
    record_ = plain_.prepare(
        "INSERT INTO records(collection, id, position, origin, flags, stamps, fields) VALUES(1, ?1, ?2, 0, 7, ?3, ?4) "
        "ON CONFLICT DO NOTHING");
    feed_ = plain_.prepare("INSERT INTO feed(position, row, mark) VALUES(?1, ?2, ?3)");
    total_ = plain_.prepare("UPDATE collections SET live = ?1, digest_low = ?1, digest_high = ?1 WHERE id = 1");
    find_ = plain_.prepare("SELECT fields FROM records WHERE collection = 1 AND id = ?1");
  }
  ~PlainSqlite() {
    for (sqlite3_stmt* statement : {record_, feed_, total_, find_}) sqlite3_finalize(statement);
  }
  PlainSqlite(const PlainSqlite&) = delete;

  struct Row {
    UUID id;
    base::Bytes fields;
  };

  void insertMany(const std::vector<Row>& rows) {
    plain_.execute("BEGIN IMMEDIATE");
    for (const Row& row : rows) {
      bindBlob(record_, 1, row.id.bytes);
      sqlite3_bind_int64(record_, 2, ++position_);
      bindBlob(record_, 3, stamps_);
      bindBlob(record_, 4, row.fields);
      run(record_);
      sqlite3_bind_int64(feed_, 1, position_);
      sqlite3_bind_int64(feed_, 2, sqlite3_last_insert_rowid(plain_.get()));
      sqlite3_bind_int64(feed_, 3, &row == &rows.back() ? position_ : 0);
      run(feed_);
    }
    sqlite3_bind_int64(total_, 1, position_);
    run(total_);
    plain_.execute("COMMIT");
  }

  std::size_t fetch(const UUID& id, base::Bytes& out) {
    bindBlob(find_, 1, id.bytes);
    if (sqlite3_step(find_) != SQLITE_ROW) std::abort();
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(find_, 0));
    out.assign(data, data + sqlite3_column_bytes(find_, 0));
    sqlite3_reset(find_);
    return out.size();
  }

  void setCacheKiB(int size) { plain_.execute(("PRAGMA cache_size=" + std::to_string(-size)).c_str()); }

 private:
  static void bindBlob(sqlite3_stmt* statement, int index, base::ByteView bytes) {
    sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
  void run(sqlite3_stmt* statement) {
    plain_.check(sqlite3_step(statement));
    sqlite3_reset(statement);
  }

  SqliteHandle plain_;
  sqlite3_stmt *record_ = nullptr, *feed_ = nullptr, *total_ = nullptr, *find_ = nullptr;
  std::int64_t position_ = 0;
  base::Bytes stamps_ = [] {
    base::Bytes stamps;
    sync::encodeFreshStamps({0, 1, 1}, stamps);
    return stamps;
  }();
};

struct Pair {
  Database blaze;
  PlainSqlite plain;
  std::vector<UUID> blazeIds = {};
  std::vector<UUID> plainIds = {};
};

void insertMany(Pair& pair, std::uint64_t records) {
  base::SystemClock clock;
  base::SystemRandom random;
  base::UuidV7 ids(clock, random);
  std::vector<double> ours, theirs, ratios;
  std::uint64_t perPiece = records / kPieces, next = 0;
  for (std::uint64_t piece = 0; piece < kPieces; piece++) {
    double ourSeconds = 0, theirSeconds = 0;
    for (std::uint64_t done = 0; done < perPiece; done += kPerCall, next += kPerCall) {
      std::vector<Record> batch = readings(next, kPerCall);
      std::vector<PlainSqlite::Row> rows;
      for (const Record& record : batch) {
        rows.push_back({ids.next(), {}});
        if (codec::encodeFields(rows.back().fields, record)) std::abort();
        pair.plainIds.push_back(rows.back().id);
      }
      Stopwatch ourTime;
      std::vector<UUID> inserted = pair.blaze.insertMany(batch);
      ourSeconds += ourTime.seconds();
      pair.blazeIds.insert(pair.blazeIds.end(), inserted.begin(), inserted.end());
      Stopwatch theirTime;
      pair.plain.insertMany(rows);
      theirSeconds += theirTime.seconds();
    }
    ours.push_back(static_cast<double>(perPiece) / ourSeconds);
    theirs.push_back(static_cast<double>(perPiece) / theirSeconds);
    ratios.push_back(theirSeconds / ourSeconds);
  }
  report("insertMany, 1,000 a call, of plain SQLite", median(ratios), Bound::atLeast, 0.5, "x",
         text("%.0f /s against %.0f /s", median(ours), median(theirs)));
}

void fetch(Pair& pair) {
  constexpr int kFetches = 20'000;
  pair.plain.setCacheKiB(storage::kReaderCacheKiBDefault);
  std::vector<double> ours, theirs, ratios;
  std::uint64_t state = 1;
  std::size_t bytes = 0;
  auto pick = [&](const std::vector<UUID>& ids) { return ids[splitmix64(state++) % ids.size()]; };
  base::Bytes blob;
  for (std::uint64_t piece = 0; piece <= kPieces; piece++) {
    Stopwatch ourTime;
    for (int i = 0; i < kFetches; i++) bytes += pair.blaze.fetch(pick(pair.blazeIds)).value().size();
    double ourSeconds = ourTime.seconds();
    Stopwatch theirTime;
    for (int i = 0; i < kFetches; i++) bytes += pair.plain.fetch(pick(pair.plainIds), blob);
    double theirSeconds = theirTime.seconds();
    if (piece == 0) continue;  // the first piece warms up
    ours.push_back(kFetches / ourSeconds);
    theirs.push_back(kFetches / theirSeconds);
    ratios.push_back(theirSeconds / ourSeconds);
  }
  if (bytes == 0) std::abort();
  report("fetch by random id, of plain SQLite", median(ratios), Bound::atLeast, 0.5, "x",
         text("%.0f /s against %.0f /s", median(ours), median(theirs)));
}

double insertsPerSecond(Database& database, std::uint64_t threads) {
  constexpr std::uint64_t kInserts = 1000;
  Stopwatch time;
  std::vector<std::thread> running;
  for (std::uint64_t thread = 0; thread < threads; thread++)
    running.emplace_back([&database, threads, thread] {
      for (std::uint64_t i = 0; i < kInserts / threads; i++) database.insert(reading(thread * kInserts + i));
    });
  for (std::thread& thread : running) thread.join();
  return kInserts / time.seconds();
}

void groupCommit(Database& database) {
  std::vector<double> one, eight, ratios;
  for (int piece = 0; piece < 5; piece++) {
    one.push_back(insertsPerSecond(database, 1));
    eight.push_back(insertsPerSecond(database, 8));
    ratios.push_back(eight.back() / one.back());
  }
  report("insert, durable, 8 threads of 1", median(ratios), Bound::atLeast, 3, "x",
         text("%.0f /s against %.0f /s", median(eight), median(one)));
}

void insertLatency(Database& full, const TemporaryFolder& folder) {
  Database empty = openDatabase(folder.file("empty.blazedb"));
  std::vector<double> inEmpty, inFull;
  for (std::uint64_t i = 0; i < 2000; i++) {
    Record record = reading(i);
    Stopwatch emptyTime;
    empty.insert(record);
    inEmpty.push_back(emptyTime.us());
    Stopwatch fullTime;
    full.insert(record);
    inFull.push_back(fullTime.us());
  }
  report("insert latency, full file of empty file", median(inFull) / median(inEmpty), Bound::atMost, 1.3, "x",
         text("p50 %.0f against %.0f us, p99 %.0f against %.0f us", median(inFull), median(inEmpty),
              percentile(inFull, 99), percentile(inEmpty, 99)));
}

void run(const Arguments& arguments) {
  printHeading("records_bench");
  TemporaryFolder folder(arguments.folder);
  Pair pair{openDatabase(folder.file("blaze.blazedb")), PlainSqlite(folder.file("plain.sqlite"))};
  insertMany(pair, arguments.records);
  fetch(pair);
  groupCommit(pair.blaze);
  insertLatency(pair.blaze, folder);
}

}  // namespace
}  // namespace blazedb::bench

int main(int argc, char** argv) {
  try {
    blazedb::bench::run(blazedb::bench::Arguments(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "records_bench: %s\n", error.what());
    return 1;
  }
}
