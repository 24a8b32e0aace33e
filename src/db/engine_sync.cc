// sync::Store over the tables: reading the feed for a peer, merging what a peer sent, sweeping, digests.
#include <algorithm>

#include "base/limits.h"
#include "blazedb/error.h"
#include "db/engine.h"
#include "db/schema.h"
#include "replica/forgetting.h"

namespace blazedb::db {
namespace {

constexpr std::size_t kRowsAtOnce = 10'000;
constexpr std::size_t kSweptMax = 1000;  // more is suspicious where it is also more than a tenth

// A run of hashed records reads no further than this.
constexpr std::size_t kHashedBytes = 1u << 20;

// Undoes a merge that cannot be completed.
struct Abandon {};

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

replica::Committed Engine::committed() const {
  return {[this] { return feedEnd(); }, [this] { return catalog(); }};
}

sync::FeedRead Engine::readFeed(const sync::FeedQuery& query, sync::BatchWriter& out) {
  ReaderPool::Lease reader = readers_.lease();
  replica::FeedReader feed(*reader, committed());
  sync::FeedRead read = feed.read(query, query.withholdEchoes ? originOf(query.agreement.peer, *reader) : 0, out);
  if (!feed.news().empty()) noteDelivered(query.agreement.peer.replica, feed.news());
  return read;
}

bool Engine::readRecord(const sync::RecordKey& key, const sync::Agreement& agreement, sync::BatchWriter& out) {
  ReaderPool::Lease reader = readers_.lease();
  replica::FeedReader feed(*reader, committed());
  bool added = feed.readRecord(key, agreement, out);
  if (!feed.news().empty()) noteDelivered(agreement.peer.replica, feed.news());
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
    if (result.mustSync) write(Durability::full, [](Changes& changes) { changes.ledger().takeEmptyPosition(); });
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

// What is not held here cannot have been refused. Beyond the limit nothing is noted: who does not take the records
// notes them at his end.
std::uint64_t Engine::noteRejected(const UUID& peer, const sync::Scope& scope, const sync::Rejected& rejected) {
  Rejected::Link link(peer, scope);
  bool nothingNew = rejected.all && rejected.records.empty();
  if (nothingNew && rejectedOn(readers_.lease().connection(), link, Rejected::By::peer).empty()) return 0;
  std::uint64_t count = 0;
  write(Durability::normal, [&](Changes&) {
    Rejected& table = tables_->rejected();
    std::set<sync::RecordKey> named;
    count = table.countByBearers(peer);
    for (const sync::Rejection& each : rejected.records) {
      if (!each.why) {
        count -= table.remove(link, Rejected::By::peer, each.key) ? 1 : 0;
        continue;
      }
      auto collection = mirror_.collections.find(each.key.collection);
      bool held = collection != mirror_.collections.end() &&
                  tables_->findOne({collection->second.number, each.key.id}, [](const replica::Row&) {});
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
  auto refused = [&](const replica::Swept& found) {
    std::size_t removals = found.keys.size();
    if (sweep.mayRemoveMany || removals <= kSweptMax || removals <= found.live / 10) return false;
    swept.refused = "the peer holds " + std::to_string(removals) + " of the " + std::to_string(found.live) +
                    " records of '" + name_ +
                    "' no more, and a sync would remove them. If they were deleted there "
                    "while '" +
                    name_ +
                    "' was away, connect once with acceptRemovals (blazedb sync "
                    "--accept-removals); if not, mend the peer first";
    return true;
  };
  try {
    write(Durability::full, [&](Changes& changes) {
      replica::Ledger& ledger = changes.ledger();
      replica::Swept found = replica::unmentioned(ledger, from, scope, sweep, peerHasApplied);
      if (refused(found)) throw Abandon{};
      swept.horizonBefore = swept.horizonAfter = tables_->horizon();
      std::int64_t now = environment_.clock.wallMs();
      replica::forEach(ledger, found.keys, [&](replica::Held& held) {
        if (sweep.journals) replica::keepRemoved(ledger, held.row(), from.replica, RemovedRecord::Because::swept, now);
        replica::forget(ledger, held);
      });
      if (!found.keys.empty()) {
        // Peers whose cursor stands at the end must hear of it too: the horizon lies beyond.
        ledger.takeEmptyPosition();
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
  std::vector<replica::Reading> left = readers_.lease()->readingsOf(peer);
  std::erase_if(left, [&](const replica::Reading& old) { return old.scope == scope; });
  if (left.empty()) return;
  for (std::optional<std::uint64_t> after = 0; after;) {
    write(Durability::normal, [&](Changes& changes) {
      after = replica::leaveScopes(changes.ledger(), peer, left, scope, sameIncarnation, *after, kRowsAtOnce);
      if (!after) removeCursors(peer, scope);
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
void Engine::noteDelivered(const UUID& importer, const std::vector<replica::Writer::Delivered>& news) {
  std::uint64_t takenBack = 0;
  for (const replica::Writer::Delivered& each : news)
    if (each.delivery.kind == replica::Delivery::Kind::takenBack)
      takenBack = std::max(takenBack, each.delivery.position);
  write(takenBack != 0 ? Durability::full : options_.durability,
        [&](Changes&) { tables_->setDelivered(tables_->addImporter(importer), news); });
  if (takenBack == 0) return;
  std::lock_guard lock(leavingMutex_);
  leaving_[importer] = std::max(leaving_[importer], takenBack);
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
    changes.ledger().takeEmptyPosition();
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
  return readers_.lease()->metaId(kRemote + address);
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
    for (const replica::Reading& linked : reader->readingsOf(*peer))
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
  for (const replica::Collection& row : readers_.lease()->collections())
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
  readers_.lease()->range(number, from, to, [&](const replica::Row& row) {
    if (row.alive()) run.records.emplace_back(row.id, sync::hashOf(row.id, row.state()));
    bytes += row.stamps.size() + row.fields.size();
    if (++rows < rowsMax && bytes < kHashedBytes) return true;
    run.to = row.id;
    return false;
  });
  return run;
}

}  // namespace blazedb::db
