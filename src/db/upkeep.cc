#include "db/upkeep.h"

#include <algorithm>
#include <set>

#include "db/schema.h"
#include "db/tables_tokens.h"
#include "replica/feed_reader.h"
#include "replica/forgetting.h"

namespace blazedb::db {
namespace {

constexpr std::size_t kPurgeAtOnce = 250;  // a purged row costs a look for each importer
constexpr std::uint64_t kTrimAtOnce = 5000;
constexpr std::uint64_t kWorthTrimming = 100'000;
constexpr std::size_t kOriginsWorthForgetting = 1'000;  // looking for them reads every row

}  // namespace

Upkeep::Upkeep(GroupCommit& writer, ReaderPool& readers, Shared& shared, Origins& origins, Journal& journal,
               base::Clock& clock, std::int64_t retentionMs, Durability durability)
    : writer_(writer),
      readers_(readers),
      shared_(shared),
      origins_(origins),
      journal_(journal),
      clock_(clock),
      retentionMs_(retentionMs),
      durability_(durability) {}

bool Upkeep::run() {
  bool more = purgeTombstones();
  more |= trimFeed();
  more |= journal_.forgetRemoved(clock_.wallMs() - retentionMs_);
  forgetCollections();
  {
    GroupCommit::Alone alone(writer_);
    save(alone);
  }
  forgetReaders();
  return more;
}

// Once every known reader knows of a delete, the values of the record go. After the retention time the rest goes.
bool Upkeep::purgeTombstones() {
  std::uint64_t upTo = shared_.peers.passedByAll(clock_.wallMs()).value_or(shared_.published.feedEnd());
  std::uint64_t oldest = sync::HybridClock::fromWall(clock_.wallMs() - retentionMs_);
  replica::Purgeable found = replica::purgeable(*readers_.lease(), upTo, oldest, kPurgeAtOnce);
  if (found.values.empty() && found.whole.empty()) return false;
  writer_.write(durability_, [&](Changes& changes) { replica::purge(changes.ledger(), found, upTo); });
  return found.values.size() == kPurgeAtOnce || found.whole.size() == kPurgeAtOnce;
}

// A collection without a row, not even that of a delete, would keep its place: their number is bounded.
void Upkeep::forgetCollections() {
  if (readers_.lease()->emptyCollections().empty()) return;
  writer_.write(Durability::normal, [&](Changes& changes) {
    for (const replica::Collection& empty : changes.tables().emptyCollections()) {
      changes.tables().removeCollection(empty.number);
      changes.mirror().collections.erase(empty.name);
    }
  });
}

// Removes the feed entries whose record has moved on, once they outnumber the others.
bool Upkeep::trimFeed() {
  std::uint64_t stale = 0, live = 0;
  {
    GroupCommit::Alone alone(writer_);
    stale = alone->mirror.stale;
    for (const auto& [name, collection] : alone->mirror.collections) live += collection.live;
  }
  if (trimmedTo_ == 0 && (stale < kWorthTrimming || stale < live)) return false;
  std::uint64_t end = shared_.published.feedEnd();
  end = end > replica::kUntrimmed ? end - replica::kUntrimmed : 0;
  std::uint64_t to = std::min(end, trimmedTo_ + kTrimAtOnce);
  if (to <= trimmedTo_) {
    trimmedTo_ = 0;
    return false;
  }
  writer_.write(durability_, [&](Changes& changes) {
    std::uint64_t removed = changes.tables().trimFeed(trimmedTo_, to);
    changes.mirror().stale -= std::min(changes.mirror().stale, removed);
  });
  trimmedTo_ = to < end ? to : 0;
  return trimmedTo_ != 0;
}

void Upkeep::save(GroupCommit::Alone& alone, Durability durability) {
  std::uint64_t stale = alone->mirror.stale;
  if (stale == alone->savedStale && !shared_.peers.unsaved() && durability == Durability::normal) return;
  try {
    alone.note(durability, [&](WriteTables& tables) {
      shared_.peers.save(tables);
      tables.setMetaNumber(kStale, stale);
    });
    alone->savedStale = stale;
  } catch (...) {
    shared_.peers.saveAgain();
    throw;
  }
}

// Scans a small table, now and then. A cursor on a peer's feed stays: without it a client that returns after very long
// would bring back what it had been told to delete.
void Upkeep::forgetReaders() {
  std::int64_t now = clock_.wallMs();
  if (now < forgetReadersAtMs_ && now + retentionMs_ > forgetReadersAtMs_) return;
  forgetReadersAtMs_ = now + retentionMs_ / 30;
  std::int64_t since = now - retentionMs_;
  std::vector<replica::Unseen> unseen;
  bool anyReplica = false;
  {
    ReaderPool::Lease reader = readers_.lease();
    unseen = reader->unseenSince(since);
    anyReplica = TokenTable(reader->statements()).anyUnseenSince(since);
  }
  forgetOrigins();
  if (unseen.empty() && !anyReplica) return;
  writer_.write(Durability::normal, [&](Changes& changes) {
    for (const replica::Unseen& each : unseen)
      if (shared_.peers.forgetUnseen(each)) changes.tables().removeUnseen(each);
    TokenTable(changes.tables().statements()).removeUnseenSince(since);
  });
}

// Forgets the numbers of incarnations from which no record is left. The latest number stays, so that no number is given
// twice: a reader may still use one that has just gone.
void Upkeep::forgetOrigins() {
  std::set<std::int64_t> unused;
  std::uint64_t end = 0;
  {
    ReaderPool::Lease reader = readers_.lease();
    unused = reader->olderOrigins();
    if (unused.size() < kOriginsWorthForgetting) return;
    end = shared_.published.feedEnd();
    for (std::int64_t used : reader->originsInRows()) unused.erase(used);
  }
  writer_.write(Durability::normal, [&](Changes& changes) {
    // A row whose origin has changed meanwhile has another position too.
    changes.tables().feed(end, 0, [&](const replica::FeedEntry& entry) {
      if (!entry.gone) unused.erase(entry.row.origin);
      return true;
    });
    for (std::int64_t number : unused) changes.tables().removeOrigin(number);
  });
  origins_.forgetAll();
}

}  // namespace blazedb::db
