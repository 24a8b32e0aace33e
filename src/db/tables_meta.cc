// meta, incarnations, and the tables themselves.
#include <algorithm>

#include "blazedb/error.h"
#include "db/columns.h"
#include "db/schema.h"
#include "db/tables.h"

namespace blazedb::db {

const char kMetaTables[] = R"sql(
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incarnations(number INTEGER PRIMARY KEY, id INTEGER NOT NULL, first INTEGER NOT NULL);
)sql";

UUID uuidOf(base::ByteView bytes) {
  UUID id;
  if (bytes.size() != id.bytes.size())
    throw Error(ErrorCode::DamagedPage, "an id in the database is not 16 bytes; restore the file from a backup");
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

WriteTables::WriteTables(storage::Connection& connection)
    : ReadTables(connection), functions_(connection), rejected_(statements_) {
  for (const char* sql : {kBegin, kCommit, kRollback, kBeginPart, kKeepPart, kTakeBackPart, kBeginOperation,
                          kKeepOperation, kTakeBackOperation})
    statements_.use(sql);
}

void WriteTables::create(storage::Connection& connection) {
  for (const char* sql : kTables) connection.execute(sql);
  moveDeliveries(connection);
}

void WriteTables::takeBackPart() {
  statements_.run(kTakeBackPart);
  keepPart();
}

void WriteTables::takeBackOperation() {
  statements_.run(kTakeBackOperation);
  keepOperation();
}

std::optional<base::Bytes> ReadTables::meta(std::string_view key) {
  Use select = statements_.use("SELECT value FROM meta WHERE key = ?1");
  select->bindText(1, key);
  if (!select->step()) return std::nullopt;
  base::ByteView value = select->blob(0);
  return base::Bytes(value.begin(), value.end());
}

std::optional<UUID> ReadTables::metaId(std::string_view key) {
  std::optional<base::Bytes> value = meta(key);
  return value ? std::optional(uuidOf(*value)) : std::nullopt;
}

std::uint64_t ReadTables::metaNumber(std::string_view key) {
  std::optional<base::Bytes> value = meta(key);
  if (!value) return 0;
  if (value->size() != sizeof(std::uint64_t))
    throw Error(ErrorCode::DamagedPage,
                "the number '" + std::string(key) + "' in the database is not 8 bytes; restore the file from a backup");
  return base::Reader(*value).fixed64();
}

void WriteTables::setMeta(std::string_view key, base::ByteView value) {
  Use set = statements_.use("INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET value = ?2");
  set->bindText(1, key).bindBlob(2, value).run();
}

void WriteTables::setMetaNumber(std::string_view key, std::uint64_t value) {
  base::Bytes bytes;
  base::appendFixed64(bytes, value);
  setMeta(key, bytes);
}

void WriteTables::removeMeta(std::string_view key) {
  statements_.use("DELETE FROM meta WHERE key = ?1")->bindText(1, key).run();
}

std::uint64_t ReadTables::horizon() { return metaNumber(kHorizon); }
void WriteTables::setHorizon(std::uint64_t position) { setMetaNumber(kHorizon, position); }
void WriteTables::setLostUntil(std::uint64_t time) { setMetaNumber(kLostUntil, time); }

std::vector<Incarnation> ReadTables::incarnations() {
  Use select = statements_.use("SELECT id, first FROM incarnations ORDER BY number");
  std::vector<Incarnation> all;
  while (select->step()) all.push_back({asUnsigned(select->integer(0)), asUnsigned(select->integer(1))});
  return all;
}

void WriteTables::addIncarnation(const Incarnation& incarnation) {
  Use insert = statements_.use("INSERT INTO incarnations(id, first) VALUES(?1, ?2)");
  insert->bind(1, asSigned(incarnation.id)).bind(2, asSigned(incarnation.first)).run();
}

void ReadTables::beginRead() {
  statements_.use(kEndRead);  // so that ending it takes no memory
  statements_.run("BEGIN");
}

ReadTables::OneSnapshot::~OneSnapshot() {
  try {
    tables_.statements_.run(kEndRead);
  } catch (const Error&) {
    // Nothing was written, and SQLite has ended the transaction by itself.
  }
}

std::uint64_t ReadTables::pages() { return asUnsigned(numberOf(*statements_.use("PRAGMA page_count"))); }

}  // namespace blazedb::db
