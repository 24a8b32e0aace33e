#include "db/tables.h"

#include <algorithm>

#include "blazedb/error.h"
#include "db/schema.h"

namespace blazedb::db {
namespace {

using replica::Row;
using storage::Statement;

// What a page of records may take in memory, about.
constexpr std::size_t kPageRecords = 1000;
constexpr std::size_t kPageBytes = 4u << 20;

std::int64_t asSigned(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t asUnsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

base::Bytes fixed64(std::uint64_t value) {
  base::Bytes out;
  base::appendFixed64(out, value);
  return out;
}

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

// Gives a statement back to its start, whatever happens in between: a statement that stays open holds its snapshot.
class Open {
 public:
  explicit Open(Statement& statement) : statement_(statement) {}
  ~Open() { statement_.reset(); }
  Open(const Open&) = delete;

 private:
  Statement& statement_;
};

std::optional<replica::Delivery> deliveryAt(Statement& statement, int column) {
  if (statement.isNull(column)) return std::nullopt;
  return replica::Delivery{static_cast<replica::Delivery::Kind>(statement.integer(column)),
                           asUnsigned(statement.integer(column + 1))};
}

void each(Statement& statement, const std::function<bool(const Row&)>& visit) {
  Open open(statement);
  while (statement.step())
    if (!visit(rowAt(statement, 0))) return;
}

std::int64_t number(Statement& statement) {
  Open open(statement);
  return statement.step() ? statement.integer(0) : 0;
}

UUID uuidOf(base::ByteView raw) {
  UUID id;
  if (raw.size() != id.bytes.size())
    throw Error(ErrorCode::DamagedPage, "an id in the database is not 16 bytes; restore the file from a backup");
  std::copy(raw.begin(), raw.end(), id.bytes.begin());
  return id;
}

}  // namespace

UUID uuidAt(storage::Statement& statement, int column) { return uuidOf(statement.blob(column)); }

ReadTables::ReadTables(storage::Connection& c)
    : find_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS " FROM records r WHERE r.collection = ?1 AND r.id = ?2")),
      findFor_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS
                         ", d.kind, d.position FROM records r LEFT JOIN delivered d ON d.row = r.row AND "
                         "d.importer = ?3 WHERE r.collection = ?1 AND r.id = ?2")),
      live_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS
                      " FROM records r WHERE r.collection = ?1 AND r.id > ?2 AND r.flags & 1 ORDER BY r.id")),
      lastLive_(c.prepare("SELECT id FROM records WHERE collection = ?1 AND flags & 1 ORDER BY id DESC LIMIT 1")),
      all_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS " FROM records r ORDER BY r.row")),
      range_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS
                       " FROM records r WHERE r.collection = ?1 AND r.id BETWEEN ?2 AND ?3 ORDER BY r.id")),
      feed_(c.prepare("SELECT f.position, f.mark, " BLAZEDB_ROW_COLUMNS
                      " FROM feed f LEFT JOIN records r ON r.row = f.row WHERE f.position > ?1 ORDER BY f.position")),
      feedFor_(c.prepare("SELECT f.position, f.mark, " BLAZEDB_ROW_COLUMNS
                         ", d.kind, d.position FROM feed f LEFT JOIN records r ON r.row = f.row LEFT JOIN delivered d "
                         "ON d.row = r.row AND d.importer = ?2 WHERE f.position > ?1 ORDER BY f.position")),
      dead_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS
                      " FROM records r WHERE r.flags & 1 = 0 AND r.position <= ?1 ORDER BY r.position")),
      deadWhole_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS
                           " FROM records r WHERE r.flags & 3 = 2 AND r.position <= ?1 ORDER BY r.position")),
      collections_(c.prepare("SELECT id, name, live, digest_low, digest_high FROM collections ORDER BY name")),
      lastPosition_(c.prepare("SELECT ifnull(max(position), 0) FROM feed")),
      lastMark_(c.prepare("SELECT mark FROM feed ORDER BY position DESC LIMIT 1")),
      empty_(c.prepare("SELECT NOT EXISTS(SELECT 1 FROM records)")),
      origin_(c.prepare("SELECT id FROM origins WHERE replica = ?1 AND incarnation = ?2")),
      origins_(c.prepare("SELECT id FROM origins WHERE replica = ?1")),
      cursor_(c.prepare("SELECT incarnation, position, complete, reach FROM cursors WHERE peer = ?1 AND scope = ?2")),
      scopes_(
          c.prepare("SELECT scope, acknowledged, acknowledged_complete, passed, seen_ms FROM cursors WHERE peer = ?1")),
      importer_(c.prepare("SELECT number FROM importers WHERE replica = ?1")),
      filterOf_(c.prepare("SELECT filter FROM importers WHERE replica = ?1 AND filter IS NOT NULL")),
      floorOf_(c.prepare("SELECT floor FROM importers WHERE replica = ?1")),
      meta_(c.prepare("SELECT value FROM meta WHERE key = ?1")),
      conflictCount_(c.prepare("SELECT count(*) FROM conflicts")) {}

