// Mending stamps from the future: everything is in the present afterwards, and nothing else has changed.
#include "sync/restamp.h"

#include <gtest/gtest.h>

#include "sync/states.h"

namespace blazedb::sync {
namespace {

constexpr std::uint64_t kLimit = 6;
constexpr std::uint64_t kMender = 9;

std::vector<Stamp> stampsOf(const RecordState& state) {
  std::vector<Stamp> stamps = {state.base.stamp, state.tomb.stamp};
  for (const Cell& cell : state.cells) stamps.push_back(cell.stamp);
  return stamps;
}

TEST(RestampTest, KeepsTheOrderOfStampsAndBringsAllIntoThePresent) {
  RandomStates random(1);
  int mended = 0;
  for (int i = 0; i < 50'000; i++) {
    RecordState before = random.state();
    RecordState after = before;
    Role role = i % 2 ? Role::server : Role::client;
    HybridClock clock;
    observePresent(before, kLimit, clock);
    ASSERT_LE(clock.last(), kLimit);
    std::uint64_t start = clock.last();
    restamp(after, {kLimit, 0, role, kMender}, clock, 77);
    mended += fromTheFuture(before, kLimit);
    ASSERT_EQ(after.alive(), before.alive());
    std::vector<Stamp> old = stampsOf(before), now = stampsOf(after);
    for (std::size_t a = 0; a < old.size(); a++) {
      if (old[a].time <= kLimit) {
        ASSERT_EQ(now[a], old[a]);
        continue;
      }
      ASSERT_EQ(now[a].writer, kMender);
      ASSERT_GT(now[a].time, start);
      ASSERT_LE(now[a].authority, now[a].time);
      bool keeps = old[a].authority <= kLimit;
      ASSERT_TRUE(!keeps || now[a].authority == old[a].authority);
      ASSERT_TRUE(keeps || role == Role::client || now[a].authority == now[a].time);
      ASSERT_TRUE(role == Role::server || now[a].authority <= kLimit) << "authority that nobody had";
      for (std::size_t b = 0; b < old.size(); b++) ASSERT_EQ(old[a] < old[b], now[a] < now[b]) << i;
    }
    for (std::size_t c = 0; c < before.cells.size(); c++) {
      EXPECT_EQ(after.cells[c].name, before.cells[c].name);
      EXPECT_TRUE(base::equal(after.cells[c].value, before.cells[c].value));
      EXPECT_EQ(after.cells[c].position, before.cells[c].stamp.time > kLimit ? 77 : before.cells[c].position);
    }
  }
  EXPECT_GT(mended, 10'000);
}

TEST(RestampTest, AnOverFromTheFutureGoes) {
  RecordState state;
  state.base = {{0, 2, 1}, {}, 1};
  state.cells = {cellOf("a", 1, {0, 20, 1}), cellOf("b", 2, {0, 20, 1})};
  state.cells[0].over = {0, 19, 2};
  state.cells[1].over = {0, 3, 2};
  HybridClock clock;
  observePresent(state, kLimit, clock);
  restamp(state, {kLimit, 0, Role::client, kMender}, clock, 5);
  EXPECT_EQ(state.cells[0].over, Stamp{});
  EXPECT_EQ(state.cells[1].over, (Stamp{0, 3, 2}));
}

}  // namespace
}  // namespace blazedb::sync
