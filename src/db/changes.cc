#include "db/changes.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/limits.h"
#include "blazedb/error.h"
#include "codec/fields.h"
#include "codec/text.h"
#include "db/columns.h"
#include "db/tables_indexes.h"
#include "db/tables_refused.h"
#include "replica/forgetting.h"
#include "replica/journal.h"
#include "replica/refused.h"
#include "sync/merge.h"

namespace blazedb::db {
namespace {

[[noreturn]] void notFound(const std::string& collection, const UUID& id) {
  throw Error(ErrorCode::NotFound, "no record " + id.toString() + " in the collection '" + collection + "'");
}

}  // namespace

FieldsChange toChange(std::span<const FieldChange> changes) {
  FieldsChange to;
  for (const FieldChange& change : changes) {
    to.values.erase(change.name());
    to.increments.erase(change.name());
    if (change.adds())
      to.increments.emplace(change.name(), change.value());
    else
      to.values.set(change.name(), change.value());
  }
  return to;
}

Changes::Changes(Writing& writing, base::Clock& clock, base::UuidV7& ids)
    : tables_(writing.tables),
      mirror_(writing.mirror),
      indexes_(writing.indexes),
      author_(writing.author),
      clock_(clock),
      ids_(ids),
      ledger_(tables_, mirror_) {
  mirror_.peer.reset();
}

// ----------------------------------------------------------------------------------------------------
// all or nothing

Changes::~Changes() {
  if (handle_) *handle_ = nullptr;
}

const std::shared_ptr<Changes*>& Changes::handle() {
  if (!handle_) handle_ = std::make_shared<Changes*>(this);
  return handle_;
}

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

UUID Changes::insert(const std::string& collectionName, const std::optional<UUID>& wantedId, const Record& record,
                     const Increments& increments) {
  requireWritable();
  base::ByteView fields = encode(record);
  requireValid(increments);
  replica::Collection& collection = ledger_.collectionFor(collectionName);  // after what can fail: it may make one
  std::optional<UUID> id = wantedId ? wantedId : record.id();

  refusedAuthority_ = id ? refusedAuthority(collectionName, *id) : 0;
  sync::Stamp stamp = nextStamp(0);
  sync::encodeFreshStamps(stamp, stampBytes_);
  sync::RecordState counting;  // of a fresh record with increments
  sync::EncodedState encoded;
  replica::Image fresh;
  auto writeAll = [&](sync::RecordState& state) {
    sync::writeInsert(state, stamp, ledger_.nextPosition(), counted_);
    codec::FieldsReader values(fieldBytes_);
    while (values.next())
      sync::writeField(state, values.name(), values.value(), stamp, ledger_.nextPosition(), counted_);
    add(state, increments, stamp);
  };
  replica::Row& row = fresh.row;
  row.collection = collection.number;
  row.id = id ? *id : ids_.next();
  row.position = ledger_.nextPosition();
  row.flags = replica::kAlive | replica::kWhole | replica::kUniform;
  row.stamps = stampBytes_;
  row.fields = fields;
  if (increments.empty()) {
    fresh.hash = sync::hashOfFresh(row.id, stamp, fields);
  } else {
    writeAll(counting);
    sync::encodeState(counting, row.position, encoded);
    row.stamps = encoded.stamps;
    row.fields = encoded.fields;
    fresh.hash = sync::hashOf(row.id, counting);
  }
  requireUnique(collection, row.id, std::nullopt, row.fields);
  if (ledger_.add(collection, fresh)) return row.id;

  replica::Held& held = *load(collectionName, row.id);
  if (held.alive())
    throw Error(ErrorCode::AlreadyExists, "the collection '" + collectionName + "' holds a record " +
                                              row.id.toString() +
                                              " already; use update or upsert to change it "
                                              "(blazedb update, or blazedb import --upsert)");
  stamp = nextStamp(held.state.authority());
  writeAll(held.state);
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
  auto change = [&](std::string_view name, base::ByteView value) {
    if (has(name, value)) return;
    write(name, value, stamp);
    changed = true;
  };
  while (fields.next()) {
    names.push_back(fields.name());
    change(fields.name(), fields.value());
  }
  std::vector<std::string> others;  // the writes may move the cells
  for (const sync::Cell& cell : state.cells)
    if (!cell.removed() && !std::binary_search(names.begin(), names.end(), codec::fieldOf(cell.name)))
      others.emplace_back(codec::fieldOf(cell.name));
  for (const std::string& name : others) change(name, codec::kRemoved);
  if (changed) save(collection);
}

void Changes::updateFields(const std::string& collection, const UUID& id, const Record& fieldsToSet) {
  updateFields(collection, id, FieldsChange{fieldsToSet, {}});
}

void Changes::updateFields(const std::string& collection, const UUID& id, const FieldsChange& change) {
  requireWritable();
  sync::RecordState& state = loadAlive(collection, id).state;
  codec::FieldsReader fields(encode(change.values));
  requireNumbers(change.increments);
  if (fields.count() == 0 && change.increments.empty()) return;
  sync::Stamp stamp = nextStamp(state.authority());
  while (fields.next()) write(fields.name(), fields.value(), stamp);
  add(state, change.increments, stamp);
  save(collection);
}

Value Changes::increment(const std::string& collection, const UUID& id, const std::string& field, const Value& by) {
  updateFields(collection, id, {{}, {{field, by}}});
  // Absent: the field was removed, and what was added since then makes 0.
  return loaded_.state.counter(field).value().value_or(std::int64_t{0});
}

void Changes::unset(const std::string& collection, const UUID& id, const std::vector<std::string>& fields) {
  requireWritable();
  sync::RecordState& state = loadAlive(collection, id).state;
  std::optional<sync::Stamp> stamp;
  for (const std::string& name : fields) {
    if (has(name, codec::kRemoved)) continue;
    if (!stamp) stamp = nextStamp(state.authority());
    write(name, codec::kRemoved, *stamp);
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
  return upsertFields(collection, id, FieldsChange{fieldsToSet, {}});
}

bool Changes::upsertFields(const std::string& collection, const UUID& id, const FieldsChange& change) {
  requireWritable();
  replica::Held* held = load(collection, id);
  if (!held || !held->alive()) {
    insert(collection, id, change.values, change.increments);
    return true;
  }
  codec::FieldsReader fields(encode(change.values));
  requireNumbers(change.increments);
  std::optional<sync::Stamp> stamp;
  auto stampOnce = [&] { return stamp ? *stamp : stamp.emplace(nextStamp(held->state.authority())); };
  while (fields.next())
    if (!has(fields.name(), fields.value())) write(fields.name(), fields.value(), stampOnce());
  if (!change.increments.empty()) add(held->state, change.increments, stampOnce());
  if (stamp) save(collection);
  return false;
}

Copied::Copied(const replica::Row& row) : record(row.record()) {
  if (!row.state().hasCounters()) return;
  position = row.position;
  state.stamps.assign(row.stamps.begin(), row.stamps.end());
  state.fields.assign(row.fields.begin(), row.fields.end());
}

// The parts keep their stamps, as in a merge, but claim no authority beyond that of this record: a hub would refuse it.
// The original of a part, and what its writer adds later, have at least as much. Each field is then assigned by one
// that has seen all parts.
void Changes::copy(const std::string& collection, const Copied& from) {
  const UUID id = *from.record.id();
  upsert(collection, id, from.record);
  if (from.position == 0) return;
  std::optional<sync::RecordState> theirs = sync::decodeState(from.state.stamps, from.state.fields, from.position);
  replica::Held& held = loadAlive(collection, id);
  sync::RecordState& mine = held.state;
  std::uint64_t authority = mine.authority();
  // A part that is dated ahead would set this clock ahead too.
  std::uint64_t latest = sync::HybridClock::fromWall(clock_.wallMs() + base::kClockSkewMsMax);
  bool changed = false;
  for (const sync::Cell& cell : theirs->cells) {
    sync::Stamp stamp = cell.stamp;
    stamp.authority = std::min(stamp.authority, authority);
    if (!codec::isPart(cell.name) || stamp.time > latest || stamp <= mine.floor.stamp) continue;
    if (const sync::Cell* own = mine.find(cell.name); own && stamp <= own->stamp) continue;
    mirror_.clock.observe(stamp.time);
    sync::writeCell(mine, cell.name, cell.value, stamp, ledger_.nextPosition());
    changed = true;
  }
  if (!changed) return;
  counts_ = true;
  sync::Stamp assigned = nextStamp(authority);
  codec::FieldsReader fields(encode(from.record));
  while (fields.next())
    if (!has(fields.name(), fields.value())) write(fields.name(), fields.value(), assigned);
  save(collection);
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
    sync::writeInsert(held->state, stamp, ledger_.nextPosition(), counted_);
  } else if (!held->alive()) {
    sync::detail::reviveAt(held->state, ledger_.nextPosition());
  }
  sync::writeField(held->state, field, value, stamp, ledger_.nextPosition(), counted_);
  save(collection);
  return true;
}

void Changes::retry(const RejectedChange& change) {
  requireWritable();
  const auto& [collection, id] = std::tie(change.collection, change.record);
  const sync::RecordKey key{collection, id};
  for (const replica::Refused& each : ledger_.rows().refused({&key, 1}))
    if (each.id == change.id) seenAuthority_ = each.state().authority();
  forgetRefused(change.id);
  if (change.deletes) {
    remove(collection, id);
  } else {
    FieldsChange again{Record(change.fields), change.increments};
    if (change.inserts)
      upsertFields(collection, id, again);
    else
      updateFields(collection, id, again);
    if (!change.unset.empty()) unset(collection, id, change.unset);
  }
  sendAgain(collection, id);
}

bool Changes::discard(const RejectedChange& change) {
  if (!forgetRefused(change.id)) return false;
  sendAgain(change.collection, change.record);
  return true;
}

// The peer that has refused a change of the record sees by a whole one that it need not ask for it again.
void Changes::sendAgain(const std::string& collection, const UUID& id) {
  replica::Held* held = load(collection, id);
  if (!held) return;
  if (!(held->row().flags & replica::kLeft)) sync::detail::reviveAt(held->state, ledger_.nextPosition());
  ledger_.change(ledger_.collectionFor(collection), *held, 0, true);
  ledger_.flush();
}

bool Changes::giveBack(std::vector<replica::Refused> refused) {
  bool changed = false;
  for (const std::vector<replica::Refused>& transaction : replica::byTransaction(std::move(refused))) {
    ledger_.endTransaction();  // the one before it
    for (const replica::Refused& each : transaction) changed |= giveBack(each);
  }
  return changed;
}

// What others have written over it since is a conflict, as if the change came only now.
bool Changes::giveBack(const replica::Refused& refused) {
  sync::RecordState change = refused.state();
  replica::Held* held = load(refused.key.collection, refused.key.id);
  bool isThere = held && !(held->row().flags & replica::kLeft);
  if (author_.source) return false;
  if (!isThere && !change.base.stamp.present()) {
    replica::Refused waits = refused;
    waits.awaits = true;
    if (!refused.awaits) ledger_.keep(waits);
    return false;
  }
  auto isOwn = [&](std::uint64_t writer) { return author_.own.contains(writer); };
  std::uint64_t position = ledger_.nextPosition();
  counted_.clear();
  replica::Held fresh;
  if (!held) {
    fresh.image.row.collection = ledger_.collectionFor(refused.key.collection).number;
    fresh.image.row.id = refused.key.id;
    held = &fresh;
  }
  sync::RecordState& state = held->state;
  if (!isThere) state = {};
  // A part that has grown since holds nothing of the change, and the peer has that part: it grows by the change.
  Increments added;
  std::erase_if(change.cells, [&](const sync::Cell& cell) {
    auto by = refused.added.find(std::string(cell.name));
    const sync::Cell* now = by == refused.added.end() ? nullptr : state.find(cell.name);
    if (!now || now->stamp <= cell.stamp) return false;
    Value& sum = added.try_emplace(std::string(codec::fieldOf(cell.name)), std::int64_t{0}).first->second;
    sum = codec::sumOf(sum, by->second);
    return true;
  });
  for (sync::Cell& cell : change.cells) cell.position = position;  // no peer has taken it
  sync::RecordState lost = change;
  if (!lost.base.stamp.present()) lost.base = state.base;
  sync::MergeOutcome outcome = sync::merge(lost, state, position, isOwn);
  std::erase_if(outcome.overridden, [&](const sync::Overridden& each) { return isOwn(each.wonStamp.writer); });
  replica::addOverridden(overridden_, refused.key, outcome, author_);
  bool changed = sync::merge(state, change, position, isOwn).changed || !added.empty();
  if (!added.empty()) add(state, added, nextStamp(state.authority()));
  replica::Collection& collection = ledger_.collectionFor(refused.key.collection);
  if (changed) {
    if (held != &fresh) {
      if (!ledger_.change(collection, *held, 0, true)) return false;
    } else {
      sync::EncodedState encoded;
      sync::encodeState(state, position, encoded);
      replica::Row& row = fresh.image.row;
      row.position = position;
      row.flags = replica::flagsOf(state, position);
      row.stamps = encoded.stamps;
      row.fields = encoded.fields;
      if (row.alive()) fresh.image.hash = sync::hashOf(row.id, state);
      ledger_.put(collection, nullptr, fresh.image, &encoded);
    }
    ledger_.flush();
  }
  forgetRefused(refused.id);
  return changed;
}

bool Changes::forgetRefused(std::int64_t id) { return RefusedTable(tables_.statements()).remove(id); }

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

sync::ApplyResult Changes::apply(const sync::Incoming& incoming, replica::Merger::Judging judging) {
  requireSource(incoming.agreement.peer.replica);
  mirror_.peer = incoming.agreement.peer.replica;
  replica::Merger merger(ledger_, mirror_, author_, clock_, judging);
  sync::ApplyResult result = merger.apply(incoming);
  overridden_ = merger.overridden();
  result.gaveBack = giveBackAwaited(incoming.agreement.peer.replica, merger.awaited());
  return result;
}

// Where the record was not here when the peer ceased to refuse the change, the change has waited for it.
bool Changes::giveBackAwaited(const UUID& peer, std::span<const sync::RecordKey> keys) {
  if (keys.empty()) return false;
  std::vector<replica::Refused> all = ledger_.rows().refused(keys);
  std::erase_if(all, [&](const replica::Refused& each) { return each.peer != peer || !each.awaits; });
  return giveBack(std::move(all));
}

void Changes::finish() {
  requireUnbroken();
  ledger_.finish();
  if (!overridden_.empty()) tables_.addOverridden(overridden_, clock_.wallMs());
}

// ----------------------------------------------------------------------------------------------------
// rows

void Changes::requireSource(const UUID& peer) const {
  if (author_.source && author_.source != peer)
    throw Error(ErrorCode::ReadOnlyReplica, "the database has become a read-only replica of " +
                                                author_.source->toString() +
                                                ", and takes changes from there alone; end this connection, or make it "
                                                "again so that the database only sends");
}

void Changes::requireWritable() const {
  if (author_.source)
    throw Error(ErrorCode::ReadOnlyReplica,
                "this database is a read-only replica of " + author_.source->toString() +
                    "; write there, or end it with releaseReadOnly() (blazedb release FILE)");
}

replica::Held* Changes::load(const std::string& collection, const UUID& id) {
  replica::Collection* known = ledger_.known(collection);
  if (!known || !ledger_.load({known->number, id}, loaded_)) return nullptr;
  counts_ = loaded_.state.hasCounters();
  counted_.clear();
  refusedAuthority_ = refusedAuthority(collection, id);
  return &loaded_;
}

replica::Held& Changes::loadAlive(const std::string& collection, const UUID& id) {
  replica::Held* held = load(collection, id);
  if (!held || !held->alive()) notFound(collection, id);
  return *held;
}

bool Changes::has(std::string_view field, base::ByteView value) const {
  if (!counts_) {
    const sync::Cell* cell = loaded_.state.find(field);
    return cell ? base::equal(cell->value, value) : codec::isRemoved(value);
  }
  std::optional<Value> held = loaded_.state.counter(field).value();
  base::Bytes encoded;
  if (!held) return codec::isRemoved(value);
  return !codec::encodeValue(encoded, *held) && base::equal(encoded, value);
}

void Changes::write(std::string_view field, base::ByteView value, const sync::Stamp& stamp) {
  if (counts_)
    sync::writeField(loaded_.state, field, value, stamp, ledger_.nextPosition(), counted_);
  else
    sync::writeCell(loaded_.state, field, value, stamp, ledger_.nextPosition());
}

// Takes over the part of a former opening once every known reader has passed a write of a later one: this replica has
// by then what the readers know of that part, should its file have been put back to an earlier state.
void Changes::add(sync::RecordState& state, const Increments& increments, const sync::Stamp& stamp) {
  std::optional<std::uint64_t> passed;
  auto folds = [&](std::uint64_t writer) {
    auto former = author_.former.find(writer);
    if (former == author_.former.end()) return false;
    if (!passed) passed = mirror_.forgettable ? mirror_.forgettable().passed : 0;
    return former->second <= *passed;
  };
  for (const auto& each : increments)
    sync::writeIncrement(state, each.first, each.second, stamp, ledger_.nextPosition(), folds, counted_);
}

void Changes::requireValid(const Increments& increments) {
  for (const auto& [field, by] : increments) {
    base::Bytes encoded;
    if (std::optional<Error> error = codec::encodeFields(encoded, {{field, by}})) throw *error;
    if (const auto* real = by.as<double>(); real && !std::isfinite(*real))
      throw Error(ErrorCode::InvalidArgument,
                  "field \"" + codec::printable(field) + "\" cannot be incremented by infinity or NaN");
  }
}

void Changes::requireNumbers(const Increments& increments) const {
  requireValid(increments);
  for (const auto& [field, by] : increments) {
    std::optional<Value> held = loaded_.state.counter(field).value();
    if (held && !held->as<std::int64_t>() && !held->as<double>())
      throw Error(ErrorCode::InvalidArgument, "field \"" + codec::printable(field) + "\" holds a value of the type " +
                                                  std::string(typeName(held->type())) +
                                                  ": only a number can be incremented; update the field to one first");
    Value own = loaded_.state.counter(field).partOf(author_.incarnation).sum;
    for (const Value& sum : {codec::sumOf(held.value_or(0), by), codec::sumOf(own, by)})
      if (sum.as<double>() && !std::isfinite(*sum.as<double>()))
        throw Error(ErrorCode::InvalidArgument, "field \"" + codec::printable(field) +
                                                    "\" would hold no finite number: update it to a smaller one first");
  }
}

// A write comes after this replica's own refused changes of the record, also where they have seen a server's write that
// is hidden now.
std::uint64_t Changes::refusedAuthority(const std::string& collection, const UUID& id) {
  std::uint64_t authority = 0;
  if (!mirror_.hasRefused) return authority;
  const sync::RecordKey key{collection, id};
  for (const replica::Refused& each : ledger_.rows().refused({&key, 1}))
    authority = std::max(authority, each.state().authority());
  return authority;
}

sync::Stamp Changes::nextStamp(std::uint64_t seenAuthority) {
  std::uint64_t time = mirror_.clock.next(clock_.wallMs());
  std::uint64_t authority = std::max({seenAuthority, seenAuthority_, refusedAuthority_});
  return {author_.role == sync::Role::server ? time : authority, time, author_.incarnation};
}

base::ByteView Changes::encode(const Object& fields) {
  fieldBytes_.clear();
  if (std::optional<Error> error = codec::encodeFields(fieldBytes_, fields)) throw *error;
  return fieldBytes_;
}

bool Changes::hasUnique(const replica::Collection& collection) const {
  return std::any_of(indexes_->sorted.begin(), indexes_->sorted.end(), [&](const std::shared_ptr<const Index>& index) {
    return index->collection() == collection.number && index->info().unique;
  });
}

void Changes::requireUnique(const replica::Collection& collection, const UUID& id, std::optional<base::ByteView> before,
                            base::ByteView after) {
  if (!hasUnique(collection)) return;
  ledger_.flush();
  for (const std::shared_ptr<const Index>& index : indexes_->sorted) {
    if (index->collection() != collection.number || !index->info().unique) continue;
    std::optional<base::Bytes> values = index->valuesOf(id, after);
    if (!values || (before && index->valuesOf(id, *before) == values)) continue;
    tables_.keys(*index, {*values, query::behind(*values)}, [&](base::ByteView key) {
      UUID other = uuidOf(key.subspan(values->size()));
      if (other == id) return true;
      throw Error(ErrorCode::AlreadyExists, "the record " + other.toString() + " of the collection '" +
                                                collection.name + "' has the same values in the unique index '" +
                                                index->info().name + "'; change one of the two records");
    });
  }
}

void Changes::createIndex(const std::string& name, const IndexInfo& info, const Progress& progress) {
  replica::Collection& collection = ledger_.collectionFor(name);
  ledger_.flush();
  const IndexFunctions& functions = tables_.indexFunctions();
  std::uint64_t before = functions.calls(), perRecord = info.isFullText ? info.expressions.size() : 1;
  struct Asking {
    storage::Connection& connection;
    ~Asking() { connection.askWhileRunning({}); }
  } asking{tables_.statements().connection()};
  if (progress)
    asking.connection.askWhileRunning(
        [&] { return progress(std::min((functions.calls() - before) / perRecord, collection.live), collection.live); });
  IndexTable table(tables_.statements());
  std::int64_t number = 0;
  try {
    number = table.add(collection.number, info);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Cancelled) throw;
    throw Error(ErrorCode::Cancelled, "the index '" + info.name + "' is not made, because its progress said so");
  }
  if (info.unique) requireNoneSame(Index(number, collection.number, info));
  indexes_ = std::make_shared<const Indexes>(table.all());
}

