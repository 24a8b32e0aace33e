// When a broken link tries again, and what resets the delay.
#include "link/retry.h"

#include <gtest/gtest.h>

#include <new>
#include <utility>

#include "link/hub_fixture.h"
#include "link/local_link.h"
#include "support/conversation.h"

namespace blazedb::link {
namespace {

// A store that sends but has no room for what it receives.
class FullStore final : public test::PassingStore {
 public:
  using PassingStore::PassingStore;
  sync::ApplyResult apply(const sync::Incoming& incoming) override {
    if (!incoming.changes.empty()) throw Error(ErrorCode::DiskFull, "no space left; free some and try again");
    return PassingStore::apply(incoming);
  }
};

class RetryTest : public HubTest {
 protected:
  // The delay after the link has broken four times.
  static std::int64_t fourthDelayMs(Heard& heard) {
    std::int64_t delayMs = 0;
    int broken = 0;
    heard.wait([&](const LinkStatus& status) {
      if (status.state != LinkState::offline) return false;
      delayMs = status.nextTryMs;
      return ++broken == 4;
    });
    return delayMs;
  }
};

TEST_F(RetryTest, AHubThatIsFullIsTriedLessAndLessOften) {
  FullStore full(*hub.engine);
  servedStore = &full;
  listen();
  Client client(*this, 1);
  client.replica.insert({{"n", 1}});
  client.connect(*this, toHub());
  EXPECT_GE(fourthDelayMs(client.heard), 400);
}

TEST_F(RetryTest, ADatabaseOfThisProcessThatIsFullIsTriedLessAndLessOften) {
  FullStore full(*hub.engine);
  test::Replica other("other", worldMs, 1);
  other.insert({{"n", 1}});
  Heard heard;
  bool live = false;
  LocalLink link({*other.engine, {}}, {full, {}}, clock, random, [&](const LinkStatus& status) {
    live |= status.state == LinkState::live;
    heard.note(status);
  });
  EXPECT_GE(fourthDelayMs(heard), 400);
  link.end();
  EXPECT_FALSE(live) << "it was never";
}

// A store that has no memory for the first changes that it receives.
class BusyStore final : public test::PassingStore {
 public:
  using PassingStore::PassingStore;
  sync::ApplyResult apply(const sync::Incoming& incoming) override {
    if (!incoming.changes.empty() && !std::exchange(failed_, true)) throw std::bad_alloc();
    return PassingStore::apply(incoming);
  }

 private:
  bool failed_ = false;
};

TEST_F(RetryTest, TooLittleMemoryIsSaidAndTriedAgain) {
  BusyStore busy(*hub.engine);
  test::Replica other("other", worldMs, 1);
  UUID id = other.insert({{"n", 1}});
  Heard heard;
  LocalLink link({*other.engine, {}}, {busy, {}}, clock, random, [&](const LinkStatus& status) { heard.note(status); });
  heard.wait([](const LinkStatus& status) {
    return status.state == LinkState::offline && status.error->code == ErrorCode::OutOfMemory;
  });
  heard.wait([](const LinkStatus& status) { return status.state == LinkState::live; });
  link.end();
  EXPECT_TRUE(hub.fetch(id));
}

// Fails the first time, in a way that no second try mends.
class DamagedStore final : public test::PassingStore {
 public:
  using PassingStore::PassingStore;
  sync::ApplyResult apply(const sync::Incoming& incoming) override {
    if (!incoming.changes.empty() && !std::exchange(failed_, true)) throw Error(ErrorCode::DamagedPage, "a bad block");
    return PassingStore::apply(incoming);
  }

