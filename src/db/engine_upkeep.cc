// What is done now and then: purging tombstones, trimming the feed, copying the log, backups, verification, mending
// what a wrong clock has done.
#include <algorithm>
#include <set>
#include <utility>

#include "base/limits.h"
#include "blazedb/error.h"
#include "codec/fields.h"
#include "db/engine.h"
#include "db/schema.h"
#include "replica/forgetting.h"

namespace blazedb::db {
namespace {

constexpr std::size_t kPurgeAtOnce = 1000;
// What one transaction of a re-stamping changes.
constexpr std::size_t kRestampAtOnce = 1000;
constexpr std::size_t kRestampBytes = 4u << 20;
constexpr std::uint64_t kTrimAtOnce = 5000;
constexpr std::uint64_t kWorthTrimming = 100'000;

base::Bytes fixed64(std::uint64_t value) {
  base::Bytes out;
  base::appendFixed64(out, value);
  return out;
}

void giveNewReplicaId(WriteTables& tables, storage::Connection& connection, const UUID& id) {
  tables.setMeta("replica", id.bytes);
  tables.setMeta(kCopied, base::Bytes{1});
  // Nobody has heard of this replica yet.
  tables.removeReadings();
  tables.rejected().removeByPeers();
  connection.execute("DELETE FROM importers; DELETE FROM delivered");
}

}  // namespace

bool Engine::maintain() {
  if (options_.readOnly) return false;
  bool more = purgeTombstones();
  more |= trimFeed();
  more |= forgetRemoved();
  forgetCollections();
  {
    std::unique_lock lock = lockIdle();
    saveNotes();
  }
  forgetPeers();
  return more;
}

std::optional<std::uint64_t> Engine::passedByAllPeers() const {
  std::int64_t now = environment_.clock.wallMs();
  std::optional<std::uint64_t> least;
  std::lock_guard lock(peersMutex_);
  for (const auto& [id, peer] : peers_) {
    for (const PeerState::Reading& reading : peer.readings) {
      if (*reading.seenMs + options_.tombstoneRetention.count() < now) continue;  // no longer known
      least = std::min(least.value_or(reading.passed), reading.passed);
    }
  }
  return least;
}

// Two may have raised it at a time, and each tells of it after its commit.
void Engine::raiseHorizon(std::uint64_t position) {
  std::uint64_t known = horizon_;
  while (known < position && !horizon_.compare_exchange_weak(known, position)) {
  }
}

// First the values of a deleted record go, once every known peer knows of the delete; after the retention time the
// rest.
bool Engine::purgeTombstones() {
  std::optional<std::uint64_t> passed = passedByAllPeers();
  hasPeers_ = passed.has_value();
  std::uint64_t upTo = passed.value_or(feedEnd());
  std::uint64_t oldest = sync::HybridClock::fromWall(environment_.clock.wallMs() - options_.tombstoneRetention.count());
  replica::Purgeable found = replica::purgeable(*readers_.lease(), upTo, oldest, kPurgeAtOnce);
  if (found.values.empty() && found.whole.empty()) return false;
  std::uint64_t horizon = 0;
  write([&](Changes& changes) { horizon = replica::purge(changes.ledger(), found, upTo); });
  raiseHorizon(horizon);
  return found.values.size() == kPurgeAtOnce || found.whole.size() == kPurgeAtOnce;
}

// A collection of which nothing is left, not even a delete, would keep its place among those that there may be. The one
// with the highest number stays, so that a number is never given again: a reader may still see rows of the one before.
void Engine::forgetCollections() {
  constexpr const char* kEmpty =
      "SELECT name FROM collections c WHERE live = 0 AND id < (SELECT max(id) FROM collections) "
      "AND NOT EXISTS(SELECT 1 FROM records r WHERE r.collection = c.id)";
  if (!readers_.lease().connection().prepare(kEmpty).step()) return;
  write(Durability::normal, [&](Changes&) {
    std::vector<std::string> empty;
    storage::Statement select = file_->writer().prepare(kEmpty);
    while (select.step()) empty.emplace_back(select.text(0));
    storage::Statement forget = file_->writer().prepare("DELETE FROM collections WHERE name = ?1");
    for (const std::string& name : empty) {
      forget.bindText(1, name);
      forget.run();
      mirror_.collections.erase(name);
    }
  });
}

// Removes feed entries whose record has moved on, once there are more of them than of others.
bool Engine::trimFeed() {
  std::uint64_t stale, live = 0;
  {
    std::unique_lock lock = lockIdle();
    stale = mirror_.stale;
    for (const auto& [name, collection] : mirror_.collections) live += collection.live;
  }
  if (trimmedTo_ == 0 && (stale < kWorthTrimming || stale < live)) return false;
  std::uint64_t end = feedEnd() > replica::kUntrimmed ? feedEnd() - replica::kUntrimmed : 0;
  std::uint64_t to = std::min(end, trimmedTo_ + kTrimAtOnce);
  if (to <= trimmedTo_) {
    trimmedTo_ = 0;
    return false;
  }
  write([&](Changes&) {
    storage::Statement trim = file_->writer().prepare(
        "DELETE FROM feed WHERE position > ?1 AND position <= ?2 "
        "AND NOT EXISTS(SELECT 1 FROM records r WHERE r.row = feed.row AND r.position = feed.position)");
    trim.bind(1, static_cast<std::int64_t>(trimmedTo_));
    trim.bind(2, static_cast<std::int64_t>(to));
    trim.step();
    std::uint64_t removed = static_cast<std::uint64_t>(file_->writer().changes());
    mirror_.stale -= std::min(mirror_.stale, removed);
  });
  trimmedTo_ = to < end ? to : 0;
  return trimmedTo_ != 0;
}

// What may be saved later than it is known: how far peers are, and how much of the feed is stale. Called with the
// writer's lock, outside of a transaction.
void Engine::saveNotes(Durability durability) {
  std::lock_guard lock(peersMutex_);
  bool unsaved = mirror_.stale != savedStale_ ||
                 std::any_of(peers_.begin(), peers_.end(), [](const auto& entry) { return !entry.second.saved; });
  if (!unsaved && durability == Durability::normal) return;
  file_->setDurable(durability == Durability::full);
  file_->useReserve(true);
  statements_->begin.run();
  try {
    storage::Statement save = file_->writer().prepare(
        "INSERT INTO peers(replica, incarnation) VALUES(?1, ?2) ON CONFLICT DO UPDATE SET incarnation = ?2");
    for (auto& [id, peer] : peers_) {
      if (peer.saved) continue;
      save.bindBlob(1, id.bytes);
      save.bind(2, static_cast<std::int64_t>(peer.incarnation));
      save.run();
      for (const PeerState::Reading& reading : peer.readings) tables_->setReading(id, reading);
      peer.saved = true;
    }
    tables_->setMeta("stale", fixed64(mirror_.stale));
    savedStale_ = mirror_.stale;
    statements_->commit.run();
  } catch (...) {
    if (file_->writer().inTransaction()) statements_->rollback.run();
    for (auto& [id, peer] : peers_) peer.saved = false;
    savedStale_ = ~std::uint64_t{0};
    throw;
  }
}

void Engine::checkpointIfIdle() {
  if (options_.readOnly) return;
  std::unique_lock lock(writeMutex_, std::try_to_lock);
  if (!lock || group_) return;
  std::uint64_t writes = writes_;
  if (writes == writesAtLastIdleCheck_ && file_->walBytes() > 0) file_->checkpoint();
  writesAtLastIdleCheck_ = writes;
}

void Engine::changePassword(const storage::KeySource& current, const storage::KeySource& replacement) {
  std::unique_lock lock = lockIdle();
  file_->changePassword(current, replacement);
}

void Engine::backup(const std::string& path, const Progress& progress) {
  file_->backup(
      path,
      [&](storage::Connection& copy) {
        WriteTables tables(copy);
        base::UuidV7 ids(environment_.clock, environment_.random);
        giveNewReplicaId(tables, copy, ids.next());
      },
      progress);
}

void Engine::renewReplicaId() {
  UUID id = ids_.next();
  changeSelf([&](Changes&) { giveNewReplicaId(*tables_, file_->writer(), id); },
             [&] {
               replica_ = id;
               std::scoped_lock locks(leavingMutex_, peersMutex_);
               leaving_.clear();
               peers_.clear();
               hasPeers_ = false;
             });
}

// With the writer's lock all along: as long as one record carries a time from the future, so must the clock, or the
// next write to that record would lose against what it replaces. The last transaction sets it back; a call that does
// not come to that leaves a part of the records mended, and a clock that is still ahead of the others.
std::uint64_t Engine::restamp() {
  std::unique_lock lock = lockIdle();
  std::uint64_t limit = sync::HybridClock::fromWall(environment_.clock.wallMs() + base::kClockSkewMsMax);
  writeLocked(Durability::full, [](Changes& changes) { changes.requireWritable(); });

  sync::HybridClock mended;
  std::uint64_t wrong = 0;
  tables_->feed(0, 0, [&](const replica::FeedEntry& entry) {
    if (entry.gone || entry.row.position != entry.position) return true;
    sync::RecordState state = entry.row.state();
    sync::observePresent(state, limit, mended);
    wrong += sync::fromTheFuture(state, limit) ? 1 : 0;
    return true;
  });
  if (wrong == 0 && mirror_.clock.last() <= limit) return 0;

  std::uint64_t after = 0;
  for (std::uint64_t done = 0; done < wrong;) {
    std::vector<replica::Key> keys;
    std::size_t bytes = 0;
    tables_->feed(after, 0, [&](const replica::FeedEntry& entry) {
      after = entry.position;
      const replica::Row& row = entry.row;
      if (entry.gone || row.position != entry.position || !sync::fromTheFuture(row.state(), limit)) return true;
      keys.push_back(row.key());
      bytes += row.fields.size();
      return keys.size() < kRestampAtOnce && bytes < kRestampBytes;
    });
    writeLocked(Durability::full, [&](Changes& changes) {
      for (const replica::Key& key : keys) changes.restamp(key, limit, mended);
    });
    done += keys.size();
  }

  sync::HybridClock ahead = std::exchange(mirror_.clock, mended);
  try {
    // A position, for the mark that tells where the clock stands.
    writeLocked(Durability::full, [](Changes& changes) { changes.ledger().takeEmptyPosition(); });
  } catch (...) {
    mirror_.clock = ahead;
    throw;
  }
  {
    // Nor may a peer count as seen in the future: deletes would be kept for it until then.
    std::lock_guard peersLock(peersMutex_);
    for (auto& [id, peer] : peers_) {
      for (PeerState::Reading& reading : peer.readings)
        reading.seenMs = std::min(*reading.seenMs, environment_.clock.wallMs());
      peer.saved = false;
    }
  }
  saveNotes();
  return wrong;
}

void Engine::bindTo(const UUID& source, bool adopt) {
  if (this->source() == source) return;
  std::uint64_t horizon = 0;
  auto persist = [&](Changes& changes) {
    if (author_.source == source) return;
    if (author_.source)
      throw Error(ErrorCode::ReadOnlyReplica,
                  "'" + name_ + "' is a read-only replica of " + author_.source->toString() +
                      " already; end that with releaseReadOnly() (blazedb release FILE) first");
    // Own writes, and what came from others than the source: a replica of the source has neither.
    std::vector<replica::Reading> linked = tables_->readingsOf(source);
    bool foreign = std::none_of(linked.begin(), linked.end(), [&](const replica::Reading& link) {
      return tables_->cursorOn(source, link.scope).incarnation != 0;
    });
    bool own = false;
    auto isOwn = [&](const replica::FeedEntry& entry) {
      if (entry.gone || entry.row.position != entry.position) return true;
      sync::RecordState state = entry.row.state();
      auto mine = [&](const sync::Stamp& stamp) { return stamp.present() && author_.own.contains(stamp.writer); };
      own =
          foreign || mine(state.base.stamp) || mine(state.tomb.stamp) ||
          std::any_of(state.cells.begin(), state.cells.end(), [&](const sync::Cell& cell) { return mine(cell.stamp); });
      return !own;
    };
    if (!adopt) tables_->feed(0, 0, isOwn);
    if (own)
      throw Error(ErrorCode::HasOwnWrites, "'" + name_ +
                                               "' holds records that did not come from the source, which a read-only "
                                               "replica cannot keep; connect with adopt to replace them");
    if (adopt) {
      changes.ledger().eraseAll();
      removeCursors(source, std::nullopt);
      changes.ledger().takeEmptyPosition();
      tables_->setHorizon(mirror_.position);
    }
    tables_->setMeta("source", source.bytes);
    horizon = tables_->horizon();
  };
  changeSelf(persist, [&] { author_.source = source; });
  raiseHorizon(horizon);
}

void Engine::releaseSource() {
  changeSelf([&](Changes&) { tables_->removeMeta("source"); }, [&] { author_.source.reset(); });
}

DatabaseInfo Engine::info() const {
  DatabaseInfo info;
  info.name = name_;
  info.path = path_;
  Self now = self();
  info.replica = now.replica;
  info.role = now.role;
  info.readOnlySource = now.source;
  if (std::optional<Error> problem = writeProblem()) info.writeProblem = problem->what();
  info.cipher = file_->cipherName();
  info.unusedLog = file_->unusedLog();
  info.pageSize = static_cast<std::uint32_t>(file_->pageSize());
  ReaderPool::Lease reader = readers_.lease();
  storage::Statement pages = reader.connection().prepare("PRAGMA page_count");
  if (pages.step()) info.fileBytes = static_cast<std::uint64_t>(pages.integer(0)) * file_->pageSize();
  info.feedEnd = feedEnd();
  info.conflicts = static_cast<std::uint64_t>(reader->conflictCount());
  info.rejected = countRejected(reader.connection(), {environment_.clock.wallMs() * 1000});
  info.collections = collections();
  return info;
}

VerifyReport Engine::verify(const Progress& progress) {
  VerifyReport report;
  {
    // On the writer's connection: writers wait meanwhile.
    std::unique_lock lock = lockIdle();
    report.problems = file_->verifyPages({});
  }
  if (!report.problems.empty()) return report;

  ReaderPool::Lease reader = readers_.lease();
  reader.connection().execute("BEGIN");  // one snapshot for all that follows
  struct End {
    storage::Connection& connection;
    ~End() {
      try {
        connection.execute("COMMIT");
      } catch (const Error&) {
        // Nothing was written; SQLite has ended it by itself.
      }
    }
  } end{reader.connection()};
  std::map<std::int64_t, replica::Collection> counted;
  std::uint64_t expected = 0, seen = 0;
  std::vector<replica::Collection> stored = reader->collections();
  std::set<std::int64_t> known;
  for (const replica::Collection& row : stored) {
    expected += row.live;
    known.insert(row.number);
  }
  reader->all([&](const replica::Row& row) {
    std::optional<sync::RecordState> state = sync::decodeState(row.stamps, row.fields, row.position);
    Object fields;
    if (!known.contains(row.collection)) {
      report.problems.push_back("the record " + row.id.toString() + " belongs to no collection");
    } else if (!state || !codec::decodeFields(row.fields, fields)) {
      report.problems.push_back("the record " + row.id.toString() + " cannot be decoded");
    } else if (state->alive() != row.alive()) {
      report.problems.push_back("the record " + row.id.toString() + " is marked wrongly as " +
                                (state->alive() ? "deleted" : "alive"));
    } else if (state->alive()) {
      replica::Collection& sum = counted[row.collection];
      report.records++;
      sum.live++;
      sum.digest.add(sync::hashOf(row.id, *state));
    }
    if (progress && ++seen % 4096 == 0 && !progress(seen, std::max(expected, seen)))
      throw Error(ErrorCode::Cancelled, "the verification was cancelled");
    return true;
  });
  for (const replica::Collection& row : stored) {
    const replica::Collection& sum = counted[row.number];
    if (sum.live != row.live || !(sum.digest == row.digest))
      report.problems.push_back("the totals of the collection '" + row.name + "' do not fit its records");
  }
  std::uint64_t homeless = 0;
  storage::Statement lost = reader.connection().prepare(
      "SELECT count(*) FROM records r WHERE NOT EXISTS(SELECT 1 FROM feed f WHERE f.position = r.position AND f.row = "
      "r.row)");
  if (lost.step()) homeless = static_cast<std::uint64_t>(lost.integer(0));
  lost.reset();
  if (homeless > 0) report.problems.push_back(std::to_string(homeless) + " records are missing from the feed");
  return report;
}

}  // namespace blazedb::db
