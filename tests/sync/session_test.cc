// Two sessions over real engines, every frame carried by the test.
#include "sync/session.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/limits.h"
#include "blazedb/error.h"
#include "support/conversation.h"

namespace blazedb::sync {
namespace {

using base::Bytes;
using test::Conversation;
using test::PassingStore;
using test::Replica;
using test::uuidOf;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

class SessionTest : public testing::Test {
 protected:
  // From nothing to rest; the conversation then ends.
  Conversation synced() { return synced(a, b); }
  Conversation synced(Replica& first, Replica& second) {
    Conversation talk(first, second, now);
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.live());
    EXPECT_TRUE(talk.verified());
    return talk;
  }
  void expectSame(Replica& first, Replica& second) { EXPECT_EQ(first->digests(), second->digests()); }

  // A session of `a` alone, past Hello with a made-up peer.
  std::unique_ptr<Session> greeted(SessionOptions options = {}, bool peerSends = true, bool peerReceives = true) {
    auto session = std::make_unique<Session>(*a.engine, options);
    session->start(a.clock.wallMs(), now);
    Hello hello;
    hello.identity = {uuidOf(99), 12345, Role::client, "other"};
    hello.wallMs = a.clock.wallMs();
    hello.sends = peerSends;
    hello.receives = peerReceives;
    session->receive(encode(hello), now);
    EXPECT_FALSE(session->stopped());
    session->takeFrames();
    return session;
  }
  // One that has also agreed where both start.
  std::unique_ptr<Session> talking() {
    auto session = greeted();
    session->receive(encode(Subscribe{}), now);
    session->receive(encode(Welcome{}), now);
    EXPECT_FALSE(session->stopped());
    return session;
  }
  void expectProtocolError(Session& session, const Bytes& frame) {
    session.receive(frame, now);
    ASSERT_TRUE(session.stopped());
    EXPECT_EQ(session.status().ended->code, ErrorCode::ProtocolError);
    std::vector<Bytes> said = session.takeFrames();
    ASSERT_FALSE(said.empty());
    EXPECT_EQ(decodeBye(said.back())->code, ErrorCode::ProtocolError) << "the peer is told";
  }

  std::int64_t now = 0;
  Replica a{"A", now, 1};
  Replica b{"B", now, 2};
};

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
  copy.engine.reset();
  copy.files.setContents(Replica::kPath, {});
  a.engine.reset();
  for (const std::string& file : a.files.list()) copy.files.setContents(file, a.files.contents(file));
  a.open();
  copy.open();
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

TEST_F(SessionTest, RefusesABatchThatDoesNotFollowTheOneBefore) {
  expectProtocolError(*talking(), BatchWriter(5).finishBatch(6, false));
  auto session = talking();
  session->receive(BatchWriter(0).finishBatch(6, false), now);
  EXPECT_FALSE(session->stopped());
  session->takeFrames();
  expectProtocolError(*session, BatchWriter(0).finishBatch(6, false));
}

TEST_F(SessionTest, RefusesABatchBeforeWelcome) {
  expectProtocolError(*greeted(), BatchWriter(0).finishBatch(6, false));
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
  auto session = talking();
  try {
    session->receive(batch.finishBatch(1, true), now);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::ProtocolError);
  }
  EXPECT_EQ(a.count(), 0u);
}

TEST_F(SessionTest, ThatDoesNotSendGivesNothingAway) {
  UUID secret = a.insert({{"secret", "x"}});
  SessionOptions receivesOnly;
  receivesOnly.sends = false;
  expectProtocolError(*greeted(receivesOnly), encode(Subscribe{}));
  expectProtocolError(*greeted(receivesOnly), encode(Need{{{"default", secret}}}));
  expectProtocolError(*greeted(receivesOnly), encode(Buckets{"default", std::vector<Digest>(256)}));
  expectProtocolError(*greeted(receivesOnly), encode(Inventory{"default", secret.bytes[15], {}}));
  expectProtocolError(*greeted({}), encode(Need{{{"default", secret}}}));  // nothing was subscribed to
}