 private:
  bool failed_ = false;
};

TEST_F(RetryTest, ALinkOfThisProcessThatHasStoppedIsResumed) {
  DamagedStore damaged(*hub.engine);
  test::Replica other("other", worldMs, 1);
  UUID id = other.insert({{"n", 1}});
  Heard heard;
  LocalLink link({*other.engine, {}}, {damaged, {}}, clock, random,
                 [&](const LinkStatus& status) { heard.note(status); });
  EXPECT_TRUE(heard.waitFor(LinkState::stopped));
  link.resume();
  EXPECT_TRUE(heard.waitFor(LinkState::live));
  link.end();
  EXPECT_TRUE(hub.fetch(id));
}

TEST_F(RetryTest, ALinkOfThisProcessEndsWhileItIsPausedOrHasStopped) {
  for (bool pause : {true, false}) {
    DamagedStore damaged(*hub.engine);
    test::Replica other("other", worldMs, pause ? 1 : 2);
    Heard heard;
    LocalLink link({*other.engine, {}}, {damaged, {}}, clock, random,
                   [&](const LinkStatus& status) { heard.note(status); });
    if (pause)
      link.pause();
    else
      other.insert({{"n", 1}}), link.feedMoved();
    EXPECT_TRUE(heard.waitFor(pause ? LinkState::paused : LinkState::stopped));
  }
}

// The hub's clock may have been wrong for a moment, so an expired token is tried again. An unknown token is not.
TEST_F(RetryTest, AnExpiredTokenIsTriedAgainAndAWrongOneIsNot) {
  listen();
  Client client(*this, 1);
  client.connect(*this, toHub());
  ASSERT_TRUE(client.heard.waitFor(LinkState::live));
  tokenIsOver = true;
  acceptor->stop([](const Served&) { return true; }, {ErrorCode::ExpiredToken, "the token has expired"});
  for (int refused = 0; refused < 2; refused++)
    ASSERT_TRUE(client.heard.wait([](const LinkStatus& status) {
      return status.state == LinkState::offline && status.error->code == ErrorCode::ExpiredToken;
    }));
  tokenIsOver = false;
  ASSERT_TRUE(client.heard.waitFor(LinkState::live));
  acceptor->stop([](const Served&) { return true; }, {ErrorCode::WrongToken, "the token is revoked"});
  EXPECT_TRUE(client.heard.waitFor(LinkState::stopped));
}

class RetryRuleTest : public testing::Test {
 protected:
  RetryRuleTest() {
    status_.state = LinkState::live;
    status_.ends[0].sending = true;
    for (int i = 0; i < 12; i++) next();
  }
  std::int64_t next(ErrorCode why = ErrorCode::Offline) { return retry_.nextDelayMs(why, random_, nowMs_); }
  bool isShort() { return next() <= 100; }
  void note(std::uint64_t feedEnd) { retry_.note(status_, {feedEnd, 0}, nowMs_); }

  base::SystemRandom random_;
  std::int64_t nowMs_ = 0;
  LinkStatus status_;
  Retry retry_;
};

TEST_F(RetryRuleTest, DelaysGrowUpToTheLast) {
  std::int64_t delayMs = next();
  EXPECT_GE(delayMs, kLastRetryMs / 2);
  EXPECT_LE(delayMs, kLastRetryMs);
  retry_.reset();
  EXPECT_TRUE(isShort());
}

TEST_F(RetryRuleTest, ToBeLiveIsNoSuccess) {
  note(0);
  EXPECT_FALSE(isShort());
}

TEST_F(RetryRuleTest, WhatWasAcknowledgedIsASuccess) {
  status_.ends[0].delivered = 1;
  status_.ends[0].acknowledgedTo = 7;
  note(7);
  EXPECT_TRUE(isShort());
}

TEST_F(RetryRuleTest, APartOfItIsNone) {
  status_.ends[0].delivered = 1;
  status_.ends[0].acknowledgedTo = 6;
  note(7);
  EXPECT_FALSE(isShort());
}

TEST_F(RetryRuleTest, WhatWasWrittenSinceIsNotWaitedFor) {
  status_.ends[0].received = 1;
  status_.ends[0].acknowledgedTo = 6;
  note(7);
  status_.ends[0].acknowledgedTo = 7;
  note(8);
  EXPECT_TRUE(isShort());
}

TEST_F(RetryRuleTest, ChangedRightsEndALiveConnectionForAMoment) {
  note(0);
  EXPECT_LE(next(ErrorCode::RightsChanged), 4);
  // A peer that says nothing else does not keep this end busy.
  for (int i = 0; i < 12; i++) next(ErrorCode::RightsChanged);
  EXPECT_GE(next(ErrorCode::RightsChanged), 2'000);
}

TEST_F(RetryRuleTest, AMinuteWithoutABreakIsASuccess) {
  note(0);
  nowMs_ += 59'999;
  EXPECT_FALSE(isShort());
  note(0);
  nowMs_ += 60'000;
  EXPECT_TRUE(isShort());
}

}  // namespace
}  // namespace blazedb::link
