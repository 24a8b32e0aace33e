// sync::Store over the tables: reading the feed for a peer, merging what a peer sent, sweeping, digests.
#include <algorithm>

#include "base/limits.h"
#include "blazedb/error.h"
#include "db/chooser.h"
#include "db/engine.h"
#include "db/schema.h"

namespace blazedb::db {
namespace {

constexpr std::size_t kRowsAtOnce = 10'000;
constexpr std::size_t kSweptMax = 1000;  // more is suspicious where it is also more than a tenth
const std::string kRemote = "remote ";   // and an address: the replica that was there

// What a frame needs beside the change itself.
constexpr std::size_t kFrameMargin = 1024;

// A run of hashed records reads no further than this.
constexpr std::size_t kHashedBytes = 1u << 20;

// Undoes a merge that cannot be completed.
struct Abandon {};

// What of a record changed after a feed position and belongs to the scope, as it crosses a link; backed by `encoded`
// where it is not the row's own bytes. False where that is nothing.
bool toChange(const Row& row, std::uint64_t after, const sync::Scope& scope, sync::EncodedState& encoded,
              sync::Change& change) {
  change.complete = true;
  change.stamps = row.stamps;
  change.fields = row.fields;
  if ((row.flags & kUniform) && scope.allFields()) return true;
  sync::RecordState state = row.state();
  change.complete = !state.whole || state.base.position > after;
  bool news = change.complete || state.tomb.position > after;
  // What keeps a deleted record alive goes with every part of it: whoever lacks the record must not take it for dead.
  sync::Stamp life = state.alive() && state.tomb.stamp.present() ? state.latest() : sync::Stamp{};
  std::erase_if(state.cells, [&](const sync::Cell& cell) {
    bool out = scope.excludes(cell.name);
    if (!out && cell.position > after) news = true;
    return out || (!change.complete && cell.position <= after && !(life.present() && cell.stamp == life));
  });
  if (!news) return false;
  sync::encodeState(state, 0, encoded);
  change.stamps = encoded.stamps;
  change.fields = encoded.fields;
  return true;
}

// Did everything after `after` come with the change that gave the row its position?
bool changedOnce(const Row& row, std::uint64_t after) {
  if (row.flags & kUniform) return true;
  sync::RecordState state = row.state();
  auto elsewhere = [&](std::uint64_t position) { return position > after && position != row.position; };
  if (elsewhere(state.base.position) || elsewhere(state.tomb.position)) return false;
  return std::none_of(state.cells.begin(), state.cells.end(),
                      [&](const sync::Cell& cell) { return elsewhere(cell.position); });
}

}  // namespace

sync::Identity Engine::identity() {
  std::unique_lock lock = lockIdle();
  ensureIncarnation();
  return {replica_, author_.incarnation, author_.role, name_};
}

bool Engine::empty() const { return readers_.lease()->empty(); }

sync::Cursor Engine::resolve(const sync::Cursor& cursor) const {
  std::lock_guard lock(chainMutex_);
  for (std::size_t i = 0; i < chain_.size(); i++) {
    if (chain_[i].id != cursor.incarnation) continue;
    std::uint64_t end = i + 1 < chain_.size() ? chain_[i + 1].first - 1 : feedEnd();
    std::uint64_t complete = std::min(cursor.complete, end);
    if (cursor.reach > end) return {cursor.incarnation, complete, complete, complete};
    return {cursor.incarnation, cursor.position, complete, cursor.reach};
  }
  return {};
}

sync::Cursor Engine::cursorOn(const UUID& peer, const sync::Scope& scope) const {
  return readers_.lease()->cursorOn(peer, scope);
}

std::uint64_t Engine::ahead(std::uint64_t position, const sync::Scope& scope) const {
  std::uint64_t live = 0;
  for (const CollectionInfo& info : collections())
    if (scope.has(info.name)) live += info.count;
  std::uint64_t positions = feedEnd() - std::min(position, feedEnd());
  return live == 0 && scope.full() ? positions : std::min(positions, live);
}

// Asked for each batch. Once it is known it stays: nothing removes an origin; and only apply() makes one.
std::int64_t Engine::originOf(const sync::Peer& peer, ReadTables& tables) {
  std::lock_guard lock(originsMutex_);
  auto [known, isNew] = origins_.try_emplace({peer.replica, peer.incarnation}, 0);
  if (isNew) known->second = tables.originOf(peer);
  return known->second;
}

sync::FeedRead Engine::readFeed(const sync::FeedQuery& query, sync::BatchWriter& out) {
  ReaderPool::Lease reader = readers_.lease();
  std::int64_t echo = query.withholdEchoes ? originOf(query.agreement.peer, *reader) : 0;
  std::shared_ptr<const Catalog> names;

  sync::FeedRead read{query.after, query.complete, 0, true};
  // The last place where a batch may end, and what the batch was there.
  sync::BatchWriter::Checkpoint good = out.checkpoint();
  std::uint64_t goodTo = query.after;
  // A transaction whose records moved on belongs together with the transactions up to here, where they moved to.
  std::uint64_t joinedUntil = 0;
  bool cut = false;  // through a transaction
  sync::EncodedState encoded;
  Chooser chooser(query.agreement, query.complete, *reader);

  auto tooLarge = [&] {
    // A transaction beyond the limits goes in several batches; what comes before it goes first.
    read.atEnd = false;
    if (goodTo > query.after) {
      out.rewind(good);
      read.to = goodTo;
    } else {
      cut = true;
    }
    return false;
  };
  reader->feed(query.after, [&](const FeedEntry& entry) {
    const Row& row = entry.row;
    bool current = !entry.gone && row.position == entry.position;
    if (!entry.gone && row.position > entry.position) joinedUntil = std::max(joinedUntil, row.position);
    bool withheld = current && echo != 0 && row.origin == echo && changedOnce(row, query.complete);
    bool dead = current && !(row.flags & kAlive) && row.position <= query.deadFrom;
    bool tell = current && !dead && (!withheld || query.agreement.reads.chooses());
    // Looked up late, because a collection may be younger than the call.
    if (tell && (!names || !names->names.contains(row.collection))) names = catalog();
    sync::Change change;
    if (tell) {
      const std::string& collection = names->names.at(row.collection);
      change.collection = collection;
      Verdict verdict = query.agreement.scope.has(collection) ? chooser.judge(collection, row) : Verdict::nothing;
      change.left = verdict == Verdict::takeBack;
      std::uint64_t after = verdict == Verdict::give ? query.complete : 0;
      withheld = withheld && verdict != Verdict::giveAgain && changedOnce(row, after);
      tell = change.left ||
             (!withheld && verdict != Verdict::nothing && toChange(row, after, query.agreement.scope, encoded, change));
    }
    if (tell) {
      if (out.changes() > 0 &&
          out.bytes() + row.stamps.size() + row.fields.size() + kFrameMargin > base::kFrameBytesMax)
        return tooLarge();
      change.id = row.id;
      change.position = entry.position;
      out.add(change);
    }
    read.to = entry.position;
    bool ends = entry.mark != 0 && entry.position >= joinedUntil;
    bool whole = ends || (query.catchingUp && entry.mark != 0);
    if (whole) out.endTransaction();
    if (whole || (query.catchingUp && out.bytes() >= 2 * query.bytesWanted)) {
      good = out.checkpoint();
      goodTo = entry.position;
      read.atEnd = out.bytes() < query.bytesWanted;
      return read.atEnd;
    }
    if (out.changes() >= base::kTransactionRecordsMax) return tooLarge();
    return true;
  });
  // In the middle of a catching-up it is not known which records that were passed over come later; nor where their
  // passed entries may have been trimmed already.
  bool known = !query.catchingUp && !cut && query.complete == query.after && query.after + kUntrimmed >= feedEnd();
  if (read.atEnd || known) read.complete = read.to;
  read.reach = std::max(feedEnd(), read.to);
  if (!chooser.news().empty()) noteDelivered(query.agreement.peer.replica, chooser.news());
  return read;
}

bool Engine::readRecord(const sync::RecordKey& key, const sync::Agreement& agreement, sync::BatchWriter& out) {
  const sync::Scope& scope = agreement.scope;
  std::int64_t collection = scope.has(key.collection) ? collectionId(key.collection) : 0;
  if (collection == 0) return false;
  ReaderPool::Lease reader = readers_.lease();
  Chooser chooser(agreement, 0, *reader);
  bool added = false;
  reader->find(collection, key.id, [&](const Row& row) {
    Verdict verdict = chooser.judge(key.collection, row);
    // What has left is told in the feed.
    if (verdict == Verdict::nothing || verdict == Verdict::takeBack) return;
    sync::EncodedState encoded;
    sync::Change change;
    change.collection = key.collection;
    change.id = key.id;
    toChange(row, 0, scope, encoded, change);
    change.complete = true;
    out.add(change);
    added = true;
  });
  if (added && !chooser.news().empty()) noteDelivered(agreement.peer.replica, chooser.news());
  return added;
}

sync::ApplyResult Engine::apply(const sync::Incoming& incoming) {
  sync::ApplyResult result;
  std::size_t mentioned = incoming.sweep ? incoming.sweep->mentioned.size() : 0;
  stillThere(incoming.agreement.peer, incoming.agreement.scope);
  try {
    // What a power cut takes away is asked for again: the cursor is in the same transaction.
    write(Durability::normal, [&](Changes& changes) {
      result = changes.apply(incoming);
      if (!result.missing.empty() || result.refused || result.unsent) throw Abandon{};
    });
    if (result.mustSync) write(Durability::full, [](Changes& changes) { changes.takeEmptyPosition(); });
    std::lock_guard lock(originsMutex_);
    auto known = origins_.find({incoming.agreement.peer.replica, incoming.agreement.peer.incarnation});
    if (known != origins_.end() && known->second == 0) origins_.erase(known);
  } catch (const Abandon&) {
    if (incoming.sweep) incoming.sweep->mentioned.resize(mentioned);
    result.rejected.clear();
  }
  return result;
}

std::vector<sync::Rejection> Engine::setAside(const UUID& peer, const sync::Scope& scope, bool changed) const {
  return rejectedOn(readers_.lease().connection(), {peer, scope}, Rejected::By::us, changed);
}

// What is not held here cannot have been refused; and beyond the limit it is the peer who has to say so.
std::uint64_t Engine::noteRejected(const UUID& peer, const sync::Scope& scope, const sync::Rejected& rejected) {
  Rejected::Link link(peer, scope);
  bool nothingNew = rejected.all && rejected.records.empty();
  if (nothingNew && rejectedOn(readers_.lease().connection(), link, Rejected::By::peer).empty()) return 0;
  std::uint64_t count = 0;
  write(Durability::normal, [&](Changes&) {
    Rejected& table = tables_->rejected();
    std::set<sync::RecordKey> named;
    count = table.count(peer, Rejected::By::peer);
    for (const sync::Rejection& each : rejected.records) {
      if (!each.why) {
        count -= table.remove(link, Rejected::By::peer, each.key) ? 1 : 0;
        continue;
      }
      auto collection = mirror_.collections.find(each.key.collection);
      bool held = collection != mirror_.collections.end() &&
                  tables_->find(collection->second.id, each.key.id, [](const Row&) {});
      bool known = held && table.has(link, Rejected::By::peer, each.key);
      if (!held || (!known && count >= base::kRejectedMax)) continue;
      table.add(link, Rejected::By::peer, each.key, *each.why, environment_.clock.wallMs());
      count += known ? 0 : 1;
      named.insert(each.key);
    }
    if (!rejected.all) return;
    for (const sync::Rejection& old : rejectedOn(file_->writer(), link, Rejected::By::peer))
      if (!named.contains(old.key)) table.remove(link, Rejected::By::peer, old.key);
  });
  return rejectedOn(readers_.lease().connection(), link, Rejected::By::peer).size();
}

sync::Store::Swept Engine::finishSweep(const sync::Peer& from, const sync::Scope& scope, sync::Sweep& sweep,
                                       const sync::Cursor& peerHasApplied, const sync::Cursor& cursor) {
  std::sort(sweep.mentioned.begin(), sweep.mentioned.end());
  Swept swept;
  auto refused = [&](std::size_t removals) {
    std::uint64_t live = 0;
    for (const CollectionInfo& info : collections())
      if (scope.has(info.name)) live += info.count;
    if (sweep.mayRemoveMany || removals <= kSweptMax || removals <= live / 10) return false;
    swept.refused = "the peer holds " + std::to_string(removals) + " of the " + std::to_string(live) + " records of '" +
                    name_ + "' no more, and a sync would remove them. If they were deleted there while '" + name_ +
                    "' was away, connect once with acceptRemovals (blazedb sync --accept-removals); if not, mend the "
                    "peer first";
    return true;
  };
  try {
    write(Durability::full, [&](Changes& changes) {
      std::shared_ptr<const Catalog> names = catalog();
      std::vector<std::int64_t> unmentioned;
      std::int64_t origin = tables_->originOf(from);
      tables_->rows(0, [&](const Row& row) {
        // What the peer has not applied will be sent to it, and stays; what came from itself would be withheld.
        bool sent = row.position > peerHasApplied.position &&
                    !(origin != 0 && row.origin == origin && changedOnce(row, peerHasApplied.complete));
        bool keep = !(row.flags & kAlive) || sent || !scope.has(names->names.at(row.collection)) ||
                    std::binary_search(sweep.mentioned.begin(), sweep.mentioned.end(), row.number);
        if (!keep) unmentioned.push_back(row.number);
        return true;
      });
      if (refused(unmentioned.size())) throw Abandon{};
      swept.horizonBefore = swept.horizonAfter = tables_->horizon();
      for (std::int64_t number : unmentioned)
        tables_->findByNumber(number, [&](const Row& row) {
          if (sweep.journals) changes.noteRemoved(row, from.replica, RemovedRecord::Because::swept);
          changes.forget(row);
        });
      if (!unmentioned.empty()) {
        // Peers whose cursor stands at the end must hear of it too: the horizon lies beyond.
        changes.takeEmptyPosition();
        swept.horizonAfter = mirror_.position;
        tables_->setHorizon(swept.horizonAfter);
      }
      tables_->setCursor(from.replica, scope, cursor);
    });
  } catch (const Abandon&) {
    return swept;
  }
  raiseHorizon(swept.horizonAfter);
  return swept;
}

void Engine::dropCursor(const sync::Peer& peer, const sync::Scope& scope) {
  write(Durability::full, [&](Changes&) { tables_->setCursor(peer.replica, scope, {}); });
}

// In steps: the writer's lock must not be held for as long as it takes to remove a large collection. One that is
// interrupted leaves the old cursors, and does the rest the next time.
void Engine::leaveOtherScopes(const sync::Peer& from, const sync::Scope& scope) {
  const UUID& peer = from.replica;
  // What an earlier incarnation has acknowledged may have been taken back by a power cut since.
  bool sameIncarnation = false;
  {
    std::unique_lock lock = lockIdle();
    saveNotes();
    std::lock_guard peersLock(peersMutex_);
    auto known = peers_.find(peer);
    sameIncarnation = known != peers_.end() && known->second.incarnation == from.incarnation;
  }
  std::vector<ReadTables::LinkedScope> left = readers_.lease()->scopesOf(peer);
  std::erase_if(left, [&](const ReadTables::LinkedScope& old) { return old.scope == scope; });
  if (left.empty()) return;
  std::set<std::int64_t> theirs = readers_.lease()->originsOf(peer);
  auto remove = [&](Changes& changes, const Row& row) {
    const std::string& collection = catalog()->names.at(row.collection);
    for (const ReadTables::LinkedScope& old : left) {
      bool had = (sameIncarnation && row.position <= old.acknowledged.position) ||
                 (theirs.contains(row.origin) && changedOnce(row, old.acknowledged.complete));
      if (!had || !old.scope.has(collection)) continue;
      if (!scope.has(collection)) {
        changes.forget(row);
      } else if (!old.scope.sameFields(scope)) {
        changes.dropExcluded(row, scope);
      }
      return;
    }
  };
  std::int64_t after = 0;
  for (bool more = true; more;) {
    write(Durability::normal, [&](Changes& changes) {
      std::vector<std::int64_t> numbers;
      tables_->rows(after, [&](const Row& row) {
        numbers.push_back(row.number);
        return numbers.size() < kRowsAtOnce;
      });
      for (std::int64_t number : numbers) tables_->findByNumber(number, [&](const Row& row) { remove(changes, row); });
      more = numbers.size() == kRowsAtOnce;
      if (more) after = numbers.back();
      if (!more) removeCursors(peer, scope);
    });
  }
}

Engine::PeerState::Reading* Engine::PeerState::find(const sync::Scope& scope) {
  auto found = std::find_if(readings.begin(), readings.end(), [&](const Reading& each) { return each.scope == scope; });
  return found == readings.end() ? nullptr : &*found;
}

void Engine::removeCursors(const UUID& peer, const std::optional<sync::Scope>& except) {
  tables_->removeCursors(peer, except);
  tables_->rejected().removeOthers(peer, except);
  mirror_.setAside = tables_->rejected().count(Rejected::By::us);
  std::lock_guard lock(peersMutex_);
  auto known = peers_.find(peer);
  if (known != peers_.end())
    std::erase_if(known->second.readings, [&](const PeerState::Reading& each) { return each.scope != except; });
}

// That there is a reader must survive a crash: its deletes and ours wait for each other. How far it is may be saved
// later. One that comes with another scope may throw away what it has sent in the old one: with this commit that is on
// the disk.
void Engine::noteReader(const sync::Peer& peer, const sync::Scope& scope) {
  bool leaves = false;
  {
    std::lock_guard lock(peersMutex_);
    PeerState& state = peers_[peer.replica];
    PeerState::Reading* reading = state.find(scope);
    bool isNew = reading == nullptr;
    if (isNew) {
      reading = &state.readings.emplace_back();
      reading->scope = scope;
    }
    reading->seenMs = environment_.clock.wallMs();
    state.saved = false;
    hasPeers_ = true;
    leaves = state.readings.size() > 1;
    if (!isNew && !leaves) return;
  }
  std::unique_lock lock = lockIdle();
  saveNotes(leaves ? Durability::full : Durability::normal);
}

// A reader that has nothing to acknowledge for long is seen by what it sends.
void Engine::stillThere(const sync::Peer& peer, const sync::Scope& scope) {
  std::int64_t now = environment_.clock.wallMs();
  std::lock_guard lock(peersMutex_);
  auto known = peers_.find(peer.replica);
  PeerState::Reading* reading = known == peers_.end() ? nullptr : known->second.find(scope);
  if (!reading || now - *reading->seenMs < options_.tombstoneRetention.count() / 8) return;
  reading->seenMs = now;
  known->second.saved = false;
  hasPeers_ = true;
}

void Engine::noteAcknowledged(const sync::Peer& peer, const sync::Scope& scope, const sync::Cursor& cursor,
                              const std::optional<PeerFeed>& its) {
  {
    std::lock_guard lock(peersMutex_);
    PeerState& state = peers_[peer.replica];
    if (state.incarnation != peer.incarnation) {
      // What an earlier incarnation had passed may have been taken back since, in any scope.
      for (PeerState::Reading& each : state.readings) each.passed = each.candidate = 0;
      state.incarnation = peer.incarnation;
    }
    PeerState::Reading* reading = state.find(scope);
    if (!reading) return;  // the scope has been left meanwhile
    state.saved = false;
    reading->seenMs = environment_.clock.wallMs();
    reading->acknowledged = cursor;
    if (reading->candidate == 0) {
      reading->candidate = cursor.position;
      reading->waitingFor = its ? its->end : 0;
    }
    if (!its || its->applied >= reading->waitingFor) {
      reading->passed = reading->candidate;
      reading->candidate = 0;
    }
    if (cursor.complete > acknowledgedByAny_) acknowledgedByAny_ = cursor.complete;
  }
  forgetTakenBack(peer.replica, cursor.complete);
}

// Before the batch leaves. What is taken back may have come from the importer, which will forget it: it has to be on
// the disk here.
void Engine::noteDelivered(const UUID& importer, const std::vector<Delivery>& news) {
  bool takesBack = std::any_of(news.begin(), news.end(),
                               [](const Delivery& each) { return each.kind == Delivery::Kind::takenBack; });
  write(takesBack ? Durability::full : options_.durability, [&](Changes&) {
    std::int64_t number = tables_->addImporter(importer);
    for (const Delivery& each : news) tables_->setDelivery(number, each);
  });
  std::lock_guard lock(leavingMutex_);
  for (const Delivery& each : news)
    if (each.kind == Delivery::Kind::takenBack) leaving_[importer] = std::max(leaving_[importer], each.position);
}

// The importer has given up what it was told to be gone.
void Engine::forgetTakenBack(const UUID& importer, std::uint64_t acknowledged) {
  {
    std::lock_guard lock(leavingMutex_);
    auto found = leaving_.find(importer);
    if (found == leaving_.end()) return;
    if (found->second <= acknowledged) leaving_.erase(found);
  }
  write(Durability::normal, [&](Changes&) { tables_->removeTakenBack(tables_->importer(importer), acknowledged); });
}

sync::Deliveries::Known Engine::known(const UUID& importer) const {
  ReaderPool::Lease reader = readers_.lease();
  return {reader->filterOf(importer), reader->floorOf(importer)};
}

void Engine::noteFilter(const UUID& importer, const std::optional<std::string>& filter, std::uint64_t floor) {
  write(Durability::normal, [&](Changes&) {
    if (filter)
      tables_->setFilter(tables_->addImporter(importer), *filter, floor);
    else
      tables_->forgetDelivered(importer, true);
  });
}

void Engine::mixFilters(const UUID& importer) {
  write(Durability::normal, [&](Changes& changes) {
    tables_->setFilter(tables_->addImporter(importer), "", 0);
    changes.takeEmptyPosition();
  });
}

void Engine::forget(const UUID& importer) {
  write(Durability::normal, [&](Changes&) {
    tables_->addImporter(importer);
    tables_->forgetDelivered(importer, false);
  });
}

void Engine::noteRemote(const std::string& address, const UUID& replica) {
  if (remoteAt(address) == replica) return;
  write(Durability::normal, [&](Changes&) { tables_->setMeta(kRemote + address, replica.bytes); });
}

std::optional<UUID> Engine::remoteAt(const std::string& address) const {
  std::optional<base::Bytes> found = readers_.lease()->meta(kRemote + address);
  if (!found || found->size() != 16) return std::nullopt;
  UUID replica;
  std::copy(found->begin(), found->end(), replica.bytes.begin());
  return replica;
}

Engine::Unsent Engine::unsentTo(const std::optional<UUID>& peer, const sync::Scope& scope, std::uint64_t acknowledged,
                                std::size_t limit) const {
  if (peer) {  // what the file does not have yet
    std::lock_guard lock(peersMutex_);
    if (auto state = peers_.find(*peer); state != peers_.end())
      for (const PeerState::Reading& reading : state->second.readings)
        if (reading.scope == scope) acknowledged = std::max(acknowledged, reading.acknowledged.position);
  }
  ReaderPool::Lease reader = readers_.lease();
  if (peer)
    for (const ReadTables::LinkedScope& linked : reader->scopesOf(*peer))
      if (linked.scope == scope) acknowledged = std::max(acknowledged, linked.acknowledged.position);
  storage::Statement select = reader.connection().prepare(
      "SELECT c.name, r.id FROM feed f JOIN records r ON r.row = f.row AND r.position = f.position "
      "JOIN collections c ON c.id = r.collection LEFT JOIN origins o ON o.id = r.origin "
      "WHERE f.position > ?1 AND (o.replica IS NULL OR o.replica IS NOT ?2) ORDER BY f.position");
  select.bind(1, static_cast<std::int64_t>(acknowledged));
  if (peer)
    select.bindBlob(2, peer->bytes);
  else
    select.bindNull(2);
  Unsent unsent;
  while (select.step()) {
    sync::RecordKey key{std::string(select.text(0)), {}};
    if (!scope.has(key.collection)) continue;
    if (unsent.count++ >= limit) continue;
    key.id = uuidAt(select, 1);
    unsent.first.push_back(std::move(key));
  }
  return unsent;
}

std::vector<sync::DigestLine> Engine::digests() const {
  std::vector<sync::DigestLine> lines;
  for (const CollectionRow& row : readers_.lease()->collections())
    if (row.live > 0) lines.push_back({row.name, row.live, row.digest});
  return lines;
}

bool Engine::holds(const std::string& collection) const { return collectionId(collection) != 0; }

sync::HashedRun Engine::hashes(const std::string& collection, const UUID& from, const UUID& to,
                               std::size_t rowsMax) const {
  sync::HashedRun run{{}, to};
  std::int64_t number = collectionId(collection);
  if (number == 0) return run;
  std::size_t rows = 0, bytes = 0;
  readers_.lease()->range(number, from, to, [&](const Row& row) {
    if (row.flags & kAlive) run.records.emplace_back(row.id, sync::hashOf(row.id, row.state()));
    bytes += row.stamps.size() + row.fields.size();
    if (++rows < rowsMax && bytes < kHashedBytes) return true;
    run.to = row.id;
    return false;
  });
  return run;
}

}  // namespace blazedb::db