void ReadTables::find(std::span<const replica::Key> keys, std::int64_t importer, const UseRow& use) {
  Statement& find = importer == 0 ? find_ : findFor_;
  if (importer != 0) find.bind(3, importer);
  for (std::size_t i = 0; i < keys.size(); i++) {
    find.bind(1, keys[i].collection);
    find.bindBlob(2, keys[i].id.bytes);
    Open open(find);
    bool found = find.step();
    Row row;
    if (found) row = rowAt(find, 0);
    if (found && importer != 0) row.delivery = deliveryAt(find, kRowColumns);
    if (!use(i, found ? &row : nullptr)) return;
  }
}

std::vector<Record> ReadTables::page(std::int64_t collection, const std::optional<UUID>& after) {
  std::vector<Record> page;
  std::size_t bytes = 0;
  live_.bind(1, collection);
  live_.bindBlob(2, after ? base::ByteView(after->bytes) : base::ByteView());
  each(live_, [&](const Row& row) {
    page.push_back(row.record());
    bytes += row.fields.size();
    return page.size() < kPageRecords && bytes < kPageBytes;
  });
  return page;
}

std::optional<UUID> ReadTables::lastLive(std::int64_t collection) {
  lastLive_.bind(1, collection);
  Open open(lastLive_);
  if (!lastLive_.step()) return std::nullopt;
  return uuidAt(lastLive_, 0);
}

void ReadTables::all(const Visit& visit) { each(all_, visit); }

void ReadTables::range(std::int64_t collection, const UUID& from, const UUID& to, const Visit& visit) {
  range_.bind(1, collection);
  range_.bindBlob(2, from.bytes);
  range_.bindBlob(3, to.bytes);
  each(range_, visit);
}

void ReadTables::feed(std::uint64_t after, std::int64_t importer,
                      const std::function<bool(const replica::FeedEntry&)>& visit) {
  Statement& feed = importer == 0 ? feed_ : feedFor_;
  feed.bind(1, asSigned(after));
  if (importer != 0) feed.bind(2, importer);
  Open open(feed);
  while (feed.step()) {
    replica::FeedEntry entry;
    entry.position = asUnsigned(feed.integer(0));
    entry.mark = asUnsigned(feed.integer(1));
    entry.gone = feed.isNull(2);
    if (!entry.gone) entry.row = rowAt(feed, 2);
    if (!entry.gone && importer != 0) entry.row.delivery = deliveryAt(feed, 2 + kRowColumns);
    if (!visit(entry)) return;
  }
}

void ReadTables::dead(std::uint64_t upTo, bool whole, const Visit& visit) {
  Statement& dead = whole ? deadWhole_ : dead_;
  dead.bind(1, asSigned(upTo));
  each(dead, visit);
}

std::vector<replica::Collection> ReadTables::collections() {
  Open open(collections_);
  std::vector<replica::Collection> all;
  while (collections_.step()) {
    replica::Collection row;
    row.number = collections_.integer(0);
    row.name = collections_.text(1);
    row.live = asUnsigned(collections_.integer(2));
    row.digest = {asUnsigned(collections_.integer(3)), asUnsigned(collections_.integer(4))};
    all.push_back(std::move(row));
  }
  return all;
}

