// sync::Store over the parts of the engine: reading the feed for a peer, merging what a peer sent, sweeping, digests.
#include <algorithm>

#include "db/engine.h"
#include "db/user_rights.h"
#include "replica/feed_reader.h"
#include "replica/forgetting.h"
#include "replica/rejections.h"

namespace blazedb::db {
namespace {

constexpr std::size_t kRowsAtOnce = 10'000;

// A run of hashed records reads no further than this.
constexpr std::size_t kHashedBytes = 1u << 20;

// Undoes a merge that cannot be completed.
struct Abandon {};

}  // namespace

sync::Identity Engine::identity() {
  GroupCommit::Alone alone(writer_);
  alone.beginIncarnation();
  return {shared_.published.self().replica, alone->author.incarnation, alone->author.role, name_};
}

sync::Cursor Engine::cursorOn(const UUID& peer, const sync::Scope& scope) const {
  return readers_.lease()->cursorOn(peer, scope);
}

sync::SealedPlace Engine::sealed(const sync::Cursor& cursor, const UUID& reader) {
  sync::Cursor present = cursor;
  present.incarnation = shared_.incarnations.latest();
  return seal_.seal(present, replicaId(), reader);
}

std::optional<sync::Cursor> Engine::opened(const sync::Cursor& cursor, const UUID& reader) const {
  return seal_.open(cursor, replicaId(), reader);
}

std::uint64_t Engine::ahead(std::uint64_t position, const sync::Scope& scope) const {
  std::uint64_t live = 0;
  for (const CollectionInfo& info : collections())
    if (scope.has(info.name)) live += info.count;
  std::uint64_t positions = feedEnd() - std::min(position, feedEnd());
  return live == 0 ? positions : std::min(positions, live);  // where no record lives, deletes may come
}

// ----------------------------------------------------------------------------------------------------
// the feed

replica::Committed Engine::committed() const {
  return {[this] { return feedEnd(); }, [this] { return shared_.published.catalog(); }};
}

sync::FeedRead Engine::readFeed(const sync::FeedQuery& query, sync::BatchWriter& out) {
  ReaderPool::Lease reader = readers_.lease();
  replica::FeedReader feed(*reader, committed());
  sync::FeedRead read = feed.read(query, origins_.of(query.agreement.peer, *reader), out);
  if (!feed.news().empty()) importers_.noteDelivered(query.agreement.peer.replica, feed.news());
  return read;
}

std::size_t Engine::readRecords(std::span<const sync::RecordKey> keys, const sync::Agreement& agreement,
                                std::size_t bytesWanted, sync::BatchWriter& out, std::vector<sync::RecordKey>& gone) {
  ReaderPool::Lease reader = readers_.lease();
  replica::FeedReader feed(*reader, committed());
  std::size_t answered = 0;
  {
    ReadTables::OneSnapshot snapshot(*reader);  // one for all records costs less than one for each
    answered = feed.readRecords(keys, agreement, bytesWanted, out, gone);
  }
  if (feed.endsRefusal()) write(Durability::full, [](Changes& changes) { changes.ledger().takeEmptyPosition(); });
  if (!feed.news().empty()) importers_.noteDelivered(agreement.peer.replica, feed.news());
  return answered;
}

namespace {

// Adds the rows that an importer was not given and to which the paths lead, by their numbers. Returns false, and adds
// nothing, if there are no such paths.
bool addEntering(ReadTables& tables, const std::optional<std::vector<AccessPath>>& paths, std::int64_t importer,
                 std::vector<std::int64_t>& rows) try {
  if (!paths) return false;
  std::vector<std::int64_t> found;
  for (const AccessPath& path : *paths)
    for (const query::KeyRange& range : path.keys.ranges) tables.notGiven(*path.index, range, importer, found);
  rows.insert(rows.end(), found.begin(), found.end());
  return true;
} catch (const Error& error) {
  if (error.code() != ErrorCode::NotFound) throw;
  return false;  // the index is newer than this snapshot, or has just been dropped
}

}  // namespace

sync::Moved Engine::moved(const sync::Agreement& agreement) {
  sync::Moved moved;
  ReaderPool::Lease reader = readers_.lease();
  ReadTables::OneSnapshot snapshot(*reader);
  std::int64_t importer = reader->importer(agreement.peer.replica);
  const auto* rights = dynamic_cast<const UserRights*>(agreement.reads.rights.get());
  auto pathsTo = [&](const std::string& name) { return rights->pathsTo(name, snapshot_, now()); };
  bool isOpen = !rights;  // the importer may read all of a collection that has records
  for (const replica::Collection& each : reader->collections()) {
    if (!agreement.scope.has(each.name)) continue;
    if (rights && addEntering(*reader, pathsTo(each.name), importer, moved.entering)) {
      moved.isIndexed = true;
    } else {
      moved.place.lacking[each.number] = each.live;
      isOpen = isOpen || (each.live > 0 && !rights->narrows(each.name));
    }
  }
  if (moved.isIndexed)
    for (const std::string& name : rights->governed())
      if (agreement.scope.has(name) && !pathsTo(name)) moved.isIndexed = false;
  moved.isIndexed = moved.isIndexed && !isOpen;
  std::sort(moved.entering.begin(), moved.entering.end());
  moved.entering.erase(std::unique(moved.entering.begin(), moved.entering.end()), moved.entering.end());
  return moved;
}

// Adds to moved.entering what enters of the collections that no index answers, and of which the importer does not have
// all.
void Engine::walkMoved(const sync::MovedQuery& query, sync::Moved& moved, ReadTables& tables) const {
  moved.walked = true;
  std::map<std::int64_t, std::string> walked;
  for (const replica::Collection& each : tables.collections())
    if (auto lacking = moved.place.lacking.find(each.number);
        lacking != moved.place.lacking.end() && lacking->second > 0)
      walked[each.number] = each.name;
  if (walked.empty()) return;
  std::int64_t importer = tables.importer(query.agreement.peer.replica);
  tables.feed(0, importer, [&](const replica::FeedEntry& entry) {
    const replica::Row& row = entry.row;
    if (entry.position > query.start.position) return false;
    if (entry.gone || row.position != entry.position || row.delivery) return true;
    if (auto in = walked.find(row.collection); in != walked.end())
      if (replica::FeedReader::isMoved(in->second, row, query.agreement, query.start))
        moved.entering.push_back(row.handle);
    return true;
  });
}

void Engine::readMoved(const sync::MovedQuery& query, sync::Moved& moved, sync::BatchWriter& out) {
  ReaderPool::Lease reader = readers_.lease();
  replica::FeedReader feed(*reader, committed());
  {
    ReadTables::OneSnapshot snapshot(*reader);
    feed.readMoved(query, moved, out);
    if (!moved.place.given && !moved.walked) walkMoved(query, moved, *reader);
  }
  if (!feed.news().empty()) importers_.noteDelivered(query.agreement.peer.replica, feed.news());
}

std::vector<sync::DigestLine> Engine::digests() const {
  std::vector<sync::DigestLine> lines;
  for (const replica::Collection& row : readers_.lease()->collections())
    if (row.live > 0) lines.push_back({row.name, row.live, row.digest});
  return lines;
}

bool Engine::holds(const std::string& collection) const { return shared_.published.collectionNumber(collection) != 0; }

sync::HashedRun Engine::hashes(const std::string& collection, const UUID& from, const UUID& to,
                               std::size_t rowsMax) const {
  sync::HashedRun run{{}, to};
  std::int64_t number = shared_.published.collectionNumber(collection);
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

// ----------------------------------------------------------------------------------------------------
// merging

sync::ApplyResult Engine::apply(const sync::Incoming& incoming) {
  sync::ApplyResult result;
  const sync::Peer& peer = incoming.agreement.peer;
  std::size_t mentioned = incoming.sweep ? incoming.sweep->mentioned.size() : 0;
  shared_.peers.noteSeen(peer, incoming.agreement.scope, environment_.clock.wallMs());
  using Judging = replica::Merger::Judging;
  auto merge = [&](Judging judging) {
    // The cursor is in the same transaction: the peer sends again what a power cut takes away.
    write(Durability::normal, [&](Changes& changes) {
      result = changes.apply(incoming, judging);
      if (!result.missing.empty() || result.refused || result.unsent) throw Abandon{};
    });
  };
  try {
    try {
      merge(incoming.sweep ? Judging::before : Judging::asTheyMerge);  // what a sweep has noted stays
    } catch (const replica::Merger::RefusedInTransaction&) {
      merge(Judging::before);
    }
    if (result.mustSync) write(Durability::full, [](Changes& changes) { changes.ledger().takeEmptyPosition(); });
    origins_.noteMerged(peer);
  } catch (const Abandon&) {
    if (incoming.sweep) incoming.sweep->mentioned.resize(mentioned);
    result.rejected.clear();
    result.replaced.clear();
  }
  if (incoming.sweep) replica::dropRepeated(*incoming.sweep);
  return result;
}

std::vector<sync::Rejection> Engine::setAside(const UUID& peer, const sync::Scope& scope, bool changed) const {
  return readers_.lease()->rejectedOn({peer, scope}, changed);
}

sync::Store::Noted Engine::noteRejected(const UUID& peer, const sync::Scope& scope, const sync::Rejected& rejected,
                                        bool replaces) {
  replica::RejectedOn link{peer, scope, replica::RejectedBy::peer};
  Noted noted;
  auto count = [&] {
    ReaderPool::Lease reader = readers_.lease();
    std::vector<sync::Rejection> staying = reader->rejectedOn(link, false), waiting = reader->refusedBy(peer);
    noted.count = staying.size() + waiting.size();
    noted.why = !waiting.empty() ? waiting.back().why : !staying.empty() ? staying.back().why : std::nullopt;
  };
  count();
  if (rejected.records.empty() && (!rejected.all || noted.count == 0)) return noted;
  write(Durability::normal, [&](Changes& changes) {
    replica::NotedRejected found = replica::noteRejected(changes.ledger(), changes.author(), link, rejected, replaces,
                                                         environment_.clock.wallMs());
    noted.toReplace = std::move(found.toReplace);
    noted.gaveBack = changes.giveBack(std::move(found.taken));
  });
  count();
  return noted;
}

// ----------------------------------------------------------------------------------------------------
// forgetting

sync::Store::Swept Engine::finishSweep(const sync::Peer& from, const sync::Scope& scope, sync::Sweep& sweep,
                                       const sync::Cursor& cursor) {
  Swept swept;
  try {
    write(Durability::full, [&](Changes& changes) {
      changes.requireSource(from.replica);
      changes.mirror().peer = from.replica;
      swept.horizonBefore = changes.mirror().horizon;
      std::optional<replica::TooMany> tooMany = replica::finishSweep(changes.ledger(), changes.author(), from, scope,
                                                                     sweep, cursor, environment_.clock.wallMs());
      if (tooMany) {
        swept.refused = std::to_string(tooMany->removals) + " of the " + std::to_string(tooMany->live) +
                        " records of '" + name_ +
                        "' are missing at the peer, or lack fields there, and a sync would remove them here. If they "
                        "were deleted there while '" +
                        name_ +
                        "' was away, connect once with acceptRemovals (blazedb sync --accept-removals); if not, mend "
                        "the peer first";
        throw Abandon{};
      }
      swept.horizonAfter = changes.mirror().horizon;
    });
  } catch (const Abandon&) {
    // said in swept.refused
  }
  return swept;
}

void Engine::dropCursor(const sync::Peer& peer, const sync::Scope& scope) {
  write(Durability::full, [&](Changes& changes) { changes.tables().setCursor(peer.replica, scope, {}); });
}

// Works in steps, because removing a large collection takes longer than the writer's lock may be held. If it is
// interrupted, the old cursors stay, and the next call does the rest.
void Engine::leaveOtherScopes(const sync::Peer& from, const sync::Scope& scope) {
  const UUID& peer = from.replica;
  // A power cut may have taken back what an earlier incarnation has acknowledged.
  bool sameIncarnation = false;
  {
    GroupCommit::Alone alone(writer_);
    upkeep_.save(alone);
    sameIncarnation = shared_.peers.isSameIncarnation(from);
  }
  std::vector<replica::Reading> left = readers_.lease()->readingsOf(peer);
  std::erase_if(left, [&](const replica::Reading& old) { return old.scope == scope; });
  if (left.empty()) return;
  for (std::optional<std::uint64_t> after = 0; after;) {
    write(Durability::normal, [&](Changes& changes) {
      changes.mirror().peer = peer;
      after = replica::leaveScopes(changes.ledger(), peer, left, scope, sameIncarnation, *after, kRowsAtOnce);
      if (!after) forgetScopes(changes, shared_.peers, peer, scope);
    });
  }
}

// ----------------------------------------------------------------------------------------------------
// readers

void Engine::noteReader(const sync::Peer& peer, const sync::Scope& scope, std::uint64_t position) {
  replica::Peers::Save save = shared_.peers.note(peer, scope, position, environment_.clock.wallMs());
  if (save == replica::Peers::Save::later) return;
  GroupCommit::Alone alone(writer_);
  upkeep_.save(alone, save == replica::Peers::Save::synced ? Durability::full : Durability::normal);
}

void Engine::noteAcknowledged(const sync::Peer& peer, const sync::Scope& scope, const sync::Cursor& cursor,
                              const std::optional<PeerFeed>& its) {
  shared_.peers.noteAcknowledged(peer, scope, cursor, its, environment_.clock.wallMs());
  importers_.noteAcknowledged(peer.replica, cursor.complete);
}

}  // namespace blazedb::db
