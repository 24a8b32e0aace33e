#include "link/strand.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <atomic>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace blazedb::link {
namespace {

class StrandTest : public testing::Test {
 protected:
  ~StrandTest() override { finish(); }

  void start(int threads) {
    for (int i = 0; i < threads; i++) threads_.emplace_back([this] { workers.run(); });
  }
  // Waits until everything that was posted has run.
  void finish() {
    busy_.reset();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  asio::io_context workers;

 private:
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> busy_{workers.get_executor()};
  std::vector<std::thread> threads_;
};

TEST_F(StrandTest, RunsOneTaskAfterTheOtherInTheOrderOfThePosts) {
  start(4);
  Strand strand(workers);
  std::vector<int> seen;
  std::atomic<int> inside{0}, together{0};
  for (int i = 0; i < 10'000; i++)
    strand.post([&, i] {
      if (++inside > 1) together++;
      seen.push_back(i);
      inside--;
    });
  finish();
  EXPECT_EQ(together, 0);
  ASSERT_EQ(seen.size(), 10'000u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_F(StrandTest, ATaskThatDoesNotReturnHoldsUpNoOtherStrand) {
  start(3);
  Strand blocked(workers);
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> begun;
  blocked.post([&] {
    begun.set_value();
    released.wait();
  });
  begun.get_future().wait();
  bool after = false;
  blocked.post([&] { after = true; });

  constexpr int kMany = 1000;
  std::deque<Strand> others;
  std::atomic<int> ran{0};
  std::promise<void> all;
  for (int i = 0; i < kMany; i++)
    others.emplace_back(workers).post([&] {
      if (++ran == kMany) all.set_value();
    });
  EXPECT_EQ(all.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_FALSE(after);
  release.set_value();
  finish();
  EXPECT_TRUE(after);
}

TEST_F(StrandTest, ATaskThatThrowsEndsNothingElse) {
  Strand strand(workers);
  int ran = 0;
  for (int i = 0; i < 3; i++)
    strand.post([&] {
      ran++;
      throw std::runtime_error("ignored");
    });
  start(2);
  finish();
  EXPECT_EQ(ran, 3);
}

// The workers end before they run the task.
TEST_F(StrandTest, WhatIsLeftWhenTheWorkersEndIsDestroyed) {
  auto held = std::make_shared<int>(1);
  {
    asio::io_context ended;
    Strand strand(ended);
    for (int i = 0; i < 100'000; i++) strand.post([held] {});
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace blazedb::link
