// records, feed, collections, deliveries.

#include <utility>

#include "blazedb/error.h"
#include "codec/text.h"
#include "db/columns.h"
#include "db/schema.h"
#include "db/tables.h"

namespace blazedb::db {

const char kRecordTables[] = R"sql(
CREATE TABLE IF NOT EXISTS collections(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, live INTEGER NOT NULL,
  digest_low INTEGER NOT NULL, digest_high INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS records(
  row INTEGER PRIMARY KEY, collection INTEGER NOT NULL, id BLOB NOT NULL, position INTEGER NOT NULL,
  origin INTEGER NOT NULL, flags INTEGER NOT NULL, stamps BLOB NOT NULL, fields BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS records_by_id ON records(collection, id);
CREATE INDEX IF NOT EXISTS records_dead ON records(position) WHERE flags & 1 = 0;
CREATE INDEX IF NOT EXISTS records_dead_whole ON records(position) WHERE flags & 3 = 2;
CREATE TABLE IF NOT EXISTS feed(position INTEGER PRIMARY KEY, row INTEGER NOT NULL, mark INTEGER NOT NULL);
)sql";

namespace {

using replica::Row;
using storage::Statement;

// About how much memory a page of records may take.
constexpr std::size_t kPageRecords = 1000;
constexpr std::size_t kPageBytes = 4u << 20;

// The columns of a row, as rowAt() reads them.
#define BLAZEDB_ROW_COLUMNS "r.row, r.collection, r.id, r.position, r.origin, r.flags, r.stamps, r.fields"
constexpr int kRowColumns = 8;

Row rowAt(Statement& statement, int first) {
  Row row;
  row.handle = statement.integer(first);
  row.collection = statement.integer(first + 1);
  row.id = uuidAt(statement, first + 2);
  row.position = asUnsigned(statement.integer(first + 3));
  row.origin = statement.integer(first + 4);
  row.flags = static_cast<int>(statement.integer(first + 5));
  row.stamps = statement.blob(first + 6);
  row.fields = statement.blob(first + 7);
  return row;
}

std::optional<replica::Delivery> deliveryAt(Statement& statement, int column) {
  if (statement.isNull(column)) return std::nullopt;
  return replica::Delivery{static_cast<replica::Delivery::Kind>(statement.integer(column)),
                           asUnsigned(statement.integer(column + 1))};
}

void each(Statement& statement, const std::function<bool(const Row&)>& visit) {
  while (statement.step())
    if (!visit(rowAt(statement, 0))) return;
}

std::set<std::int64_t> numbersOf(Statement& statement) {
  std::set<std::int64_t> numbers;
  while (statement.step()) numbers.insert(statement.integer(0));
  return numbers;
}

}  // namespace

// ----------------------------------------------------------------------------------------------------
// reading

void ReadTables::find(std::span<const replica::Key> keys, std::int64_t importer, const UseRow& use) {
  Use find = statements_.use(importer == 0
                                 ? "SELECT " BLAZEDB_ROW_COLUMNS " FROM records r WHERE r.collection = ?1 AND r.id = ?2"
                                 : "SELECT " BLAZEDB_ROW_COLUMNS
                                   ", d.kind, d.position FROM records r LEFT JOIN deliveries d ON d.row = r.row AND "
                                   "d.importer = ?3 WHERE r.collection = ?1 AND r.id = ?2");
  if (importer != 0) find->bind(3, importer);
  for (std::size_t i = 0; i < keys.size(); i++) {
    find->bind(1, keys[i].collection).bindBlob(2, keys[i].id.bytes);
    bool found = find->step();
    Row row;
    if (found) row = rowAt(*find, 0);
    if (found && importer != 0) row.delivery = deliveryAt(*find, kRowColumns);
    if (!use(i, found ? &row : nullptr)) return;
    find->reset();
  }
}

void ReadTables::page(std::int64_t collection, const std::optional<UUID>& after,
                      const std::function<void(const replica::Row&)>& visit) {
  Use live = statements_.use("SELECT " BLAZEDB_ROW_COLUMNS
                             " FROM records r INDEXED BY records_by_id WHERE r.collection = ?1 AND r.id > ?2 AND "
                             "r.flags & 1 ORDER BY r.id");
  live->bind(1, collection).bindBlob(2, after ? base::ByteView(after->bytes) : base::ByteView());
  std::size_t records = 0, bytes = 0;
  each(*live, [&](const Row& row) {
    visit(row);
    bytes += row.fields.size();
    return ++records < kPageRecords && bytes < kPageBytes;
  });
}

void ReadTables::scan(std::int64_t collection, const std::optional<UUID>& after, const VisitFields& visit) {
  Use scan = statements_.use(
      "SELECT id, fields FROM records INDEXED BY records_by_id WHERE collection = ?1 AND id > ?2 AND "
      "flags & 1 ORDER BY id");
  scan->bind(1, collection).bindBlob(2, after ? base::ByteView(after->bytes) : base::ByteView());
  while (scan->step())
    if (!visit(uuidAt(*scan, 0), scan->blob(1))) return;
}

void ReadTables::scanInAnyOrder(std::int64_t collection, const VisitFields& visit) {
  std::uint64_t live = 0, all = 0;
  for (const replica::Collection& each : collections()) {
    all += each.live;
    if (each.number == collection) live = each.live;
  }
  if (live < all / 3) return scan(collection, std::nullopt, visit);
  Use scan = statements_.use("SELECT id, fields FROM records NOT INDEXED WHERE collection = ?1 AND flags & 1");
  scan->bind(1, collection);
  while (scan->step())
    if (!visit(uuidAt(*scan, 0), scan->blob(1))) return;
}

void ReadTables::byIndex(const Index& index, const query::KeyRange& range, bool backwards, const VisitFields& visit) {
  Use walk = statements_.useMade(index.records(backwards));
  walk->bindBlob(1, range.from).bindBlob(2, range.to);
  while (walk->step())
    if (!visit(uuidAt(*walk, 0), walk->blob(1))) return;
}

void ReadTables::notGiven(const Index& index, const query::KeyRange& range, std::int64_t importer,
                          std::vector<std::int64_t>& handles) {
  Use walk = statements_.useMade(index.notGiven());
  walk->bindBlob(1, range.from).bindBlob(2, range.to).bind(3, importer);
  while (walk->step()) handles.push_back(walk->integer(0));
}

void ReadTables::keys(const Index& index, const query::KeyRange& range,
                      const std::function<bool(base::ByteView)>& visit) {
  Use walk = statements_.useMade(index.keys());
  walk->bindBlob(1, range.from).bindBlob(2, range.to);
  while (walk->step())
    if (!visit(walk->blob(0))) return;
}

void ReadTables::byText(const TextIndex& index, const std::string& search, const ExcerptOptions* excerpt, bool ordered,
                        const VisitFound& visit) {
  Use walk = statements_.useMade(index.records(excerpt, ordered));
  walk->bindText(1, search);
  if (excerpt) {
    walk->bindText(2, excerpt->before).bindText(3, excerpt->after);
    if (!excerpt->whole) walk->bindText(4, excerpt->cut);
  }
  bool isFirst = true;
  auto step = [&] {
    try {
      return walk->step();
    } catch (const Error& error) {
      if (!std::exchange(isFirst, false) || error.code() != ErrorCode::Misuse) throw;
      std::string what = error.what();
      throw Error(ErrorCode::InvalidArgument,
                  "the search '" + codec::printable(search) + "' is not understood (" +
                      what.substr(what.find(": ") + 2) +
                      "); searchFor() makes a search of what a user types (blazedb query --search)");
    }
  };
  for (; step(); isFirst = false)
    if (!visit(uuidAt(*walk, 0), walk->blob(1), walk->real(2), walk->text(3))) return;
}

std::optional<UUID> ReadTables::lastLive(std::int64_t collection) {
  Use last = statements_.use(
      "SELECT id FROM records INDEXED BY records_by_id WHERE collection = ?1 AND flags & 1 ORDER BY id DESC LIMIT 1");
  last->bind(1, collection);
  return last->step() ? std::optional(uuidAt(*last, 0)) : std::nullopt;
}

void ReadTables::all(const Visit& visit) {
  each(*statements_.use("SELECT " BLAZEDB_ROW_COLUMNS " FROM records r ORDER BY r.row"), visit);
}

std::uint64_t ReadTables::missingFromFeed() {
  return asUnsigned(numberOf(*statements_.use(
      "SELECT count(*) FROM records r WHERE NOT EXISTS(SELECT 1 FROM feed f WHERE f.position = r.position AND f.row = "
      "r.row)")));
}

void ReadTables::range(std::int64_t collection, const UUID& from, const UUID& to, const Visit& visit) {
  Use range = statements_.use("SELECT " BLAZEDB_ROW_COLUMNS
                              " FROM records r WHERE r.collection = ?1 AND r.id BETWEEN ?2 AND ?3 ORDER BY r.id");
  range->bind(1, collection).bindBlob(2, from.bytes).bindBlob(3, to.bytes);
  each(*range, visit);
}

void ReadTables::feed(std::uint64_t after, std::int64_t importer,
                      const std::function<bool(const replica::FeedEntry&)>& visit) {
  Use feed = statements_.use(
      importer == 0 ? "SELECT f.position, f.mark, " BLAZEDB_ROW_COLUMNS
                      " FROM feed f LEFT JOIN records r ON r.row = f.row WHERE f.position > ?1 ORDER BY f.position"
                    : "SELECT f.position, f.mark, " BLAZEDB_ROW_COLUMNS
                      ", d.kind, d.position FROM feed f LEFT JOIN records r ON r.row = f.row LEFT JOIN deliveries d "
                      "ON d.row = r.row AND d.importer = ?2 WHERE f.position > ?1 ORDER BY f.position");
  feed->bind(1, asSigned(after));
  if (importer != 0) feed->bind(2, importer);
  while (feed->step()) {
    replica::FeedEntry entry;
    entry.position = asUnsigned(feed->integer(0));
    entry.mark = asUnsigned(feed->integer(1));
    entry.gone = feed->isNull(2);
    if (!entry.gone) entry.row = rowAt(*feed, 2);
    if (!entry.gone && importer != 0) entry.row.delivery = deliveryAt(*feed, 2 + kRowColumns);
    if (!visit(entry)) return;
  }
}

void ReadTables::delivered(std::int64_t importer, std::int64_t after, const Visit& visit) {
  Use select = statements_.use("SELECT " BLAZEDB_ROW_COLUMNS
                               ", d.kind, d.position FROM deliveries d CROSS JOIN records r ON r.row = d.row "
                               "WHERE d.importer = ?1 AND d.row > ?2 ORDER BY d.row");
  select->bind(1, importer).bind(2, after);
  while (select->step()) {
    Row row = rowAt(*select, 0);
    row.delivery = deliveryAt(*select, kRowColumns);
    if (!visit(row)) return;
  }
}

void ReadTables::findAt(std::span<const std::int64_t> handles, std::int64_t importer, const UseRow& use) {
  Use find = statements_.use("SELECT " BLAZEDB_ROW_COLUMNS
                             ", d.kind, d.position FROM records r LEFT JOIN deliveries d ON d.row = r.row AND "
                             "d.importer = ?2 WHERE r.row = ?1");
  find->bind(2, importer);
  for (std::size_t i = 0; i < handles.size(); i++) {
    find->bind(1, handles[i]);
    bool found = find->step();
    Row row;
    if (found) row = rowAt(*find, 0);
    if (found) row.delivery = deliveryAt(*find, kRowColumns);
    if (!use(i, found ? &row : nullptr)) return;
    find->reset();
  }
}

void ReadTables::dead(std::uint64_t upTo, bool whole, const Visit& visit) {
  Use dead = statements_.use(whole ? "SELECT " BLAZEDB_ROW_COLUMNS
                                     " FROM records r WHERE r.flags & 3 = 2 AND r.position <= ?1 ORDER BY r.position"
                                   : "SELECT " BLAZEDB_ROW_COLUMNS
                                     " FROM records r WHERE r.flags & 1 = 0 AND r.position <= ?1 ORDER BY r.position");
  dead->bind(1, asSigned(upTo));
  each(*dead, visit);
}

void ReadTables::changedAfter(std::uint64_t position, const std::optional<UUID>& replica,
                              const std::function<void(std::string_view, bool, const Row&)>& visit) {
  Use select = statements_.use("SELECT c.name, o.replica IS NOT NULL AND o.replica IS ?2, " BLAZEDB_ROW_COLUMNS
                               " FROM feed f JOIN records r ON r.row = f.row AND r.position = f.position "
                               "JOIN collections c ON c.id = r.collection LEFT JOIN origins o ON o.id = r.origin "
                               "WHERE f.position > ?1 ORDER BY f.position");
  select->bind(1, asSigned(position));
  if (replica)
    select->bindBlob(2, replica->bytes);
  else
    select->bindNull(2);
  while (select->step()) visit(select->text(0), select->integer(1) != 0, rowAt(*select, 2));
}

std::vector<replica::Collection> ReadTables::collections() {
  Use select = statements_.use("SELECT id, name, live, digest_low, digest_high FROM collections ORDER BY name");
  std::vector<replica::Collection> all;
  while (select->step()) {
    replica::Collection row;
    row.number = select->integer(0);
    row.name = select->text(1);
    row.live = asUnsigned(select->integer(2));
    row.digest = {asUnsigned(select->integer(3)), asUnsigned(select->integer(4))};
    all.push_back(std::move(row));
  }
  return all;
}

std::vector<replica::Collection> ReadTables::emptyCollections() {
  Use select = statements_.use(
      "SELECT id, name FROM collections c WHERE live = 0 AND id < (SELECT max(id) FROM collections) "
      "AND NOT EXISTS(SELECT 1 FROM records r WHERE r.collection = c.id) "
      "AND NOT EXISTS(SELECT 1 FROM indexes i WHERE i.collection = c.id)");
  std::vector<replica::Collection> all;
  while (select->step()) {
    replica::Collection& empty = all.emplace_back();
    empty.number = select->integer(0);
    empty.name = select->text(1);
  }
  return all;
}

std::uint64_t ReadTables::lastPosition() {
  return asUnsigned(numberOf(*statements_.use("SELECT ifnull(max(position), 0) FROM feed")));
}

std::uint64_t ReadTables::transactionEnd(std::uint64_t position, std::size_t most) {
  Use select = statements_.use(
      "SELECT position FROM feed WHERE position BETWEEN ?1 AND ?2 AND mark != 0 ORDER BY position LIMIT 1");
  return select->bind(1, position).bind(2, position + most - 1).step() ? asUnsigned(select->integer(0)) : 0;
}

std::uint64_t ReadTables::lastMark() {
  return asUnsigned(numberOf(*statements_.use("SELECT mark FROM feed ORDER BY position DESC LIMIT 1")));
}

bool ReadTables::empty() { return numberOf(*statements_.use("SELECT NOT EXISTS(SELECT 1 FROM records)")) != 0; }

std::set<std::int64_t> ReadTables::originsInRows() {
  return numbersOf(*statements_.use("SELECT DISTINCT origin FROM records"));
}

// ----------------------------------------------------------------------------------------------------
// writing

void WriteTables::put(std::span<Row> rows) {
  Use update = statements_.use(
      "UPDATE records SET position = ?2, origin = ?3, flags = ?4, stamps = ?5, fields = ?6 WHERE row = ?1");
  for (Row& row : rows) {
    if (row.handle == 0) {
      if (!add(row)) throw Error(ErrorCode::Misuse, "the record " + row.id.toString() + " is stored twice");
      continue;
    }
    update->bind(1, row.handle).bind(2, asSigned(row.position)).bind(3, row.origin).bind(4, row.flags);
    update->bindBlob(5, row.stamps).bindBlob(6, row.fields);
    update->run();
  }
}

bool WriteTables::add(Row& row) {
  Use insert = statements_.use(
      "INSERT INTO records(collection, id, position, origin, flags, stamps, fields) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING");
  insert->bind(1, row.collection).bindBlob(2, row.id.bytes).bind(3, asSigned(row.position)).bind(4, row.origin);
  insert->bind(5, row.flags).bindBlob(6, row.stamps).bindBlob(7, row.fields);
  insert->run();
  if (connection().changes() == 0) return false;
  row.handle = connection().lastInsertRow();
  return true;
}

// An importer that was given a record and has not come to its delete will sweep (sync::Deliveries::Known): it is below
// the floor then. If the record lives, there is no delete to come to, and the store no longer knows what it holds.
void WriteTables::erase(std::span<const Row> rows) {
  Use remove = statements_.use("DELETE FROM records WHERE row = ?1");
  Use raiseFloors = statements_.use(
      "UPDATE importers SET floor = max(floor, ?2), filter = CASE WHEN ?3 THEN NULL ELSE filter END "
      "WHERE EXISTS(SELECT 1 FROM deliveries d WHERE d.importer = number AND d.row = ?1)");
  // The row's number may be given again.
  Use removeDeliveries =
      statements_.use("DELETE FROM deliveries WHERE row = ?1 AND importer IN (SELECT number FROM importers)");
  for (const Row& row : rows) {
    remove->bind(1, row.handle).run();
    std::uint64_t floor = row.alive() ? sync::kPositionMax : row.position;
    raiseFloors->bind(1, row.handle).bind(2, asSigned(floor)).bind(3, std::int64_t{row.alive()}).run();
    removeDeliveries->bind(1, row.handle).run();
  }
}

// Without a condition SQLite frees whole pages and changes none of them, so removing takes no memory for each row.
void WriteTables::eraseAll() {
  connection().execute(
      "DELETE FROM records; DELETE FROM feed; DELETE FROM deliveries; "
      "UPDATE importers SET filter = NULL, floor = 9223372036854775807");
}

void WriteTables::append(std::span<const Position> positions) {
  // To run a statement costs more than to insert such a row. With OR FAIL SQLite needs no journal to take back a
  // statement of many rows; a failure takes back the whole operation.
  static constexpr std::size_t kAtOnce = 16;
  auto append = [](Statement& statement, std::span<const Position> some) {
    int next = 1;
    for (const Position& each : some) {
      statement.bind(next, asSigned(each.position)).bind(next + 1, each.handle).bind(next + 2, asSigned(each.mark));
      next += 3;
    }
    statement.run();
  };
  Use many = statements_.use(
      "INSERT OR FAIL INTO feed(position, row, mark) VALUES"
      "(?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?), "
      "(?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?), (?, ?, ?)");
  for (; positions.size() >= kAtOnce; positions = positions.subspan(kAtOnce)) append(*many, positions.first(kAtOnce));
  Use one = statements_.use("INSERT INTO feed(position, row, mark) VALUES(?, ?, ?)");
  for (; !positions.empty(); positions = positions.subspan(1)) append(*one, positions.first(1));
}

std::uint64_t WriteTables::trimFeed(std::uint64_t after, std::uint64_t to) {
  Use trim = statements_.use(
      "DELETE FROM feed WHERE position > ?1 AND position <= ?2 "
      "AND NOT EXISTS(SELECT 1 FROM records r WHERE r.row = feed.row AND r.position = feed.position)");
  trim->bind(1, asSigned(after)).bind(2, asSigned(to)).run();
  return asUnsigned(connection().changes());
}

std::int64_t WriteTables::addCollection(const std::string& name) {
  Use insert = statements_.use("INSERT INTO collections(name, live, digest_low, digest_high) VALUES(?1, 0, 0, 0)");
  insert->bindText(1, name).run();
  return connection().lastInsertRow();
}

void WriteTables::removeCollection(std::int64_t number) {
  statements_.use("DELETE FROM collections WHERE id = ?1")->bind(1, number).run();
}

void WriteTables::setTotals(std::span<const replica::Collection* const> collections) {
  Use update = statements_.use("UPDATE collections SET live = ?2, digest_low = ?3, digest_high = ?4 WHERE id = ?1");
  for (const replica::Collection* each : collections)
    update->bind(1, each->number)
        .bind(2, asSigned(each->live))
        .bind(3, asSigned(each->digest.low))
        .bind(4, asSigned(each->digest.high))
        .run();
}

void WriteTables::setDelivered(std::int64_t importer, std::span<const Delivered> news) {
  Use set = statements_.use(
      "INSERT INTO deliveries(row, importer, kind, position) VALUES(?1, ?2, ?3, ?4) "
      "ON CONFLICT DO UPDATE SET kind = ?3, position = ?4");
  for (const Delivered& each : news)
    set->bind(1, each.handle)
        .bind(2, importer)
        .bind(3, static_cast<std::int64_t>(each.delivery.kind))
        .bind(4, asSigned(each.delivery.position))
        .run();
}

void WriteTables::removeTakenBack(std::int64_t importer, std::uint64_t upTo) {
  statements_
      .use(
          "UPDATE importers SET floor = max(floor, ifnull((SELECT max(position) FROM deliveries "
          "WHERE importer = ?1 AND kind = 2 AND position <= ?2), 0)) WHERE number = ?1")
      ->bind(1, importer)
      .bind(2, asSigned(upTo))
      .run();
  statements_.use("DELETE FROM deliveries WHERE importer = ?1 AND kind = 2 AND position <= ?2")
      ->bind(1, importer)
      .bind(2, asSigned(upTo))
      .run();
}

}  // namespace blazedb::db
