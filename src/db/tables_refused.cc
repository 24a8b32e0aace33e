#include "db/tables_refused.h"

#include <string>
#include <utility>

#include "blazedb/error.h"
#include "codec/fields.h"
#include "db/columns.h"
#include "db/schema.h"
#include "db/tables.h"
#include "db/tables_rejected.h"

namespace blazedb::db {

const char kRefusedTables[] = R"sql(
CREATE TABLE IF NOT EXISTS refused(
  id INTEGER PRIMARY KEY AUTOINCREMENT, peer BLOB NOT NULL, collection TEXT NOT NULL, record BLOB NOT NULL,
  code INTEGER NOT NULL, reason TEXT NOT NULL, since_ms INTEGER NOT NULL, position INTEGER NOT NULL,
  stamps BLOB NOT NULL, fields BLOB NOT NULL, added BLOB NOT NULL, UNIQUE(record, collection, peer));
)sql";

namespace {

#define BLAZEDB_REFUSED \
  "SELECT id, collection, record, peer, code, reason, since_ms, position, stamps, fields, added FROM refused "

constexpr char kAdded[] = "added", kAwaits[] = "awaits", kTransactions[] = "transactions";

base::Bytes copied(base::ByteView bytes) { return {bytes.begin(), bytes.end()}; }

replica::Refused refusedAt(storage::Statement& row) {
  replica::Refused refused;
  refused.id = row.integer(0);
  refused.key = {std::string(row.text(1)), uuidAt(row, 2)};
  refused.peer = uuidAt(row, 3);
  refused.why = {static_cast<ErrorCode>(row.integer(4)), std::string(row.text(5))};
  refused.sinceMs = row.integer(6);
  refused.position = asUnsigned(row.integer(7));
  refused.stamps = copied(row.blob(8));
  refused.fields = copied(row.blob(9));
  Object added;
  bool isSound = codec::decodeFields(row.blob(10), added);
  refused.awaits = added.boolean(kAwaits).value_or(false);
  const Array transactions = added.array(kTransactions).value_or(Array());
  for (const Value& each : transactions) {
    isSound = isSound && each.as<std::int64_t>();
    if (isSound) refused.transactions.insert(asUnsigned(*each.as<std::int64_t>()));
  }
  const Array parts = added.array(kAdded).value_or(Array());  // each [field, writer, amount]
  for (const Value& each : parts) {
    const auto* part = each.as<Array>();
    isSound = isSound && part && part->size() == 3 && (*part)[0].as<std::string>() && (*part)[1].as<std::int64_t>();
    if (!isSound) break;
    refused.added[codec::partKey(*(*part)[0].as<std::string>(), asUnsigned(*(*part)[1].as<std::int64_t>()))] =
        (*part)[2];
  }
  if (!isSound)
    throw Error(ErrorCode::DamagedPage, "a rejected change of the record " + refused.key.id.toString() +
                                            " cannot be read; restore the file from a backup");
  return refused;
}

RejectedChange shown(const replica::Refused& refused) {
  RejectedChange change;
  change.id = refused.id;
  change.peer = refused.peer;
  change.byPeer = true;
  change.collection = refused.key.collection;
  change.record = refused.key.id;
  change.code = refused.why.code;
  change.reason = refused.why.text;
  change.since = {refused.sinceMs * 1000};
  sync::RecordState state = refused.state();
  change.inserts = state.base.stamp.present() && state.base.stamp > state.tomb.stamp;
  change.deletes = state.tomb.stamp.present() && !change.inserts;
  for (const auto& [part, by] : refused.added) {
    Value& sum = change.increments.try_emplace(std::string(codec::fieldOf(part)), std::int64_t{0}).first->second;
    sum = codec::sumOf(sum, by);
  }
  for (const sync::Cell& cell : state.cells) {
    if (codec::isPart(cell.name)) continue;
    base::ByteView value = codec::assignedValue(cell.value);
    std::string name(cell.name);
    if (!codec::isRemoved(value))
      change.fields.set(name, codec::decodeValue(value).value_or(Value()));
    else if (!change.inserts)
      change.unset.push_back(name);
  }
  return change;
}

}  // namespace

