// Every way to change a row ends in put(), add(), erase() or eraseAll(). Each of these updates the sums of the
// collection (account). put() and add() take a position in the feed for a record that changed (takePosition). A row
// that is erased takes none, nor does one of which only this replica's knowledge changed.
#include "replica/ledger.h"

#include <algorithm>

#include "base/limits.h"
#include "base/names.h"
#include "blazedb/error.h"
#include "codec/fields.h"

namespace blazedb::replica {
namespace {

// Positions of added rows that wait, so that the store can write many with one statement.
constexpr std::size_t kPositionsQueued = 256;

}  // namespace

void Held::take(const Row& row) {
  stamps_.assign(row.stamps.begin(), row.stamps.end());
  fields_.assign(row.fields.begin(), row.fields.end());
  image.row = row;
  image.row.stamps = stamps_;
  image.row.fields = fields_;
  state = image.row.state();
  image.hash.reset();
  if (state.alive()) image.hash = sync::hashOf(row.id, state);
}

Ledger::Ledger(Writer& rows, Mirror& mirror)
    : rows_(rows), mirror_(mirror), lostUntilBefore_(mirror.lostUntil), horizonBefore_(mirror.horizon) {}

Notes& Ledger::rows() {
  flush();
  return rows_;
}

Collection* Ledger::known(std::string_view name) {
  auto found = mirror_.collections.find(std::string(name));
  return found == mirror_.collections.end() ? nullptr : &found->second;
}

Collection& Ledger::collectionFor(std::string_view view) {
  if (Collection* found = known(view)) return *found;
  std::string name(view);
  base::requireName(name, "collection");
  if (!room())
    throw Error(ErrorCode::TooLarge, "there are " + std::to_string(kCollectionsMax) +
                                         " collections in this database already; put the record into one of them");
  Collection collection;
  flush();
  collection.number = rows_.addCollection(name);
  collection.name = name;
  return mirror_.collections.emplace(name, std::move(collection)).first->second;
}

Collection& Ledger::collectionOf(const Row& row) {
  if (numbered_.size() != mirror_.collections.size())
    for (auto& [name, collection] : mirror_.collections) numbered_[collection.number] = &collection;
  if (auto found = numbered_.find(row.collection); found != numbered_.end()) return *found->second;
  throw Error(ErrorCode::DamagedPage, "the record " + row.id.toString() +
                                          " belongs to a collection that is not there; restore the file from a backup");
}

bool Ledger::load(const Key& key, Held& out, std::int64_t importer) {
  auto take = [&](const Row& row) { out.take(row); };
  return rows().findOne(key, take, importer);
}

bool Ledger::add(Collection& collection, Image& after) {
  if (!queue_.empty() || !erased_.empty() || taken_.size() >= kPositionsQueued) flush();
  if (!rows_.add(after.row)) return false;
  account(collection, nullptr, &after);
  takePosition(after.row.handle);
  noteIfAside(collection, after.row.id);
  noteTouched(collection, after.row.id, false, after.hash.has_value());
  return true;
}

void Ledger::put(Collection& collection, const Image* before, const Image& after, sync::EncodedState* bytes,
                 std::int64_t* handle) {
  if (!erased_.empty()) flush();
  std::size_t place = queue_.size();
  Row& queued = queue_.emplace_back(after.row);
  handles_.push_back(handle);
  if (bytes) {
    if (bytes_.size() <= place) bytes_.resize(place + 1);
    std::swap(bytes_[place], *bytes);
    queued.stamps = bytes_[place].stamps;
    queued.fields = bytes_[place].fields;
  }
  account(collection, before, &after);
  // Fields that a sweep removes are no change that others are told of, but one that is seen here.
  if (!before || before->row.position != after.row.position || before->hash != after.hash)
    noteTouched(collection, after.row.id, before && before->hash, after.hash.has_value());
  if (before && before->row.position == after.row.position) return;
  if (before) mirror_.stale++;
  takePosition(after.row.handle);
  if (after.row.handle == 0) taken_.back().queued = place;
  noteIfAside(collection, after.row.id);
}

bool Ledger::change(Collection& collection, Held& held, std::int64_t origin, bool merges) {
  const Row& before = held.image.row;
  std::uint64_t position = nextPosition();
  forgetFields(held.state);
  sync::encodeState(held.state, position, encoded_);
  bool grows = encoded_.fields.size() > before.fields.size();
  bool tooMany = held.state.cells.size() > (merges ? base::kMergedFieldsMax : base::kFieldsMax) &&
                 held.state.cells.size() > codec::FieldsReader(before.fields).count();
  if (tooMany || (!merges && grows && encoded_.fields.size() > base::kRecordBytesMax) ||
      encoded_.fields.size() + encoded_.stamps.size() > base::kMergedBytesMax)
    return false;
  store(collection, held, position, origin);
  return true;
}

void Ledger::correct(Collection& collection, Held& held) {
  sync::encodeState(held.state, held.image.row.position, encoded_);
  store(collection, held, held.image.row.position, held.image.row.origin);
}

// The image keeps the bytes that were loaded, because the state views them.
void Ledger::store(Collection& collection, Held& held, std::uint64_t position, std::int64_t origin) {
  Image after = held.image;
  after.row.position = position;
  after.row.origin = origin;
  after.row.flags = flagsOf(held.state, position);
  after.hash.reset();
  if (after.row.alive()) after.hash = sync::hashOf(after.row.id, held.state);
  put(collection, &held.image, after, &encoded_);
  held.image = after;
}

void Ledger::erase(const Image& before) {
  if (!queue_.empty()) flush();
  Collection& collection = collectionOf(before.row);
  account(collection, &before, nullptr);
  noteTouched(collection, before.row.id, before.hash.has_value(), false);
  erased_.push_back(before.row);
  erased_.back().stamps = erased_.back().fields = {};  // they may not live until flush()
  mirror_.stale++;
}

void Ledger::eraseAll() {
  flush();
  noteLost(mirror_.clock.last());
  UUID last;
  last.bytes.fill(0xFF);
  for (const auto& [name, collection] : mirror_.collections)
    if (mirror_.observed && mirror_.observed(name))
      rows_.range(collection.number, UUID(), last, [&, &each = collection](const Row& row) {
        noteTouched(each, row.id, row.alive(), false);
        return true;
      });
  rows_.eraseAll();
  for (auto& [name, collection] : mirror_.collections) {
    collection.live = 0;
    collection.digest = {};
    if (std::find(touched_.begin(), touched_.end(), &collection) == touched_.end()) touched_.push_back(&collection);
  }
  mirror_.stale = 0;
}

void Ledger::takeEmptyPosition() { takePosition(0); }

void Ledger::raiseHorizon(std::uint64_t position) { mirror_.horizon = std::max(mirror_.horizon, position); }

void Ledger::noteLost(std::uint64_t time) { mirror_.lostUntil = std::max(mirror_.lostUntil, time); }

void Ledger::account(Collection& collection, const Image* before, const Image* after) {
  bool was = before && before->hash, is = after && after->hash;
  adds_ = adds_ || is;
  if (was) {
    collection.digest.subtract(*before->hash);
    collection.live--;
  }
  if (is) {
    collection.digest.add(*after->hash);
    collection.live++;
  }
  if ((was || is) && std::find(touched_.begin(), touched_.end(), &collection) == touched_.end())
    touched_.push_back(&collection);
}

void Ledger::takePosition(std::int64_t handle) { taken_.push_back({{++mirror_.position, handle, 0}, std::nullopt}); }

void Ledger::noteIfAside(const Collection& collection, const UUID& id) {
  if (mirror_.setAside > 0) changed_.push_back({collection.name, id});
}

void Ledger::noteTouched(const Collection& collection, const UUID& id, bool was, bool is) {
  if (!mirror_.observed || (!was && !is) || !mirror_.observed(collection.name)) return;
  mirror_.touched.push_back({{collection.number, id}, was, is, mirror_.peer});
}

void Ledger::forgetFields(sync::RecordState& state) {
  bool any = std::any_of(state.cells.begin(), state.cells.end(),
                         [](const sync::Cell& cell) { return cell.removed() || codec::isAssigned(cell.value); });
  if (!any || !mirror_.forgettable) return;
  if (!forgettable_) forgettable_ = mirror_.forgettable();
  Forgotten forgotten = forgetRemovedFields(state, *forgettable_);
  if (forgotten.position == 0) return;
  noteLost(forgotten.time);
  raiseHorizon(forgotten.position);
}

void Ledger::keep(const Refused& refused) {
  rows().setRefused(refused);
  mirror_.hasRefused = keepsRefused_ = true;
}

void Ledger::endTransaction() {
  if (!taken_.empty()) taken_.back().position.mark = std::max<std::uint64_t>(mirror_.clock.last(), 1);
}

void Ledger::flush() {
  if (!queue_.empty()) rows_.put(queue_);
  if (!erased_.empty()) rows_.erase(erased_);
  erased_.clear();
  for (std::size_t i = 0; i < queue_.size(); i++)
    if (handles_[i]) *handles_[i] = queue_[i].handle;
  written_.clear();
  for (Taken& taken : taken_) {
    if (taken.queued) taken.position.handle = queue_[*taken.queued].handle;
    taken.queued.reset();
    written_.push_back(taken.position);
  }
  queue_.clear();
  handles_.clear();
  // The last position is written later: the transaction may end with it, and it would then need a mark.
  bool waits = !taken_.empty() && taken_.back().position.mark == 0;
  if (waits) {
    written_.pop_back();
    taken_.front() = taken_.back();
    taken_.resize(1);
  } else {
    taken_.clear();
  }
  if (!written_.empty()) rows_.append(written_);
  if (!changed_.empty()) mirror_.changedAside += rows_.noteChanged(changed_);
  changed_.clear();
  if (!removed_.empty()) rows_.addRemoved(removed_);
  removed_.clear();
}

void Ledger::finish() {
  endTransaction();
  flush();
  if (!touched_.empty()) rows_.setTotals(touched_);
  touched_.clear();
  if (mirror_.lostUntil != lostUntilBefore_) rows_.setLostUntil(mirror_.lostUntil);
  if (mirror_.horizon != horizonBefore_) rows_.setHorizon(mirror_.horizon);
}

Ledger::Savepoint Ledger::save(const std::string& name) {
  flush();
  Savepoint before{name,         mirror_.position, mirror_.stale,         std::nullopt,
                   std::nullopt, touched_.size(),  mirror_.touched.size()};
  if (Collection* collection = known(name)) before.collection = *collection;
  if (!taken_.empty()) before.tail = taken_.back().position;
  return before;
}

void Ledger::takeBack(const Savepoint& before) {
  mirror_.position = before.position;
  mirror_.stale = before.stale;
  queue_.clear();
  erased_.clear();
  handles_.clear();
  taken_.clear();
  changed_.clear();
  removed_.clear();
  if (before.tail) taken_.push_back({*before.tail, std::nullopt});
  touched_.resize(before.sums);
  mirror_.touched.resize(before.touched);
  numbered_.clear();
  // In place: touched_ has addresses of collections.
  if (before.collection)
    *known(before.name) = *before.collection;
  else
    mirror_.collections.erase(before.name);
}

}  // namespace blazedb::replica