TEST_F(SessionTest, ThatDoesNotReceiveTakesNothing) {
  UUID id = b.insert({{"n", 1}});
  BatchWriter rows;
  ASSERT_TRUE(b->readRecord({"default", id}, rows));
  SessionOptions sendsOnly;
  sendsOnly.receives = false;
  for (bool answer : {false, true}) expectProtocolError(*greeted(sendsOnly), rows.finishRows(answer, {}));
  expectProtocolError(*greeted(sendsOnly), encode(Welcome{}));
  expectProtocolError(*greeted(sendsOnly), BatchWriter(0).finishBatch(6, false));
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
  while (talk.deliver(0) | talk.deliver(1))
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
    while (b.count() < 3) ASSERT_TRUE(talk.deliver(0) | talk.deliver(1));
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

TEST_F(SessionTest, MovesThePeersCursorOverWhatItWithheld) {
  Conversation talk = synced();
  a.insert({{"n", 1}});
  talk.settle();
  EXPECT_LT(a->cursorOn(b->info().replica).position, b->feedEnd());
  talk.rest();
  EXPECT_EQ(a->cursorOn(b->info().replica).position, b->feedEnd());
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

TEST_F(SessionTest, TellsTheStoreWhatThePeerHas) {
  Conversation talk = synced();
  a.insert({{"n", 1}});
  talk.rest();
  EXPECT_EQ(talk.status(0).acknowledgedTo, a->feedEnd());
  EXPECT_EQ(talk.status(1).acknowledgedTo, b->feedEnd());
}

TEST_F(SessionTest, OfOneWayOnlySendsOneWay) {
  SessionOptions sends, receives;
  sends.receives = false;
  receives.sends = false;
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
  sends.receives = false;
  a.insert({{"n", 1}});
  Conversation talk(a, b, now, sends, sends);
  talk.start();
  talk.rest();
  EXPECT_TRUE(talk.live());
  EXPECT_EQ(b.count(), 0u);
}

TEST_F(SessionTest, RefusesAStampThatIsTooFarAhead) {
  a.clock.skewMs = 11 * kMinute;
  UUID id = a.insert({{"n", 1}});
  a.clock.skewMs = 0;
  Conversation talk(a, b, now);
  talk.start();
  talk.settle();
  ASSERT_TRUE(talk[1].stopped());
  EXPECT_EQ(talk.status(1).ended->code, ErrorCode::ClockSkew);
  EXPECT_FALSE(b.fetch(id));
  UUID own = b.insert({{"n", 2}});
  EXPECT_LT(HybridClock::toWall(b.stored(own).latest.time), b.clock.wallMs() + kMinute) << "the clock did not follow";

  now += 2 * kMinute;
  Conversation later = synced();
  EXPECT_TRUE(b.fetch(id));
}

// --------------------------------------------------------------------------------------------------------------- need

// A record that B deleted and whose values it has thrown away, and that A, who did not hear of it, has changed since.
class NeedTest : public SessionTest {
 protected:
  void SetUp() override {
    id = a.insert({{"kept", "from the beginning"}, {"n", 1}});
    synced();
    ASSERT_TRUE(b.purge(id));
    ASSERT_FALSE(b.stored(id).whole);
    now += 1000;
    a.updateFields(id, {{"n", 2}});
  }
  UUID id;
};

TEST_F(NeedTest, AsksForAWholeRecordWhereOnlyAPartOfItCame) {
  Conversation talk = synced();
  ASSERT_EQ(talk.said(1, FrameType::need).size(), 1u);
  EXPECT_EQ(decodeNeed(talk.said(1, FrameType::need)[0])->keys, (std::vector<RecordKey>{{"default", id}}));
  ASSERT_EQ(talk.said(0, FrameType::rows).size(), 1u);
  for (Replica* each : {&a, &b}) {
    ASSERT_TRUE(each->fetch(id));
    EXPECT_EQ(each->fetch(id)->string("kept"), "from the beginning");
    EXPECT_EQ(each->fetch(id)->integer("n"), 2);
  }
}

TEST_F(NeedTest, MovesNeitherTheCursorNorAnythingElseBeforeTheAnswer) {
  UUID other;
  a->write([&](db::Changes& changes) {
    other = changes.insert("default", std::nullopt, {{"n", 3}});
    changes.updateFields("default", id, {{"n", 4}});
  });
  Conversation talk(a, b, now);
  talk.start();
  Cursor before = b->cursorOn(a->info().replica);
  while (talk.said(1, FrameType::need).empty()) ASSERT_TRUE(talk.deliver(1) | talk.deliver(0));
  EXPECT_EQ(b->cursorOn(a->info().replica), before);
  EXPECT_FALSE(b.fetch(other)) << "the same transaction";
  EXPECT_FALSE(b.fetch(id));
  talk.rest();
  EXPECT_TRUE(b.fetch(other));
  EXPECT_EQ(b.fetch(id)->integer("n"), 4);
}

TEST_F(NeedTest, AppliesInOrderWhatComesWhileItWaits) {
  Conversation talk(a, b, now);
  talk.start();
  while (talk.said(1, FrameType::need).empty()) ASSERT_TRUE(talk.deliver(1) | talk.deliver(0));
  UUID later = a.insert({{"n", 3}});
  talk.feedsMoved();
  a.updateFields(id, {{"n", 5}});
  talk.feedsMoved();
  while (talk.deliver(1)) {
  }
  EXPECT_FALSE(b.fetch(later)) << "it is behind the one that waits";
  talk.rest();
  EXPECT_TRUE(b.fetch(later));
  EXPECT_EQ(b.fetch(id)->integer("n"), 5);
  EXPECT_TRUE(talk.verified());
}

TEST_F(NeedTest, GoesOnWithoutARecordThatIsGone) {
  struct Forgetful : PassingStore {
    using PassingStore::PassingStore;
    bool readRecord(const RecordKey&, BatchWriter&) override { return false; }
  } store(*a.engine);
  UUID other;
  a->write([&](db::Changes& changes) {
    changes.updateFields("default", id, {{"n", 4}});
    other = changes.insert("default", std::nullopt, {{"n", 3}});
  });
  std::uint64_t end = a->feedEnd();
  Conversation talk(a, store, b, *b.engine, now);
  talk.start();
  talk.settle();
  EXPECT_EQ(talk.said(1, FrameType::need).size(), 1u);
  EXPECT_FALSE(talk[1].stopped());
  EXPECT_FALSE(b.fetch(id));
  EXPECT_TRUE(b.fetch(other));
  EXPECT_GE(b->cursorOn(a->info().replica).position, end);
}

// -------------------------------------------------------------------------------------------------------------
// sweeping

class SweepTest : public SessionTest {
 protected:
  SweepTest() {
    for (Replica* each : {&a, &b}) {
      each->options.tombstoneRetention = std::chrono::hours(1);
      each->reopen();
    }
  }
  // So long that every tombstone is purged and every peer forgotten.
  void longTimePasses() {
    now += 2 * kHour;
    for (Replica* each : {&a, &b})
      while (each->engine->maintain()) {
      }
  }
  static bool sweeps(const Conversation& talk, int receiver) {
    return decodeWelcome(talk.said(1 - receiver, FrameType::welcome).at(0))->sweep;
  }
  // Connects again as long as a sweep ends the conversation, as a link does. Gives the first one.
  Conversation reconciled() { return reconciled(a, b); }
  Conversation reconciled(Replica& first, Replica& second) {
    std::optional<Conversation> talk;
    for (int tries = 0; tries < 4; tries++) {
      Conversation next(first, second, now);
      next.start();
      next.rest();
      bool over = next[0].stopped();
      EXPECT_TRUE(over ? next.status(0).ended->code == ErrorCode::Offline : next.verified());
      if (!talk) talk.emplace(std::move(next));
      if (!over) return std::move(*talk);
    }
    ADD_FAILURE() << "still not at rest";
    return std::move(*talk);
  }
};

TEST_F(SweepTest, WhoMissedPurgedDeletesIsToldEverythingAndRemovesTheRest) {
  UUID gone = a.insert({{"n", 1}}), kept = a.insert({{"n", 2}});
  synced();
  a.remove(gone);
  UUID own = b.insert({{"n", 3}});
  longTimePasses();
  EXPECT_FALSE(a.stored(gone).held);
  EXPECT_GT(a->purgeHorizon(), 0u);

  Conversation talk = reconciled();
  EXPECT_TRUE(sweeps(talk, 1));
  EXPECT_FALSE(sweeps(talk, 0));
  EXPECT_FALSE(b.stored(gone).held);
  EXPECT_TRUE(b.fetch(kept));
  EXPECT_TRUE(b.fetch(own)) << "what A has not heard of yet stays";
  EXPECT_TRUE(a.fetch(own));
  EXPECT_GT(b->purgeHorizon(), 0u) << "what it removed it cannot tell others of";
  expectSame(a, b);

  Conversation again = synced();
  EXPECT_FALSE(sweeps(again, 0) || sweeps(again, 1));
}

TEST_F(SweepTest, WhoHasNoDataNeedNotSweep) {
  UUID gone = a.insert({{"n", 1}});
  a.insert({{"n", 2}});
  a.remove(gone);
  longTimePasses();
  ASSERT_GT(a->purgeHorizon(), 0u);
  Conversation talk = synced();
  EXPECT_FALSE(sweeps(talk, 1));
  EXPECT_EQ(b.count(), 1u);
}

TEST_F(SweepTest, WhoStayedAwayShortlyNeedNotSweep) {
  UUID gone = a.insert({{"n", 1}});
  synced();
  a.remove(gone);
  now += kHour / 2;
  a->maintain();
  EXPECT_TRUE(a.stored(gone).held) << "the delete is still remembered";
  Conversation talk = synced();
  EXPECT_FALSE(sweeps(talk, 1));
  EXPECT_FALSE(b.fetch(gone));
}

TEST_F(SweepTest, WhoSweepsSendsNothingUntilItIsDone) {
  UUID gone = a.insert({{"n", 1}});
  synced();
  a.remove(gone);
  UUID own = b.insert({{"n", 3}});
  longTimePasses();
  Conversation talk(a, b, now);
  talk.start();
  while (b.stored(gone).held) {
    EXPECT_TRUE(talk.said(1, FrameType::batch).empty());
    ASSERT_TRUE(talk.deliver(1) | talk.deliver(0));
  }
  reconciled();
  EXPECT_TRUE(a.fetch(own));
}

TEST_F(SweepTest, OfTwoThatMustTheClientGoesFirst) {
  for (int server : {0, 1}) {
    SCOPED_TRACE(server);
    Replica* ends[] = {&a, &b};
    ends[server]->engine->setRole(SyncRole::server);
    ends[1 - server]->engine->setRole(SyncRole::client);
    UUID atServer = a.insert({{"n", 1}}), atClient = a.insert({{"n", 2}}), kept = a.insert({{"n", 3}});
    synced();
    ends[server]->remove(atServer);
    ends[1 - server]->remove(atClient);
    longTimePasses();
    Conversation talk = reconciled();
    EXPECT_TRUE(sweeps(talk, 0));
    EXPECT_TRUE(sweeps(talk, 1));
    // The client told nothing before it had taken the server's state over: what the server deleted is gone.
    EXPECT_FALSE(a.fetch(atServer));
    EXPECT_FALSE(b.fetch(atServer));
    EXPECT_TRUE(a.fetch(kept));
    expectSame(a, b);
  }
}

TEST_F(SweepTest, OfTwoEqualsThatMustTheLowerReplicaIdGoesFirst) {
  Replica* lower = a->info().replica < b->info().replica ? &a : &b;
  Replica* higher = lower == &a ? &b : &a;
  UUID atLower = a.insert({{"n", 1}}), atHigher = a.insert({{"n", 2}});
  synced();
  lower->remove(atLower);
  higher->remove(atHigher);
  longTimePasses();
  reconciled();
  EXPECT_FALSE(a.fetch(atHigher)) << "the lower one took the higher one's state over";
  EXPECT_FALSE(b.fetch(atHigher));
  expectSame(a, b);
}

TEST_F(SweepTest, PassesOnToThirdParties) {
  Replica c("C", now, 3);
  c.options.tombstoneRetention = std::chrono::hours(1);
  c.reopen();
  UUID gone = a.insert({{"n", 1}}), kept = a.insert({{"n", 2}});
  synced(a, b);
  synced(b, c);
  a.remove(gone);
  longTimePasses();
  Conversation withC = synced(b, c);
  reconciled(a, b);
  ASSERT_FALSE(b.stored(gone).held);
  withC.settle();
  ASSERT_TRUE(withC[0].stopped()) << "it cannot go on where deletes were taken over that it cannot tell of";
  EXPECT_EQ(withC.status(0).ended->code, ErrorCode::Offline);
  reconciled(b, c);
  EXPECT_FALSE(c.fetch(gone));
  EXPECT_TRUE(c.fetch(kept));
  reconciled(a, b);
  expectSame(a, c);
}

// -------------------------------------------------------------------------------------------------------------- at
// rest

TEST_F(SessionTest, AtRestBothEndsProveThatTheyHoldTheSame) {
  a.insert({{"n", 1}});
  Conversation talk(a, b, now);
  talk.start();
  talk.settle();
  EXPECT_TRUE(talk.live());
  EXPECT_FALSE(talk.status(0).verified) << "being up to date is not yet a proof";
  talk.rest();
  EXPECT_TRUE(talk.verified());
  a.insert({{"n", 2}});
  talk.settle();
  EXPECT_FALSE(talk.status(0).verified) << "something has changed since";
  EXPECT_FALSE(talk.status(1).verified);
  talk.rest();
  EXPECT_TRUE(talk.verified());
  EXPECT_EQ(talk.status(0).repaired + talk.status(1).repaired, 0u);
}

TEST_F(SessionTest, AtRestNothingIsSaidAnyMore) {
  a.insert({{"n", 1}});
  Conversation talk = synced();
  talk.crossed.clear();
  now += kHour;
  for (int end = 0; end < 2; end++) talk[end].tick(now);
  talk.rest();
  EXPECT_TRUE(talk.crossed.empty());
}

// Does as if a change had been merged, and loses it.
struct LosingStore : PassingStore {
  using PassingStore::PassingStore;
  ApplyResult apply(const Incoming& incoming) override {
    Incoming rest = incoming;
    std::erase_if(rest.changes, [&](const Change& change) { return losing && change.id == *losing; });
    if (rest.changes.size() != incoming.changes.size()) losing.reset();
    return PassingStore::apply(rest);
  }
  std::optional<UUID> losing;
};

class RepairTest : public SessionTest {
 protected:
  // Changes at A; the change of `id` gets lost at B. Expects that both ends are the same in the end.
  std::pair<std::uint64_t, std::uint64_t> repairedAfter(const UUID& id, const std::function<void()>& change) {
    LosingStore store(*b.engine);
    Conversation talk(a, *a.engine, b, store, now);
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.verified());
    store.losing = id;
    change();
    talk.settle();
    EXPECT_FALSE(store.losing);
    EXPECT_FALSE(a->digests() == b->digests()) << "there must be something to repair";
    talk.rest();
    EXPECT_TRUE(talk.verified());
    EXPECT_FALSE(talk.said(0, FrameType::buckets).empty());
    expectSame(a, b);
    return {talk.status(0).repaired, talk.status(1).repaired};
  }
};

TEST_F(RepairTest, BringsARecordThatIsMissing) {
  for (int i = 0; i < 300; i++) a.insert({{"n", i}});
  auto [atA, atB] = repairedAfter(uuidOf(77), [&] {
    a.insert(uuidOf(77), {{"n", 77}});
    a.insert({{"n", 78}});
  });
  EXPECT_EQ(atA, 1u);
  EXPECT_EQ(atB, 0u);
  EXPECT_EQ(b.fetch(uuidOf(77))->integer("n"), 77);
}

TEST_F(RepairTest, BringsAFieldThatDiffers) {
  UUID id = a.insert({{"n", 1}, {"m", 1}});
  auto [atA, atB] = repairedAfter(id, [&] { a.updateFields(id, {{"n", 2}}); });
  EXPECT_EQ(atA, 1u);
  EXPECT_EQ(atB, 1u) << "who is right is not known before";
  EXPECT_EQ(b.fetch(id)->integer("n"), 2);
}

TEST_F(RepairTest, BringsADelete) {
  UUID id = a.insert({{"n", 1}});
  repairedAfter(id, [&] { a.remove(id); });
  EXPECT_FALSE(a.fetch(id));
  EXPECT_FALSE(b.fetch(id));
}

TEST_F(RepairTest, BringsManyInOneGo) {
  struct LosingAll : PassingStore {
    using PassingStore::PassingStore;
    ApplyResult apply(const Incoming& incoming) override {
      Incoming rest = incoming;
      if (losing) rest.changes.clear();
      return PassingStore::apply(rest);
    }
    bool losing = true;
  } store(*b.engine);
  for (int i = 0; i < 1000; i++) a.insert({{"n", i}});
  Conversation talk(a, *a.engine, b, store, now);
  talk.start();
  talk.settle();
  EXPECT_EQ(b.count(), 0u);
  store.losing = false;
  talk.rest();
  EXPECT_TRUE(talk.verified());
  EXPECT_EQ(talk.status(0).repaired, 1000u);
  expectSame(a, b);
}

}  // namespace
}  // namespace blazedb::sync
