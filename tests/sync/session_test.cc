// Greeting, sending and receiving, acknowledging.
#include <gtest/gtest.h>

#include <limits>

#include "base/limits.h"
#include "support/errors.h"
#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

Record big(std::size_t bytes) { return {{"payload", blazedb::Bytes(bytes, 0xAB)}}; }

// ------------------------------------------------------------------------------------------------------------ greeting

TEST_F(SessionTest, SaysHelloFirstAndNothingElseUntilItIsAnswered) {
  a.insert({{"n", 1}});
  Session session(*a.engine);
  session.start(a.clock.wallMs(), now);
  session.feedMoved(now);
  session.tick(now + kHour);
  std::vector<Bytes> said = session.takeFrames();
  ASSERT_EQ(said.size(), 1u);
  std::optional<Hello> hello = decodeHello(said[0]);
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->identity.replica, a->info().replica);
  EXPECT_EQ(hello->identity.name, "A");
  EXPECT_NE(hello->identity.incarnation, 0u);
  EXPECT_EQ(hello->wallMs, a.clock.wallMs());
  EXPECT_EQ(session.status().state, SessionState::connecting);
}

TEST_F(SessionTest, RefusesAnythingBeforeHello) {
  Session session(*a.engine);
  session.start(a.clock.wallMs(), now);
  session.takeFrames();
  expectProtocolError(session, encode(Subscribe{}));
}

TEST_F(SessionTest, RefusesTheSameReplicaTwice) {
  Replica copy("A", now, 3);
  copy.putBack(a.copy());
  ASSERT_EQ(a->info().replica, copy->info().replica);

  Conversation talk(a, copy, now);
  talk.start();
  talk.settle();
  for (int end = 0; end < 2; end++) {
    ASSERT_TRUE(talk[end].stopped());
    EXPECT_EQ(talk.status(end).ended->code, ErrorCode::DuplicateReplica);
  }
  EXPECT_NE(talk.status(0).ended->text.find("renew"), std::string::npos) << "it says what to do";

  copy->renewReplicaId();
  Conversation again(a, copy, now);
  again.start();
  again.rest();
  EXPECT_TRUE(again.verified());
}

TEST_F(SessionTest, RefusesClocksThatAreMoreThanFiveMinutesApart) {
  for (std::int64_t skew : {5 * kMinute, -5 * kMinute}) {
    b.clock.skewMs = skew;
    Conversation fine(a, b, now);
    fine.start();
    fine.settle();
    EXPECT_TRUE(fine.live()) << skew;
    b.clock.skewMs = skew > 0 ? skew + 1 : skew - 1;
    Conversation talk(a, b, now);
    talk.start();
    talk.settle();
    ASSERT_TRUE(talk[0].stopped()) << skew;
    EXPECT_EQ(talk.status(0).ended->code, ErrorCode::ClockSkew);
    EXPECT_EQ(talk.status(1).ended->code, ErrorCode::ClockSkew);
  }
}

TEST_F(SessionTest, RefusesAClockThatIsOffByMoreThanTimeItselfHolds) {
  for (std::int64_t wall : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    Session session(*a.engine);
    session.start(a.clock.wallMs(), now);
    Hello hello;
    hello.identity = {uuidOf(99), 12345, Role::client, "other"};
    hello.wallMs = wall;
    session.receive(encode(hello), now);
    ASSERT_TRUE(session.stopped()) << wall;
    EXPECT_EQ(session.status().ended->code, ErrorCode::ClockSkew) << wall;
  }
}

TEST_F(SessionTest, RefusesANewerProtocol) {
  Session session(*a.engine);
  session.start(a.clock.wallMs(), now);
  session.receive(Bytes{1, kProtocolVersion + 1, 9, 9, 9}, now);
  ASSERT_TRUE(session.stopped());
  EXPECT_EQ(session.status().ended->code, ErrorCode::ProtocolTooNew);
  EXPECT_EQ(decodeBye(session.takeFrames().back())->code, ErrorCode::ProtocolTooNew);
}

