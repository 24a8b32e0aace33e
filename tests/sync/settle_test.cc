// What an end sends and saves before a conversation ends; signs of life; how much may be under way.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

using SettleTest = SessionTest;

Cursor cursorOf(Replica& reader, Replica& owner) { return reader->cursorOn(owner->info().replica, {}); }

TEST_F(SettleTest, ASettledConversationLeavesNothingToSayToTheNextOne) {
  for (int i = 0; i < 5; i++) a.insert({{"n", i}});
  Conversation talk(a, b, now);
  talk.start();
  talk.settle();
  EXPECT_LT(cursorOf(a, b).position, b->feedEnd()) << "the echoes that B withheld are not yet announced";
  for (int end = 0; end < 2; end++) talk[end].settle(now);
  talk.collect();
  talk.settle();
  EXPECT_EQ(cursorOf(a, b).position, b->feedEnd());
  EXPECT_EQ(cursorOf(b, a).position, a->feedEnd());

  a.reopen();
  b.reopen();
  EXPECT_EQ(synced().changesFrom(1), 0u);
}

TEST_F(SettleTest, NothingNewIsReadFromTheFeed) {
  Conversation talk = synced();
  talk[0].settle(now);
  a.insert({{"n", 1}});
  talk.settle();
  EXPECT_EQ(b.count(), 0u);
}

TEST_F(SettleTest, AnUnannouncedByeSavesTheCursorToo) {
  for (int i = 0; i < 5; i++) a.insert({{"n", i}});
  Conversation talk(a, b, now);
  talk.start();
  talk.settle();
  talk[1].settle(now);
  talk[1].stop(ErrorCode::Offline, "closing");
  talk.collect();
  while (talk.deliver(0)) {
  }
  EXPECT_TRUE(talk[0].stopped());
  EXPECT_EQ(cursorOf(a, b).position, b->feedEnd());
}

TEST_F(SettleTest, ABulkCopyAnnouncesAndSavesAsItGoes) {
  a->write([](db::Changes& changes) {
    for (int i = 0; i < 20'000; i++)
      changes.insert("default", std::nullopt, {{"n", i}, {"text", std::string(60, 'x')}});
  });
  Conversation talk(a, b, now);
  talk.start();
  while (b.count() == 0 || cursorOf(a, b).position == 0) ASSERT_TRUE(talk.deliverBoth());
  EXPECT_LT(b.count(), 20'000u) << "in the middle of it, and without any time passing";
}

TEST_F(SettleTest, APongTellsWhereTheFeedEndsAndNothingIsWithheldAnyLonger) {
  Conversation talk = synced();
  a.insert({{"n", 1}});
  talk.settle();
  std::uint64_t end = b->feedEnd();
  EXPECT_LT(talk.status(0).appliedTo, end);
  talk[0].ping(7, now);
  talk.settle();
  ASSERT_TRUE(talk.status(0).pong);
  EXPECT_EQ(talk.status(0).pong->number, 7u);
  EXPECT_EQ(talk.status(0).pong->feedEnd, end);
  EXPECT_EQ(talk.status(0).appliedTo, end);
}

TEST_F(SettleTest, TellsWhenItLastHeardOfThePeer) {
  Conversation talk = synced();
  now += kMinute;
  talk[0].ping(1, now);
  talk.settle();
  EXPECT_EQ(talk.status(0).heardMs, now);
  EXPECT_EQ(talk.status(1).heardMs, now);
}

TEST_F(SettleTest, RefusesAFrameBeyondTheLimit) {
  Session session(*a.engine);
  session.start(a.clock.wallMs(), now);
  expectProtocolError(session, Bytes(base::kFrameBytesMaxBeforeHello + 1, 1));
  expectProtocolError(*talking(), Bytes(base::kFrameBytesMax + 1, 4));
}

TEST_F(SettleTest, RefusesMoreBatchesThanMayBeUnderWayWhileItWaitsForWholeRecords) {
  auto session = talking();
  UUID id = uuidOf(5);
  auto batch = [&](std::uint64_t position, bool complete) {
    RecordState state;
    state.base = {{0, HybridClock::fromWall(a.clock.wallMs()), 12345}, {}, 0};
    EncodedState encoded;
    encodeState(state, 0, encoded);
    Change change;
    change.collection = "default";
    change.id = id;
    change.position = position;
    change.complete = complete;
    change.stamps = encoded.stamps;
    change.fields = encoded.fields;
    BatchWriter out(position - 1);
    out.add(change);
    return out.finishBatch(position, false, position);
  };
  session->receive(batch(1, false), now);
  std::vector<Bytes> said = session->takeFrames();
  ASSERT_FALSE(said.empty());
  ASSERT_EQ(typeOf(said.back()), FrameType::need);
  Bytes large = batch(2, true);
  large.resize(base::kInFlightBytesMax / 3 * 2);  // a batch is not decoded before its turn
  int taken = 0;
  while (!session->stopped() && taken < 10) {
    session->receive(large, now);
    taken++;
  }
  EXPECT_EQ(taken, 3) << "8 MiB are under way after two of them";
  EXPECT_EQ(session->status().ended->code, ErrorCode::ProtocolError);
}

}  // namespace
}  // namespace blazedb::sync
