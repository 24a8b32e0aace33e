#include "db/changes.h"

#include <algorithm>

#include "base/limits.h"
#include "base/names.h"
#include "blazedb/error.h"
#include "codec/fields.h"
#include "db/schema.h"

namespace blazedb::db {
namespace {

[[noreturn]] void notFound(const std::string& collection, const UUID& id) {
  throw Error(ErrorCode::NotFound, "no record " + id.toString() + " in the collection '" + collection + "'");
}

int flagsOf(const sync::RecordState& state, std::uint64_t position) {
  bool uniform = state.base.position >= position && (!state.tomb.stamp.present() || state.tomb.position >= position);
  for (const sync::Cell& cell : state.cells) uniform = uniform && cell.position >= position;
  bool left = !state.base.stamp.present() && !state.tomb.stamp.present();
  return (left ? kLeft : 0) | (state.alive() ? kAlive : 0) | (state.whole ? kWhole : 0) | (uniform ? kUniform : 0);
}

sync::Bye tooLarge() {
  return {ErrorCode::TooLarge,
          "it would be larger than 23 MiB, with what others have added to it; split it, or keep large data in files"};
}

// The highest time of any stamp, without `over`s: those are history.
std::uint64_t latestTime(const sync::RecordState& state) {
  std::uint64_t time = std::max(state.base.stamp.time, state.tomb.stamp.time);
  for (const sync::Cell& cell : state.cells) time = std::max(time, cell.stamp.time);
  return time;
}

}  // namespace

Changes::Changes(WriteTables& tables, Mirror& mirror, const Author& author, base::Clock& clock, base::UuidV7& ids)
    : tables_(tables), mirror_(mirror), author_(author), clock_(clock), ids_(ids), lostUntilBefore_(mirror.lostUntil) {}

// ----------------------------------------------------------------------------------------------------
// all or nothing

Changes::Before Changes::before(const std::string& collection) {
  tables_.save();
  Before before;
  before.position = mirror_.position;
  before.stale = mirror_.stale;
  if (CollectionRow* known = knownCollection(collection)) before.collection = *known;
  before.tail = tail_;
  before.touched = touched_.size();
  return before;
}

// Memory says again what the tables say.
void Changes::takeBack(const std::string& collection, const Before& before) {
  if (!tables_.inTransaction()) return;  // SQLite has taken back everything; nobody will look at memory again
  tables_.takeBack();
  mirror_.position = before.position;
  mirror_.stale = before.stale;
  tail_ = before.tail;
  touched_.resize(before.touched);
  // In place, because what is touched is known by its address.
  if (before.collection)
    *knownCollection(collection) = *before.collection;
  else
    mirror_.collections.erase(collection);
}

// ----------------------------------------------------------------------------------------------------
// operations

UUID Changes::insert(const std::string& collectionName, const std::optional<UUID>& wantedId, const Record& record) {
  requireWritable();
  base::ByteView fields = encode(record);
  CollectionRow& collection = collectionFor(collectionName);  // after what can fail, since it may make one
  std::optional<UUID> id = wantedId ? wantedId : record.id();

  sync::Stamp stamp = nextStamp(0);
  sync::encodeFreshStamps({stamp, {}, 0}, {}, stampBytes_);
  Row row;
  row.collection = collection.id;
  row.id = id ? *id : ids_.next();
  row.position = nextPosition();
  row.flags = kAlive | kWhole | kUniform;
  row.stamps = stampBytes_;
  row.fields = fields;
  row.number = tables_.insert(row);
  if (row.number != 0) {
    account(collection, std::nullopt, sync::hashOfFresh(row.id, stamp, fields));
    takePosition(row.number);
    noteChange(collection, row.id);
    return row.id;
  }
  load(collection.id, row.id, loaded_);
  if (loaded_.alive)
    throw Error(ErrorCode::AlreadyExists, "the collection '" + collectionName + "' holds a record " +
                                              row.id.toString() + " already; use update or upsert to change it");
  insertOverDead(collection, loaded_, nextStamp(loaded_.state.authority()));
  return row.id;
}

void Changes::insertOverDead(CollectionRow& collection, Loaded& held, const sync::Stamp& stamp) {
  sync::writeInsert(held.state, stamp, nextPosition());
  codec::FieldsReader fields(fieldBytes_);
  while (fields.next()) sync::writeCell(held.state, fields.name(), fields.value(), stamp, nextPosition());
  save(collection, held, 0);
}

void Changes::update(const std::string& collection, const UUID& id, const Record& record) {
  requireWritable();
  Loaded& held = loadAlive(collection, id);
  codec::FieldsReader fields(encode(record));
  sync::Stamp stamp = nextStamp(held.state.authority());
  std::vector<std::string_view> names;
  bool changed = false;
  auto write = [&](std::string_view name, base::ByteView value) {
    sync::writeCell(held.state, name, value, stamp, nextPosition());
    changed = true;
  };
  while (fields.next()) {
    names.push_back(fields.name());
    const sync::Cell* cell = held.state.find(fields.name());
    if (!cell || !base::equal(cell->value, fields.value())) write(fields.name(), fields.value());
  }
  for (sync::Cell& cell : held.state.cells)
    if (!cell.removed() && !std::binary_search(names.begin(), names.end(), cell.name))
      write(cell.name, codec::kRemoved);
  if (changed) save(collectionFor(collection), held, 0);
}

void Changes::updateFields(const std::string& collection, const UUID& id, const Record& fieldsToSet) {
  requireWritable();
  Loaded& held = loadAlive(collection, id);
  codec::FieldsReader fields(encode(fieldsToSet));
  if (fields.count() == 0) return;
  sync::Stamp stamp = nextStamp(held.state.authority());
  while (fields.next()) sync::writeCell(held.state, fields.name(), fields.value(), stamp, nextPosition());
  save(collectionFor(collection), held, 0);
}

bool Changes::upsert(const std::string& collection, const UUID& id, const Record& record) {
  requireWritable();
  CollectionRow* known = knownCollection(collection);
  if (known && load(known->id, id, loaded_) && loaded_.alive) {
    update(collection, id, record);
    return false;
  }
  insert(collection, id, record);
  return true;
}

bool Changes::remove(const std::string& collection, const UUID& id) {
  requireWritable();
  CollectionRow* known = knownCollection(collection);
  if (!known || !load(known->id, id, loaded_) || !loaded_.alive) return false;
  sync::writeRemove(loaded_.state, nextStamp(loaded_.state.authority()), nextPosition());
  if (!author_.keepsDeletedValues) {
    loaded_.state.cells.clear();
    loaded_.state.whole = false;
  }
  save(*known, loaded_, 0);
  return true;
}

bool Changes::purge(const std::string& collection, const UUID& id) {
  bool removed = remove(collection, id);
  CollectionRow* known = knownCollection(collection);
  bool found = known && tables_.find(known->id, id, [&](const Row& row) {
    if (row.flags & kWhole) dropValues(row);
  });
  return removed || found;
}

bool Changes::restoreField(const std::string& collection, const UUID& id, std::string_view field,
                           base::ByteView value) {
  requireWritable();
  CollectionRow* known = knownCollection(collection);
  if (!known || !load(known->id, id, loaded_)) return false;
  sync::Stamp stamp = nextStamp(loaded_.state.authority());
  if (!loaded_.alive && !loaded_.state.whole) {
    // The other values are gone for good: the record starts again with this one.
    sync::writeInsert(loaded_.state, stamp, nextPosition());
  } else if (!loaded_.alive) {
    sync::detail::reviveAt(loaded_.state, nextPosition());
  }
  sync::writeCell(loaded_.state, field, value, stamp, nextPosition());
  save(*known, loaded_, 0);
  return true;
}

std::optional<Record> Changes::fetch(const std::string& collection, const UUID& id) {
  std::optional<Record> record;
  if (CollectionRow* known = knownCollection(collection))
    tables_.find(known->id, id, [&](const Row& row) {
      if (row.flags & kAlive) record = row.record();
    });
  return record;
}

void Changes::forEach(const std::string& collection, const std::function<bool(const Record&)>& visit) {
  CollectionRow* known = knownCollection(collection);
  if (!known) return;
  std::int64_t number = known->id;
  std::optional<UUID> last = operation([&] { return tables_.lastLive(number); });
  walk(
      last, [&](const std::optional<UUID>& after) { return operation([&] { return tables_.page(number, after); }); },
      visit);
}

std::vector<UUID> Changes::matching(const std::string& collection, const Predicate& where) {
  std::vector<UUID> ids;
  forEach(collection, [&](const Record& record) {
    if (where(record)) ids.push_back(*record.id());
    return true;
  });
  return ids;
}

std::uint64_t Changes::count(const std::string& collection) const {
  auto found = mirror_.collections.find(collection);
  return found == mirror_.collections.end() ? 0 : found->second.live;
}

// ----------------------------------------------------------------------------------------------------
// merging

sync::ApplyResult Changes::apply(const sync::Incoming& incoming) {
  sync::ApplyResult result;
  if (!incoming.changes.empty()) origin_ = tables_.internOrigin(incoming.agreement.peer);
  for (const sync::RecordKey& key : incoming.gone) noLongerAside(incoming, key, result);
  for (const sync::Change& change : incoming.changes) {
    receive(incoming, change, result);
    if (result.refused || result.unsent) return result;
    if (change.endsTransaction) endTransaction();
  }
  if (result.missing.empty() && incoming.cursor)
    tables_.setCursor(incoming.agreement.peer.replica, incoming.agreement.scope, *incoming.cursor);
  return result;
}

// What breaks the protocol ends the conversation. What a sound peer may send, and this replica cannot take, is set
// aside.
void Changes::receive(const sync::Incoming& incoming, const sync::Change& change, sync::ApplyResult& result) {
  using Reason = sync::Refusal::Reason;
  const sync::Scope& scope = incoming.agreement.scope;
  sync::RecordKey key{std::string(change.collection), change.id};
  auto broken = [&](Reason reason, const std::string& what) {
    result.refused = {reason, key, {ErrorCode::ProtocolError, "the peer sent " + what}};
  };
  auto outside = [&] { broken(Reason::outsideScope, "what this link does not carry"); };
  if (!scope.has(change.collection)) return outside();
  if (change.left) {
    noLongerAside(incoming, key, result);
    if (!leave(incoming, change)) result.unsent = true;
    return;
  }
  std::optional<sync::RecordState> theirs;
  if (codec::FieldsReader(change.fields).count() <= base::kMergedFieldsMax)
    theirs = sync::decodeState(change.stamps, change.fields, 0);
  if (!theirs) return broken(Reason::unreadable, "a record that cannot be decoded (" + change.id.toString() + ")");
  if (!scope.allFields())
    for (const sync::Cell& cell : theirs->cells)
      if (scope.excludes(cell.name)) return outside();
  // The rest of it has been passed over.
  bool aside =
      mirror_.setAside > 0 && tables_.rejected().has({incoming.agreement.peer.replica, scope}, Rejected::By::us, key);
  if (aside && !change.complete) {
    result.missing.push_back(key);
  } else if (Refusal why = mergeOne(incoming, change, *theirs, result)) {
    setAside(incoming, key, *why, result);
  } else if (aside) {
    noLongerAside(incoming, key, result);
  }
}

Changes::Refusal Changes::mergeOne(const sync::Incoming& incoming, const sync::Change& change,
                                   sync::RecordState& theirs, sync::ApplyResult& result) {
  if (Refusal why = checkTime(theirs, result)) return why;
  std::uint64_t latest = 0;
  CollectionRow* collection = knownCollection(std::string(change.collection));
  if (collection && load(collection->id, change.id, loaded_)) {
    // A repair does not bring back what somebody else has taken back, or that one would take it back for ever.
    bool left = loaded_.row.flags & kLeft;
    if (incoming.repair && left && !tables_.originsOf(incoming.agreement.peer.replica).contains(loaded_.row.origin))
      return std::nullopt;
    if (Refusal why = checkStamps(incoming, theirs, left ? nullptr : &loaded_.state)) return why;
    latest = loaded_.row.position;
    if (Refusal why = mergeHeld(*collection, incoming, change, theirs, result)) return why;
    if (left) result.mustSync = incoming.agreement.exports() && !incoming.repair;
  } else {
    if (Refusal why = checkStamps(incoming, theirs, nullptr)) return why;
    if (Refusal why = mergeNew(change, theirs, result)) return why;
  }
  if (result.missing.empty()) mirror_.clock.observe(latestTime(theirs));
  if (incoming.sweep && loaded_.row.number != 0) incoming.sweep->mentioned.push_back(loaded_.row.number);
  if (!incoming.agreement.reads.chooses() || !result.missing.empty()) return std::nullopt;
  return noteHolder(collectionFor(change.collection), incoming, latest, result);
}

// A write was checked against the clock of the replica where it came in; between that one and this one lies the same
// allowance again.
Changes::Refusal Changes::checkTime(const sync::RecordState& theirs, sync::ApplyResult& result) const {
  std::int64_t ahead = sync::HybridClock::toWall(latestTime(theirs)) - clock_.wallMs();
  std::int64_t beyond = ahead - 2 * base::kClockSkewMsMax;
  if (beyond <= 0) return std::nullopt;
  result.retryInMs = std::min(result.retryInMs.value_or(beyond), beyond);
  return sync::Bye{
      ErrorCode::ClockSkew,
      "it carries a time " + std::to_string(ahead / 60'000) +
          " minutes ahead of the clock of the machine that refuses it. If that clock is right, another one "
          "was wrong when the record was written: mend the database that has it with restamp() (blazedb "
          "restamp FILE)"};
}

Changes::Refusal Changes::checkStamps(const sync::Incoming& incoming, const sync::RecordState& theirs,
                                      const sync::RecordState* mine) const {
  if (incoming.agreement.writes.trust == sync::StampTrust::all) return std::nullopt;
  sync::StampRules rules;
  rules.trust = incoming.agreement.writes.trust;
  rules.clock = std::max(mirror_.clock.last(), sync::HybridClock::fromWall(clock_.wallMs()));
  rules.incarnation = author_.incarnation;
  rules.lostUntil = mirror_.lostUntil;
  std::optional<std::string> why = sync::refusalOf(theirs, mine, rules);
  return why ? Refusal(sync::Bye{ErrorCode::NotAllowed, std::move(*why)}) : std::nullopt;
}

// A sweep must not take it for gone: the peer has it, and an earlier state of it may be held here.
void Changes::setAside(const sync::Incoming& incoming, const sync::RecordKey& key, const sync::Bye& why,
                       sync::ApplyResult& result) {
  Rejected& rejected = tables_.rejected();
  Rejected::Link link(incoming.agreement.peer.replica, incoming.agreement.scope);
  if (!rejected.has(link, Rejected::By::us, key)) {
    if (!rejectedOfPeer_) rejectedOfPeer_ = rejected.count(link.peer, Rejected::By::us);
    if (*rejectedOfPeer_ >= base::kRejectedMax) {
      result.refused = {sync::Refusal::Reason::tooManySetAside,
                        key,
                        {why.code, "more than " + std::to_string(base::kRejectedMax) +
                                       " records are refused already, and now " + key.id.toString() + ": " + why.text}};
      return;
    }
    ++*rejectedOfPeer_;
    mirror_.setAside++;
  }
  rejected.add(link, Rejected::By::us, key, why, clock_.wallMs());
  result.rejected.push_back({key, why});
  CollectionRow* collection = incoming.sweep ? knownCollection(key.collection) : nullptr;
  if (collection)
    tables_.find(collection->id, key.id, [&](const Row& row) { incoming.sweep->mentioned.push_back(row.number); });
}

void Changes::noLongerAside(const sync::Incoming& incoming, const sync::RecordKey& key, sync::ApplyResult& result) {
  if (mirror_.setAside == 0) return;
  if (!tables_.rejected().remove({incoming.agreement.peer.replica, incoming.agreement.scope}, Rejected::By::us, key))
    return;
  mirror_.setAside--;
  if (rejectedOfPeer_) --*rejectedOfPeer_;
  result.rejected.push_back({key, std::nullopt});
}

// Whoever speaks of a record has it, also where it should not, unless it has yet to hear that it was taken back. The
// feed decides that, and has to come by: what changed nothing takes a position then. `latest`: the row's before the
// change.
Changes::Refusal Changes::noteHolder(CollectionRow& collection, const sync::Incoming& incoming, std::uint64_t latest,
                                     sync::ApplyResult& result) {
  std::int64_t importer = tables_.addImporter(incoming.agreement.peer.replica);
  if (std::optional<Delivery> known = tables_.delivery(loaded_.row.number, importer)) {
    if (known->kind != Delivery::Kind::takenBack) return std::nullopt;
    if (!incoming.acknowledged.has(latest, known->position)) {
      result.mustSync = true;
      return std::nullopt;
    }
  }
  if (loaded_.row.position == latest && !trySave(collection, loaded_, loaded_.row.origin)) return tooLarge();
  tables_.setDelivery(importer, {loaded_.row.number, Delivery::Kind::itsOwn, 0});
  return std::nullopt;
}

Changes::Refusal Changes::mergeNew(const sync::Change& change, sync::RecordState& theirs, sync::ApplyResult& result) {
  loaded_.row = {};
  bool alive = theirs.alive();
  if (!change.complete && alive) {
    result.missing.push_back({std::string(change.collection), change.id});
    return std::nullopt;
  }
  bool whole = theirs.whole && change.complete;
  Row& row = loaded_.row;
  row.stamps = change.stamps;
  row.fields = change.fields;
  if (whole != theirs.whole) {
    theirs.whole = whole;
    sync::encodeState(theirs, 0, encoded_);
    row.stamps = encoded_.stamps;
    row.fields = encoded_.fields;
  }
  if (row.stamps.size() + row.fields.size() > base::kMergedBytesMax) return tooLarge();
  CollectionRow& collection = collectionFor(change.collection);
  row.collection = collection.id;
  row.id = change.id;
  row.position = nextPosition();
  row.origin = origin_;
  row.flags = (alive ? kAlive : 0) | (whole ? kWhole : 0) | kUniform;
  row.number = tables_.insert(row);
  account(collection, std::nullopt, alive ? std::optional(sync::hashOf(row.id, theirs)) : std::nullopt);
  takePosition(row.number);
  noteChange(collection, row.id);
  return std::nullopt;
}

Changes::Refusal Changes::mergeHeld(CollectionRow& collection, const sync::Incoming& incoming,
                                    const sync::Change& change, sync::RecordState& theirs, sync::ApplyResult& result) {
  sync::RecordState& mine = loaded_.state;
  bool wasWhole = mine.whole;
  sync::MergeOutcome outcome =
      sync::merge(mine, theirs, nextPosition(), [&](std::uint64_t writer) { return author_.own.contains(writer); });
  bool alive = mine.alive();
  if (!wasWhole) {
    // What one peer holds need not be all that was purged here; only a record that lives is what it is.
    mine.whole = alive && change.complete;
  } else if (change.complete && !theirs.whole && outcome.changed && !alive) {
    mine.whole = false;  // a delete whose values were purged: what it covered is not known here
  }
  if (alive && !mine.whole) {
    result.missing.push_back({collection.name, change.id});
    return std::nullopt;
  }
  bool forgotten = recall(incoming, change, theirs);
  if (outcome.changed && alive && !theirs.whole && !theirs.alive()) {
    // The peer has deleted what lives on here, and thrown its values away: it needs all of them.
    sync::detail::reviveAt(mine, nextPosition());
    forgotten = true;
  }
  if (outcome.changed || forgotten) {
    if (!trySave(collection, loaded_, outcome.revived || forgotten ? 0 : origin_)) return tooLarge();
    if (outcome.changed) noteOverridden(collection, change.id, outcome);
  } else if (mine.whole != wasWhole) {
    // Only what is known about the row has changed: no feed position.
    sync::encodeState(mine, loaded_.row.position, encoded_);
    loaded_.row.flags = flagsOf(mine, loaded_.row.position);
    loaded_.row.stamps = encoded_.stamps;
    loaded_.row.fields = encoded_.fields;
    tables_.update(loaded_.row);
  }
  return std::nullopt;
}

// What the peer no longer holds, and this replica had from there, is forgotten; and so that others who had it from here
// hear of it, the row stays in the feed. Of an exporter that is the law, once it has got what was changed here; between
// equals it is so for what nobody else has touched; of a peer that may not make others forget it is not listened to.
// False: something has to be sent first.
bool Changes::leave(const sync::Incoming& incoming, const sync::Change& change) {
  const sync::Agreement& agreement = incoming.agreement;
  CollectionRow* collection = knownCollection(std::string(change.collection));
  if (!collection || !load(collection->id, change.id, loaded_)) return true;
  if (loaded_.row.flags & kLeft) return true;
  bool theirs = tables_.originsOf(incoming.agreement.peer.replica).contains(loaded_.row.origin);
  if (!agreement.mayTakeBack(theirs)) return true;
  auto unsent = [&](std::uint64_t position) {
    std::uint64_t latest = loaded_.row.position;
    return !incoming.acknowledged.has(latest, position) && !(theirs && position == latest);
  };
  const sync::RecordState& mine = loaded_.state;
  bool waits = agreement.sends && (unsent(mine.base.position) || unsent(mine.tomb.position) ||
                                   std::any_of(mine.cells.begin(), mine.cells.end(),
                                               [&](const auto& cell) { return unsent(cell.position); }));
  // What a sweep finds unsent it keeps. So do equals, of which each might wait for the other.
  if (waits) return incoming.sweep != nullptr || !agreement.imports();
  if (loaded_.alive && agreement.journalsRemovals())
    noteRemoved(loaded_.row, agreement.peer.replica, RemovedRecord::Because::takenBack);
  noteLost(loaded_.state);
  loaded_.state = {};
  loaded_.state.whole = false;
  save(*collection, loaded_, origin_);
  return true;
}

// What the peer had once applied and now speaks as if it had never heard of, it has purged: it must hear of it again,
// or the two would differ for good. Gives whether there is such a thing.
bool Changes::recall(const sync::Incoming& incoming, const sync::Change& change, const sync::RecordState& theirs) {
  bool forgotten = false;
  // The peer has what it acknowledged, and what it sent itself: that is withheld from it, acknowledged or not.
  auto had = [&](std::uint64_t position) {
    return incoming.acknowledged.has(loaded_.row.position, position) ||
           (!loaded_.state.alive() && position <= incoming.deadFrom) ||
           (loaded_.row.origin == origin_ && position == loaded_.row.position);
  };
  auto compare = [&](const sync::Stamp& mine, const sync::Stamp& its, std::uint64_t& position) {
    if (mine <= its || !had(position)) return;
    position = nextPosition();
    forgotten = true;
  };
  sync::RecordState& mine = loaded_.state;
  compare(mine.base.stamp, theirs.base.stamp, mine.base.position);
  compare(mine.tomb.stamp, theirs.tomb.stamp, mine.tomb.position);
  auto its = theirs.cells.begin();
  for (sync::Cell& cell : mine.cells) {
    while (its != theirs.cells.end() && its->name < cell.name) ++its;
    bool there = its != theirs.cells.end() && its->name == cell.name;
    if (incoming.agreement.scope.excludes(cell.name)) continue;  // the peer was never told
    if (there || (change.complete && theirs.whole))
      compare(cell.stamp, there ? its->stamp : sync::Stamp{}, cell.position);
  }
  return forgotten;
}

void Changes::noteOverridden(const CollectionRow& collection, const UUID& id, const sync::MergeOutcome& outcome) {
  for (const sync::Overridden& value : outcome.overridden) {
    bool unseen = value.wonOver < value.lostStamp || value.lostPosition > author_.acknowledgedByAny;
    if (!unseen || base::equal(value.lost, value.won)) continue;
    journal_.push_back({collection.name,
                        id,
                        std::string(value.name),
                        {value.lost.begin(), value.lost.end()},
                        {value.won.begin(), value.won.end()},
                        value.lostStamp,
                        value.wonStamp});
  }
}

// ----------------------------------------------------------------------------------------------------
// rows

void Changes::requireWritable() const {
  if (author_.source)
    throw Error(ErrorCode::ReadOnlyReplica,
                "this database is a read-only replica of " + author_.source->toString() +
                    "; write there, or end it with releaseReadOnly() (blazedb release FILE)");
}

CollectionRow* Changes::knownCollection(const std::string& name) {
  auto found = mirror_.collections.find(name);
  return found == mirror_.collections.end() ? nullptr : &found->second;
}

CollectionRow& Changes::collectionFor(std::string_view view) {
  std::string name(view);
  auto found = mirror_.collections.find(name);
  if (found != mirror_.collections.end()) return found->second;
  if (!base::isName(name))
    throw Error(ErrorCode::InvalidArgument,
                "'" + name + "' is not the name of a collection: 1 to 128 of A-Z a-z 0-9 _ . -");
  CollectionRow collection;
  collection.id = tables_.insertCollection(name);
  collection.name = name;
  return mirror_.collections.emplace(name, std::move(collection)).first->second;
}

bool Changes::load(std::int64_t collection, const UUID& id, Loaded& out) {
  return tables_.find(collection, id, [&](const Row& row) { copy(row, out); });
}

void Changes::copy(const Row& row, Loaded& out) {
  out.row = row;
  out.stamps.assign(row.stamps.begin(), row.stamps.end());
  out.fields.assign(row.fields.begin(), row.fields.end());
  out.row.stamps = out.stamps;
  out.row.fields = out.fields;
  out.state = out.row.state();
  out.alive = out.state.alive();
  if (out.alive) out.hash = sync::hashOf(row.id, out.state);
}

Changes::Loaded& Changes::loadAlive(const std::string& collection, const UUID& id) {
  CollectionRow* known = knownCollection(collection);
  if (!known || !load(known->id, id, loaded_) || !loaded_.alive) notFound(collection, id);
  return loaded_;
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

void Changes::save(CollectionRow& collection, Loaded& loaded, std::int64_t origin) {
  if (!trySave(collection, loaded, origin))
    throw Error(ErrorCode::TooLarge,
                "the record " + loaded.row.id.toString() + " would be larger than " +
                    (origin_ != 0 ? "23 MiB" : "8 MiB") +
                    ", or have too many fields; split it, or keep large data in files; fields that were removed "
                    "from it count too, until it is deleted and inserted again");
}

bool Changes::trySave(CollectionRow& collection, Loaded& loaded, std::int64_t origin) {
  std::uint64_t position = nextPosition();
  sync::encodeState(loaded.state, position, encoded_);
  // What others have written is there already, and must not hold up all the rest.
  bool merges = origin_ != 0, grows = encoded_.fields.size() > loaded.row.fields.size();
  bool tooMany = loaded.state.cells.size() > (merges ? base::kMergedFieldsMax : base::kFieldsMax) &&
                 loaded.state.cells.size() > codec::FieldsReader(loaded.row.fields).count();
  if (tooMany || (!merges && grows && encoded_.fields.size() > base::kRecordBytesMax) ||
      encoded_.fields.size() + encoded_.stamps.size() > base::kMergedBytesMax)
    return false;
  Row& row = loaded.row;
  row.position = position;
  row.origin = origin;
  row.flags = flagsOf(loaded.state, position);
  row.stamps = encoded_.stamps;
  row.fields = encoded_.fields;
  tables_.update(row);
  std::optional<sync::Hash128> before, after;
  if (loaded.alive) before = loaded.hash;
  if (row.flags & kAlive) after = sync::hashOf(row.id, loaded.state);
  account(collection, before, after);
  mirror_.stale++;
  takePosition(row.number);
  noteChange(collection, row.id);
  return true;
}

void Changes::account(CollectionRow& collection, const std::optional<sync::Hash128>& before,
                      const std::optional<sync::Hash128>& after) {
  adds_ = adds_ || after.has_value();
  if (before) {
    collection.digest.subtract(*before);
    collection.live--;
  }
  if (after) {
    collection.digest.add(*after);
    collection.live++;
  }
  if (before || after) touch(collection);
}

void Changes::touch(const CollectionRow& collection) {
  if (std::find(touched_.begin(), touched_.end(), &collection) == touched_.end()) touched_.push_back(&collection);
}

void Changes::takePosition(std::int64_t row) {
  if (tail_) tables_.appendFeed(tail_->position, tail_->row, 0);
  tail_ = FeedTail{++mirror_.position, row};
}

void Changes::noteChange(const CollectionRow& collection, const UUID& id) {
  if (mirror_.setAside > 0 && tables_.rejected().noteChange({collection.name, id})) mirror_.changedAside++;
}

void Changes::takeEmptyPosition() { takePosition(0); }

void Changes::endTransaction() {
  if (!tail_) return;
  tables_.appendFeed(tail_->position, tail_->row, std::max<std::uint64_t>(mirror_.clock.last(), 1));
  tail_.reset();
}

void Changes::flush() {
  requireUnbroken();
  endTransaction();
  for (const CollectionRow* collection : touched_) tables_.updateCollection(*collection);
  touched_.clear();
  if (mirror_.lostUntil == lostUntilBefore_) return;
  base::Bytes value;
  base::appendFixed64(value, mirror_.lostUntil);
  tables_.setMeta(kLostUntil, value);
}

// What is not known any more may come back from whoever had it from here.
void Changes::noteLost(const sync::RecordState& state) {
  mirror_.lostUntil = std::max(mirror_.lostUntil, latestTime(state));
}

CollectionRow& Changes::collectionOf(const Row& row) {
  for (auto& [name, collection] : mirror_.collections)
    if (collection.id == row.collection) return collection;
  throw Error(ErrorCode::DamagedPage, "the record " + row.id.toString() +
                                          " belongs to a collection that is not there; restore the file from a backup");
}

void Changes::restamp(std::int64_t row, std::uint64_t limit, sync::HybridClock& clock) {
  if (!tables_.findByNumber(row, [&](const Row& found) { copy(found, loaded_); })) return;
  sync::restamp(loaded_.state, {limit, clock_.wallMs(), author_.role, author_.incarnation}, clock, nextPosition());
  save(collectionOf(loaded_.row), loaded_, 0);
}

void Changes::forget(const Row& row) {
  sync::RecordState state = row.state();
  noteLost(state);
  if (row.flags & kAlive) account(collectionOf(row), sync::hashOf(row.id, state), std::nullopt);
  tables_.removeRow(row.number);
  mirror_.stale++;
}

void Changes::noteRemoved(const Row& row, const UUID& peer, RemovedRecord::Because because) {
  RemovedRecord removed{0, {clock_.wallMs() * 1000}, because, peer, collectionOf(row).name, {}};
  removed.record.setId(row.id);
  tables_.addRemoved(removed, row.fields);
}

void Changes::forgetAll() {
  mirror_.lostUntil = std::max(mirror_.lostUntil, mirror_.clock.last());
  tables_.removeAllRows();
  for (auto& [name, collection] : mirror_.collections) {
    collection.live = 0;
    collection.digest = {};
    touch(collection);
  }
  mirror_.stale = 0;
}

bool Changes::dropExcluded(const Row& row, const sync::Scope& scope) {
  sync::RecordState state = row.state();
  sync::Hash128 before = sync::hashOf(row.id, state);
  if (std::erase_if(state.cells, [&](const sync::Cell& cell) { return scope.excludes(cell.name); }) == 0) return false;
  noteLost(row.state());
  sync::encodeState(state, row.position, encoded_);
  Row rest = row;
  rest.flags = flagsOf(state, row.position);
  rest.stamps = encoded_.stamps;
  rest.fields = encoded_.fields;
  tables_.update(rest);
  if (row.flags & kAlive) account(collectionOf(row), before, sync::hashOf(row.id, state));
  return true;
}

void Changes::dropValues(const Row& row) {
  sync::RecordState state = row.state();
  state.cells.clear();
  state.whole = false;
  sync::encodeState(state, row.position, encoded_);
  Row bare = row;
  bare.flags = flagsOf(state, row.position);
  bare.stamps = encoded_.stamps;
  bare.fields = encoded_.fields;
  tables_.update(bare);
}

}  // namespace blazedb::db