TEST_F(SessionTest, SaysByeWhenItIsStoppedAndNothingAfterwards) {
  Conversation talk = synced();
  talk[0].stop(ErrorCode::Offline, "enough");
  talk.collect();
  ASSERT_TRUE(talk.deliver(1));
  EXPECT_EQ(talk.status(1).state, SessionState::stopped);
  EXPECT_EQ(talk.status(1).ended->code, ErrorCode::Offline);
  EXPECT_EQ(talk.status(1).ended->text, "enough");
  a.insert({{"n", 1}});
  talk.feedsMoved();
  for (int end = 0; end < 2; end++) {
    EXPECT_FALSE(talk[end].nextTickMs());
    EXPECT_TRUE(talk.towards[static_cast<std::size_t>(end)].empty());
  }
}

// ------------------------------------------------------------------------------------------------------- out of place

TEST_F(SessionTest, RefusesFramesThatCannotBeRead) {
  expectProtocolError(*talking(), Bytes{});
  expectProtocolError(*talking(), Bytes{99});
  for (std::uint8_t type = 2; type <= 10; type++) expectProtocolError(*talking(), Bytes{type, 0xFF});
}

TEST_F(SessionTest, RefusesASecondGreeting) {
  Hello hello;
  hello.identity = {uuidOf(99), 12345, Role::client, "other"};
  hello.wallMs = a.clock.wallMs();
  expectProtocolError(*talking(), encode(hello));
  expectProtocolError(*talking(), encode(Subscribe{}));
  expectProtocolError(*talking(), encode(Welcome{}));
}

TEST_F(SessionTest, RefusesAStartBeyondTheOneThatItAskedFor) {
  auto session = greeted();
  session->receive(encode(Subscribe{}), now);
  Welcome welcome;
  welcome.from = welcome.feedEnd = 1;
  expectProtocolError(*session, encode(welcome));
}

TEST_F(SessionTest, RefusesABatchThatDoesNotFollowTheOneBefore) {
  expectProtocolError(*talking(), BatchWriter(5).finishBatch(6, false, 6));
  auto session = talking();
  session->receive(BatchWriter(0).finishBatch(6, false, 6), now);
  EXPECT_FALSE(session->stopped());
  session->takeFrames();
  expectProtocolError(*session, BatchWriter(0).finishBatch(6, false, 6));
}

TEST_F(SessionTest, RefusesABatchBeforeWelcome) {
  expectProtocolError(*greeted(), BatchWriter(0).finishBatch(6, false, 6));
}

TEST_F(SessionTest, RefusesAnAckForWhatItHasNotSent) {
  expectProtocolError(*talking(), encode(Ack{0, 0}));
  a.insert({{"n", 1}});
  auto session = talking();
  session->feedMoved(now);
  session->takeFrames();
  expectProtocolError(*session, encode(Ack{a->feedEnd() + 1, 0}));
}

TEST_F(SessionTest, RefusesARecordThatCannotBeDecoded) {
  BatchWriter batch(0);
  Bytes stamps = {1, 2, 3};
  batch.add({"default", uuidOf(1), 1, true, true, stamps, stamps});
  expectProtocolError(*talking(), batch.finishBatch(1, true, 1));
  EXPECT_EQ(a.count(), 0u);
}

TEST_F(SessionTest, ThatDoesNotSendGivesNothingAway) {
  UUID secret = a.insert({{"secret", "x"}});
  SessionOptions receivesOnly;
  receivesOnly.terms.sends = false;
  expectProtocolError(*greeted(receivesOnly), encode(Subscribe{}));
  expectProtocolError(*greeted(receivesOnly), encode(Need{{{"default", secret}}}));
  expectProtocolError(*greeted(receivesOnly), encode(Buckets{"default", {}, {{secret, {}}}}));
  expectProtocolError(*greeted(receivesOnly), encode(Inventory{"default", {}, secret, true, {}}));
  expectProtocolError(*greeted({}), encode(Need{{{"default", secret}}}));  // without a Subscribe
  expectProtocolError(*greeted({}, true, false), encode(Subscribe{}));     // from a peer that said it receives nothing
}

TEST_F(SessionTest, ThatDoesNotReceiveTakesNothing) {
  UUID id = b.insert({{"n", 1}});
  BatchWriter rows;
  ASSERT_TRUE(test::readRecord(*b.engine, {"default", id}, {}, rows));
  SessionOptions sendsOnly;
  sendsOnly.terms.receives = false;
  // This end does not receive, or the peer said that it does not send.
  for (bool claimed : {false, true}) {
    auto session = [&] { return claimed ? greeted({}, false) : greeted(sendsOnly); };
    for (bool answer : {false, true}) expectProtocolError(*session(), rows.finishRows(answer, {}));
    expectProtocolError(*session(), encode(Welcome{}));
    expectProtocolError(*session(), BatchWriter(0).finishBatch(6, false, 6));
  }
  EXPECT_EQ(a.count(), 0u);
}

