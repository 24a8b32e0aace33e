#include "db/tables_journal.h"

#include "blazedb/error.h"
#include "codec/fields.h"
#include "db/columns.h"
#include "db/schema.h"
#include "db/tables.h"

namespace blazedb::db {

const char kJournalTables[] = R"sql(
CREATE TABLE IF NOT EXISTS conflicts(
  id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, collection TEXT NOT NULL, record BLOB NOT NULL,
  field TEXT NOT NULL, lost BLOB NOT NULL, lost_stamp BLOB NOT NULL, won BLOB NOT NULL, won_stamp BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS removed(
  id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, because INTEGER NOT NULL, peer BLOB NOT NULL,
  collection TEXT NOT NULL, record BLOB NOT NULL, fields BLOB NOT NULL);
)sql";

namespace {

constexpr std::size_t kListed = 1000;
constexpr std::size_t kListedBytes = 4u << 20;

base::Bytes packed(const sync::Stamp& stamp) {
  base::Bytes out;
  base::appendFixed64(out, stamp.authority);
  base::appendFixed64(out, stamp.time);
  base::appendFixed64(out, stamp.writer);
  return out;
}

WriteStamp stampAt(storage::Statement& statement, int column) {
  base::Reader in(statement.blob(column));
  WriteStamp read;
  read.authority = in.fixed64();
  read.time = in.fixed64();
  read.writer = in.fixed64();
  return read;
}

}  // namespace

void Conflicts::add(std::span<const replica::Overridden> entries, std::int64_t nowMs) {
  Use add = statements_.use(
      "INSERT INTO conflicts(time_ms, collection, record, field, lost, lost_stamp, won, won_stamp) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  for (const replica::Overridden& entry : entries) {
    base::Bytes lost = packed(entry.lostStamp), won = packed(entry.wonStamp);
    add->bind(1, nowMs).bindText(2, entry.collection).bindBlob(3, entry.record.bytes).bindText(4, entry.field);
    add->bindBlob(5, entry.lost).bindBlob(6, lost).bindBlob(7, entry.won).bindBlob(8, won).run();
  }
}

std::vector<Conflict> Conflicts::after(std::int64_t after) {
  Use select = statements_.use(
      "SELECT id, time_ms, collection, record, field, lost, lost_stamp, won, won_stamp FROM conflicts WHERE id > ?1 "
      "ORDER BY id");
  select->bind(1, after);
  std::vector<Conflict> all;
  while (select->step()) {
    Conflict& conflict = all.emplace_back();
    conflict.id = select->integer(0);
    conflict.time = {select->integer(1) * 1000};
    conflict.collection = select->text(2);
    conflict.record = uuidAt(*select, 3);
    conflict.field = select->text(4);
    conflict.lost = codec::decodeValue(select->blob(5)).value_or(Value());
    conflict.lostStamp = stampAt(*select, 6);
    if (!select->blob(7).empty()) conflict.won = codec::decodeValue(select->blob(7));
    conflict.wonStamp = stampAt(*select, 8);
  }
  return all;
}

std::uint64_t Conflicts::count() { return asUnsigned(numberOf(*statements_.use("SELECT count(*) FROM conflicts"))); }

bool Conflicts::remove(std::int64_t id) {
  statements_.use("DELETE FROM conflicts WHERE id = ?1")->bind(1, id).run();
  return statements_.connection().changes() > 0;
}

void Removed::add(std::span<const replica::RemovedCopy> copies) {
  Use add = statements_.use(
      "INSERT INTO removed(time_ms, because, peer, collection, record, fields) VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  for (const replica::RemovedCopy& copy : copies) {
    add->bind(1, copy.timeMs).bind(2, static_cast<int>(copy.because)).bindBlob(3, copy.peer.bytes);
    add->bindText(4, copy.collection).bindBlob(5, copy.record.bytes).bindBlob(6, copy.fields).run();
  }
}

std::vector<RemovedRecord> Removed::after(std::int64_t after) {
  if (numberOf(*statements_.use("SELECT count(*) FROM sqlite_master WHERE name = 'removed'")) == 0) return {};
  Use select = statements_.use(
      "SELECT id, time_ms, because, peer, collection, record, fields FROM removed WHERE id > ?1 ORDER BY id");
  select->bind(1, after);
  std::vector<RemovedRecord> all;
  std::size_t bytes = 0;
  while (all.size() < kListed && bytes < kListedBytes && select->step()) {
    RemovedRecord& removed = all.emplace_back();
    removed.id = select->integer(0);
    removed.time = {select->integer(1) * 1000};
    removed.because = select->integer(2) == 0 ? RemovedRecord::Because::swept : RemovedRecord::Because::takenBack;
    removed.peer = uuidAt(*select, 3);
    removed.collection = select->text(4);
    Object fields;
    if (!codec::decodeFields(select->blob(6), fields))
      throw Error(ErrorCode::DamagedPage, "a removed record cannot be decoded; restore the file from a backup");
    bytes += select->blob(6).size();
    removed.record = Record(std::move(fields));
    removed.record.setId(uuidAt(*select, 5));
  }
  return all;
}

std::optional<std::int64_t> Removed::oldestMs() {
  Use first = statements_.use("SELECT time_ms FROM removed ORDER BY id LIMIT 1");
  return first->step() ? std::optional(first->integer(0)) : std::nullopt;
}

bool Removed::remove(std::int64_t id) {
  statements_.use("DELETE FROM removed WHERE id = ?1")->bind(1, id).run();
  return statements_.connection().changes() > 0;
}

std::int64_t Removed::removeOld(std::int64_t ms, std::int64_t max) {
  statements_.use("DELETE FROM removed WHERE id IN (SELECT id FROM removed WHERE time_ms <= ?1 ORDER BY id LIMIT ?2)")
      ->bind(1, ms)
      .bind(2, max)
      .run();
  return statements_.connection().changes();
}

// ----------------------------------------------------------------------------------------------------
// for src/replica

void WriteTables::addOverridden(std::span<const replica::Overridden> entries, std::int64_t nowMs) {
  Conflicts(statements_).add(entries, nowMs);
}

void WriteTables::addRemoved(std::span<const replica::RemovedCopy> copies) { Removed(statements_).add(copies); }

}  // namespace blazedb::db
