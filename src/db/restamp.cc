#include "db/restamp.h"

#include <utility>
#include <vector>

#include "base/limits.h"

namespace blazedb::db {
namespace {

// How many records one transaction changes.
constexpr std::size_t kAtOnce = 1000;
constexpr std::size_t kBytesAtOnce = 4u << 20;

}  // namespace

// Holds the writer's lock to the end. As long as one record carries a time from the future, the clock must be ahead
// too, or the next write to that record would lose against what it replaces. The last transaction sets the clock back.
// A call that fails earlier leaves a part of the records mended, and the clock still ahead.
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
    // Takes a position, whose mark tells where the clock stands.
    alone.write(Durability::full, [](Changes& changes) { changes.ledger().takeEmptyPosition(); });
  } catch (...) {
    alone->mirror.clock = ahead;
    throw;
  }
  return wrong;
}

}  // namespace blazedb::db
