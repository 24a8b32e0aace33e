#include "db/restamp.h"

#include <utility>
#include <vector>

#include "base/limits.h"

namespace blazedb::db {
namespace {

// What one transaction changes.
constexpr std::size_t kAtOnce = 1000;
constexpr std::size_t kBytesAtOnce = 4u << 20;

}  // namespace

// With the writer's lock all along: as long as one record carries a time from the future, so must the clock, or the
// next write to that record would lose against what it replaces. The last transaction sets it back; a call that does
// not come to that leaves a part of the records mended, and a clock that is still ahead of the others.
std::uint64_t restamp(GroupCommit::Alone& alone, base::Clock& clock) {
  std::uint64_t limit = sync::HybridClock::fromWall(clock.wallMs() + base::kClockSkewMsMax);
  alone.write(Durability::full, [](Changes& changes) { changes.requireWritable(); });

  sync::HybridClock mended;
  std::uint64_t wrong = 0;
  alone->tables.feed(0, 0, [&](const replica::FeedEntry& entry) {
    if (entry.gone || entry.row.position != entry.position) return true;
    sync::RecordState state = entry.row.state();
    sync::observePresent(state, limit, mended);
    wrong += sync::fromTheFuture(state, limit) ? 1 : 0;
    return true;
  });
  if (wrong == 0 && alone->mirror.clock.last() <= limit) return 0;

  std::uint64_t after = 0;
  for (std::uint64_t done = 0; done < wrong;) {
    std::vector<replica::Key> keys;
    std::size_t bytes = 0;
    alone->tables.feed(after, 0, [&](const replica::FeedEntry& entry) {
      after = entry.position;
      const replica::Row& row = entry.row;
      if (entry.gone || row.position != entry.position || !sync::fromTheFuture(row.state(), limit)) return true;
      keys.push_back(row.key());
      bytes += row.fields.size();
      return keys.size() < kAtOnce && bytes < kBytesAtOnce;
    });
    alone.write(Durability::full, [&](Changes& changes) {
      for (const replica::Key& key : keys) changes.restamp(key, limit, mended);
    });
    done += keys.size();
  }

  sync::HybridClock ahead = std::exchange(alone->mirror.clock, mended);
  try {
    // A position, for the mark that tells where the clock stands.
    alone.write(Durability::full, [](Changes& changes) { changes.ledger().takeEmptyPosition(); });
  } catch (...) {
    alone->mirror.clock = ahead;
    throw;
  }
  return wrong;
}

}  // namespace blazedb::db