bool RefusedTable::there() {
  return numberOf(*statements_.use("SELECT count(*) FROM sqlite_master WHERE name = 'refused'")) > 0;
}

std::vector<replica::Refused> RefusedTable::of(std::span<const sync::RecordKey> keys) {
  std::vector<replica::Refused> all;
  if (!there() || count() == 0) return all;
  Use select = statements_.use(BLAZEDB_REFUSED "WHERE record = ?1 AND collection = ?2");
  for (const sync::RecordKey& key : keys) {
    select->bindBlob(1, key.id.bytes).bindText(2, key.collection);
    while (select->step()) all.push_back(refusedAt(*select));
    select->reset();
  }
  return all;
}

std::vector<sync::Rejection> RefusedTable::by(const UUID& peer) {
  std::vector<sync::Rejection> all;
  Use select = statements_.use("SELECT collection, record, code, reason FROM refused WHERE peer = ?1 ORDER BY id");
  select->bindBlob(1, peer.bytes);
  while (select->step())
    all.push_back({{std::string(select->text(0)), uuidAt(*select, 1)},
                   sync::Bye{static_cast<ErrorCode>(select->integer(2)), std::string(select->text(3))}});
  return all;
}

void RefusedTable::set(const replica::Refused& refused) {
  base::Bytes added;
  Object increments;
  Array parts;
  for (const auto& [part, by] : refused.added)
    parts.emplace_back(Array{std::string(codec::fieldOf(part)), static_cast<std::int64_t>(codec::writerOf(part)), by});
  increments.set(kAdded, std::move(parts));
  if (refused.awaits) increments.set(kAwaits, true);
  Array transactions;
  for (std::uint64_t each : refused.transactions) transactions.emplace_back(static_cast<std::int64_t>(each));
  increments.set(kTransactions, std::move(transactions));
  if (std::optional<Error> error = codec::encodeFields(added, increments)) throw std::move(*error);
  Use set = statements_.use(
      "INSERT OR REPLACE INTO refused(peer, collection, record, code, reason, since_ms, position, stamps, fields, "
      "added, id) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
  set->bindBlob(1, refused.peer.bytes).bindText(2, refused.key.collection).bindBlob(3, refused.key.id.bytes);
  set->bind(4, static_cast<std::int64_t>(refused.why.code)).bindText(5, refused.why.text).bind(6, refused.sinceMs);
  set->bind(7, refused.position).bindBlob(8, refused.stamps).bindBlob(9, refused.fields).bindBlob(10, added);
  if (refused.id != 0)
    set->bind(11, refused.id);
  else
    set->bindNull(11);
  set->run();
}

bool RefusedTable::remove(std::int64_t id) {
  statements_.use("DELETE FROM refused WHERE id = ?1")->bind(1, id).run();
  return statements_.connection().changes() > 0;
}

std::uint64_t RefusedTable::count() {
  return there() ? asUnsigned(numberOf(*statements_.use("SELECT count(*) FROM refused"))) : 0;
}

std::vector<RejectedChange> RefusedTable::after(std::int64_t after) {
  std::vector<RejectedChange> all;
  if (!there()) return all;
  PeerNames names(statements_);
  Use select = statements_.use(BLAZEDB_REFUSED "WHERE id > ?1 ORDER BY id");
  select->bind(1, after);
  while (select->step()) all.push_back(shown(refusedAt(*select)));
  select->reset();
  for (RejectedChange& each : all) each.with = names.of(each.peer);
  return all;
}

// ----------------------------------------------------------------------------------------------------
// for src/replica

std::vector<replica::Refused> ReadTables::refused(std::span<const sync::RecordKey> keys) {
  return RefusedTable(statements_).of(keys);
}

std::vector<sync::Rejection> ReadTables::refusedBy(const UUID& peer) { return RefusedTable(statements_).by(peer); }

void WriteTables::setRefused(const replica::Refused& refused) { RefusedTable(statements_).set(refused); }

void WriteTables::removeRefused(std::int64_t id) { RefusedTable(statements_).remove(id); }

}  // namespace blazedb::db
