// Stamps are checked where a write enters: which stamps a client may claim, and that an honest client always can.
#include "sync/stamp_rules.h"

#include <algorithm>

#include "sync/session_test.h"
#include "sync/states.h"

namespace blazedb::sync {
namespace {

constexpr std::uint64_t kHub = 1000, kClient = 2000;

Stamp byServer(std::uint64_t time, std::uint64_t writer = kHub) { return {time, time, writer}; }
Stamp byClient(std::uint64_t time, std::uint64_t authority = 0, std::uint64_t writer = kClient) {
  return {authority, time, writer};
}
RecordState recordOf(const Stamp& base, const Stamp& a) {
  RecordState state;
  state.base.stamp = base;
  state.cells = {cellOf("a", 1, a), cellOf("b", 1, base)};
  return state;
}
StampRules rules(StampTrust trust = StampTrust::own) {
  StampRules rules;
  rules.trust = trust;
  rules.clock = 100;
  rules.incarnation = kHub;
  return rules;
}

TEST(StampRules, AClientCopiesTheHighestAuthorityOfTheRecordAndGoesNoFurther) {
  RecordState held = recordOf(byServer(20), byClient(30, 20));
  EXPECT_FALSE(refusalOf(recordOf(byServer(20), byClient(90, 20)), &held, rules()));
  EXPECT_FALSE(refusalOf(recordOf(byServer(20), byClient(90)), &held, rules()));
  EXPECT_TRUE(refusalOf(recordOf(byServer(20), byClient(90, 21)), &held, rules()));
  EXPECT_TRUE(refusalOf(recordOf(byServer(20), byServer(90, kClient)), &held, rules()));
  RecordState dead = recordOf(byServer(20), byClient(30, 20));
  dead.tomb.stamp = byServer(90, kClient);
  EXPECT_TRUE(refusalOf(dead, &held, rules())) << "a delete too";
  dead.tomb.stamp = byClient(90, 20);
  EXPECT_FALSE(refusalOf(dead, &held, rules()));
}

TEST(StampRules, WhatIsNotHeldMayHaveBeen) {
  EXPECT_FALSE(refusalOf(recordOf(byServer(100, 7), byClient(150, 100)), nullptr, rules()));
  EXPECT_TRUE(refusalOf(recordOf(byServer(101, 7), byClient(150, 101)), nullptr, rules())) << "not later than now";
}

TEST(StampRules, NobodyWritesInTheNameOfWhoRefusesIt) {
  RecordState held = recordOf(byServer(20), byClient(30, 20));
  for (StampTrust trust : {StampTrust::own, StampTrust::relayed}) {
    EXPECT_TRUE(refusalOf(recordOf(byServer(20), byClient(90, 20, kHub)), &held, rules(trust)));
    EXPECT_TRUE(refusalOf(recordOf(byClient(101, 0, kHub), byClient(101, 0, kHub)), nullptr, rules(trust)));
    RecordState other = held;
    other.cells[1].value = valueOf(2);
    EXPECT_TRUE(refusalOf(other, &held, rules(trust))) << "another value under a stamp that is held";
    EXPECT_FALSE(refusalOf(held, &held, rules(trust)));
    StampRules forgot = rules(trust);
    forgot.lostUntil = 20;
    EXPECT_FALSE(refusalOf(recordOf(byServer(20), byServer(20)), nullptr, forgot)) << "a delete was forgotten";
    EXPECT_TRUE(refusalOf(recordOf(byServer(20), byServer(20)), nullptr, rules(trust))) << "nothing was";
    RecordState revived = recordOf(byServer(20), byClient(90, 20));
    revived.cells.push_back(cellOf("c", 1, byServer(19)));
    EXPECT_TRUE(refusalOf(revived, &held, rules(trust))) << "an old one that was never there";
    RecordState again = held;
    again.tomb.stamp = again.floor.stamp = byServer(19);
    EXPECT_FALSE(refusalOf(revived, &again, rules(trust))) << "an old one, which is not held any more, does no harm";
  }
  EXPECT_FALSE(refusalOf(recordOf(byServer(20), byClient(90, 20, kHub)), &held, rules(StampTrust::all)));
}

TEST(StampRules, ARestoredCopyTakesTheAuthorityOfWhatItMayHaveLost) {
  RecordState held = recordOf(byServer(20), byClient(30, 20));
  StampRules restored = rules();
  restored.lostUntil = 80;
  EXPECT_FALSE(refusalOf(recordOf(byServer(20), byClient(95, 80)), &held, restored));
  EXPECT_TRUE(refusalOf(recordOf(byServer(20), byClient(95, 81)), &held, restored));
}

class StampRulesTest : public SessionTest {
 protected:
  StampRulesTest() {
    a->setRole(SyncRole::server);
    guest.terms.writes.trust = StampTrust::own;
  }
  // Sends a record as the whole feed of a made-up client. Returns the frames that the client gets.
  std::vector<Bytes> send(const UUID& id, const RecordState& state) {
    EncodedState encoded;
    encodeState(state, 0, encoded);
    auto session = greeted(guest);
    session->receive(encode(Subscribe{}), now);
    session->receive(encode(Welcome{}), now);
    session->takeFrames();
    BatchWriter batch(0);
    batch.add({"default", id, 1, true, true, encoded.stamps, encoded.fields});
    session->receive(batch.finishBatch(1, true, 1), now);
    EXPECT_FALSE(session->stopped());
    return session->takeFrames();
  }
  std::uint64_t time() { return HybridClock::fromWall(a.clock.wallMs()); }
  // Whether a new record dated this many minutes ahead is refused for its time.
  bool refusedAhead(std::int64_t minutes) {
    Stamp stamp{0, HybridClock::fromWall(a.clock.wallMs() + minutes * kMinute), 12345};
    std::vector<Bytes> said = send(uuidOf(static_cast<std::uint64_t>(minutes)), recordOf(stamp, stamp));
    std::optional<Rejected> rejected = decodeRejected(said.at(0));
    return rejected && rejected->records.at(0).why->code == ErrorCode::ClockSkew;
  }