TEST_F(SessionTest, SurvivesEveryFlippedBitOfAConversation) {
  for (int i = 0; i < 5; i++) a.insert({{"n", i}, {"text", "some words"}});
  Conversation good = synced();
  std::mt19937_64 random(1);
  int stopped = 0;
  for (int run = 0; run < 400; run++) {
    Session session(*b.engine);
    session.start(b.clock.wallMs(), now);
    try {
      for (const Conversation::Crossed& each : good.crossed) {
        if (each.from != 0) continue;
        Bytes frame = each.frame;
        if (random() % 3 == 0) frame[random() % frame.size()] ^= static_cast<std::uint8_t>(1u << (random() % 8));
        session.receive(frame, now);
        session.tick(now);
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::ProtocolError) << error.what();
      stopped++;
      continue;
    }
    stopped += session.stopped();
  }
  EXPECT_GT(stopped, 100);
  EXPECT_LT(stopped, 400);
  EXPECT_EQ(b->verify({}).problems, std::vector<std::string>());
}

// ------------------------------------------------------------------------------------------------------------- sending

TEST_F(SessionTest, BringsEverythingBothWays) {
  UUID x = a.insert({{"n", 1}}), y = b.insert({{"n", 2}});
  Conversation talk = synced();
  EXPECT_EQ(b.fetch(x)->integer("n"), 1);
  EXPECT_EQ(a.fetch(y)->integer("n"), 2);
  EXPECT_EQ(talk.status(0).received, 1u);
  EXPECT_EQ(talk.status(0).expected, 1u);
  EXPECT_EQ(talk.status(0).delivered, 1u);
  EXPECT_EQ(talk.status(0).toDeliver, 1u);
  EXPECT_EQ(talk.status(0).peer->name, "B");
  EXPECT_EQ(talk.status(0).bytesSent, talk.status(1).bytesReceived);
  expectSame(a, b);
}

TEST_F(SessionTest, BetweenTwoEmptyReplicasIsLiveAtOnce) {
  Conversation talk = synced();
  EXPECT_EQ(talk.changesFrom(0) + talk.changesFrom(1), 0u);
}

TEST_F(SessionTest, GoesThroughConnectingAndCatchingUpToLive) {
  a.insert({{"n", 1}});
  Conversation talk(a, b, now);
  EXPECT_EQ(talk.status(1).state, SessionState::connecting);
  talk.start();
  std::vector<SessionState> states;
  while (talk.deliverBoth())
    if (states.empty() || states.back() != talk.status(1).state) states.push_back(talk.status(1).state);
  EXPECT_EQ(states, (std::vector{SessionState::connecting, SessionState::catchingUp, SessionState::live}));
}

TEST_F(SessionTest, ResumesAtTheCursor) {
  for (int i = 0; i < 50; i++) a.insert({{"n", i}});
  synced();
  a.insert({{"n", 50}});
  Conversation talk = synced();
  EXPECT_EQ(talk.changesFrom(0), 1u);
  EXPECT_EQ(talk.changesFrom(1), 0u);

  Conversation nothing = synced();
  EXPECT_EQ(nothing.changesFrom(0) + nothing.changesFrom(1), 0u) << "nothing is sent again";
}

TEST_F(SessionTest, ResumesAtTheCursorAfterBothWereReopened) {
  for (int i = 0; i < 50; i++) a.insert({{"n", i}});
  synced();
  a.reopen();
  b.reopen();
  a.insert({{"n", 50}});
  Conversation talk = synced();
  EXPECT_EQ(talk.changesFrom(0), 1u);
}

