#include "sync/stamp.h"

#include <gtest/gtest.h>

namespace blazedb::sync {
namespace {

TEST(Stamp, IsComparedByAuthorityThenTimeThenWriter) {
  EXPECT_LT((Stamp{1, 900, 9}), (Stamp{2, 100, 1}));
  EXPECT_LT((Stamp{1, 100, 9}), (Stamp{1, 101, 1}));
  EXPECT_LT((Stamp{1, 100, 1}), (Stamp{1, 100, 2}));
  EXPECT_EQ((Stamp{1, 100, 1}), (Stamp{1, 100, 1}));
}

TEST(Stamp, WithoutATimeIsNone) {
  EXPECT_FALSE(Stamp{}.present());
  EXPECT_TRUE((Stamp{0, 1, 0}.present()));
  EXPECT_LT(Stamp{}, (Stamp{0, 1, 0}));
}

TEST(HybridClock, FollowsTheWall) {
  HybridClock clock;
  EXPECT_EQ(clock.next(1000), 1000u << 16);
  EXPECT_EQ(clock.next(1001), 1001u << 16);
  EXPECT_EQ(HybridClock::toWall(clock.last()), 1001);
}

TEST(HybridClock, CountsWithinAMillisecond) {
  HybridClock clock;
  EXPECT_EQ(clock.next(7), 7u << 16);
  EXPECT_EQ(clock.next(7), (7u << 16) + 1);
  EXPECT_EQ(clock.next(7), (7u << 16) + 2);
}

TEST(HybridClock, RunsIntoTheMillisecondsWhenTheCounterIsUsedUp) {
  HybridClock clock;
  std::uint64_t last = clock.next(7);
  for (int i = 0; i < 70'000; i++) {
    std::uint64_t now = clock.next(7);
    ASSERT_GT(now, last);
    last = now;
  }
  EXPECT_EQ(HybridClock::toWall(last), 8);
}

TEST(HybridClock, NeverGoesBackWhenTheWallDoes) {
  HybridClock clock;
  std::uint64_t before = clock.next(5000);
  EXPECT_EQ(clock.next(10), before + 1);
}

TEST(HybridClock, MovesPastWhatItObserves) {
  HybridClock clock;
  clock.observe(9000u << 16);
  EXPECT_EQ(clock.next(10), (9000u << 16) + 1);
  clock.observe(5);
  EXPECT_EQ(clock.last(), (9000u << 16) + 1);
}

TEST(HybridClock, TakesAWallBeforeTheEpochAsTheEpoch) {
  HybridClock clock;
  EXPECT_EQ(clock.next(-5), 1u);
  EXPECT_EQ(HybridClock::fromWall(-1), 0u);
}

}  // namespace
}  // namespace blazedb::sync
