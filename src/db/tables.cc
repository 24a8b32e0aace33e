#include "db/tables.h"

#include <algorithm>

#include "blazedb/error.h"
#include "codec/fields.h"

namespace blazedb::db {
namespace {

using storage::Statement;

// What a page of records may take in memory, about.
constexpr std::size_t kPageRecords = 1000;
constexpr std::size_t kPageBytes = 4u << 20;

std::int64_t asSigned(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t asUnsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// The columns of records, from `first` on, in the order of kRowColumns.
#define BLAZEDB_ROW_COLUMNS "r.row, r.collection, r.id, r.position, r.origin, r.flags, r.stamps, r.fields"

Row rowAt(Statement& statement, int first) {
  Row row;
  row.number = statement.integer(first);
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

bool one(Statement& statement, const std::function<void(const Row&)>& use) {
  Open open(statement);
  if (!statement.step()) return false;
  use(rowAt(statement, 0));
  return true;
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

}  // namespace

UUID uuidAt(storage::Statement& statement, int column) {
  UUID id;
  base::ByteView raw = statement.blob(column);
  if (raw.size() != 16)
    throw Error(ErrorCode::DamagedPage, "an id in the database is not 16 bytes; restore the file from a backup");
  std::copy(raw.begin(), raw.end(), id.bytes.begin());
  return id;
}

namespace {

[[noreturn]] void cannotDecode(const UUID& id) {
  throw Error(ErrorCode::DamagedPage,
              "the record " + id.toString() + " cannot be decoded; run `blazedb verify` and restore it from a backup");
}

}  // namespace

sync::RecordState Row::state() const {
  std::optional<sync::RecordState> state = sync::decodeState(stamps, fields, position);
  if (!state) cannotDecode(id);
  return std::move(*state);
}

Record Row::record() const {
  Object decoded;
  if (!codec::decodeFields(fields, decoded)) cannotDecode(id);
  Record record(std::move(decoded));
  record.setId(id);
  return record;
}

ReadTables::ReadTables(storage::Connection& c)
    : find_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS " FROM records r WHERE r.collection = ?1 AND r.id = ?2")),
      findByNumber_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS " FROM records r WHERE r.row = ?1")),
      live_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS
                      " FROM records r WHERE r.collection = ?1 AND r.id > ?2 AND r.flags & 1 ORDER BY r.id")),
      lastLive_(c.prepare("SELECT id FROM records WHERE collection = ?1 AND flags & 1 ORDER BY id DESC LIMIT 1")),
      range_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS
                       " FROM records r WHERE r.collection = ?1 AND r.id BETWEEN ?2 AND ?3 ORDER BY r.id")),
      rows_(c.prepare("SELECT " BLAZEDB_ROW_COLUMNS " FROM records r WHERE r.row > ?1 ORDER BY r.row")),
      feed_(c.prepare("SELECT f.position, f.mark, " BLAZEDB_ROW_COLUMNS
                      " FROM feed f LEFT JOIN records r ON r.row = f.row WHERE f.position > ?1 ORDER BY f.position")),
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
      delivery_(c.prepare("SELECT kind, position FROM delivered WHERE row = ?1 AND importer = ?2")),
      meta_(c.prepare("SELECT value FROM meta WHERE key = ?1")),
      conflictCount_(c.prepare("SELECT count(*) FROM conflicts")) {}

bool ReadTables::find(std::int64_t collection, const UUID& id, const std::function<void(const Row&)>& use) {
  find_.bind(1, collection);
  find_.bindBlob(2, id.bytes);
  return one(find_, use);
}

bool ReadTables::findByNumber(std::int64_t row, const std::function<void(const Row&)>& use) {
  findByNumber_.bind(1, row);
  return one(findByNumber_, use);
}

void ReadTables::live(std::int64_t collection, const std::optional<UUID>& after,
                      const std::function<bool(const Row&)>& visit) {
  live_.bind(1, collection);
  live_.bindBlob(2, after ? base::ByteView(after->bytes) : base::ByteView());
  each(live_, visit);
}

