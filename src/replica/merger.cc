// In the order of a batch: a stretch is loaded; each change of it is checked and merged (receive, mergeOne and what
// that calls); the end of the stretch writes the rows. Below that: what is taken back, and what is set aside.
#include "replica/merger.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "codec/fields.h"
#include "replica/journal.h"
#include "replica/refused.h"

namespace blazedb::replica {
namespace {

// A stretch ends with this many records, or once its rows have this many bytes.
constexpr std::size_t kStretchRecords = 256;
constexpr std::size_t kStretchBytes = 4u << 20;

sync::Bye tooLarge() {
  return {ErrorCode::TooLarge,
          "with the fields that others added the record would exceed 23 MiB; split it, or keep large data in files"};
}

// How many changes at the front concern different records; at most `max`.
std::size_t differentRecords(std::span<const sync::Change> changes, std::size_t max) {
  std::size_t size = std::min(changes.size(), max);
  std::vector<std::pair<UUID, std::size_t>> ids;
  ids.reserve(size);
  for (std::size_t i = 0; i < size; i++) ids.emplace_back(changes[i].id, i);
  std::sort(ids.begin(), ids.end());
  for (std::size_t i = 1; i < ids.size(); i++)
    if (ids[i].first == ids[i - 1].first) size = std::min(size, ids[i].second);
  return size;
}

// Whether a state says nothing that the other one does not say, with the same stamps.
bool isPartOf(const sync::RecordState& part, const sync::RecordState& whole) {
  auto isThere = [](const sync::Stamp& its, const sync::Stamp& other) { return !its.present() || its == other; };
  return isThere(part.base.stamp, whole.base.stamp) && isThere(part.tomb.stamp, whole.tomb.stamp) &&
         isThere(part.floor.stamp, whole.floor.stamp) &&
         std::all_of(part.cells.begin(), part.cells.end(), [&](const sync::Cell& cell) {
           const sync::Cell* other = whole.find(cell.name);
           return other && other->stamp == cell.stamp && base::equal(other->value, cell.value);
         });
}

RejectedOn linkOf(const sync::Incoming& incoming) {
  return {incoming.agreement.peer.replica, incoming.agreement.scope};
}

}  // namespace

Merger::Merger(Ledger& ledger, Mirror& mirror, const Author& author, base::Clock& clock, Judging judging)
    : ledger_(ledger), mirror_(mirror), author_(author), clock_(clock), judging_(judging) {}

sync::ApplyResult Merger::apply(const sync::Incoming& incoming) {
  sync::ApplyResult result;
  if (!incoming.changes.empty() || !incoming.gone.empty()) origin_ = ledger_.rows().addOrigin(incoming.agreement.peer);
  noteGone(incoming, result);
  if (incoming.again) judgeAgain(incoming);
  for (std::size_t from = 0; from < incoming.changes.size();) {
    std::size_t size = load(incoming, from);
    for (std::size_t i = 0; i < size; i++) {
      if (!incoming.again && from + i == judgedTo_) judgeTransaction(incoming, from + i);
      receive(incoming, items_[i], result);
      if (result.refused || result.unsent) return result;
      if (items_[i].change->endsTransaction) ledger_.endTransaction();
    }
    endStretch(incoming, size);
    from += size;
  }
  for (const std::vector<sync::RecordKey>& each : together_) ledger_.rows().noteTogether(linkOf(incoming), each);
  if (result.missing.empty() && incoming.cursor)
    ledger_.rows().setCursor(incoming.agreement.peer.replica, incoming.agreement.scope, *incoming.cursor);
  return result;
}

// `first` begins a transaction. If it is judged before it merges, and the rights refuse one of its records, the others
// become mates_.
void Merger::judgeTransaction(const sync::Incoming& incoming, std::size_t first) {
  const std::vector<sync::Change>& changes = incoming.changes;
  judgedTo_ = first + 1;
  while (judgedTo_ < changes.size() && !changes[judgedTo_ - 1].endsTransaction) judgedTo_++;
  mates_.clear();
  isAllowed_ = false;
  std::size_t size = judgedTo_ - first;
  isJudged_ = incoming.agreement.writes.rights && !incoming.repair && size > 1 && size <= kTransactionJudgedMax;
  if (!isJudged_ || judging_ == Judging::asTheyMerge) return;
  std::span<const sync::Change> transaction = std::span(changes).subspan(first, size);
  auto isFine = [&](const sync::Change& change) { return change.left || allows(incoming, change); };
  if (std::all_of(transaction.begin(), transaction.end(), isFine)) {
    isAllowed_ = differentRecords(transaction, size) == size;
    return;
  }
  std::set<sync::RecordKey> allowed;
  std::vector<sync::RecordKey> all;
  std::optional<UUID> refused;
  for (const sync::Change& change : transaction) {
    if (change.left) continue;
    all.push_back({std::string(change.collection), change.id});
    if (allows(incoming, change))
      allowed.insert(all.back());
    else if (!refused)
      refused = change.id;
  }
  for (const sync::RecordKey& key : allowed) mates_.emplace(key, *refused);
  together_.push_back(std::move(all));
}

// The same for transactions that were refused before and are asked for again.
void Merger::judgeAgain(const sync::Incoming& incoming) {
  if (!incoming.agreement.writes.rights) return;
  std::map<sync::RecordKey, const sync::Change*> answers;
  std::vector<sync::RecordKey> keys;
  for (const sync::Change& change : incoming.changes) {
    keys.push_back({std::string(change.collection), change.id});
    answers[keys.back()] = &change;
  }
  for (const std::set<sync::RecordKey>& transaction : ledger_.rows().together(linkOf(incoming), keys)) {
    std::set<sync::RecordKey> allowed;
    std::optional<UUID> refused;
    for (const sync::RecordKey& key : transaction)
      if (auto answer = answers.find(key); answer != answers.end() && allows(incoming, *answer->second))
        allowed.insert(key);
      else if (!refused)
        refused = key.id;
    if (refused)
      for (const sync::RecordKey& key : allowed) mates_.emplace(key, *refused);
  }
}

// Whether the rights allow what a change would do, as far as that can be told before it is merged.
bool Merger::allows(const sync::Incoming& incoming, const sync::Change& change) {
  if (codec::FieldsReader(change.fields).count() > base::kMergedFieldsMax) return true;
  std::optional<sync::RecordState> theirs = sync::decodeState(change.stamps, change.fields, 0);
  if (!theirs) return true;
  Item item;
  item.change = &change;
  Collection* collection = ledger_.known(change.collection);
  item.found = collection && ledger_.load({collection->number, change.id}, item.held, importerOf(incoming));
  bool alive = theirs->alive(), isWhole = change.complete;
  base::ByteView fields = change.fields;
  if (item.found) {
    sync::RecordState& mine = item.held.state;
    if (hides(incoming, item)) return isPartOf(*theirs, mine);
    isWhole = isWhole || mine.whole;
    bool changed = sync::merge(mine, *theirs, ledger_.nextPosition(), [](std::uint64_t) { return false; }).changed;
    if (!changed) return true;
    alive = mine.alive();
    sync::encodeState(mine, ledger_.nextPosition(), encoded_);
    fields = encoded_.fields;
  }
  return (alive && !isWhole) || !checkRights(incoming, item, alive, fields);
}

// Loads the rows of the next stretch. Returns the number of its changes.
std::size_t Merger::load(const sync::Incoming& incoming, std::size_t from) {
  std::span<const sync::Change> changes = std::span(incoming.changes).subspan(from);
  std::size_t size = differentRecords(changes, kStretchRecords);
  if (items_.size() < size) items_.resize(size);
  keys_.clear();
  for (std::size_t i = 0; i < size; i++) {
    Collection* collection = ledger_.known(changes[i].collection);
    keys_.push_back({collection ? collection->number : 0, changes[i].id});
  }
  Notes& rows = ledger_.rows();
  std::int64_t importer = importerOf(incoming);
  std::size_t loaded = 0, bytes = 0;
  rows.find(keys_, importer, [&](std::size_t i, const Row* row) {
    Item& item = items_[i];
    item.change = &changes[i];
    item.found = row != nullptr;
    item.mentioned = item.holds = false;
    item.aside.reset();
    item.handle = row ? row->handle : 0;
    if (row) {
      item.held.take(*row);
      bytes += row->stamps.size() + row->fields.size();
    }
    loaded = i + 1;
    return bytes < kStretchBytes;
  });
  refused_.clear();
  if (mirror_.setAside == 0 && !mirror_.hasRefused) return loaded;
  std::vector<sync::RecordKey> named;
  for (std::size_t i = 0; i < loaded; i++) named.push_back(items_[i].key());
  std::map<sync::RecordKey, ErrorCode> aside = rows.setAside(linkOf(incoming), named);
  for (std::size_t i = 0; i < loaded; i++)
    if (auto found = aside.find(named[i]); found != aside.end()) items_[i].aside = found->second;
  if (mirror_.hasRefused) refused_ = rows.refused(named);
  return loaded;
}

// Writes the rows of the stretch, then what was set aside, and what needs the handles of the rows.
void Merger::endStretch(const sync::Incoming& incoming, std::size_t size) {
  Notes& rows = ledger_.rows();
  if (!rejections_.empty()) rows.noteRejections(linkOf(incoming), rejections_, clock_.wallMs());
  rejections_.clear();
  std::vector<Writer::Delivered> holds;
  for (const Item& item : std::span(items_).first(size)) {
    if (item.handle == 0) continue;
    if (item.mentioned && incoming.sweep) incoming.sweep->mentioned.push_back(item.handle);
    if (item.holds) holds.push_back({item.handle, {Delivery::Kind::itsOwn, 0}});
  }
  if (holds.empty()) return;
  rows.setDelivered(rows.addImporter(incoming.agreement.peer.replica), holds);
}

void Merger::receive(const sync::Incoming& incoming, Item& item, sync::ApplyResult& result) {
  const sync::Change& change = *item.change;
  using Reason = sync::Refusal::Reason;
  const sync::Scope& scope = incoming.agreement.scope;
  auto broken = [&](Reason reason, const std::string& what) {
    result.refused = {reason, item.key(), {ErrorCode::ProtocolError, "the peer sent " + what}};
  };
  auto outside = [&] { broken(Reason::outsideScope, "what this link does not carry"); };
  if (!scope.has(change.collection)) return outside();
  if (change.left) {
    if (item.aside) heardOf(incoming, item, result);
    if (incoming.refused.contains(item.key()) && item.found)
      result.unsent = !replace(incoming, item.key(), item.held, nullptr, result);
    else
      result.unsent = !leave(incoming, item);
    if (!result.unsent && mirror_.hasRefused)
      for (Refused& each : ledger_.rows().refused(std::vector<sync::RecordKey>{item.key()}))
        if (each.peer == incoming.agreement.peer.replica) keepOwn(ledger_, author_, std::move(each));
    return;
  }
  std::optional<sync::RecordState> theirs;
  if (codec::FieldsReader(change.fields).count() <= base::kMergedFieldsMax)
    theirs = sync::decodeState(change.stamps, change.fields, 0);
  if (!theirs) return broken(Reason::unreadable, "a record that cannot be decoded (" + change.id.toString() + ")");
  if (!scope.allFields())
    for (const sync::Cell& cell : theirs->cells)
      if (scope.excludes(cell.name)) return outside();
  // A batch may have waited here since before the peer judged the latest changes; an answer has not.
  bool replaces = incoming.again && item.found && incoming.refused.contains(item.key());
  replaces = replaces && !checkTime(incoming, *theirs, result);
  if (replaces) replace(incoming, item.key(), item.held, &*theirs, result);
  if (item.aside && !change.complete && item.aside != ErrorCode::PermissionDenied) {
    result.missing.push_back(item.key());  // the cursor has passed the rest of the record
  } else if (std::optional<sync::Bye> why = mergeOne(incoming, item, *theirs, result)) {
    if (isJudged_ && judging_ == Judging::asTheyMerge && why->code == ErrorCode::PermissionDenied)
      throw RefusedInTransaction{};
    setAside(incoming, item, *why, result);
  } else {
    if (item.aside && change.complete) heardOf(incoming, item, result);
    for (const Refused& each : refused_) {
      // What has just been taken out is counted against this record already.
      if (replaces || each.peer != incoming.agreement.peer.replica || each.key != item.key()) continue;
      countAgain(ledger_, author_, each, item.found ? item.held.state : *theirs);
      if (change.complete && !incoming.refused.contains(each.key)) awaited_.push_back(each.key);
    }
  }
}

// `key` names a record of which the peer has refused a change: the peer's record takes its place. Returns false if the
// peer has yet to get changes of it.
bool Merger::replace(const sync::Incoming& incoming, const sync::RecordKey& key, Held& held,
                     const sync::RecordState* theirs, sync::ApplyResult& result) {
  if (!takeOut(ledger_, author_, incoming, held, theirs, incoming.refused.at(key), origin_, clock_.wallMs(),
               overridden_))
    return false;
  result.replaced.push_back(key);
  return true;
}

std::optional<sync::Bye> Merger::mergeOne(const sync::Incoming& incoming, Item& item, sync::RecordState& theirs,
                                          sync::ApplyResult& result) {
  if (std::optional<sync::Bye> why = checkTime(incoming, theirs, result)) return why;
  bool waitsAside = incoming.again && item.aside == ErrorCode::PermissionDenied;  // at the peer, too
  if (hides(incoming, item) && !isPartOf(theirs, item.held.state)) {
    const Row& row = item.held.row();
    std::optional<sync::Bye> why = incoming.agreement.writes.rights->refusalOf(std::string(item.change->collection),
                                                                               row.id, row.fields, std::nullopt);
    if (!waitsAside) takeBackHidden(incoming, item, result);
    return why;
  }
  bool left = item.found && (item.held.row().flags & kLeft);
  for (const Refused& each : refused_)
    if (each.key == item.key() && each.peer != incoming.agreement.peer.replica &&
        repeats(theirs, item.found && !left ? &item.held.state : nullptr, each.state()))
      return each.why;
  if (auto mate = mates_.empty() ? mates_.end() : mates_.find(item.key()); mate != mates_.end()) {
    if (!waitsAside) takeBackHidden(incoming, item, result);
    return sync::Bye{ErrorCode::PermissionDenied,
                     "its transaction changes " + mate->second.toString() +
                         " as well, which is refused; of a transaction all is taken, or nothing"};
  }
  // A repair must not bring back a record that another peer took back: the two would take it back and repair it for
  // ever.
  if (incoming.repair && left && !cameFrom(incoming, item.held.row())) return std::nullopt;
  if (std::optional<sync::Bye> why = checkStamps(incoming, theirs, item.found && !left ? &item.held.state : nullptr))
    return why;
  std::uint64_t latest = item.found ? item.held.row().position : 0;
  if (std::optional<sync::Bye> why =
          item.found ? mergeHeld(incoming, item, theirs, result) : mergeNew(incoming, item, theirs, result)) {
    if (!waitsAside) takeBackHidden(incoming, item, result);
    return why;
  }
  if (left) result.mustSync = incoming.agreement.exports() && !incoming.repair;
  if (result.missing.empty()) mirror_.clock.observe(latestTime(theirs));
  item.mentioned = true;
  if (!incoming.agreement.reads.chooses() || !result.missing.empty()) return std::nullopt;
  return noteHolder(incoming, item, latest, result);
}

// A client that may bring only its own writes may be one allowance (kClockSkewMsMax) ahead. Any other write was checked
// by the replica where it came in, and that replica's clock may be one allowance ahead of this one. This replica's
// hybrid clock follows what it accepts; with these bounds no client can push it so far that others refuse the writes
// made here.
std::optional<sync::Bye> Merger::checkTime(const sync::Incoming& incoming, const sync::RecordState& theirs,
                                           sync::ApplyResult& result) const {
  std::int64_t ahead = sync::HybridClock::toWall(latestTime(theirs)) - clock_.wallMs();
  bool itsOwn = incoming.agreement.writes.trust == sync::StampTrust::own;
  std::int64_t beyond = ahead - (itsOwn ? 1 : 2) * base::kClockSkewMsMax;
  if (beyond <= 0) return std::nullopt;
  result.retryInMs = std::min(result.retryInMs.value_or(beyond), beyond);
  return sync::Bye{
      ErrorCode::ClockSkew,
      "it is dated " + std::to_string(ahead / 60'000) +
          " minutes ahead of the clock of the refusing machine. If that clock is right, the clock of the writing "
          "machine was wrong: mend the database that wrote the record with restamp() (blazedb restamp FILE)"};
}

std::optional<sync::Bye> Merger::checkStamps(const sync::Incoming& incoming, const sync::RecordState& theirs,
                                             const sync::RecordState* mine) const {
  if (incoming.agreement.writes.trust == sync::StampTrust::all) return std::nullopt;
  sync::StampRules rules;
  rules.trust = incoming.agreement.writes.trust;
  rules.clock = std::max(mirror_.clock.last(), sync::HybridClock::fromWall(clock_.wallMs()));
  rules.incarnation = author_.incarnation;
  rules.lostUntil = mirror_.lostUntil;
  std::optional<std::string> why = sync::refusalOf(theirs, mine, rules);
  if (!why) return std::nullopt;
  return sync::Bye{ErrorCode::NotAllowed, std::move(*why)};
}

// Judges the record as it was and as it would be, so that nobody gets a record by rewriting its owner.
std::optional<sync::Bye> Merger::checkRights(const sync::Incoming& incoming, const Item& item, bool alive,
                                             base::ByteView fields) const {
  const sync::Rights* rights = incoming.agreement.writes.rights.get();
  if (!rights || isAllowed_) return std::nullopt;
  std::optional<base::ByteView> before, after;
  if (item.found && item.held.alive()) before = item.held.row().fields;
  if (alive) after = fields;
  return rights->refusalOf(std::string(item.change->collection), item.change->id, before, after);
}

std::optional<sync::Bye> Merger::mergeNew(const sync::Incoming& incoming, Item& item, sync::RecordState& theirs,
                                          sync::ApplyResult& result) {
  const sync::Change& change = *item.change;
  bool alive = theirs.alive();
  if (!change.complete && alive) {
    result.missing.push_back(item.key());
    return std::nullopt;
  }
  bool whole = theirs.whole && change.complete;
  bool encodes = whole != theirs.whole;
  Image after;
  Row& row = after.row;
  row.stamps = change.stamps;
  row.fields = change.fields;
  if (encodes) {
    theirs.whole = whole;
    sync::encodeState(theirs, 0, encoded_);
    row.stamps = encoded_.stamps;
    row.fields = encoded_.fields;
  }
  if (row.stamps.size() + row.fields.size() > base::kMergedBytesMax) return tooLarge();
  if (std::optional<sync::Bye> why = checkRights(incoming, item, alive, row.fields)) return why;
  if (!ledger_.known(change.collection) && !ledger_.room())
    return sync::Bye{ErrorCode::TooLarge,
                     "it needs a new collection, and the refusing database has as many as it can hold"};
  Collection& collection = ledger_.collectionFor(change.collection);
  row.collection = collection.number;
  row.id = change.id;
  row.position = ledger_.nextPosition();
  row.origin = originFor(incoming, item);
  row.flags = (alive ? kAlive : 0) | (whole ? kWhole : 0) | kUniform;
  if (alive) after.hash = sync::hashOf(row.id, theirs);
  ledger_.put(collection, nullptr, after, encodes ? &encoded_ : nullptr, &item.handle);
  item.held.image.row = row;
  return std::nullopt;
}

std::optional<sync::Bye> Merger::mergeHeld(const sync::Incoming& incoming, Item& item, sync::RecordState& theirs,
                                           sync::ApplyResult& result) {
  const sync::Change& change = *item.change;
  Collection& collection = *ledger_.known(change.collection);
  sync::RecordState& mine = item.held.state;
  bool wasWhole = mine.whole;
  noteSwept(incoming, item, theirs);
  sync::MergeOutcome outcome = sync::merge(mine, theirs, ledger_.nextPosition(),
                                           [&](std::uint64_t writer) { return author_.own.contains(writer); });
  bool alive = mine.alive();
  if (!wasWhole) {
    // A deleted record stays incomplete: this peer may not hold all the values that were purged here.
    mine.whole = alive && change.complete;
  } else if (change.complete && !theirs.whole && outcome.changed && !alive) {
    mine.whole = false;  // the peer has purged the values of its delete: this replica does not know which it covered
  }
  if (alive && !mine.whole) {
    result.missing.push_back(item.key());
    return std::nullopt;
  }
  bool forgotten = recall(incoming, item, theirs);
  if (outcome.changed && alive && !theirs.whole && !theirs.alive()) {
    // The peer has deleted a record that lives on here, and has purged the values: it needs all of them.
    sync::detail::reviveAt(mine, ledger_.nextPosition());
    forgotten = true;
  }
  if (outcome.changed || forgotten) {
    if (outcome.changed && incoming.agreement.writes.rights) {
      sync::encodeState(mine, ledger_.nextPosition(), encoded_);
      if (std::optional<sync::Bye> why = checkRights(incoming, item, alive, encoded_.fields)) return why;
    }
    if (!ledger_.change(collection, item.held, outcome.revived || forgotten ? 0 : originFor(incoming, item), true))
      return tooLarge();
    if (!outcome.overridden.empty()) addOverridden(overridden_, item.key(), outcome, author_);
  } else if (mine.whole != wasWhole) {
    ledger_.correct(collection, item.held);
  }
  return std::nullopt;
}

// Whether the peer's user may not read the record that is held here. Of a deleted one that counts as long as the peer
// may still have the record: it is taken back there, and what the user wrote in it would be lost with it.
bool Merger::hides(const sync::Incoming& incoming, const Item& item) const {
  const sync::Rights* rights = incoming.agreement.writes.rights.get();
  if (!rights || isAllowed_ || !item.found || (item.held.row().flags & kLeft)) return false;
  if (!item.held.alive() && !incoming.again && !mayHave(incoming, item)) return false;
  return !rights->mayRead(std::string(item.change->collection), item.change->id, item.held.row().fields);
}

// Whether the peer was given the record, and has not confirmed that it was taken back.
bool Merger::mayHave(const sync::Incoming& incoming, const Item& item) const {
  const Row& row = item.held.row();
  if (!row.delivery) return false;
  return row.delivery->kind != Delivery::Kind::takenBack ||
         !incoming.acknowledged.has(row.position, row.delivery->position);
}

// The peer's number as an importer; 0 if nothing chooses what it gets.
std::int64_t Merger::importerOf(const sync::Incoming& incoming) {
  return incoming.agreement.reads.chooses() ? ledger_.rows().importer(incoming.agreement.peer.replica) : 0;
}

// Some changes are sent back to the peer like any other, because it may lose them. What the rights had refused, and now
// allow, its user may have given up before the peer hears that it was taken. And what the peer wrote before it came to
// a delivery of the record goes if that takes the record back, and gives it again.
std::int64_t Merger::originFor(const sync::Incoming& incoming, const Item& item) const {
  bool wasRefused = incoming.again && item.aside == ErrorCode::PermissionDenied;
  bool isUnderWay = false;
  if (item.found && item.held.row().delivery) {
    const Delivery& known = *item.held.row().delivery;
    isUnderWay =
        known.kind != Delivery::Kind::itsOwn && !incoming.acknowledged.has(item.held.row().position, known.position);
  }
  return wasRefused || isUnderWay ? 0 : origin_;
}

// During a sweep: notes the fields that the peer's record does not have, and that this replica will not send to it.
void Merger::noteSwept(const sync::Incoming& incoming, const Item& item, const sync::RecordState& theirs) {
  const sync::RecordState& mine = item.held.state;
  if (!incoming.sweep || !item.change->complete || !theirs.whole || !theirs.alive() || !mine.alive()) return;
  const Row& row = item.held.row();
  const sync::Cursor& applied = incoming.sweep->peerHasApplied;
  bool isTheirs = row.origin == origin_ && row.changedOnce(applied.complete);
  std::vector<sync::Sweep::Field> fields;
  auto its = theirs.cells.begin();
  for (const sync::Cell& cell : mine.cells) {
    while (its != theirs.cells.end() && its->name < cell.name) ++its;
    bool there = its != theirs.cells.end() && its->name == cell.name;
    bool had = isTheirs || applied.has(row.position, cell.position);
    if (there || !had || incoming.agreement.scope.excludes(cell.name)) continue;
    fields.push_back({std::string(cell.name), cell.stamp});
  }
  if (fields.empty())
    incoming.sweep->fields.erase(item.key());
  else
    incoming.sweep->fields[item.key()] = std::move(fields);
}

// A change that the rights of the peer's user refuse shows that the peer has the record. If the user may not read it,
// the feed reader takes it back; if it is deleted here, the peer has to hear of that.
void Merger::takeBackHidden(const sync::Incoming& incoming, Item& item, sync::ApplyResult& result) {
  const sync::Rights* rights = incoming.agreement.reads.rights.get();
  if (!rights || !item.found || (item.held.row().flags & kLeft)) return;
  Row row = item.held.row();
  if (row.alive() && rights->mayRead(std::string(item.change->collection), row.id, row.fields)) return;
  base::Bytes stamps(row.stamps.begin(), row.stamps.end()), fields(row.fields.begin(), row.fields.end());
  row.stamps = stamps;
  row.fields = fields;
  item.held.take(row);  // the merge has changed the state, and is not stored
  noteHolder(incoming, item, row.position, result);
}

// An importer that sends a record has it, even if it should not; unless it has not yet heard that the record was taken
// back. The chooser decides about the record when the feed reader comes to it, so a change that changed nothing takes a
// position too. `latest`: the row's position before the change.
std::optional<sync::Bye> Merger::noteHolder(const sync::Incoming& incoming, Item& item, std::uint64_t latest,
                                            sync::ApplyResult& result) {
  if (item.found && item.held.row().delivery) {
    const Delivery& known = *item.held.row().delivery;
    if (known.kind != Delivery::Kind::takenBack) return std::nullopt;
    if (!incoming.acknowledged.has(latest, known.position)) {
      result.mustSync = true;
      return std::nullopt;
    }
  }
  if (item.held.row().position == latest) {
    ledger_.flush();  // the queue may have a row only once
    if (!ledger_.change(*ledger_.known(item.change->collection), item.held, item.held.row().origin, true))
      return tooLarge();
  }
  item.holds = true;
  return std::nullopt;
}

// The peer once applied a stamp and now sends the record without it: it has purged that part. It must get the part
// again, or the two would differ for good. Not so what it has refused. Returns whether there is such a part.
bool Merger::recall(const sync::Incoming& incoming, Item& item, const sync::RecordState& theirs) {
  bool forgotten = false;
  if (incoming.refused.contains(item.key())) return false;
  const Row& row = item.held.row();
  sync::RecordState& mine = item.held.state;
  // The peer has had what it acknowledged, and what it sent itself, which is never sent to it.
  auto had = [&](std::uint64_t position) {
    return incoming.acknowledged.has(row.position, position) || (!mine.alive() && position <= incoming.deadFrom) ||
           (row.origin == origin_ && position == row.position);
  };
  auto compare = [&](const sync::Stamp& stamp, const sync::Stamp& its, std::uint64_t& position) {
    if (stamp <= its || !had(position)) return;
    position = ledger_.nextPosition();
    forgotten = true;
  };
  compare(mine.base.stamp, theirs.base.stamp, mine.base.position);
  compare(mine.tomb.stamp, theirs.tomb.stamp, mine.tomb.position);
  compare(mine.floor.stamp, theirs.floor.stamp, mine.floor.position);
  std::vector<bool> removed = mine.withoutValue();
  auto its = theirs.cells.begin();
  for (std::size_t i = 0; i < mine.cells.size(); i++) {
    sync::Cell& cell = mine.cells[i];
    while (its != theirs.cells.end() && its->name < cell.name) ++its;
    bool there = its != theirs.cells.end() && its->name == cell.name;
    if (incoming.agreement.scope.excludes(cell.name)) continue;  // never sent to the peer
    if (!there && removed[i]) continue;                          // the peer has forgotten a removal: the two agree
    if (!there && incoming.sweep) continue;                      // what the peer lacks, the end of the sweep removes
    if (there || (item.change->complete && theirs.whole))
      compare(cell.stamp, there ? its->stamp : sync::Stamp{}, cell.position);
  }
  return forgotten;
}

// Whether the user gets a copy of a record that the peer takes back, because the peer lacks something of it that was
// written here: it has refused that, which is no longer listed then, or this end does not send.
bool Merger::keepsMore(const sync::Incoming& incoming, const Item& item) {
  const sync::Agreement& agreement = incoming.agreement;
  const Row& row = item.held.row();
  auto ours = [&](const sync::Stamp& stamp, std::uint64_t position) {
    return author_.own.contains(stamp.writer) && !incoming.acknowledged.has(row.position, position);
  };
  const sync::RecordState& mine = item.held.state;
  if (!agreement.sends)
    return ours(mine.base.stamp, mine.base.position) ||
           std::any_of(mine.cells.begin(), mine.cells.end(), [&](const sync::Cell& cell) {
             return !agreement.scope.excludes(cell.name) && ours(cell.stamp, cell.position);
           });
  if (!hasRefused_) hasRefused_ = ledger_.rows().rejectedCount(agreement.peer.replica, RejectedBy::peer) > 0;
  if (!*hasRefused_) return false;
  RejectedOn link{agreement.peer.replica, agreement.scope, RejectedBy::peer};
  std::vector<sync::RecordKey> key{item.key()};
  if (ledger_.rows().setAside(link, key).empty()) return false;
  // The copy takes its place.
  std::vector<sync::Rejection> over{{key[0], std::nullopt}};
  ledger_.rows().noteRejections(link, over, clock_.wallMs());
  return true;
}

// The peer takes the record back. The row stays in the feed without a state, so that peers that got the record from
// here learn of it. An importer gives up every such record, once the exporter has the changes made here. Between equals
// only a record goes that nobody else has changed. A peer that may not erase is ignored. Returns false if changes have
// to be sent to the peer first.
bool Merger::leave(const sync::Incoming& incoming, Item& item) {
  const sync::Agreement& agreement = incoming.agreement;
  if (!item.found) return true;
  const Row& row = item.held.row();
  if (row.flags & kLeft) return true;
  bool theirs = cameFrom(incoming, row);
  if (!agreement.mayTakeBack(theirs)) return true;
  auto unsent = [&](std::uint64_t position) {
    return !incoming.acknowledged.has(row.position, position) && !(theirs && position == row.position);
  };
  const sync::RecordState& mine = item.held.state;
  bool waits =
      agreement.sends &&
      (unsent(mine.base.position) || unsent(mine.tomb.position) || unsent(mine.floor.position) ||
       std::any_of(mine.cells.begin(), mine.cells.end(), [&](const auto& cell) { return unsent(cell.position); }));
  // A sweep keeps a record with unsent changes. So do equals, since each might wait for the other.
  if (waits) return incoming.sweep != nullptr || !agreement.imports();
  using Because = RemovedRecord::Because;
  if (item.held.alive() && (agreement.journalsRemovals() || keepsMore(incoming, item)))
    keepRemoved(ledger_, row, agreement.peer.replica, Because::takenBack, clock_.wallMs());
  else if (item.held.alive())
    // What the link does not carry the peer never had.
    keepRemovedFields(
        ledger_, item.held, [&](const sync::Cell& cell) { return agreement.scope.excludes(cell.name); },
        agreement.peer.replica, Because::takenBack, clock_.wallMs());
  ledger_.noteLost(latestTime(mine));
  item.held.state = {};
  item.held.state.whole = false;
  ledger_.change(ledger_.collectionOf(row), item.held, origin_, true);
  return true;
}

// Marks the record as mentioned, because the peer has it: a sweep must not remove an earlier state that is held here.
void Merger::setAside(const sync::Incoming& incoming, Item& item, const sync::Bye& why, sync::ApplyResult& result) {
  if (!item.aside) {
    if (!rejectedOfPeer_)
      rejectedOfPeer_ = ledger_.rows().rejectedCount(incoming.agreement.peer.replica, RejectedBy::us) -
                        rejections_.size();  // those of this stretch that are no longer aside
    if (*rejectedOfPeer_ >= base::kRejectedMax) {
      result.refused = {sync::Refusal::Reason::tooManySetAside,
                        item.key(),
                        {why.code, "more than " + std::to_string(base::kRejectedMax) +
                                       " records of this peer are refused, now also " + item.change->id.toString() +
                                       ": " + why.text}};
      return;
    }
    ++*rejectedOfPeer_;
    mirror_.setAside++;
  }
  rejections_.push_back({item.key(), why});
  // The peer keeps such a change aside, too, and is told only of new ones.
  bool isKnown = incoming.again && item.aside == ErrorCode::PermissionDenied && why.code == *item.aside;
  if (!isKnown) result.rejected.push_back(rejections_.back());
  item.mentioned = true;
}

// The whole of a record that is set aside has come, or the record has left. What rights have refused waits at the peer
// beside the record, so only the answer to a question tells whether it has come too.
void Merger::heardOf(const sync::Incoming& incoming, const Item& item, sync::ApplyResult& result) {
  if (item.aside == ErrorCode::PermissionDenied && !incoming.again)
    result.askDenied = true;
  else
    noLongerAside(item.key(), result);
}

// `key` was set aside.
void Merger::noLongerAside(const sync::RecordKey& key, sync::ApplyResult& result) {
  mirror_.setAside--;
  if (rejectedOfPeer_) --*rejectedOfPeer_;
  rejections_.push_back({key, std::nullopt});
  result.rejected.push_back(rejections_.back());
}

// The peer no longer holds these records.
void Merger::noteGone(const sync::Incoming& incoming, sync::ApplyResult& result) {
  for (const sync::RecordKey& key : incoming.gone) {
    if (!incoming.refused.contains(key)) continue;
    Collection* collection = ledger_.known(key.collection);
    Held held;
    if (!collection || !ledger_.load({collection->number, key.id}, held) || (held.row().flags & kLeft))
      result.replaced.push_back(key);
    else
      replace(incoming, key, held, nullptr, result);
    ledger_.flush();
  }
  if (mirror_.setAside == 0 || incoming.gone.empty()) return;
  Notes& rows = ledger_.rows();
  for (const auto& [key, code] : rows.setAside(linkOf(incoming), incoming.gone)) noLongerAside(key, result);
  if (!rejections_.empty()) rows.noteRejections(linkOf(incoming), rejections_, clock_.wallMs());
  rejections_.clear();
}

bool Merger::cameFrom(const sync::Incoming& incoming, const Row& row) {
  if (!origins_) origins_ = ledger_.rows().originsOf(incoming.agreement.peer.replica);
  return origins_->contains(row.origin);
}

}  // namespace blazedb::replica
