#include "topology/patrol.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

namespace blazedb::topology {
namespace {

TEST(PatrolTest, RunsWhenItIsWoken) {
  std::atomic<int> rounds = 0;
  Patrol patrol(std::chrono::hours(24));
  patrol.begin([&] {
    rounds++;
    rounds.notify_all();
  });
  for (int i = 0; i < 3; i++) {
    patrol.wake();
    rounds.wait(i);
    EXPECT_EQ(rounds, i + 1);
  }
  patrol.end();
  patrol.wake();
  EXPECT_EQ(rounds, 3);
}

}  // namespace
}  // namespace blazedb::topology