std::uint64_t ReadTables::lastPosition() { return asUnsigned(number(lastPosition_)); }
std::uint64_t ReadTables::lastMark() { return asUnsigned(number(lastMark_)); }
bool ReadTables::empty() { return number(empty_) != 0; }
std::int64_t ReadTables::conflictCount() { return number(conflictCount_); }

std::int64_t ReadTables::originOf(const sync::Peer& peer) {
  origin_.bindBlob(1, peer.replica.bytes);
  origin_.bind(2, asSigned(peer.incarnation));
  return number(origin_);
}

std::set<std::int64_t> ReadTables::originsOf(const UUID& replica) {
  origins_.bindBlob(1, replica.bytes);
  Open open(origins_);
  std::set<std::int64_t> ids;
  while (origins_.step()) ids.insert(origins_.integer(0));
  return ids;
}

sync::Cursor ReadTables::cursorOn(const UUID& peer, const sync::Scope& scope) {
  base::Bytes key = sync::encode(scope);
  cursor_.bindBlob(1, peer.bytes);
  cursor_.bindBlob(2, key);
  Open open(cursor_);
  if (!cursor_.step()) return {};
  return {asUnsigned(cursor_.integer(0)), asUnsigned(cursor_.integer(1)), asUnsigned(cursor_.integer(2)),
          asUnsigned(cursor_.integer(3))};
}

std::vector<replica::Reading> ReadTables::readingsOf(const UUID& peer) {
  scopes_.bindBlob(1, peer.bytes);
  Open open(scopes_);
  std::vector<replica::Reading> scopes;
  while (scopes_.step()) {
    std::optional<sync::Scope> scope = sync::decodeScope(scopes_.blob(0));
    if (!scope)
      throw Error(ErrorCode::DamagedPage, "the scope of a cursor cannot be decoded; restore the file from a backup");
    replica::Reading linked;
    linked.scope = std::move(*scope);
    linked.acknowledged = {0, asUnsigned(scopes_.integer(1)), asUnsigned(scopes_.integer(2)), 0};
    linked.passed = asUnsigned(scopes_.integer(3));
    if (!scopes_.isNull(4)) linked.seenMs = scopes_.integer(4);
    scopes.push_back(std::move(linked));
  }
  return scopes;
}

std::int64_t ReadTables::importer(const UUID& replica) {
  importer_.bindBlob(1, replica.bytes);
  Open open(importer_);
  return importer_.step() ? importer_.integer(0) : 0;
}

std::optional<std::string> ReadTables::filterOf(const UUID& importer) {
  filterOf_.bindBlob(1, importer.bytes);
  Open open(filterOf_);
  return filterOf_.step() ? std::optional<std::string>(filterOf_.text(0)) : std::nullopt;
}

std::uint64_t ReadTables::floorOf(const UUID& importer) {
  floorOf_.bindBlob(1, importer.bytes);
  return asUnsigned(number(floorOf_));
}

std::optional<base::Bytes> ReadTables::meta(std::string_view key) {
  meta_.bindText(1, key);
  Open open(meta_);
  if (!meta_.step()) return std::nullopt;
  base::ByteView value = meta_.blob(0);
  return base::Bytes(value.begin(), value.end());
}

std::optional<UUID> ReadTables::metaId(std::string_view key) {
  std::optional<base::Bytes> value = meta(key);
  return value ? std::optional(uuidOf(*value)) : std::nullopt;
}

std::uint64_t ReadTables::horizon() {
  std::optional<base::Bytes> value = meta("horizon");
  return value ? base::Reader(*value).fixed64() : 0;
}

