// Sealed places: A gives B only the records that are "open", and B does not learn how much else changes at A.
#include <gtest/gtest.h>

#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

// The records whose field of this name is true.
std::shared_ptr<const ExportFilter> where(const std::string& field) {
  auto filter = std::make_shared<ExportFilter>();
  filter->id = field;
  filter->matches = [field](const std::string&, const Record& record) { return record.boolean(field) == true; };
  return filter;
}

class SealedTest : public SessionTest {
 protected:
  SealedTest() {
    gives.terms.relation = Relation::exporter;
    gives.terms.writes.mayErase = false;
    gives.terms.reads.filter = where("open");
    takes.terms.relation = Relation::importer;
  }
  Conversation begun() {
    Conversation talk(a, b, now, gives, takes);
    talk.start();
    talk.settle();
    return talk;
  }
  Conversation rested() {
    Conversation talk = begun();
    talk.rest();
    EXPECT_TRUE(talk.live());
    return talk;
  }
  void writeHidden(int records) {
    for (int i = 0; i < records; i++) a.insert({{"open", false}});
  }
  Welcome welcomeIn(const Conversation& talk) { return *decodeWelcome(talk.said(0, FrameType::welcome).at(0)); }
  // A's answer to a Subscribe of B with this cursor.
  Welcome welcomeAt(const Cursor& cursor, const Replica& reader, SessionOptions options) {
    Session session(*a.engine, options);
    session.start(a.clock.wallMs(), now);
    Hello hello;
    hello.identity = {reader->replicaId(), 12345, Role::client, "reader"};
    hello.wallMs = a.clock.wallMs();
    hello.scope = options.terms.scope;
    session.receive(encode(hello), now);
    session.takeFrames();
    session.receive(encode(Subscribe{cursor, true}), now);
    return *decodeWelcome(session.takeFrames().at(0));
  }
  Cursor cursorOfB() { return b->cursorOn(a->replicaId(), Scope()); }

  SessionOptions gives, takes;
};

TEST_F(SealedTest, PositionsCountWhatWasSent) {
  writeHidden(1000);
  UUID first = a.insert({{"open", true}});
  writeHidden(1000);
  UUID second = a.insert({{"open", true}});
  Conversation talk = rested();
  EXPECT_TRUE(b.fetch(first) && b.fetch(second));
  EXPECT_EQ(welcomeIn(talk).feedEnd, 1u);
  EXPECT_EQ(welcomeIn(talk).horizon, 0u);
  Batch batch = *decodeBatch(talk.said(0, FrameType::batch).at(0));
  ASSERT_EQ(batch.changes.size(), 2u);
  EXPECT_EQ(batch.changes[0].position, 1u);
  EXPECT_EQ(batch.changes[1].position, 2u);
  EXPECT_EQ(batch.to, 3u);
  EXPECT_EQ(batch.reach, 3u);
  EXPECT_TRUE(batch.place);
  EXPECT_EQ(cursorOfB().place, batch.place);
}

TEST_F(SealedTest, NothingIsSaidForWhatIsHidden) {
  a.insert({{"open", true}});
  Conversation talk = rested();
  std::size_t frames = talk.crossed.size();
  writeHidden(5000);
  talk.rest();
  EXPECT_EQ(talk.crossed.size(), frames);
  b.insert({{"open", true}, {"n", 1}});
  talk.rest();
  Bytes ack = talk.said(0, FrameType::ack).back();
  EXPECT_EQ(decodeAck(ack)->feedEnd, 2u);
}

TEST_F(SealedTest, ItGoesOnWhereItStopped) {
  UUID first = a.insert({{"open", true}});
  writeHidden(100);
  rested();
  a.kill();
  a.open();
  b.reopen();
  UUID second = a.insert({{"open", true}});
  Conversation talk = rested();
  EXPECT_EQ(talk.changesFrom(0), 1u);
  EXPECT_TRUE(b.fetch(first) && b.fetch(second));
  EXPECT_EQ(welcomeIn(talk).from, 2u);
}

