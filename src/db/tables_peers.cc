// origins, cursors, places, peers, importers: what the file remembers of each peer.
#include <algorithm>

#include "blazedb/error.h"
#include "db/columns.h"
#include "db/schema.h"
#include "db/tables.h"

namespace blazedb::db {

const char kPeerTables[] = R"sql(
CREATE TABLE IF NOT EXISTS origins(
  id INTEGER PRIMARY KEY, replica BLOB NOT NULL, incarnation INTEGER NOT NULL, UNIQUE(replica, incarnation));
CREATE TABLE IF NOT EXISTS importers(
  number INTEGER PRIMARY KEY, replica BLOB NOT NULL UNIQUE, filter TEXT, floor INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS deliveries(
  importer INTEGER NOT NULL, row INTEGER NOT NULL, kind INTEGER NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY(importer, row)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS deliveries_taken_back ON deliveries(importer, position) WHERE kind = 2;
CREATE TABLE IF NOT EXISTS cursors(
  peer BLOB NOT NULL, scope BLOB NOT NULL, incarnation INTEGER NOT NULL DEFAULT 0,
  position INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0,
  reach INTEGER NOT NULL DEFAULT 0,
  acknowledged INTEGER NOT NULL DEFAULT 0, acknowledged_complete INTEGER NOT NULL DEFAULT 0,
  passed INTEGER NOT NULL DEFAULT 0, seen_ms INTEGER,
  PRIMARY KEY(peer, scope)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places(
  peer BLOB NOT NULL, scope BLOB NOT NULL, place BLOB NOT NULL, PRIMARY KEY(peer, scope)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS peers(replica BLOB PRIMARY KEY, incarnation INTEGER NOT NULL) WITHOUT ROWID;
)sql";

void moveDeliveries(storage::Connection& connection) {
  if (!connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'delivered'").step()) return;
  connection.execute(
      "BEGIN IMMEDIATE; INSERT INTO deliveries(importer, row, kind, position) "
      "SELECT importer, row, kind, position FROM delivered ORDER BY importer, row; DROP TABLE delivered; COMMIT");
}

namespace {

sync::Scope scopeAt(storage::Statement& statement, int column) {
  std::optional<sync::Scope> scope = sync::decodeScope(statement.blob(column));
  if (!scope)
    throw Error(ErrorCode::DamagedPage, "the scope of a cursor cannot be decoded; restore the file from a backup");
  return std::move(*scope);
}

}  // namespace

// ----------------------------------------------------------------------------------------------------
// origins

std::int64_t ReadTables::originOf(const sync::Peer& peer) {
  Use select = statements_.use("SELECT id FROM origins WHERE replica = ?1 AND incarnation = ?2");
  select->bindBlob(1, peer.replica.bytes).bind(2, asSigned(peer.incarnation));
  return numberOf(*select);
}

std::set<std::int64_t> ReadTables::originsOf(const UUID& replica) {
  Use select = statements_.use("SELECT id FROM origins WHERE replica = ?1");
  select->bindBlob(1, replica.bytes);
  std::set<std::int64_t> numbers;
  while (select->step()) numbers.insert(select->integer(0));
  return numbers;
}

std::set<std::int64_t> ReadTables::olderOrigins() {
  Use select = statements_.use("SELECT id FROM origins ORDER BY id DESC LIMIT -1 OFFSET 1");
  std::set<std::int64_t> numbers;
  while (select->step()) numbers.insert(select->integer(0));
  return numbers;
}

std::int64_t WriteTables::addOrigin(const sync::Peer& peer) {
  if (std::int64_t known = originOf(peer)) return known;
  Use insert = statements_.use("INSERT INTO origins(replica, incarnation) VALUES(?1, ?2)");
  insert->bindBlob(1, peer.replica.bytes).bind(2, asSigned(peer.incarnation)).run();
  return connection().lastInsertRow();
}

void WriteTables::removeOrigin(std::int64_t number) {
  statements_.use("DELETE FROM origins WHERE id = ?1")->bind(1, number).run();
}

// ----------------------------------------------------------------------------------------------------
// cursors and peers

sync::Cursor ReadTables::cursorOn(const UUID& peer, const sync::Scope& scope) {
  base::Bytes key = sync::encode(scope);
  Use select = statements_.use(
      "SELECT incarnation, position, complete, reach, place FROM cursors LEFT JOIN places USING(peer, scope) "
      "WHERE peer = ?1 AND scope = ?2");
  select->bindBlob(1, peer.bytes).bindBlob(2, key);
  if (!select->step()) return {};
  sync::Cursor cursor{asUnsigned(select->integer(0)), asUnsigned(select->integer(1)), asUnsigned(select->integer(2)),
                      asUnsigned(select->integer(3))};
  if (!select->isNull(4)) {
    base::ByteView place = select->blob(4);
    if (place.size() != sync::kSealedPlaceBytes)
      throw Error(ErrorCode::DamagedPage, "the place of a cursor is not 64 bytes; restore the file from a backup");
    std::copy(place.begin(), place.end(), cursor.place.emplace().begin());
  }
  return cursor;
}

std::vector<replica::Reading> ReadTables::readingsOf(const UUID& peer) {
  Use select = statements_.use(
      "SELECT scope, acknowledged, acknowledged_complete, passed, seen_ms FROM cursors WHERE peer = ?1");
  select->bindBlob(1, peer.bytes);
  std::vector<replica::Reading> readings;
  while (select->step()) {
    replica::Reading reading;
    reading.scope = scopeAt(*select, 0);
    reading.acknowledged = {0, asUnsigned(select->integer(1)), asUnsigned(select->integer(2)), 0};
    reading.passed = asUnsigned(select->integer(3));
    if (!select->isNull(4)) reading.seenMs = select->integer(4);
    readings.push_back(std::move(reading));
  }
  return readings;
}

std::vector<sync::Peer> ReadTables::readers() {
  Use select = statements_.use("SELECT replica, incarnation FROM peers");
  std::vector<sync::Peer> all;
  while (select->step()) all.push_back({uuidAt(*select, 0), asUnsigned(select->integer(1))});
  return all;
}

std::vector<replica::Unseen> ReadTables::unseenSince(std::int64_t ms) {
  Use select = statements_.use("SELECT peer, scope, seen_ms FROM cursors WHERE incarnation = 0 AND seen_ms < ?1");
  select->bind(1, ms);
  std::vector<replica::Unseen> all;
  while (select->step()) all.push_back({uuidAt(*select, 0), scopeAt(*select, 1), select->integer(2)});
  return all;
}

void WriteTables::setCursor(const UUID& peer, const sync::Scope& scope, const sync::Cursor& cursor) {
  base::Bytes key = sync::encode(scope);
  Use set = statements_.use(
      "INSERT INTO cursors(peer, scope, incarnation, position, complete, reach) VALUES(?1, ?2, ?3, ?4, ?5, ?6) "
      "ON CONFLICT DO UPDATE SET incarnation = ?3, position = ?4, complete = ?5, reach = ?6");
  set->bindBlob(1, peer.bytes).bindBlob(2, key).bind(3, asSigned(cursor.incarnation));
  set->bind(4, asSigned(cursor.position)).bind(5, asSigned(cursor.complete)).bind(6, asSigned(cursor.reach));
  set->run();
  if (cursor.place)
    statements_.use("INSERT INTO places(peer, scope, place) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET place = ?3")
        ->bindBlob(1, peer.bytes)
        .bindBlob(2, key)
        .bindBlob(3, *cursor.place)
        .run();
  else
    statements_.use("DELETE FROM places WHERE peer = ?1 AND scope = ?2")
        ->bindBlob(1, peer.bytes)
        .bindBlob(2, key)
        .run();
}

void WriteTables::setReading(const UUID& peer, const replica::Reading& reading) {
  base::Bytes key = sync::encode(reading.scope);
  Use set = statements_.use(
      "INSERT INTO cursors(peer, scope, acknowledged, acknowledged_complete, passed, seen_ms) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE "
      "SET acknowledged = ?3, acknowledged_complete = ?4, passed = ?5, seen_ms = ?6");
  set->bindBlob(1, peer.bytes).bindBlob(2, key).bind(3, asSigned(reading.acknowledged.position));
  set->bind(4, asSigned(reading.acknowledged.complete)).bind(5, asSigned(reading.passed));
  if (reading.seenMs)
    set->bind(6, *reading.seenMs);
  else
    set->bindNull(6);
  set->run();
}

void WriteTables::setReader(const sync::Peer& peer) {
  Use set = statements_.use(
      "INSERT INTO peers(replica, incarnation) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET incarnation = ?2");
  set->bindBlob(1, peer.replica.bytes).bind(2, asSigned(peer.incarnation)).run();
}

void WriteTables::removeCursors(const UUID& peer, const std::optional<sync::Scope>& except) {
  base::Bytes key;
  if (except) key = sync::encode(*except);
  for (const char* sql : {"DELETE FROM cursors WHERE peer = ?1 AND scope IS NOT ?2",
                          "DELETE FROM places WHERE peer = ?1 AND scope IS NOT ?2"}) {
    Use remove = statements_.use(sql);
    remove->bindBlob(1, peer.bytes);
    if (except)
      remove->bindBlob(2, key);
    else
      remove->bindNull(2);
    remove->run();
  }
}

void WriteTables::removeUnseen(const replica::Unseen& unseen) {
  base::Bytes key = sync::encode(unseen.scope);
  statements_.use("DELETE FROM cursors WHERE peer = ?1 AND scope = ?2 AND incarnation = 0 AND seen_ms <= ?3")
      ->bindBlob(1, unseen.peer.bytes)
      .bindBlob(2, key)
      .bind(3, unseen.seenMs)
      .run();
  statements_
      .use("DELETE FROM peers WHERE replica = ?1 AND NOT EXISTS(SELECT 1 FROM cursors c WHERE c.peer = peers.replica)")
      ->bindBlob(1, unseen.peer.bytes)
      .run();
}

void WriteTables::removeReader(const UUID& peer) {
  statements_.use("DELETE FROM peers WHERE replica = ?1")->bindBlob(1, peer.bytes).run();
}

void WriteTables::forgetPeers() {
  connection().execute(
      "DELETE FROM peers; UPDATE cursors SET acknowledged = 0, acknowledged_complete = 0, passed = 0, seen_ms = NULL; "
      "DELETE FROM importers; DELETE FROM deliveries");
  rejected_.removeByPeers();
}

// ----------------------------------------------------------------------------------------------------
// importers

std::int64_t ReadTables::importer(const UUID& replica) {
  Use select = statements_.use("SELECT number FROM importers WHERE replica = ?1");
  select->bindBlob(1, replica.bytes);
  return numberOf(*select);
}

std::optional<std::string> ReadTables::filterOf(const UUID& importer) {
  Use select = statements_.use("SELECT filter FROM importers WHERE replica = ?1 AND filter IS NOT NULL");
  select->bindBlob(1, importer.bytes);
  return select->step() ? std::optional<std::string>(select->text(0)) : std::nullopt;
}

std::uint64_t ReadTables::floorOf(const UUID& importer) {
  Use select = statements_.use("SELECT floor FROM importers WHERE replica = ?1");
  select->bindBlob(1, importer.bytes);
  return asUnsigned(numberOf(*select));
}

std::map<UUID, std::uint64_t> ReadTables::takenBackUntil() {
  Use select = statements_.use(
      "SELECT i.replica, max(d.position) FROM importers i JOIN deliveries d ON d.importer = i.number AND d.kind = 2 "
      "GROUP BY i.number");
  std::map<UUID, std::uint64_t> until;
  while (select->step()) until[uuidAt(*select, 0)] = asUnsigned(select->integer(1));
  return until;
}

std::int64_t WriteTables::addImporter(const UUID& replica) {
  if (std::int64_t known = importer(replica)) return known;
  statements_.use("INSERT INTO importers(replica) VALUES(?1)")->bindBlob(1, replica.bytes).run();
  return connection().lastInsertRow();
}

void WriteTables::setFilter(std::int64_t importer, const std::optional<std::string>& filter,
                            std::optional<std::uint64_t> floor) {
  Use set = statements_.use("UPDATE importers SET filter = ?2, floor = ifnull(?3, floor) WHERE number = ?1");
  set->bind(1, importer);
  if (floor)
    set->bind(3, asSigned(*floor));
  else
    set->bindNull(3);
  if (filter)
    set->bindText(2, *filter);
  else
    set->bindNull(2);
  set->run();
}

void WriteTables::forgetDelivered(const UUID& replica) {
  std::int64_t number = importer(replica);
  statements_.use("UPDATE importers SET filter = NULL, floor = 9223372036854775807 WHERE number = ?1")
      ->bind(1, number)
      .run();
  statements_.use("DELETE FROM deliveries WHERE importer = ?1")->bind(1, number).run();
}

}  // namespace blazedb::db