void Changes::requireNoneSame(const Index& index) {
  SameValues same(index);
  std::vector<UUID> found;
  tables_.keys(index, {{}, query::behind({})}, [&](base::ByteView key) { return (found = same.next(key)).empty(); });
  if (found.empty()) found = same.end();
  if (!found.empty())
    throw Error(ErrorCode::AlreadyExists, "the unique index '" + index.info().name +
                                              "' is not made, because the records " + found[0].toString() + " and " +
                                              found[1].toString() + " have the same values; change one of them first");
}

void Changes::dropIndex(std::int64_t number) {
  ledger_.flush();
  IndexTable table(tables_.statements());
  table.remove(number);
  indexes_ = std::make_shared<const Indexes>(table.all());
}

void Changes::renewIndexes() {
  IndexTable table(tables_.statements());
  table.renewOutdated();
  indexes_ = std::make_shared<const Indexes>(table.all());
}

void Changes::save(const std::string& collection) {
  if (replica::Collection& in = ledger_.collectionFor(collection); hasUnique(in) && loaded_.state.alive()) {
    sync::EncodedState encoded;
    sync::encodeState(loaded_.state, ledger_.nextPosition(), encoded);
    requireUnique(in, loaded_.row().id, loaded_.alive() ? std::optional(loaded_.row().fields) : std::nullopt,
                  encoded.fields);
  }
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