  SessionOptions guest;
};

TEST_F(StampRulesTest, AForgedAuthorityIsSetAsideAndTheClockStaysWhereItIs) {
  UUID id = a.insert({{"a", 0}});
  Stamp base = a.stored(id).latest;
  std::uint64_t ahead = HybridClock::fromWall(a.clock.wallMs() + 4 * kMinute);
  RecordState forged = recordOf(base, {ahead, ahead, 12345});
  forged.cells[0].over = {ahead, ahead, 777};
  std::vector<Bytes> said = send(id, forged);
  ASSERT_EQ(said.size(), 2u);
  std::optional<Rejected> rejected = decodeRejected(said[0]);
  ASSERT_TRUE(rejected && rejected->records.size() == 1);
  EXPECT_EQ(rejected->records[0].why->code, ErrorCode::NotAllowed);
  EXPECT_TRUE(decodeAck(said[1]));
  EXPECT_EQ(a.fetch(id)->integer("a"), 0);
  EXPECT_LT(HybridClock::toWall(a.stored(a.insert({{"n", 1}})).latest.time), a.clock.wallMs() + kMinute);
  ASSERT_EQ(a->rejectedChanges().size(), 1u);
  EXPECT_EQ(a->rejectedChanges()[0].code, ErrorCode::NotAllowed);
}

// Otherwise a client could push this clock so far ahead that other clients refuse the writes made here.
TEST_F(StampRulesTest, WhatAClientWroteItselfIsAtMostFiveMinutesAhead) {
  EXPECT_FALSE(refusedAhead(4));
  EXPECT_TRUE(refusedAhead(6));
}

TEST_F(StampRulesTest, WhatAClientRelaysIsAtMostTenMinutesAhead) {
  guest.terms.writes.trust = StampTrust::relayed;
  EXPECT_FALSE(refusedAhead(9));
  EXPECT_TRUE(refusedAhead(11));
}

TEST_F(StampRulesTest, AnHonestClientIsNeverRefused) {
  SessionOptions none;
  Conversation talk(a, b, now, guest, none);
  talk.start();
  UUID id = a.insert({{"x", 1}});
  for (int round = 0; round < 5; round++) {
    talk.rest();
    b.updateFields(id, {{"x", 10 + round}});
    talk.rest();
    a.updateFields(id, {{"y", round}});
    b.updateFields(id, {{"z", round}});
    now += kMinute;
    if (round != 2) continue;
    a.remove(id);
    talk.rest();
    b.insert(id, {{"x", 5}});
  }
  talk.rest();
  EXPECT_TRUE(talk.verified());
  EXPECT_TRUE(a->rejectedChanges().empty());
}

// The client brings what it got from the other server; a token that relays lets it.
TEST_F(StampRulesTest, WhoHasItFromElsewhereNeedsATokenThatRelays) {
  Replica other("other", now, 3);
  other->setRole(SyncRole::server);
  UUID id = b.insert({{"x", 1}});
  synced();
  synced(b, other);
  now += kMinute;
  other.updateFields(id, {{"x", 2}});
  synced(b, other);
  b.updateFields(id, {{"y", 3}});
  {
    Conversation talk(a, b, now, guest, {});
    talk.start();
    talk.rest();
    EXPECT_EQ(talk.status(0).setAside, 1u);
    EXPECT_EQ(talk.status(1).reason->code, ErrorCode::NotAllowed);
  }
  guest.terms.writes.trust = StampTrust::relayed;
  Conversation talk(a, b, now, guest, {});
  talk.start();
  talk.rest();
  EXPECT_TRUE(talk.verified());
  EXPECT_EQ(a.fetch(id)->integer("y"), 3);
}

// The client's change reached the hub before the server's write on which it builds.
TEST_F(StampRulesTest, ItIsTakenOnceTheAuthorityIsThere) {
  Replica other("other", now, 3);
  other->setRole(SyncRole::server);
  UUID id = b.insert({{"x", 1}});
  synced();
  synced(b, other);
  now += kMinute;
  other.updateFields(id, {{"x", 2}});
  synced(b, other);
  b.updateFields(id, {{"y", 3}});
  Conversation talk(a, b, now, guest, {});
  talk.start();
  talk.rest();
  EXPECT_EQ(talk.status(0).setAside, 1u);
  synced(a, other);
  talk.rest();
  EXPECT_EQ(a.fetch(id)->integer("y"), 3);
  EXPECT_TRUE(talk.verified());
}

// The client may write as any client. Writing in the name of another gains it nothing: both ends agree, and the journal
// of the writer that lost has the lost value.
TEST_F(StampRulesTest, WhoWritesInTheNameOfAnotherClientIsNoStronger) {
  for (std::uint64_t value : {1, 9}) {
    for (bool first : {true, false}) {
      UUID id = b.insert({{"a", 5}, {"b", 5}});
      Stamp its = b.stored(id).latest;
      std::size_t lost = b->journal().conflicts().size();
      if (!first) synced();
      RecordState forged;
      forged.base.stamp = its;
      forged.cells = {cellOf("a", value, its), cellOf("b", 5, its)};
      forged.whole = true;
      send(id, forged);
      synced();
      std::int64_t higher = value > 5 ? 9 : 5;
      EXPECT_EQ(a.fetch(id)->integer("a"), higher) << "under one stamp the higher bytes win";
      EXPECT_EQ(*a.fetch(id), *b.fetch(id));
      EXPECT_EQ(b->journal().conflicts().size() - lost, value > 5 ? 1u : 0u);

      now += kMinute;
      Stamp later{0, time(), its.writer};
      forged.cells = {cellOf("a", 7, later), cellOf("b", 5, its)};
      send(id, forged);
      synced();
      EXPECT_EQ(b.fetch(id)->integer("a"), 7);
      EXPECT_EQ(b->journal().conflicts().size() - lost, value > 5 ? 2u : 1u);
      b.updateFields(id, {{"a", 8}});
      synced();
      EXPECT_EQ(a.fetch(id)->integer("a"), 8);
    }
  }
}

// The copy writes under a new replica id and brings writes of the old one, which the hub knows as another replica.
TEST_F(StampRulesTest, ACopyWithANewIdBringsWhatTheOriginalHasNotSent) {
  b.insert({{"n", 1}});
  synced();
  UUID unsent = b.insert({{"n", 2}});
  b->renewReplicaId();
  Conversation talk(a, b, now, guest, {});
  talk.start();
  talk.rest();
  EXPECT_TRUE(a.fetch(unsent));
  EXPECT_TRUE(talk.verified());
}

TEST_F(StampRulesTest, WhatABackupLacksComesBackFromClients) {
  UUID id = a.insert({{"x", 1}});
  synced();
  a->backup("/copy.blazedb", {});
  now += kMinute;
  a.updateFields(id, {{"x", 2}});
  synced();
  b.updateFields(id, {{"y", 3}});
  now += kHour;
  auto copy = db::Engine::open({a.files, a.clock, a.random}, "/copy.blazedb", storage::KeySource::rawKey(Bytes(32, 7)),
                               a.options);
  for (int opening = 0; opening < 2; opening++) {
    Conversation talk(a, *copy, b, *b.engine, now, guest, {});
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.verified());
    EXPECT_EQ(copy->snapshot().fetch("default", id)->integer("x"), 2);
    EXPECT_EQ(copy->snapshot().fetch("default", id)->integer("y"), 3);
    copy.reset();
    copy = db::Engine::open({a.files, a.clock, a.random}, "/copy.blazedb", storage::KeySource::rawKey(Bytes(32, 7)),
                            a.options);
  }
}

TEST_F(StampRulesTest, ProtocolRulesOfStampsAreChecked) {
  const Stamp good = {0, time(), 12345};
  Bytes fields;
  codec::appendMapHead(fields, 0);
  Bytes stamps;
  encodeFreshStamps(good, stamps);
  ASSERT_TRUE(decodeState(stamps, fields, 0));
  Bytes noTime = stamps;
  std::fill(noTime.begin() + 2, noTime.begin() + 10, std::uint8_t{0});
  EXPECT_FALSE(decodeState(noTime, fields, 0));
  Bytes above;
  encodeFreshStamps({good.time - 1, good.time, 1}, above);
  ASSERT_TRUE(decodeState(above, fields, 0));
  above[18] = 0xFF;  // in the authority, which follows time and writer
  above[25] = 0xFF;
  EXPECT_FALSE(decodeState(above, fields, 0)) << "authority <= time";
  const Bytes noBase = {16, 1, 1, 0};
  EXPECT_FALSE(decodeState(noBase, fields, 0)) << "a group that refers to a base";
}

}  // namespace
}  // namespace blazedb::sync
