// The status of a link that others read, while the link may not yet know of the latest request.
#include "link/status_board.h"

#include <gtest/gtest.h>

#include "support/replica.h"

namespace blazedb::link {
namespace {

class StatusBoardTest : public testing::Test {
 protected:
  void put(LinkState state) {
    LinkStatus status;
    status.state = state;
    if (state == LinkState::offline || state == LinkState::stopped) status.error = {ErrorCode::Offline, "why"};
    status.nextTryMs = 1000;
    board_.put(status);
  }
  LinkState state() const { return board_.status().state; }

  std::int64_t worldMs_ = 0;
  test::WorldClock clock_{worldMs_};
  StatusBoard board_{clock_, {}};
};

TEST_F(StatusBoardTest, APauseIsSaidAtOnceAndWhateverTheLinkSaysMeanwhile) {
  put(LinkState::offline);
  board_.expect(true);
  EXPECT_EQ(state(), LinkState::paused);
  EXPECT_FALSE(board_.status().error);
  put(LinkState::live);
  EXPECT_EQ(state(), LinkState::paused);
  EXPECT_FALSE(board_.wait(clock_.monotonicUs() + 1, [](const LinkStatus&) { return false; })) << "waits for nothing";
}

TEST_F(StatusBoardTest, APauseThatIsOverBeforeTheLinkHasHeardOfItLeavesItLive) {
  put(LinkState::live);
  board_.expect(true);
  board_.expect(false);
  EXPECT_EQ(state(), LinkState::live);
}

TEST_F(StatusBoardTest, WhoResumesIsNotToldOfThePauseAnyMore) {
  put(LinkState::live);
  board_.expect(true);
  put(LinkState::paused);
  EXPECT_EQ(state(), LinkState::paused);
  board_.expect(false);
  EXPECT_EQ(state(), LinkState::connecting);
  put(LinkState::paused);  // reported too late
  EXPECT_EQ(state(), LinkState::connecting);
  put(LinkState::live);
  EXPECT_EQ(state(), LinkState::live);
}

TEST(StatusBoard, RejectedRecordsAreNews) {
  std::int64_t worldMs = 0;
  test::WorldClock clock(worldMs);
  std::vector<std::uint64_t> heard;
  StatusBoard board(clock, [&](const LinkStatus& status) { heard.push_back(status.ends[0].refused); });
  LinkStatus status;
  status.state = LinkState::live;
  board.put(status);
  status.ends[0].refused = 1;
  status.ends[0].reason = {ErrorCode::TooLarge, "large"};
  board.put(status);
  board.put(status);
  status.ends[0].refused = 2;
  board.put(status);
  status.ends[0].refused = 0;
  status.ends[0].reason.reset();
  board.put(status);
  EXPECT_EQ(heard, (std::vector<std::uint64_t>{0, 1, 2, 0}));
}

// A change that the peer had refused has gone back into its record, and the peer does not have it yet.
TEST_F(StatusBoardTest, WhatWentBackIsWaitedFor) {
  LinkStatus status;
  status.state = LinkState::live;
  sync::SessionStatus& end = status.ends[0];
  end.sending = true;
  end.pong = sync::Pong{1, 0};
  end.acknowledgedTo = 5;
  end.gaveBackTo = 6;
  board_.put(status);
  EXPECT_FALSE(board_.waitSynchronized(1, 5, clock_.monotonicUs()));
  end.acknowledgedTo = 6;
  board_.put(status);
  EXPECT_TRUE(board_.waitSynchronized(1, 5, clock_.monotonicUs()));
}

TEST_F(StatusBoardTest, WhoTriesAStoppedLinkAgainIsNotToldOfItsEndAnyMore) {
  put(LinkState::stopped);
  board_.expect(false);
  EXPECT_EQ(state(), LinkState::connecting);
  put(LinkState::stopped);
  EXPECT_EQ(state(), LinkState::stopped);
}

TEST_F(StatusBoardTest, TheNextTryIsCountedFromNow) {
  put(LinkState::offline);
  worldMs_ += 400;
  EXPECT_EQ(board_.status().nextTryMs, 600);
  worldMs_ += 4000;
  EXPECT_EQ(board_.status().nextTryMs, 0);
}

}  // namespace
}  // namespace blazedb::link
