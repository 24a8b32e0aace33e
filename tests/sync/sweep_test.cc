// Replicas that were away for longer than deletes are remembered.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

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
  // Connects again while a sweep ends the conversation, as a link does. Returns the first conversation.
  Conversation reconciled() { return reconciled(a, b); }
  Conversation reconciled(Replica& first, Replica& second, const SessionOptions& options = {}) {
    std::optional<Conversation> talk;
    for (int tries = 0; tries < 4; tries++) {
      Conversation next(first, second, now, options);
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

TEST_F(SweepTest, WhoMissedForgottenRemovalsOfFieldsRemovesThem) {
  UUID id = a.insert({{"gone", 1}, {"kept", 2}, {"theirs", 3}}), untouched = a.insert({{"n", 1}});
  synced();
  a.unset(id, {"gone", "theirs"});
  b.updateFields(id, {{"own", 4}});
  b.updateFields(id, {{"theirs", 5}});
  longTimePasses();
  EXPECT_EQ(a.stored(id).cells, 3u) << "a removal stays until the record is written again";
  a.updateFields(id, {{"kept", 6}});
  EXPECT_EQ(a.stored(id).cells, 1u);
  EXPECT_GT(a->purgeHorizon(), 0u);

  Conversation talk = reconciled();
  EXPECT_TRUE(sweeps(talk, 1));
  EXPECT_EQ(*a.fetch(id), (Record{{"kept", 6}, {"own", 4}, {"theirs", 5}})) << "what A has not heard of yet stays";
  EXPECT_TRUE(b.fetch(untouched));
  ASSERT_EQ(b->journal().removed(0).size(), 1u) << "a user can look at what went";
  EXPECT_EQ(b->journal().removed(0)[0].record, (Record{{"gone", 1}}));
  EXPECT_EQ(b->journal().removed(0)[0].because, RemovedRecord::Because::swept);
  EXPECT_GT(b->purgeHorizon(), 0u) << "what it removed it cannot tell others of";
  expectSame(a, b);

  Conversation again = synced();
  EXPECT_FALSE(sweeps(again, 0) || sweeps(again, 1));
}

// A write that was taken back had forgotten the same removal before.
TEST_F(SweepTest, WhatWasForgottenIsKnownAfterReopeningToo) {
  UUID id = a.insert({{"gone", 1}, {"kept", 2}});
  synced();
  a.unset(id, {"gone"});
  longTimePasses();
  struct Abandoned {};
  auto update = [&](bool abandon) {
    a->write([&](db::Changes& changes) {
      changes.updateFields("default", id, {{"kept", 3}});
      if (abandon) throw Abandoned{};
    });
  };
  EXPECT_THROW(update(true), Abandoned);
  EXPECT_EQ(a.stored(id).cells, 2u);
  update(false);
  std::uint64_t horizon = a->purgeHorizon();
  EXPECT_GT(horizon, 0u);
  a.reopen();
  EXPECT_EQ(a->purgeHorizon(), horizon);
  Conversation talk = reconciled();
  EXPECT_TRUE(sweeps(talk, 1));
  EXPECT_EQ(*b.fetch(id), (Record{{"kept", 3}}));
  expectSame(a, b);
}

TEST_F(SweepTest, FieldsOfManyRecordsAreNotRemovedUnasked) {
  constexpr int kRecords = 1'100;
  std::vector<UUID> ids;
  for (int i = 0; i < kRecords; i++) ids.push_back(a.insert({{"gone", i}, {"kept", i}}));
  synced();
  for (const UUID& id : ids) a.unset(id, {"gone"});
  longTimePasses();
  for (const UUID& id : ids) a.updateFields(id, {{"kept", -1}});
  Conversation talk(a, b, now);
  talk.start();
  talk.rest();
  ASSERT_TRUE(talk[1].stopped());
  EXPECT_EQ(talk.status(1).ended->code, ErrorCode::TooManyRemovals);
  for (const UUID& id : ids) ASSERT_TRUE(b.fetch(id)->contains("gone"));

  SessionOptions accepts;
  accepts.acceptRemovals = true;
  reconciled(b, a, accepts);
  for (const UUID& id : ids) ASSERT_EQ(*b.fetch(id), (Record{{"kept", -1}}));
  expectSame(a, b);
}

TEST_F(SweepTest, ARemovalIsRememberedWhileAReaderMayNotHaveHeardOfIt) {
  for (Replica* each : {&a, &b}) {
    each->options.removedFieldsKept = 0;
    each->reopen();
  }
  UUID id = a.insert({{"gone", 1}, {"kept", 2}});
  synced();
  a.unset(id, {"gone"});
  a.updateFields(id, {{"kept", 3}});
  EXPECT_EQ(a.stored(id).cells, 2u);
  for (int twice = 0; twice < 2; twice++) {  // A also has to have what B had when it heard of it
    synced();
    a.insert({{"n", twice}});
  }
  synced();
  EXPECT_EQ(*b.fetch(id), (Record{{"kept", 3}}));
  a.updateFields(id, {{"kept", 4}});
  EXPECT_EQ(a.stored(id).cells, 1u) << "B has heard of it";
  Conversation talk = synced();
  EXPECT_FALSE(sweeps(talk, 0) || sweeps(talk, 1));
  expectSame(a, b);
}

// Found by the simulation. A has applied a removal that B knows of too, forgets it, and takes an older value of the
// field from D. Then A sweeps: it may lack again what it had applied before.
TEST_F(SweepTest, ARemovalIsRememberedForAReaderThatBeginsAnew) {
  Replica c("C", now, 3), d("D", now, 4);
  UUID id = a.insert({{"gone", 1}, {"kept", 2}});
  UUID ofA = a.insert({{"gone", 1}, {"kept", 2}}), ofB = a.insert({{"gone", 1}, {"kept", 2}});
  synced();
  synced(a, c);
  synced(a, d);
  d.updateFields(id, {{"gone", 3}});
  now += 1000;
  c.unset(id, {"gone"});
  synced(c, a);
  synced(c, b);
  for (int twice = 0; twice < 2; twice++) {  // B also has to have what A had when it applied the removal
    synced();
    a.insert({{"n", twice}});
  }
  synced();
  a.unset(ofA, {"gone"});
  b.unset(ofB, {"gone"});
  now += 2 * kHour;
  a.updateFields(ofA, {{"kept", 3}});
  b.updateFields(ofB, {{"kept", 3}});
  a.updateFields(id, {{"kept", 4}});
  ASSERT_EQ(a.stored(id).cells, 1u);
  reconciled(d, a);
  ASSERT_EQ(a.fetch(id)->integer("gone"), 3) << "A no longer knows that this was removed";
  ASSERT_EQ(b.stored(id).cells, 2u);

  Conversation talk = reconciled();
  EXPECT_TRUE(sweeps(talk, 0) && sweeps(talk, 1));
  EXPECT_EQ(talk.status(0).repaired + talk.status(1).repaired, 0u);
  EXPECT_EQ(*a.fetch(id), (Record{{"kept", 4}}));
  expectSame(a, b);
}

// Found by the simulation. B has forgotten a removed counter with its parts. A has not, and assigns it again.
TEST_F(SweepTest, ACounterThatOneEndHasForgottenIsTheSameOnceItIsAssignedAgain) {
  auto increment = [](Replica& replica, const UUID& id, std::int64_t by) {
    replica->write([&](db::Changes& changes) { changes.increment("default", id, "count", by); });
  };
  a.options.tombstoneRetention = std::chrono::hours(24);
  a.reopen();
  UUID id = a.insert({{"count", 10}, {"kept", 1}});
  increment(a, id, 5);
  synced();
  a.unset(id, {"count"});
  for (int twice = 0; twice < 2; twice++) {  // B also has to have what A had when it heard of it
    synced();
    a.insert({{"n", twice}});
  }
  synced();
  now += 2 * kHour;
  b.updateFields(id, {{"kept", 2}});
  ASSERT_EQ(b.stored(id).cells, 1u);
  synced();
  ASSERT_EQ(a.stored(id).cells, 3u);
  a.updateFields(id, {{"count", 7}});
  Conversation talk = synced();
  EXPECT_EQ(talk.status(0).repaired + talk.status(1).repaired, 0u);
  increment(b, id, 1);
  synced();
  increment(a, id, 2);
  b.updateFields(id, {{"count", 20}});
  synced();
  for (Replica* each : {&a, &b}) EXPECT_EQ(each->fetch(id)->integer("count"), 22) << each->options.name;
  expectSame(a, b);
}

// A replica that serves others keeps what it has, unless a server says otherwise.
class KeepingTest : public SweepTest {
 protected:
  KeepingTest() { keeps.terms.writes.mayErase = false; }

  SessionOptions keeps;
};

TEST_F(KeepingTest, APeerThatMayNotMakesNobodySweep) {
  UUID id = a.insert({{"n", 1}});
  auto session = greeted(keeps);
  session->receive(encode(Welcome{0, 0, 0, true, 1'000'000, 0, {}}), now);
  ASSERT_TRUE(session->stopped());
  EXPECT_EQ(session->status().ended->code, ErrorCode::NotAllowed);
  session->receive(BatchWriter(0).finishBatch(0, true, 0), now);
  EXPECT_TRUE(a.fetch(id));
}

TEST_F(KeepingTest, NorDoesOneThatMayWhereItIsNotDue) {
  UUID id = a.insert({{"n", 1}});
  b.insert({{"n", 2}});
  synced();
  auto session = std::make_unique<Session>(*a.engine);
  session->start(a.clock.wallMs(), now);
  Hello hello;
  hello.identity = b->identity();
  hello.wallMs = a.clock.wallMs();
  session->receive(encode(hello), now);
  session->takeFrames();
  expectProtocolError(*session, encode(Welcome{0, 0, 0, true, b->feedEnd() - 1, 0, {}}));
  EXPECT_TRUE(a.fetch(id));
}

TEST_F(KeepingTest, WhatWasDeletedAndForgottenElsewhereComesBack) {
  UUID gone = b.insert({{"n", 1}}), kept = a.insert({{"n", 2}});
  synced();
  b.remove(gone);
  UUID own = b.insert({{"n", 3}});
  longTimePasses();
  ASSERT_FALSE(b.stored(gone).held);
  Conversation talk = reconciled(a, b, keeps);
  EXPECT_TRUE(a.fetch(gone) && a.fetch(kept) && a.fetch(own));
  EXPECT_TRUE(b.fetch(gone)) << "both hold the same";
  expectSame(a, b);
  Conversation again(a, b, now, keeps);
  again.start();
  again.rest();
  EXPECT_TRUE(again.verified());
  EXPECT_EQ(again.changesFrom(0) + again.changesFrom(1), 0u) << "and that is it";
}

TEST_F(KeepingTest, AlsoIfTheFirstConversationAfterThatGoesTheOtherWayOnly) {
  for (bool forgetsMeanwhile : {false, true}) {
    UUID gone = b.insert({{"n", 1}});
    // A link that compares no digests, and so repairs nothing.
    SessionOptions sends, both;
    sends.terms.scope = both.terms.scope = makeScope({}, {"x"});
    sends.terms.receives = false;
    auto talk = [&](const SessionOptions& options) {
      std::optional<Conversation> last;
      for (int tries = 0; tries < 3 && (!last || (*last)[0].stopped()); tries++) {
        last.emplace(a, b, now, keeps, options);
        last->start();
        last->rest();
      }
      EXPECT_TRUE(last->live());
      return std::move(*last);
    };
    talk(both);
    UUID own = b.insert({{"n", 3}});
    std::optional<Conversation> open;
    if (forgetsMeanwhile) open.emplace(talk(sends));
    b.remove(gone);
    longTimePasses();
    forgetsMeanwhile ? open->rest() : (void)talk(sends);
    ASSERT_FALSE(b.stored(gone).held);
    EXPECT_TRUE(a.fetch(gone) && a.fetch(own)) << "the delete is forgotten, and what is new arrives";
    talk(both);
    EXPECT_TRUE(b.fetch(gone)) << "both hold the same";
    expectSame(a, b);
  }
}

TEST_F(KeepingTest, AlsoWhereTheReadingAnewIsInterrupted) {
  SessionOptions small;
  small.batchBytes = 200;
  for (int i = 0; i < 40; i++) a.insert({{"n", i}});
  UUID gone = a.insert({{"n", 40}});
  synced();
  b.remove(gone);
  longTimePasses();
  ASSERT_FALSE(b.stored(gone).held);
  keeps.batchBytes = 200;
  int tries = 0;
  for (; !b.fetch(gone); tries++) {
    ASSERT_LT(tries, 100);
    Conversation talk(a, b, now, keeps, small);
    talk.start();
    for (int i = 0; i < 24; i++) talk.deliver(i % 2);
    b.kill();
    b.open();
  }
  EXPECT_GT(tries, 2);
  reconciled(a, b, keeps);
  expectSame(a, b);
}

TEST_F(KeepingTest, ItStillMakesOthersSweep) {
  UUID gone = a.insert({{"n", 1}}), kept = a.insert({{"n", 2}});
  synced();
  a.remove(gone);
  UUID own = b.insert({{"n", 3}});
  longTimePasses();
  Conversation talk(a, b, now, keeps);
  talk.start();
  talk.rest();
  EXPECT_TRUE(sweeps(talk, 1));
  EXPECT_TRUE(talk.verified()) << "what the peer swept away is what this end does not hold";
  EXPECT_FALSE(b.fetch(gone));
  EXPECT_TRUE(a.fetch(own) && b.fetch(kept));
  expectSame(a, b);
  Conversation again(a, b, now, keeps);
  again.start();
  again.rest();
  EXPECT_FALSE(sweeps(again, 0) || sweeps(again, 1));
  EXPECT_EQ(again.changesFrom(0) + again.changesFrom(1), 0u);
}

TEST_F(KeepingTest, WhatASweepTookAwayElsewhereComesBackFromWhoKeepsIt) {
  Replica c("C", now, 3);
  c.options.tombstoneRetention = std::chrono::hours(1);
  c.reopen();
  UUID gone = c.insert({{"n", 1}}), kept = c.insert({{"n", 2}});
  synced(b, c);
  synced(a, b);
  c.remove(gone);
  longTimePasses();
  while (c->maintain()) {
  }
  Conversation withA(a, b, now, keeps);
  withA.start();
  withA.rest();
  ASSERT_TRUE(withA.verified());
  reconciled(b, c);
  ASSERT_FALSE(b.fetch(gone));
  withA.settle();
  ASSERT_TRUE(withA[1].stopped());
  reconciled(a, b, keeps);
  EXPECT_TRUE(a.fetch(gone) && a.fetch(kept) && b.fetch(gone));
  expectSame(a, b);
  reconciled(b, c);
  EXPECT_TRUE(c.fetch(gone));
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
    ASSERT_TRUE(talk.deliverBoth());
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
    // The client sent nothing before it had taken over the server's state: what the server deleted is gone.
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

// Found by the simulation. A delete that lost is a change of a record that lives, although the change alone looks like
// a dead record.
TEST_F(SweepTest, APartialChangeOfARecordThatLivesSaysThatItLives) {
  a.options.role = SyncRole::server;
  a.reopen();
  Replica c("C", now, 3);
  UUID id = a.insert({{"n", 1}});
  synced(a, c);
  c.remove(id);
  now += 1000;
  a.updateFields(id, {{"n", 2}});
  b.insert({{"m", 1}});
  synced(a, b);
  b.remove(id);
  synced(a, c);  // the server's write wins over a delete that had not seen it
  ASSERT_TRUE(a.fetch(id));
  now += 2 * kHour;
  while (b->maintain()) {
  }
  ASSERT_FALSE(b.stored(id).held);
  Conversation talk = reconciled(a, b);
  EXPECT_EQ(talk.status(0).repaired + talk.status(1).repaired, 0u);
  EXPECT_TRUE(b.fetch(id));
  expectSame(a, b);
}

// Found by the simulation: the cursor of a peer that was still catching up moved beyond records that a sweep had
// removed meanwhile.
TEST_F(SweepTest, ASweepOfTheSenderConcernsAPeerThatIsCatchingUpToo) {
  Replica c("C", now, 3);
  c.options.tombstoneRetention = std::chrono::hours(1);
  c.reopen();
  UUID gone = a.insert({{"n", 1}});
  synced(a, b);
  synced(a, c);
  c.remove(gone);
  now += 2 * kHour;
  while (c->maintain()) {
  }
  a.insert({{"n", 2}});  // so that B has something to catch up with
  Conversation talk(a, b, now);
  talk.start();
  talk.deliver(0);
  talk.deliver(1);
  talk.deliver(0);
  ASSERT_EQ(talk.said(0, FrameType::welcome).size(), 1u) << "A has told B where it starts";
  reconciled(a, c);
  EXPECT_FALSE(a.fetch(gone));
  talk.settle();
  EXPECT_LT(b->cursorOn(a->info().replica, {}).position, a->purgeHorizon());
  reconciled(a, b);
  EXPECT_FALSE(b.fetch(gone));
  expectSame(a, b);
}

// Found by the simulation. B does not send to A what came from A, so A never acknowledges it, although A had it.
TEST_F(SweepTest, ADeleteThatTheSenderHasForgottenIsToldAgainEvenIfItCameFromThere) {
  a.options.role = SyncRole::server;
  a.reopen();
  Replica c("C", now, 3);
  b.insert({{"n", 0}});
  synced();  // A has a cursor on B's feed: B withholds what came from A
  UUID id = a.insert({{"n", 1}});
  a.remove(id);
  {
    Conversation talk(a, b, now);
    talk.start();
    talk.settle();
  }
  now += 2 * kHour;
  while (a->maintain()) {
  }
  EXPECT_FALSE(a.stored(id).held);
  EXPECT_TRUE(b.stored(id).held);
  c.insert(id, {{"n", 2}});
  synced(a, c);
  EXPECT_TRUE(a.fetch(id));

  Conversation talk = synced();
  EXPECT_EQ(talk.status(0).repaired + talk.status(1).repaired, 0u);
  EXPECT_FALSE(a.fetch(id)) << "the server's delete";
  EXPECT_FALSE(b.fetch(id));
  synced(a, c);
  EXPECT_FALSE(c.fetch(id));
}

}  // namespace
}  // namespace blazedb::sync