std::vector<Record> ReadTables::page(std::int64_t collection, const std::optional<UUID>& after) {
  std::vector<Record> page;
  std::size_t bytes = 0;
  live(collection, after, [&](const Row& row) {
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

void ReadTables::range(std::int64_t collection, const UUID& from, const UUID& to,
                       const std::function<bool(const Row&)>& visit) {
  range_.bind(1, collection);
  range_.bindBlob(2, from.bytes);
  range_.bindBlob(3, to.bytes);
  each(range_, visit);
}

void ReadTables::rows(std::int64_t after, const std::function<bool(const Row&)>& visit) {
  rows_.bind(1, after);
  each(rows_, visit);
}

void ReadTables::feed(std::uint64_t after, const std::function<bool(const FeedEntry&)>& visit) {
  feed_.bind(1, asSigned(after));
  Open open(feed_);
  while (feed_.step()) {
    FeedEntry entry;
    entry.position = asUnsigned(feed_.integer(0));
    entry.mark = asUnsigned(feed_.integer(1));
    entry.gone = feed_.isNull(2);
    if (!entry.gone) entry.row = rowAt(feed_, 2);
    if (!visit(entry)) return;
  }
}

void ReadTables::dead(std::uint64_t upTo, const std::function<bool(const Row&)>& visit) {
  dead_.bind(1, asSigned(upTo));
  each(dead_, visit);
}

void ReadTables::deadWhole(std::uint64_t upTo, const std::function<bool(const Row&)>& visit) {
  deadWhole_.bind(1, asSigned(upTo));
  each(deadWhole_, visit);
}

std::vector<CollectionRow> ReadTables::collections() {
  Open open(collections_);
  std::vector<CollectionRow> all;
  while (collections_.step()) {
    CollectionRow row;
    row.id = collections_.integer(0);
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

std::vector<ReadTables::LinkedScope> ReadTables::scopesOf(const UUID& peer) {
  scopes_.bindBlob(1, peer.bytes);
  Open open(scopes_);
  std::vector<LinkedScope> scopes;
  while (scopes_.step()) {
    std::optional<sync::Scope> scope = sync::decodeScope(scopes_.blob(0));
    if (!scope)
      throw Error(ErrorCode::DamagedPage, "the scope of a cursor cannot be decoded; restore the file from a backup");
    LinkedScope linked;
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

std::optional<Delivery> ReadTables::delivery(std::int64_t row, std::int64_t importer) {
  delivery_.bind(1, row);
  delivery_.bind(2, importer);
  Open open(delivery_);
  if (!delivery_.step()) return std::nullopt;
  return Delivery{row, static_cast<Delivery::Kind>(delivery_.integer(0)), asUnsigned(delivery_.integer(1))};
}

std::optional<base::Bytes> ReadTables::meta(std::string_view key) {
  meta_.bindText(1, key);
  Open open(meta_);
  if (!meta_.step()) return std::nullopt;
  base::ByteView value = meta_.blob(0);
  return base::Bytes(value.begin(), value.end());
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
      setMark_(c.prepare("UPDATE feed SET mark = ?2 WHERE position = ?1")),
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
      save_(c.prepare("SAVEPOINT operation")),
      keep_(c.prepare("RELEASE operation")),
      takeBack_(c.prepare("ROLLBACK TO operation")) {}

std::int64_t WriteTables::insert(const Row& row) {
  insert_.bind(1, row.collection);
  insert_.bindBlob(2, row.id.bytes);
  insert_.bind(3, asSigned(row.position));
  insert_.bind(4, row.origin);
  insert_.bind(5, row.flags);
  insert_.bindBlob(6, row.stamps);
  insert_.bindBlob(7, row.fields);
  insert_.run();
  return connection_.changes() == 0 ? 0 : connection_.lastInsertRow();
}

void WriteTables::update(const Row& row) {
  update_.bind(1, row.number);
  update_.bind(2, asSigned(row.position));
  update_.bind(3, row.origin);
  update_.bind(4, row.flags);
  update_.bindBlob(5, row.stamps);
  update_.bindBlob(6, row.fields);
  update_.run();
}

void WriteTables::removeRow(std::int64_t row) {
  remove_.bind(1, row);
  remove_.run();
  removeDeliveries_.bind(1, row);  // its number may be given again
  removeDeliveries_.run();
}

void WriteTables::appendFeed(std::uint64_t position, std::int64_t row, std::uint64_t mark) {
  appendFeed_.bind(1, asSigned(position));
  appendFeed_.bind(2, row);
  appendFeed_.bind(3, asSigned(mark));
  appendFeed_.run();
}

void WriteTables::setMark(std::uint64_t position, std::uint64_t mark) {
  setMark_.bind(1, asSigned(position));
  setMark_.bind(2, asSigned(mark));
  setMark_.run();
}

std::int64_t WriteTables::insertCollection(const std::string& name) {
  insertCollection_.bindText(1, name);
  insertCollection_.run();
  return connection_.lastInsertRow();
}

void WriteTables::updateCollection(const CollectionRow& collection) {
  updateCollection_.bind(1, collection.id);
  updateCollection_.bind(2, asSigned(collection.live));
  updateCollection_.bind(3, asSigned(collection.digest.low));
  updateCollection_.bind(4, asSigned(collection.digest.high));
  updateCollection_.run();
}

std::int64_t WriteTables::internOrigin(const sync::Peer& peer) {
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

void WriteTables::setReading(const UUID& peer, const LinkedScope& reading) {
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

void WriteTables::setDelivery(std::int64_t importer, const Delivery& delivery) {
  setDelivery_.bind(1, delivery.row);
  setDelivery_.bind(2, importer);
  setDelivery_.bind(3, static_cast<std::int64_t>(delivery.kind));
  setDelivery_.bind(4, asSigned(delivery.position));
  setDelivery_.run();
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

void WriteTables::setHorizon(std::uint64_t position) {
  base::Bytes value;
  base::appendFixed64(value, position);
  setMeta("horizon", value);
}

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