WriteTables::WriteTables(storage::Connection& c)
    : ReadTables(c),
      connection_(c),
      insert_(c.prepare("INSERT INTO records(collection, id, position, origin, flags, stamps, fields) VALUES(?1, ?2, "
                        "?3, ?4, ?5, ?6, ?7) "
                        "ON CONFLICT DO NOTHING")),
      update_(c.prepare(
          "UPDATE records SET position = ?2, origin = ?3, flags = ?4, stamps = ?5, fields = ?6 WHERE row = ?1")),
      remove_(c.prepare("DELETE FROM records WHERE row = ?1")),
      appendFeed_(c.prepare("INSERT INTO feed(position, row, mark) VALUES(?1, ?2, ?3)")),
      insertCollection_(c.prepare("INSERT INTO collections(name, live, digest_low, digest_high) VALUES(?1, 0, 0, 0)")),
      updateCollection_(c.prepare("UPDATE collections SET live = ?2, digest_low = ?3, digest_high = ?4 WHERE id = ?1")),
      insertOrigin_(c.prepare("INSERT INTO origins(replica, incarnation) VALUES(?1, ?2)")),
      setCursor_(c.prepare("INSERT INTO cursors(peer, scope, incarnation, position, complete, reach) "
                           "VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
                           "ON CONFLICT DO UPDATE SET incarnation = ?3, position = ?4, complete = ?5, reach = ?6")),
      setReading_(c.prepare("INSERT INTO cursors(peer, scope, acknowledged, acknowledged_complete, passed, seen_ms) "
                            "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE "
                            "SET acknowledged = ?3, acknowledged_complete = ?4, passed = ?5, seen_ms = ?6")),
      removeCursors_(c.prepare("DELETE FROM cursors WHERE peer = ?1 AND scope IS NOT ?2")),
      addImporter_(c.prepare("INSERT INTO importers(replica) VALUES(?1)")),
      setFilter_(c.prepare(
          "UPDATE importers SET filter = ?2, floor = CASE ?3 WHEN 0 THEN floor ELSE ?3 END WHERE number = ?1")),
      loseTrack_(c.prepare("UPDATE importers SET filter = NULL, floor = 9223372036854775807 WHERE number = ?1")),
      removeImporter_(c.prepare("DELETE FROM importers WHERE number = ?1")),
      removeDelivered_(c.prepare("DELETE FROM delivered WHERE importer = ?1")),
      setDelivery_(c.prepare("INSERT INTO delivered(row, importer, kind, position) VALUES(?1, ?2, ?3, ?4) "
                             "ON CONFLICT DO UPDATE SET kind = ?3, position = ?4")),
      raiseFloor_(c.prepare("UPDATE importers SET floor = max(floor, ?2) WHERE number = ?1 AND "
                            "EXISTS(SELECT 1 FROM delivered WHERE importer = ?1 AND kind = 2 AND position <= ?2)")),
      removeTakenBack_(c.prepare("DELETE FROM delivered WHERE importer = ?1 AND kind = 2 AND position <= ?2")),
      removeDeliveries_(c.prepare("DELETE FROM delivered WHERE row = ?1")),
      setMeta_(c.prepare("INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET value = ?2")),
      removeMeta_(c.prepare("DELETE FROM meta WHERE key = ?1")),
      addIncarnation_(c.prepare("INSERT INTO incarnations(id, first) VALUES(?1, ?2)")),
      addOverridden_(
          c.prepare("INSERT INTO conflicts(time_ms, collection, record, field, lost, lost_stamp, won, won_stamp) "
                    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")),
      save_(c.prepare("SAVEPOINT operation")),
      keep_(c.prepare("RELEASE operation")),
      takeBack_(c.prepare("ROLLBACK TO operation")) {}

void WriteTables::put(std::span<Row> rows) {
  for (Row& row : rows) {
    if (row.handle == 0) {
      if (!add(row)) throw Error(ErrorCode::Misuse, "the record " + row.id.toString() + " is stored twice");
      continue;
    }
    update_.bind(1, row.handle);
    update_.bind(2, asSigned(row.position));
    update_.bind(3, row.origin);
    update_.bind(4, row.flags);
    update_.bindBlob(5, row.stamps);
    update_.bindBlob(6, row.fields);
    update_.run();
  }
}

bool WriteTables::add(Row& row) {
  insert_.bind(1, row.collection);
  insert_.bindBlob(2, row.id.bytes);
  insert_.bind(3, asSigned(row.position));
  insert_.bind(4, row.origin);
  insert_.bind(5, row.flags);
  insert_.bindBlob(6, row.stamps);
  insert_.bindBlob(7, row.fields);
  insert_.run();
  if (connection_.changes() == 0) return false;
  row.handle = connection_.lastInsertRow();
  return true;
}

void WriteTables::erase(std::span<const Row> rows) {
  for (const Row& row : rows)
    for (Statement* each : {&remove_, &removeDeliveries_}) {  // its number may be given again
      each->bind(1, row.handle);
      each->run();
    }
}

// Without a condition SQLite gives whole pages back and changes none of them, so that this takes no memory for what it
// removes.
void WriteTables::eraseAll() { connection_.execute("DELETE FROM records; DELETE FROM feed; DELETE FROM delivered"); }

void WriteTables::append(std::span<const Position> positions) {
  for (const Position& each : positions) {
    appendFeed_.bind(1, asSigned(each.position));
    appendFeed_.bind(2, each.handle);
    appendFeed_.bind(3, asSigned(each.mark));
    appendFeed_.run();
  }
}

std::int64_t WriteTables::addCollection(const std::string& name) {
  insertCollection_.bindText(1, name);
  insertCollection_.run();
  return connection_.lastInsertRow();
}

void WriteTables::setTotals(std::span<const replica::Collection* const> collections) {
  for (const replica::Collection* each : collections) {
    updateCollection_.bind(1, each->number);
    updateCollection_.bind(2, asSigned(each->live));
    updateCollection_.bind(3, asSigned(each->digest.low));
    updateCollection_.bind(4, asSigned(each->digest.high));
    updateCollection_.run();
  }
}

void WriteTables::setLostUntil(std::uint64_t time) { setMeta(kLostUntil, fixed64(time)); }

std::int64_t WriteTables::addOrigin(const sync::Peer& peer) {
  if (std::int64_t known = originOf(peer)) return known;
  insertOrigin_.bindBlob(1, peer.replica.bytes);
  insertOrigin_.bind(2, asSigned(peer.incarnation));
  insertOrigin_.run();
  return connection_.lastInsertRow();
}

void WriteTables::setCursor(const UUID& peer, const sync::Scope& scope, const sync::Cursor& cursor) {
  base::Bytes key = sync::encode(scope);
  setCursor_.bindBlob(1, peer.bytes);
  setCursor_.bindBlob(2, key);
  setCursor_.bind(3, asSigned(cursor.incarnation));
  setCursor_.bind(4, asSigned(cursor.position));
  setCursor_.bind(5, asSigned(cursor.complete));
  setCursor_.bind(6, asSigned(cursor.reach));
  setCursor_.run();
}

void WriteTables::setReading(const UUID& peer, const replica::Reading& reading) {
  base::Bytes scope = sync::encode(reading.scope);
  setReading_.bindBlob(1, peer.bytes);
  setReading_.bindBlob(2, scope);
  setReading_.bind(3, asSigned(reading.acknowledged.position));
  setReading_.bind(4, asSigned(reading.acknowledged.complete));
  setReading_.bind(5, asSigned(reading.passed));
  if (reading.seenMs)
    setReading_.bind(6, *reading.seenMs);
  else
    setReading_.bindNull(6);
  setReading_.run();
}

void WriteTables::removeReadings() {
  connection_.execute(
      "DELETE FROM peers; UPDATE cursors SET acknowledged = 0, acknowledged_complete = 0, passed = 0, seen_ms = NULL");
}

void WriteTables::removeCursors(const UUID& peer, const std::optional<sync::Scope>& except) {
  base::Bytes key;
  if (except) key = sync::encode(*except);
  removeCursors_.bindBlob(1, peer.bytes);
  if (except)
    removeCursors_.bindBlob(2, key);
  else
    removeCursors_.bindNull(2);
  removeCursors_.run();
}

std::int64_t WriteTables::addImporter(const UUID& replica) {
  if (std::int64_t known = importer(replica)) return known;
  addImporter_.bindBlob(1, replica.bytes);
  addImporter_.run();
  return connection_.lastInsertRow();
}

void WriteTables::setFilter(std::int64_t importer, const std::string& filter, std::uint64_t floor) {
  setFilter_.bind(1, importer);
  setFilter_.bindText(2, filter);
  setFilter_.bind(3, asSigned(floor));
  setFilter_.run();
}

void WriteTables::forgetDelivered(const UUID& replica, bool importsNoMore) {
  std::int64_t number = importer(replica);
  for (storage::Statement* each : {importsNoMore ? &removeImporter_ : &loseTrack_, &removeDelivered_}) {
    each->bind(1, number);
    each->run();
  }
}

void WriteTables::setDelivered(std::int64_t importer, std::span<const Delivered> news) {
  for (const Delivered& each : news) {
    setDelivery_.bind(1, each.handle);
    setDelivery_.bind(2, importer);
    setDelivery_.bind(3, static_cast<std::int64_t>(each.delivery.kind));
    setDelivery_.bind(4, asSigned(each.delivery.position));
    setDelivery_.run();
  }
}

void WriteTables::removeTakenBack(std::int64_t importer, std::uint64_t upTo) {
  for (storage::Statement* each : {&raiseFloor_, &removeTakenBack_}) {
    each->bind(1, importer);
    each->bind(2, asSigned(upTo));
    each->run();
  }
}

void WriteTables::setMeta(std::string_view key, base::ByteView value) {
  setMeta_.bindText(1, key);
  setMeta_.bindBlob(2, value);
  setMeta_.run();
}

void WriteTables::addRemoved(const RemovedRecord& removed, base::ByteView fields) {
  storage::Statement add = connection_.prepare(
      "INSERT INTO removed(time_ms, because, peer, collection, record, fields) VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  add.bind(1, removed.time.microseconds / 1000);
  add.bind(2, static_cast<int>(removed.because));
  add.bindBlob(3, removed.peer.bytes);
  add.bindText(4, removed.collection);
  const UUID id = *removed.record.id();
  add.bindBlob(5, id.bytes);
  add.bindBlob(6, fields);
  add.run();
}

void WriteTables::addOverridden(std::span<const replica::Overridden> entries, std::int64_t nowMs) {
  auto pack = [](const sync::Stamp& stamp) {
    base::Bytes out;
    base::appendFixed64(out, stamp.authority);
    base::appendFixed64(out, stamp.time);
    base::appendFixed64(out, stamp.writer);
    return out;
  };
  for (const replica::Overridden& entry : entries) {
    base::Bytes lost = pack(entry.lostStamp), won = pack(entry.wonStamp);
    addOverridden_.bind(1, nowMs);
    addOverridden_.bindText(2, entry.collection);
    addOverridden_.bindBlob(3, entry.record.bytes);
    addOverridden_.bindText(4, entry.field);
    addOverridden_.bindBlob(5, entry.lost);
    addOverridden_.bindBlob(6, lost);
    addOverridden_.bindBlob(7, entry.won);
    addOverridden_.bindBlob(8, won);
    addOverridden_.run();
  }
}

std::set<sync::RecordKey> WriteTables::setAside(const replica::RejectedOn& link,
                                                std::span<const sync::RecordKey> keys) {
  std::set<sync::RecordKey> found;
  Rejected::Link on(link.peer, link.scope);
  for (const sync::RecordKey& key : keys)
    if (rejected().has(on, link.by, key)) found.insert(key);
  return found;
}

void WriteTables::addRejected(const replica::RejectedOn& link, const sync::RecordKey& key, const sync::Bye& why,
                              std::int64_t nowMs) {
  rejected().add({link.peer, link.scope}, link.by, key, why, nowMs);
}

bool WriteTables::removeRejected(const replica::RejectedOn& link, const sync::RecordKey& key) {
  return rejected().remove({link.peer, link.scope}, link.by, key);
}

bool WriteTables::noteChanged(const sync::RecordKey& key) { return rejected().noteChange(key); }

std::uint64_t WriteTables::rejectedCount(const UUID& peer, replica::RejectedBy by) {
  return rejected().count(peer, by);
}

void WriteTables::setHorizon(std::uint64_t position) { setMeta("horizon", fixed64(position)); }

void WriteTables::removeMeta(std::string_view key) {
  removeMeta_.bindText(1, key);
  removeMeta_.run();
}

void WriteTables::addIncarnation(std::uint64_t id, std::uint64_t first) {
  addIncarnation_.bind(1, asSigned(id));
  addIncarnation_.bind(2, asSigned(first));
  addIncarnation_.run();
}

void WriteTables::takeBack() {
  takeBack_.run();
  keep_.run();
}

}  // namespace blazedb::db