TEST_F(SealedTest, APlaceIsGoodForItsReaderAlone) {
  a.insert({{"open", true}});
  rested();
  Cursor cursor = cursorOfB();
  ASSERT_TRUE(cursor.place);
  EXPECT_EQ(welcomeAt(cursor, b, gives).from, cursor.position);
  Replica other("other", now, 3);
  EXPECT_EQ(welcomeAt(cursor, other, gives).from, 0u);
  Cursor changed = cursor;
  changed.place->at(5) ^= 1;
  EXPECT_EQ(welcomeAt(changed, b, gives).from, 0u);
  changed = cursor;
  changed.incarnation++;
  EXPECT_EQ(welcomeAt(changed, b, gives).from, 0u);
  changed = cursor;
  changed.place.reset();
  EXPECT_EQ(welcomeAt(changed, b, gives).from, 0u) << "a position that the reader has made up";
  SessionOptions all = gives;
  all.terms.reads = {};
  EXPECT_EQ(welcomeAt(cursor, b, all).from, 0u) << "a reader of all has no places";
}

TEST_F(SealedTest, ASmallerScopeAloneSealsToo) {
  gives.terms.reads = {};
  gives.terms.relation = takes.terms.relation = Relation::equals;
  gives.terms.scope = makeScope(std::vector<std::string>{"notes"}, {});
  writeHidden(100);
  a->write([](db::Changes& changes) { changes.insert("notes", uuidOf(1), {{"n", 1}}); });
  Conversation talk = rested();
  EXPECT_EQ(welcomeIn(talk).feedEnd, 1u);
  EXPECT_EQ(welcomeIn(talk).ahead, 1u);
  EXPECT_EQ(decodeBatch(talk.said(0, FrameType::batch).at(0))->to, 2u);
  Conversation again = rested();
  EXPECT_EQ(welcomeIn(again).ahead, 0u);
  EXPECT_EQ(again.changesFrom(0), 0u);
}

TEST_F(SealedTest, AnotherFilterMovesOnlyWhatItChanges) {
  std::vector<UUID> stay, leave, enter;
  for (int i = 0; i < 10; i++) stay.push_back(a.insert({{"open", true}, {"red", true}}));
  for (int i = 0; i < 3; i++) leave.push_back(a.insert({{"open", true}}));
  for (int i = 0; i < 2; i++) enter.push_back(a.insert({{"red", true}}));
  UUID own = b.insert({{"open", true}, {"red", true}});
  rested();
  gives.terms.reads.filter = where("red");
  Conversation talk = rested();
  EXPECT_EQ(talk.changesFrom(0), leave.size() + enter.size());
  EXPECT_EQ(welcomeIn(talk).from, 2 + stay.size() + leave.size());
  EXPECT_EQ(b.count(), stay.size() + enter.size() + 1);
  for (const UUID& id : leave) EXPECT_FALSE(b.fetch(id));
  EXPECT_TRUE(b.fetch(own));
  EXPECT_EQ(rested().changesFrom(0), 0u);
  a.updateFields(leave[0], {{"red", true}});
  a.updateFields(stay[0], {{"red", false}});
  EXPECT_EQ(rested().changesFrom(0), 2u);
  EXPECT_EQ(b.count(), stay.size() + enter.size() + 1);
}