TEST_F(SessionTest, ResumesInTheMiddleOfACatchingUp) {
  for (int i = 0; i < 8; i++) a.insert(big(600'000));
  std::size_t first;
  {
    Conversation talk(a, b, now);
    talk.start();
    while (b.count() < 3) ASSERT_TRUE(talk.deliverBoth());
    first = b.count();
  }
  Conversation talk = synced();
  EXPECT_EQ(talk.changesFrom(0), 8 - first);
  EXPECT_EQ(b.count(), 8u);
}

TEST_F(SessionTest, OneFieldOfABigRecordTravelsAsThatField) {
  Record record{{"amount", 1.5}};
  for (int i = 0; i < 20; i++) record.set("field" + std::to_string(i), std::string(100, 'x'));
  UUID id = a.insert(record);
  Conversation talk = synced();
  talk.crossed.clear();
  a.updateFields(id, {{"amount", 2.5}});
  talk.settle();
  std::vector<Bytes> batches = talk.said(0, FrameType::batch);
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_LE(batches[0].size(), 160u);
  EXPECT_EQ(b.fetch(id)->real("amount"), 2.5);
  EXPECT_EQ(b.fetch(id)->size(), 21u);

  talk.crossed.clear();
  b.updateFields(id, {{"amount", 3.5}});  // with a stamp of the value that it replaced
  talk.settle();
  ASSERT_EQ(talk.said(1, FrameType::batch).size(), 1u);
  EXPECT_LE(talk.said(1, FrameType::batch)[0].size(), 160u);
  EXPECT_EQ(a.fetch(id)->real("amount"), 3.5);
}

TEST_F(SessionTest, AFieldThatIsReplacedByTheSameValueDoesNotTravel) {
  UUID id = a.insert({{"a", 1}, {"b", 2}});
  Conversation talk = synced();
  talk.crossed.clear();
  a.update(id, {{"a", 1}, {"b", 2}});
  talk.rest();
  EXPECT_EQ(talk.changesFrom(0), 0u);
}

TEST_F(SessionTest, DoesNotSendBackWhatCameFromThePeer) {
  a.insert({{"n", 1}});
  Conversation talk = synced();
  talk.crossed.clear();
  a.insert({{"n", 2}});
  talk.settle();
  EXPECT_EQ(b.count(), 2u);
  EXPECT_TRUE(talk.said(1, FrameType::batch).empty());
  talk.rest();
  EXPECT_EQ(talk.changesFrom(1), 0u);
}

TEST_F(SessionTest, DoesNotSendBackAFirstCatchingUpEither) {
  for (int i = 0; i < 20; i++) a.insert({{"n", i}});
  Conversation talk = synced();
  EXPECT_EQ(talk.changesFrom(1), 0u);
}

TEST_F(SessionTest, DoesNotSendBackWhatComesWhileItIsStillSendingTheRest) {
  for (int i = 0; i < 40; i++) a.insert({{"n", i}});
  for (int i = 0; i < 40; i++) b.insert({{"n", i}});
  SessionOptions small;
  small.batchBytes = 200;
  Conversation talk(a, b, now, small, small);
  talk.start();
  talk.rest();
  EXPECT_EQ(a.count(), 80u);
  EXPECT_EQ(b.count(), 80u);
  EXPECT_EQ(talk.changesFrom(0), 40u);
  EXPECT_EQ(talk.changesFrom(1), 40u);
}

TEST_F(SessionTest, MovesThePeersCursorOverWhatItWithheld) {
  Conversation talk = synced();
  a.insert({{"n", 1}});
  talk.settle();
  EXPECT_LT(a->cursorOn(b->info().replica, {}).position, b->feedEnd());
  talk.rest();
  EXPECT_EQ(a->cursorOn(b->info().replica, {}).position, b->feedEnd());
}

TEST_F(SessionTest, ChangesOnTopOfWhatThePeerSentGoBack) {
  UUID id = a.insert({{"n", 1}, {"m", 1}});
  Conversation talk = synced();
  a.updateFields(id, {{"n", 2}});
  b.updateFields(id, {{"m", 2}});
  talk.rest();
  EXPECT_EQ(a.fetch(id)->integer("m"), 2);
  EXPECT_EQ(b.fetch(id)->integer("n"), 2);
  EXPECT_TRUE(talk.verified());
}

TEST_F(SessionTest, ATransactionOfSeveralRecordsTravelsInOneBatch) {
  Conversation talk = synced();
  talk.crossed.clear();
  a->write([&](db::Changes& changes) {
    for (int i = 0; i < 5; i++) changes.insert("default", std::nullopt, big(300'000));
  });
  talk.settle();
  std::vector<Bytes> batches = talk.said(0, FrameType::batch);
  ASSERT_EQ(batches.size(), 1u) << "although it is larger than a batch is wanted to be";
  std::optional<Batch> batch = decodeBatch(batches[0]);
  ASSERT_EQ(batch->changes.size(), 5u);
  for (std::size_t i = 0; i < 5; i++) EXPECT_EQ(batch->changes[i].endsTransaction, i == 4) << i;
}

TEST_F(SessionTest, ATransactionBeyondTheLimitsTravelsInSeveralBatches) {
  Conversation talk = synced();
  talk.crossed.clear();
  a.insert({{"n", -1}});
  a->write([&](db::Changes& changes) {
    for (std::size_t i = 0; i < base::kTransactionRecordsMax + 500; i++)
      changes.insert("default", std::nullopt, {{"n", static_cast<std::int64_t>(i)}});
  });
  a->write([&](db::Changes& changes) {
    for (int i = 0; i < 5; i++) changes.insert("default", std::nullopt, big(5'000'000));
  });
  talk.rest();
  EXPECT_EQ(b.count(), 1 + base::kTransactionRecordsMax + 500 + 5);
  for (const Bytes& frame : talk.said(0, FrameType::batch)) EXPECT_LE(frame.size(), base::kFrameBytesMax);
  EXPECT_TRUE(talk.verified());
}

TEST_F(SessionTest, RelayKeepsTransactionsTogether) {
  Replica c("C", now, 3);
  Conversation left = synced(a, b), right = synced(b, c);
  right.crossed.clear();
  a->write([&](db::Changes& changes) {
    for (int i = 0; i < 3; i++) changes.insert("default", std::nullopt, {{"n", i}});
  });
  a.insert({{"n", 3}});
  left.settle();
  right.settle();
  std::vector<bool> ends;
  for (const Bytes& frame : right.said(0, FrameType::batch)) {
    std::optional<Batch> batch = decodeBatch(frame);
    for (const Change& change : batch->changes) ends.push_back(change.endsTransaction);
  }
  EXPECT_EQ(ends, (std::vector<bool>{false, false, true, true}));
  EXPECT_EQ(c.count(), 4u);
}

TEST_F(SessionTest, ALoneBatchWaitsForNothingAndBatchesGrowWhileTwoAreInFlight) {
  Conversation talk = synced();
  talk.crossed.clear();
  for (int i = 0; i < 10; i++) {
    a.insert({{"n", i}});
    talk.feedsMoved();  // nothing is delivered
  }
  EXPECT_EQ(talk.said(0, FrameType::batch).size(), 2u);
  ASSERT_TRUE(talk.deliver(1));
  ASSERT_TRUE(talk.deliver(0));  // its Ack
  std::vector<Bytes> batches = talk.said(0, FrameType::batch);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(decodeBatch(batches[2])->changes.size(), 8u);
}

TEST_F(SessionTest, CreditBoundsWhatIsInFlight) {
  for (std::size_t each : {100'000u, 1'000'000u, 5'000'000u}) {
    Replica from("From", now, 7), to("To", now, 8);
    for (std::size_t made = 0; made < 40'000'000; made += each) from.insert(big(each));
    Conversation talk(from, to, now);
    talk.start();
    std::size_t inFlightMost = 0;
    for (bool moved = true; moved;) {
      // Everything reaches the sender, but the receiver reads a frame only when there is nothing else to do.
      while (talk.deliver(0)) {
      }
      std::size_t inFlight = 0;
      for (const Bytes& frame : talk.towards[1])
        if (typeOf(frame) == FrameType::batch) inFlight += frame.size();
      inFlightMost = std::max(inFlightMost, inFlight);
      moved = talk.deliver(1);
    }
    EXPECT_EQ(to.count(), from.count());
    EXPECT_LE(inFlightMost, base::kInFlightBytesMax + each + 1000) << each;
    EXPECT_GE(inFlightMost, 2'000'000u) << "and it is made use of";
  }
}

// The clock of a replica starts above every stamp that the replica holds, whichever replica wrote it.
TEST_F(SessionTest, AHubThatIsRestartedWithItsClockAnHourBackLosesNoAcknowledgedWrite) {
  a->setRole(SyncRole::server);
  UUID own = a.insert({{"n", 1}}), theirs = b.insert({{"n", 1}});
  synced();
  a.updateFields(own, {{"n", 2}});
  b.updateFields(theirs, {{"n", 2}});
  synced();
  now += kMinute;
  b.clock.skewMs = 2 * kMinute;
  b.updateFields(theirs, {{"n", 3}});  // the latest stamp that the hub holds is B's
  b.clock.skewMs = 0;
  synced();
  Stamp before = std::max(a.stored(own).latest, a.stored(theirs).latest);

  a.kill();
  a.clock.skewMs = -kHour;
  a.open();
  a.updateFields(own, {{"n", 4}});
  a.updateFields(theirs, {{"n", 4}});
  UUID fresh = a.insert({{"n", 4}});
  for (const UUID& id : {own, theirs, fresh}) EXPECT_GT(a.stored(id).latest.time, before.time);
  a.remove(fresh);
  a.kill();
  a.clock.skewMs = 0;
  a.open();
  synced();
  for (Replica* each : {&a, &b}) {
    EXPECT_EQ(each->fetch(own)->integer("n"), 4);
    EXPECT_EQ(each->fetch(theirs)->integer("n"), 4);
    EXPECT_FALSE(each->fetch(fresh));
  }
}

// Neither end has done anything wrong.
TEST_F(SessionTest, WhatTwoHaveAddedToARecordMayTogetherBeLargerThanEitherMayWrite) {
  UUID id = a.insert({{"n", 1}});
  Conversation talk = synced();
  a.updateFields(id, {{"x", std::string(8'300'000, 'x')}});
  b.updateFields(id, {{"y", std::string(8'300'000, 'y')}});
  talk.rest();
  for (Replica* each : {&a, &b}) EXPECT_EQ(each->fetch(id)->string("y")->size(), 8'300'000u);
  EXPECT_TRUE(talk.verified());
  a.updateFields(id, {{"n", 2}});
  EXPECT_ERROR(TooLarge, a.updateFields(id, {{"z", std::string(1000, 'z')}}));
  talk.rest();
  EXPECT_EQ(b.fetch(id)->integer("n"), 2);
  Replica c("C", now, 3);
  EXPECT_TRUE(synced(b, c).verified());
  EXPECT_EQ(c.fetch(id)->string("x")->size(), 8'300'000u);
}

TEST_F(SessionTest, WhatComesBackToLifeMayBeAsLarge) {
  UUID id = a.insert({{"n", 1}});
  Conversation talk = synced();
  a.updateFields(id, {{"x", std::string(7'000'000, 'x')}});
  a.remove(id);
  now += 1000;
  b.updateFields(id, {{"y", std::string(7'000'000, 'y')}});
  talk.rest();
  for (Replica* each : {&a, &b}) {
    ASSERT_TRUE(each->fetch(id));
    EXPECT_EQ(each->fetch(id)->string("x")->size(), 7'000'000u);
    EXPECT_EQ(each->fetch(id)->string("y")->size(), 7'000'000u);
  }
  EXPECT_TRUE(talk.verified());
}

TEST_F(SessionTest, TellsTheStoreWhatThePeerHas) {
  Conversation talk = synced();
  a.insert({{"n", 1}});
  talk.rest();
  EXPECT_EQ(talk.status(0).acknowledgedTo, a->feedEnd());
  EXPECT_EQ(talk.status(1).acknowledgedTo, b->feedEnd());
}

TEST_F(SessionTest, OfOneWayOnlySendsOneWay) {
  SessionOptions sends, receives;
  sends.terms.receives = false;
  receives.terms.sends = false;
  UUID x = a.insert({{"n", 1}}), y = b.insert({{"n", 2}});
  Conversation talk(a, b, now, sends, receives);
  talk.start();
  talk.rest();
  EXPECT_TRUE(talk.live());
  EXPECT_TRUE(b.fetch(x));
  EXPECT_FALSE(a.fetch(y));
  EXPECT_TRUE(talk.said(1, FrameType::batch).empty());
  EXPECT_TRUE(talk.said(0, FrameType::digest).empty()) << "they need not be the same";
}

TEST_F(SessionTest, OfTwoThatOnlySendMovesNothing) {
  SessionOptions sends;
  sends.terms.receives = false;
  a.insert({{"n", 1}});
  Conversation talk(a, b, now, sends, sends);
  talk.start();
  talk.rest();
  EXPECT_TRUE(talk.live());
  EXPECT_EQ(b.count(), 0u);
}

}  // namespace
}  // namespace blazedb::sync
