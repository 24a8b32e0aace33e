// The budget of memory that all connections of a process share.
#include "link/budget.h"

#include <gtest/gtest.h>

#include <chrono>
#include <list>
#include <random>
#include <thread>

#include "link/hub_fixture.h"
#include "link/raw_guest.h"

namespace blazedb::link {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMiB = 1u << 20;

struct Counter final : Budget::Waiter {
  void roomMade() override { count++; }
  int count = 0;
};

struct Asking {
  explicit Asking(Budget& budget) : share(budget) { share.setWaiter(counter); }
  std::shared_ptr<Counter> counter = std::make_shared<Counter>();  // shared with the budget
  Budget::Share share;
};

TEST(Budget, WhatIsOnesOwnIsAlwaysThere) {
  Budget budget(kMiB);
  Asking large(budget), small(budget);
  EXPECT_TRUE(large.share.ask(kMiB + kOwnBytes));
  EXPECT_EQ(budget.held(), kMiB);
  EXPECT_TRUE(small.share.ask(kOwnBytes));
  EXPECT_FALSE(small.share.ask(kOwnBytes + 1));
  EXPECT_TRUE(budget.isScarce());
}

TEST(Budget, WhoWaitsGetsItInTurnAndAllAtOnce) {
  Budget budget(kMiB);
  Asking first(budget), second(budget), third(budget);
  ASSERT_TRUE(first.share.ask(kMiB));
  EXPECT_FALSE(second.share.ask(kMiB));
  EXPECT_FALSE(third.share.ask(2 * kOwnBytes)) << "it would fit, but it came later";
  first.share.giveBack(kMiB / 2);
  EXPECT_EQ(second.counter->count + third.counter->count, 0);
  first.share.set(0);
  EXPECT_EQ(second.counter->count, 1);
  EXPECT_EQ(third.counter->count, 1);
  EXPECT_TRUE(second.share.ask(kMiB));
  EXPECT_TRUE(third.share.ask(2 * kOwnBytes));
  EXPECT_FALSE(budget.isScarce());
  EXPECT_LE(budget.held(), kMiB);
}

TEST(Budget, WhoGoesGivesItBackAndNoLongerWaits) {
  Budget budget(kMiB);
  auto first = std::make_unique<Asking>(budget), second = std::make_unique<Asking>(budget);
  Asking third(budget);
  ASSERT_TRUE(first->share.ask(kMiB));
  EXPECT_FALSE(second->share.ask(kMiB));
  EXPECT_FALSE(third.share.ask(kMiB));
  second.reset();
  EXPECT_EQ(third.counter->count, 0);
  first.reset();
  EXPECT_EQ(third.counter->count, 1);
  third.share.set(0);
  EXPECT_EQ(budget.held(), 0u);
}

TEST(Budget, WhatIsLargerThanAllOfItGetsItAlone) {
  Budget budget(kMiB);
  Asking large(budget), other(budget);
  ASSERT_TRUE(other.share.ask(2 * kOwnBytes));
  EXPECT_FALSE(large.share.ask(10 * kMiB));
  other.share.set(kOwnBytes);
  EXPECT_EQ(large.counter->count, 1);
  EXPECT_TRUE(large.share.ask(10 * kMiB));
}

class Scarce : public HubTest {
 protected:
  static constexpr std::size_t kBudget = 16 * kMiB;
  Scarce() : HubTest(kBudget) {}

  void waitFor(const std::function<bool()>& reached) {
    for (auto deadline = steady_clock::now() + Heard::kLong; !reached(); std::this_thread::yield())
      ASSERT_LT(steady_clock::now(), deadline);
  }
};

// The guests ask for everything and read nothing: the kernel holds four megabytes for each of them, the hub holds the
// rest. Together they hold the whole budget and a frame for each thread. A guest that reads is served. The others are
// ended, with the reason.
TEST_F(Scarce, ThoseWhoReadNothingShareWhatThereIs) {
  constexpr int kDeaf = 6, kRecords = 4;
  options.timing.slowMs = 300;
  for (int i = 0; i < kRecords; i++) hub.insert({{"text", std::string(7'000'000, 'x')}});
  listen(nullptr);
  std::list<RawGuest> deaf;
  for (int i = 0; i < kDeaf; i++) {
    RawGuest& guest = deaf.emplace_back(acceptor->port(), 100 + i, clock, 4096);
    guest.send(sync::encode(sync::Welcome{}));
    guest.send(sync::encode(sync::Subscribe{}));
  }
  std::size_t most = 0;
  Client reader(*this, 1);
  RemoteOptions remote = toHub();
  remote.tls = nullptr;
  reader.connect(*this, remote);
  waitFor([&] {
    most = std::max(most, io.outgoing().held());
    return reader.replica.count() == kRecords;
  });
  EXPECT_GT(most, kBudget / 2);
  EXPECT_LE(most, kBudget + 2 * 7 * kMiB);
  EXPECT_TRUE(hubHeard.wait(
      [&](const LinkStatus& status) { return status.error && status.error->code == ErrorCode::Timeout; }));
}

// Frames are announced and do not come. Two of them take the whole budget, and the others wait.
TEST_F(Scarce, ThoseWhoAnnounceMuchDoNotKeepOthersOut) {
  options.timing.slowMs = 3'600'000;
  listen(nullptr);
  std::list<RawGuest> idle;
  for (int i = 0; i < 6; i++) {
    RawGuest& guest = idle.emplace_back(acceptor->port(), 100 + i, clock);
    guest.next();                                              // admitted: frames may now be large
    guest.socket().send(base::Bytes{0, 0, 0x7F, 0, 1, 2, 3});  // 8 MiB less 64 KiB
  }
  waitFor([&] { return io.incoming().isScarce(); });
  EXPECT_LE(io.incoming().held(), kBudget);
  Client writer(*this, 1);
  UUID large = writer.replica.insert({{"text", std::string(3'000'000, 'x')}});
  RemoteOptions remote = toHub();
  remote.tls = nullptr;
  writer.connect(*this, remote);
  waitFor([&] {
    if (io.incoming().isScarce()) clock.moveOn(options.timing.slowMs);
    acceptor->feedMoved(*hub.engine);  // makes it check every connection
    return hub.fetch(large).has_value();
  });
  EXPECT_TRUE(writer.link->waitSynchronized(soonUs()));
}

class VeryScarce : public HubTest {
 protected:
  VeryScarce() : HubTest(4 * kMiB) {}
};

TEST_F(VeryScarce, AFrameThatIsLargerThanTheBudgetGetsThrough) {
  std::string large(7'000'000, ' ');
  std::mt19937_64 noise(3);
  for (char& each : large) each = static_cast<char>('!' + noise() % 90);
  listen();
  Client a(*this, 1), b(*this, 2);
  for (Client* client : {&a, &b}) client->connect(*this, toHub());
  UUID id = a.replica.insert({{"text", large}});
  ASSERT_TRUE(a.link->waitSynchronized(soonUs()));
  ASSERT_TRUE(b.link->waitSynchronized(soonUs()));
  EXPECT_TRUE(b.replica.fetch(id));
}

}  // namespace
}  // namespace blazedb::link