// Filters change back and forth, and each conversation ends after some frames.
TEST_F(SealedTest, AMoveThatIsCutGoesOn) {
  gives.batchBytes = 100;
  for (int i = 0; i < 60; i++) {
    a.insert({{"open", i % 2 == 0}, {"red", i % 3 == 0}, {"text", std::string(50, 'x')}});
    if (i % 5 == 0) b.insert({{"open", i % 2 == 0}, {"red", true}});
  }
  std::size_t changes = 0;
  for (int frames = 1; frames < 30; frames++) {
    gives.terms.reads.filter = where(frames % 4 < 2 ? "open" : "red");
    {
      Conversation talk(a, b, now, gives, takes);
      talk.start();
      for (int i = 0; i < frames; i++) talk.deliverBoth();
      changes += talk.changesFrom(0);
    }
    if (frames % 7 == 0) b.kill();
    if (frames % 7 == 0) b.open();
    if (frames % 5 == 0) a.insert({{"open", true}, {"red", true}});
  }
  Conversation talk = rested();
  for (const Record& record : a->snapshot().page("default", std::nullopt)) {
    bool chosen = record.boolean(gives.terms.reads.filter->id) == true;
    EXPECT_EQ(b.fetch(*record.id()).has_value(), chosen);
  }
  std::size_t before = changes;
  gives.terms.reads.filter = where("red");
  rested();
  gives.terms.reads.filter = where("open");
  EXPECT_LT(rested().changesFrom(0), before);
}

TEST_F(SealedTest, AFirstSyncThatIsCutGoesOnWhereItWas) {
  gives.batchBytes = 1000;
  for (int i = 0; i < 100; i++) a.insert({{"open", true}, {"text", std::string(100, 'x')}});
  std::size_t changes = 0;
  while (b.count() < 100) {
    Conversation talk(a, b, now, gives, takes);
    talk.start();
    for (int i = 0; i < 6; i++) talk.deliverBoth();
    changes += talk.changesFrom(0);
  }
  EXPECT_LT(changes, 250u) << "what was under way comes again, and nothing else";
}

// A barrier of the importer: what A had at the Ping comes before the Pong, which names where B then stands.
TEST_F(SealedTest, APongWaitsUntilAllIsSent) {
  gives.batchBytes = 100;
  for (int i = 0; i < 20; i++) a.insert({{"open", true}, {"text", std::string(100, 'x')}});
  Conversation talk(a, b, now, gives, takes);
  talk.start();
  while (!talk.status(1).peer) ASSERT_TRUE(talk.deliverBoth());
  talk[1].ping(1, now);
  talk.settle();
  ASSERT_TRUE(talk.status(1).pong);
  EXPECT_EQ(talk.status(1).pong->feedEnd, talk.status(1).appliedTo);
  EXPECT_EQ(b.count(), 20u);
}

TEST_F(SealedTest, ASilentReaderGetsANewPlaceNowAndThen) {
  a.insert({{"open", true}});
  Conversation talk = rested();
  writeHidden(10);
  Cursor before = cursorOfB();
  talk[1].ping(1, now);
  talk.rest();
  EXPECT_EQ(cursorOfB(), before);
  now += 10 * kMinute;
  talk[1].ping(2, now);
  talk.rest();
  EXPECT_EQ(cursorOfB().position, before.position + 1);
  EXPECT_EQ(a->opened(cursorOfB(), b->replicaId())->position, a->feedEnd());
}

// Deletes are forgotten while two readers are away. The one that was given the record sweeps; the other one has missed
// nothing.
TEST_F(SealedTest, OnlyWhoWasGivenARecordMissesItsDelete) {
  UUID id = a.insert({{"open", true}}), stays = a.insert({{"open", true}});
  rested();
  a.updateFields(id, {{"n", 1}});
  a.remove(id);
  UUID hidden = a.insert({{"open", false}});
  a.remove(hidden);
  Replica other("other", now, 3);
  {
    Conversation talk(a, other, now, gives, takes);
    talk.start();
    talk.rest();
  }
  now += 31 * 24 * kHour;
  while (a->maintain()) {
  }
  ASSERT_FALSE(a.stored(id).held || a.stored(hidden).held);
  Conversation talk(a, other, now, gives, takes);
  talk.start();
  talk.rest();
  EXPECT_FALSE(welcomeIn(talk).sweep);
  Conversation back = rested();
  EXPECT_TRUE(welcomeIn(back).sweep);
  EXPECT_FALSE(b.fetch(id));
  EXPECT_TRUE(b.fetch(stays));
}

}  // namespace
}  // namespace blazedb::sync
