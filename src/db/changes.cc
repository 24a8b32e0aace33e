#include "db/changes.h"

#include <algorithm>

#include "blazedb/error.h"
#include "codec/fields.h"
#include "replica/forgetting.h"
#include "replica/merger.h"
#include "sync/merge.h"

namespace blazedb::db {
namespace {

[[noreturn]] void notFound(const std::string& collection, const UUID& id) {
  throw Error(ErrorCode::NotFound, "no record " + id.toString() + " in the collection '" + collection + "'");
}

}  // namespace

Changes::Changes(Writing& writing, base::Clock& clock, base::UuidV7& ids)
    : tables_(writing.tables),
      mirror_(writing.mirror),
      author_(writing.author),
      clock_(clock),
      ids_(ids),
      ledger_(tables_, mirror_) {}

// ----------------------------------------------------------------------------------------------------
// all or nothing

replica::Ledger::Savepoint Changes::before(const std::string& collection) {
  replica::Ledger::Savepoint before = ledger_.save(collection);
  tables_.beginOperation();
  return before;
}

void Changes::takeBack(const replica::Ledger::Savepoint& before) {
  if (!tables_.inTransaction()) return;  // SQLite has taken back everything; memory will be loaded again
  tables_.takeBackOperation();
  ledger_.takeBack(before);
}

// ----------------------------------------------------------------------------------------------------
// operations

UUID Changes::insert(const std::string& collectionName, const std::optional<UUID>& wantedId, const Record& record) {
  requireWritable();
  base::ByteView fields = encode(record);
  replica::Collection& collection = ledger_.collectionFor(collectionName);  // after what can fail: it may make one
  std::optional<UUID> id = wantedId ? wantedId : record.id();

  sync::Stamp stamp = nextStamp(0);
  sync::encodeFreshStamps(stamp, stampBytes_);
  replica::Image fresh;
  replica::Row& row = fresh.row;
  row.collection = collection.number;
  row.id = id ? *id : ids_.next();
  row.position = ledger_.nextPosition();
  row.flags = replica::kAlive | replica::kWhole | replica::kUniform;
  row.stamps = stampBytes_;
  row.fields = fields;
  fresh.hash = sync::hashOfFresh(row.id, stamp, fields);
  if (ledger_.add(collection, fresh)) return row.id;

  replica::Held& held = *load(collectionName, row.id);
  if (held.alive())
    throw Error(ErrorCode::AlreadyExists, "the collection '" + collectionName + "' holds a record " +
                                              row.id.toString() +
                                              " already; use update or upsert to change it "
                                              "(blazedb update, or blazedb import --upsert)");
  stamp = nextStamp(held.state.authority());
  sync::writeInsert(held.state, stamp, ledger_.nextPosition());
  codec::FieldsReader values(fieldBytes_);
  while (values.next()) sync::writeCell(held.state, values.name(), values.value(), stamp, ledger_.nextPosition());
  save(collectionName);
  return row.id;
}

void Changes::update(const std::string& collection, const UUID& id, const Record& record) {
  requireWritable();
  sync::RecordState& state = loadAlive(collection, id).state;
  codec::FieldsReader fields(encode(record));
  sync::Stamp stamp = nextStamp(state.authority());
  std::vector<std::string_view> names;
  bool changed = false;
  auto write = [&](std::string_view name, base::ByteView value) {
    sync::writeCell(state, name, value, stamp, ledger_.nextPosition());
    changed = true;
  };
  while (fields.next()) {
    names.push_back(fields.name());
    const sync::Cell* cell = state.find(fields.name());
    if (!cell || !base::equal(cell->value, fields.value())) write(fields.name(), fields.value());
  }
  for (sync::Cell& cell : state.cells)
    if (!cell.removed() && !std::binary_search(names.begin(), names.end(), cell.name))
      write(cell.name, codec::kRemoved);
  if (changed) save(collection);
}

void Changes::updateFields(const std::string& collection, const UUID& id, const Record& fieldsToSet) {
  requireWritable();
  sync::RecordState& state = loadAlive(collection, id).state;
  codec::FieldsReader fields(encode(fieldsToSet));
  if (fields.count() == 0) return;
  sync::Stamp stamp = nextStamp(state.authority());
  while (fields.next()) sync::writeCell(state, fields.name(), fields.value(), stamp, ledger_.nextPosition());
  save(collection);
}

void Changes::unset(const std::string& collection, const UUID& id, const std::vector<std::string>& fields) {
  requireWritable();
  sync::RecordState& state = loadAlive(collection, id).state;
  std::optional<sync::Stamp> stamp;
  for (const std::string& name : fields) {
    const sync::Cell* cell = state.find(name);
    if (!cell || cell->removed()) continue;
    if (!stamp) stamp = nextStamp(state.authority());
    sync::writeCell(state, name, codec::kRemoved, *stamp, ledger_.nextPosition());
  }
  if (stamp) save(collection);
}

UUID Changes::insertOr(OnConflict onConflict, const std::string& collection, const Record& record) {
  replica::Held* held = record.id() && onConflict != OnConflict::fail ? load(collection, *record.id()) : nullptr;
  if (!held || !held->alive()) return insert(collection, std::nullopt, record);
  requireWritable();
  if (onConflict == OnConflict::replace) update(collection, *record.id(), record);
  if (onConflict == OnConflict::merge) upsertFields(collection, *record.id(), record);
  return *record.id();
}

bool Changes::upsert(const std::string& collection, const UUID& id, const Record& record) {
  requireWritable();
  replica::Held* held = load(collection, id);
  if (held && held->alive()) {
    update(collection, id, record);
    return false;
  }
  insert(collection, id, record);
  return true;
}

bool Changes::upsertFields(const std::string& collection, const UUID& id, const Record& fieldsToSet) {
  requireWritable();
  replica::Held* held = load(collection, id);
  if (!held || !held->alive()) return insert(collection, id, fieldsToSet), true;
  sync::RecordState& state = held->state;
  codec::FieldsReader fields(encode(fieldsToSet));
  std::optional<sync::Stamp> stamp;
  while (fields.next()) {
    const sync::Cell* cell = state.find(fields.name());
    if (cell && base::equal(cell->value, fields.value())) continue;
    if (!stamp) stamp = nextStamp(state.authority());
    sync::writeCell(state, fields.name(), fields.value(), *stamp, ledger_.nextPosition());
  }
  if (stamp) save(collection);
  return false;
}

bool Changes::remove(const std::string& collection, const UUID& id) {
  requireWritable();
  replica::Held* held = load(collection, id);
  if (!held || !held->alive()) return false;
  sync::writeRemove(held->state, nextStamp(held->state.authority()), ledger_.nextPosition());
  if (!author_.keepsDeletedValues) {
    held->state.cells.clear();
    held->state.whole = false;
  }
  save(collection);
  return true;
}

bool Changes::purge(const std::string& collection, const UUID& id) {
  bool removed = remove(collection, id);
  replica::Held* held = load(collection, id);
  if (held && (held->row().flags & replica::kWhole)) {
    replica::dropValues(ledger_, *held);
    ledger_.flush();
  }
  return removed || held;
}

bool Changes::restoreField(const std::string& collection, const UUID& id, std::string_view field,
                           base::ByteView value) {
  requireWritable();
  replica::Held* held = load(collection, id);
  if (!held) return false;
  sync::Stamp stamp = nextStamp(held->state.authority());
  if (!held->alive() && !held->state.whole) {
    // The other values are gone for good: the record starts again with this one.
    sync::writeInsert(held->state, stamp, ledger_.nextPosition());
  } else if (!held->alive()) {
    sync::detail::reviveAt(held->state, ledger_.nextPosition());
  }
  sync::writeCell(held->state, field, value, stamp, ledger_.nextPosition());
  save(collection);
  return true;
}

std::vector<UUID> Changes::matching(const std::string& collection, const Predicate& where) {
  std::vector<UUID> ids;
  forEach(collection, [&](const Record& record) {
    if (where(record)) ids.push_back(*record.id());
    return true;
  });
  return ids;
}

std::int64_t Changes::numberOf(const std::string& collection) const {
  auto found = mirror_.collections.find(collection);
  return found == mirror_.collections.end() ? 0 : found->second.number;
}

void Changes::ask(const std::function<void(ReadTables&)>& question) const {
  operation([&] {
    ledger_.flush();
    question(tables_);
  });
}

std::uint64_t Changes::count(const std::string& collection) const {
  auto found = mirror_.collections.find(collection);
  return found == mirror_.collections.end() ? 0 : found->second.live;
}

sync::ApplyResult Changes::apply(const sync::Incoming& incoming) {
  replica::Merger merger(ledger_, mirror_, author_, clock_);
  sync::ApplyResult result = merger.apply(incoming);
  overridden_ = merger.overridden();
  return result;
}

void Changes::finish() {
  requireUnbroken();
  ledger_.finish();
  if (!overridden_.empty()) tables_.addOverridden(overridden_, clock_.wallMs());
}

// ----------------------------------------------------------------------------------------------------
// rows

void Changes::requireWritable() const {
  if (author_.source)
    throw Error(ErrorCode::ReadOnlyReplica,
                "this database is a read-only replica of " + author_.source->toString() +
                    "; write there, or end it with releaseReadOnly() (blazedb release FILE)");
}

replica::Held* Changes::load(const std::string& collection, const UUID& id) {
  replica::Collection* known = ledger_.known(collection);
  return known && ledger_.load({known->number, id}, loaded_) ? &loaded_ : nullptr;
}

replica::Held& Changes::loadAlive(const std::string& collection, const UUID& id) {
  replica::Held* held = load(collection, id);
  if (!held || !held->alive()) notFound(collection, id);
  return *held;
}

sync::Stamp Changes::nextStamp(std::uint64_t seenAuthority) {
  std::uint64_t time = mirror_.clock.next(clock_.wallMs());
  return {author_.role == sync::Role::server ? time : seenAuthority, time, author_.incarnation};
}

base::ByteView Changes::encode(const Object& fields) {
  fieldBytes_.clear();
  if (std::optional<Error> error = codec::encodeFields(fieldBytes_, fields)) throw *error;
  return fieldBytes_;
}

void Changes::save(const std::string& collection) {
  if (ledger_.change(ledger_.collectionFor(collection), loaded_, 0, false)) return ledger_.flush();
  throw Error(ErrorCode::TooLarge,
              "the record " + loaded_.row().id.toString() +
                  " would be larger than 8 MiB, or have too many fields; split it, or keep large data in files; fields "
                  "that were removed from it count too, until every known peer has heard of that");
}

void Changes::restamp(const replica::Key& key, std::uint64_t limit, sync::HybridClock& clock) {
  if (!ledger_.load(key, loaded_)) return;
  sync::restamp(loaded_.state, {limit, clock_.wallMs(), author_.role, author_.incarnation}, clock,
                ledger_.nextPosition());
  save(ledger_.collectionOf(loaded_.row()).name);
}

}  // namespace blazedb::db
