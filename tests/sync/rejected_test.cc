// Rejected changes: one record that cannot be taken is set aside, and nothing else waits for it.
#include <algorithm>

#include "base/limits.h"
#include "codec/fields.h"
#include "replica/row.h"
#include "sync/rejected_test.h"

namespace blazedb::sync {
namespace {

using db::Changes;

TEST_F(RejectedTest, OneStampTooFarAheadIsSetAsideAndTheRestOfItsBatchLands) {
  Replica c("C", now, 3);
  UUID before, ahead, after = c.insert({{"n", 3}});
  synced(c, a);
  a->write([&](Changes& changes) {
    before = changes.insert("default", std::nullopt, {{"n", 1}});
    a.clock.skewMs = 11 * kMinute;
    ahead = changes.insert("default", std::nullopt, {{"n", 2}});
  });
  a.clock.skewMs = 0;

  Conversation talk(a, b, now);
  talk.start();
  talk.settle();
  EXPECT_TRUE(talk.live());
  EXPECT_TRUE(b.fetch(before));
  EXPECT_TRUE(b.fetch(after));
  EXPECT_FALSE(b.fetch(ahead));
  EXPECT_EQ(talk.status(1).appliedTo, a->feedEnd()) << "the cursor moves past it";
  EXPECT_EQ(talk.status(1).setAside, 1u);
  EXPECT_EQ(talk.status(0).refused, 1u);
  for (int end = 0; end < 2; end++) {
    ASSERT_TRUE(talk.status(end).reason);
    EXPECT_EQ(talk.status(end).reason->code, ErrorCode::ClockSkew);
    EXPECT_NE(talk.status(end).reason->text.find("blazedb restamp FILE"), std::string::npos);
  }
  expectListed(a, true, ahead, ErrorCode::ClockSkew);
  expectListed(b, false, ahead, ErrorCode::ClockSkew);

  UUID own = b.insert({{"n", 4}});
  EXPECT_LT(HybridClock::toWall(b.stored(own).latest.time), b.clock.wallMs() + kMinute) << "the clock did not follow";
  talk.settle();
  EXPECT_TRUE(a.fetch(own));
  EXPECT_TRUE(talk.said(1, FrameType::digest).empty()) << "they differ, and know it";

  talk.rest();
  EXPECT_TRUE(b.fetch(ahead)) << "by itself, once its time has come near enough";
  EXPECT_TRUE(talk.verified());
  EXPECT_EQ(talk.status(1).setAside + talk.status(0).refused, 0u);
  expectNothingListed();
}

TEST_F(RejectedTest, ItIsAskedForAgainAtTheNextConnectionAlsoAfterReopening) {
  UUID id = insertAhead(a, 20);
  Conversation(a, b, now).start();
  {
    Conversation talk(a, b, now);
    talk.start();
    talk.settle();
    EXPECT_FALSE(b.fetch(id));
  }
  a.reopen();
  b.reopen();
  expectListed(a, true, id, ErrorCode::ClockSkew);
  expectListed(b, false, id, ErrorCode::ClockSkew);
  {
    Conversation talk(a, b, now);
    talk.start();
    talk.settle();
    EXPECT_EQ(talk.said(1, FrameType::need).size(), 1u);
    EXPECT_EQ(talk.status(0).refused, 1u);
    EXPECT_EQ(talk.status(1).setAside, 1u);
  }
  now += 15 * kMinute;
  synced();
  EXPECT_TRUE(b.fetch(id));
  expectNothingListed();
}

// Found by the simulation.
TEST_F(RejectedTest, ItIsAskedForAgainAfterItsSenderHasLostCommits) {
  UUID id = insertAhead(a, 20);
  settled();
  Replica::Files before = a.copy();
  a.insert({{"n", 2}});
  settled();
  a.putBack(before);
  settled();
  Cursor cursor = b->cursorOn(a->identity().replica, Scope());
  EXPECT_EQ(cursor.position, a->feedEnd());
  EXPECT_GE(cursor.reach, cursor.position);
  now += 15 * kMinute;
  synced();
  EXPECT_TRUE(b.fetch(id));
}

// A change that was refused and then taken leaves its record at its author, who may not have heard of the second. What
// it sends then is no write, and where it may not read the record now, it is refused like any guess.
TEST_F(RejectedTest, APeerThatSendsAnOlderRecordGetsTheNewerOneAlsoWhereItMayNotWrite) {
  struct Older : PassingStore {
    using PassingStore::PassingStore;
    FeedRead readFeed(const FeedQuery& query, BatchWriter& out) override {
      BatchWriter newer;
      FeedRead read = PassingStore::readFeed(query, newer);
      Change change = decodeBatch(older)->changes.at(0);
      change.position = read.to;
      out.add(change);
      out.endTransaction();
      return read;
    }
    base::Bytes older;
  } store(*a.engine);
  UUID id = a.insert({{"n", 1}});
  store.older = synced().said(0, FrameType::batch).at(0);
  a.updateFields(id, {{"n", 2}});
  synced();
  for (bool reads : {true, false}) {
    a.insert({{"n", 3}});  // so that there is a batch
    auto limited = std::make_shared<Limited>();
    limited->reads = reads;
    SessionOptions refusing;
    refusing.terms.writes.rights = limited;
    Conversation talk(a, store, b, *b.engine, now, {}, refusing);
    talk.start();
    talk.settle();
    EXPECT_EQ(b->rejectedChanges().empty(), reads);
    EXPECT_EQ(talk.changesFrom(1), reads ? 1u : 0u);
  }
}

TEST_F(RejectedTest, WhatThePeerGaveAndHasLostAndNowRefusesLeavesTheRecord) {
  UUID id = b.insert({{"n", 1}});
  synced();
  Replica::Files before = b.copy();
  b.updateFields(id, {{"n", 2}});
  synced();
  b.putBack(before);
  SessionOptions refusing;
  refusing.terms.writes.rights = std::make_shared<const Limited>();
  Conversation talk(a, b, now, {}, refusing);
  talk.start();
  talk.rest();
  EXPECT_EQ(a.fetch(id)->integer("n"), 1);
  ASSERT_EQ(a->rejectedChanges().size(), 1u);
  EXPECT_EQ(a->rejectedChanges()[0].fields.integer("n"), 2);
}

// The peer takes the change after all, and the user gives it up before this end hears of that.
TEST_F(RejectedTest, WhatIsDiscardedTooLateComesBack) {
  auto rights = std::make_shared<Limited>();
  SessionOptions asks;
  asks.terms.writes.rights = rights;
  asks.terms.writes.mayErase = false;
  asks.terms.scope = makeScope(std::nullopt, {"hidden"});  // so that no digests are compared
  UUID changed = b.insert({{"n", 1}, {"m", 1}}), made;
  {
    Conversation talk(a, b, now, {}, asks);
    talk.start();
    talk.rest();
    a.updateFields(changed, {{"n", 2}});
    made = a.insert({{"n", 2}});
    talk.rest();
    ASSERT_EQ(a->rejectedChanges().size(), 2u);
    EXPECT_FALSE(a.fetch(made));
  }
  rights->writes = true;
  Conversation talk(a, b, now, {}, asks);
  talk.start();
  while (b.count() < 2) {
    while (talk.deliver(0)) {
    }
    ASSERT_TRUE(talk.deliver(1));
  }
  for (const RejectedChange& change : a->rejectedChanges()) a->discard(change.id);
  Conversation again(a, b, now, {}, asks);
  again.start();
  again.rest();
  EXPECT_EQ(a.fetch(changed)->integer("n"), 2);
  EXPECT_EQ(a.fetch(made), b.fetch(made));
  expectNothingListed();
}

// A client that knows the id of a record that it may not read guesses a field of it, with stamps below and above the
// one there, with the same stamp, and a field that is not there. Each answer is the same.
TEST_F(RejectedTest, NoAnswerTellsWhatAHiddenRecordHolds) {
  UUID id = a.insert({{"secret", 5}});
  auto limited = std::make_shared<Limited>();
  limited->reads = false;
  limited->writes = true;
  SessionOptions options;
  options.terms.writes.rights = limited;
  options.terms.writes.trust = StampTrust::own;
  options.terms.writes.mayErase = false;
  sync::Stamp held = a.stored(id).latest;
  auto answerTo = [&](const sync::Stamp& stamp, const char* field, int value) {
    auto session = greeted(options);
    session->receive(encode(Subscribe{}), now);
    session->receive(encode(Welcome{}), now);
    for (const Bytes& frame : session->takeFrames())  // it asks for what it has set aside
      if (typeOf(frame) == FrameType::need) session->receive(BatchWriter().finishRows(true, {{"default", id}}), now);
    session->takeFrames();
    Bytes number = {static_cast<std::uint8_t>(value)};  // one CBOR value
    RecordState guess;
    guess.cells = {{field, number, stamp, {}, 0}};
    guess.whole = false;
    EncodedState encoded;
    encodeState(guess, 0, encoded);
    BatchWriter batch;
    batch.add({"default", id, 1, true, false, encoded.stamps, encoded.fields});
    session->receive(batch.finishBatch(1, true, 1), now);
    EXPECT_FALSE(session->stopped());
    return session->takeFrames().at(0);
  };
  Stamp lower = held, higher = held;
  lower.time--;
  higher.time++;
  Bytes first = answerTo(lower, "secret", 1);
  ASSERT_TRUE(decodeRejected(first));
  for (const Stamp& stamp : {lower, held, higher})
    for (const char* field : {"secret", "other"})
      for (int value : {1, 9})
        EXPECT_EQ(answerTo(stamp, field, value), first) << stamp.time << " " << field << " " << value;
  EXPECT_EQ(a.fetch(id)->integer("secret"), 5);
}

TEST_F(RejectedTest, AReStampedRecordIsTaken) {
  UUID id = insertAhead(a, 30 * 24 * 60);
  Conversation talk(a, b, now);
  talk.start();
  talk.rest();
  EXPECT_FALSE(b.fetch(id));
  EXPECT_EQ(a->restamp(), 1u);
  talk.rest();
  EXPECT_TRUE(b.fetch(id));
  EXPECT_TRUE(talk.verified());
  expectNothingListed();
}

TEST_F(RejectedTest, APartOfItIsNeverMergedAlone) {
  UUID id = a.insert({{"x", 1}});
  synced();
  Replica c("C", now, 3);
  synced(a, c);
  a.clock.skewMs = 60 * 24 * kMinute;
  a.updateFields(id, {{"x", 2}});
  a.clock.skewMs = 0;
  c.updateFields(id, {{"y", 3}});
  Conversation relay(c, a, now);
  relay.start();
  relay.settle();
  ASSERT_EQ(a.fetch(id)->integer("y"), 3);

  Conversation talk(a, b, now);
  talk.start();
  talk.settle();
  EXPECT_FALSE(b.fetch(id)->integer("y"));
  c.updateFields(id, {{"z", 4}});
  relay.settle();
  talk.settle();
  EXPECT_FALSE(talk.said(1, FrameType::need).empty()) << "of what is set aside a part means nothing";
  EXPECT_FALSE(b.fetch(id)->integer("z"));
  EXPECT_EQ(b.fetch(id)->integer("x"), 1);

  EXPECT_EQ(a->restamp(), 1u);
  talk.rest();
  EXPECT_EQ(b.fetch(id)->integer("x"), 2);
  EXPECT_EQ(b.fetch(id)->integer("y"), 3);
  EXPECT_EQ(b.fetch(id)->integer("z"), 4);
  EXPECT_TRUE(talk.verified());
  relay.rest();
  expectNothingListed();
}

// Four replicas have added to it separately, and only one of them can make it smaller.
TEST_F(RejectedTest, OneThatGrowsTooLargeHoldsUpNothingElseAndIsTakenWhenItFits) {
  UUID id = a.insert({{"n", 1}});
  synced();
  Replica c("C", now, 3);
  synced(a, c);
  const std::string large(8'300'000, 'x');
  a.updateFields(id, {{"x", large}});
  b.updateFields(id, {{"y", large}});
  c.updateFields(id, {{"z", large}});
  synced();
  Conversation talk(a, c, now);
  talk.start();
  talk.rest();
  EXPECT_TRUE(talk.live());
  for (Replica* each : {&a, &c}) {
    std::vector<RejectedChange> all = (*each)->rejectedChanges();
    ASSERT_EQ(all.size(), 2u) << "neither takes what the other has";
    for (const RejectedChange& one : all) EXPECT_EQ(one.code, ErrorCode::TooLarge);
  }
  UUID small = c.insert({{"small", 1}}), back = a.insert({{"small", 2}});
  talk.rest();
  EXPECT_TRUE(a.fetch(small));
  EXPECT_TRUE(c.fetch(back));
  EXPECT_FALSE(talk.verified());

  c.updateFields(id, {{"z", "a smaller one"}});
  talk.rest();
  EXPECT_EQ(a.fetch(id)->string("z"), "a smaller one");
  EXPECT_EQ(c.fetch(id)->string("y")->size(), large.size()) << "what was set aside is asked for, once there is room";
  EXPECT_TRUE(talk.verified());
  EXPECT_TRUE(a->rejectedChanges().empty());
  EXPECT_TRUE(c->rejectedChanges().empty());
}

TEST_F(RejectedTest, ARecordAloneIsBoundToTheSameSize) {
  auto session = talking();
  Bytes fields;
  codec::appendMapHead(fields, 3);
  for (const char* name : {"x", "y", "z"}) {
    codec::appendText(fields, name);
    codec::appendText(fields, std::string(8'039'075, 'x'));
  }
  ASSERT_LE(fields.size(), base::kMergedBytesMax);
  Bytes stamps;
  encodeFreshStamps({0, HybridClock::fromWall(a.clock.wallMs()), 12345}, stamps);
  BatchWriter batch(0);
  Change change{"default", uuidOf(5), 1, true, true, stamps, fields};
  batch.add(change);
  session->receive(batch.finishBatch(1, true, 1), now);
  ASSERT_FALSE(session->stopped()) << session->status().ended->text;
  expectListed(a, false, uuidOf(5), ErrorCode::TooLarge);
  EXPECT_TRUE(a->collections().empty());
}

TEST_F(RejectedTest, ARepairFollowsTheSameRules) {
  a.insert({{"n", 1}});
  auto session = talking();
  Bytes stamps, fields;
  codec::appendMapHead(fields, 0);
  encodeFreshStamps({0, HybridClock::fromWall(a.clock.wallMs() + kHour), 12345}, stamps);
  BatchWriter rows;
  rows.add({"default", uuidOf(5), 0, true, true, stamps, fields});
  repair(*session, rows);
  EXPECT_FALSE(session->stopped());
  std::vector<Bytes> said = session->takeFrames();
  ASSERT_EQ(said.size(), 1u);
  std::optional<Rejected> told = decodeRejected(said[0]);
  ASSERT_TRUE(told && told->records.size() == 1);
  EXPECT_EQ(told->records[0].why->code, ErrorCode::ClockSkew);
  EXPECT_FALSE(a.fetch(uuidOf(5)));
  expectListed(a, false, uuidOf(5), ErrorCode::ClockSkew);
}

TEST_F(RejectedTest, WhatIsGoneAtTheSenderIsListedNoMore) {
  insertAhead(a, 20);
  UUID id = uuidOf(5);
  Bytes stamps, fields;
  codec::appendMapHead(fields, 0);
  encodeFreshStamps({0, HybridClock::fromWall(b.clock.wallMs() + kHour), 12345}, stamps);
  BatchWriter rows;
  rows.add({"default", id, 0, true, true, stamps, fields});
  repair(*talking(), rows);
  expectListed(a, false, id, ErrorCode::ClockSkew);

  auto session = greeted();
  session->receive(encode(Subscribe{}), now);
  session->takeFrames();
  session->receive(encode(Welcome{}), now);
  std::vector<Bytes> said = session->takeFrames();
  auto need = std::find_if(said.begin(), said.end(), [](const Bytes& each) { return typeOf(each) == FrameType::need; });
  ASSERT_NE(need, said.end());
  EXPECT_EQ(decodeNeed(*need)->keys, (std::vector<RecordKey>{{"default", id}}));
  session->receive(BatchWriter().finishRows(true, {{"default", id}}), now);
  EXPECT_FALSE(session->stopped());
  EXPECT_TRUE(a->rejectedChanges().empty());
  said = session->takeFrames();
  ASSERT_FALSE(said.empty());
  ASSERT_TRUE(decodeRejected(said[0]));
  EXPECT_FALSE(decodeRejected(said[0])->records[0].why);
}

// The peer has the record in a state that this end cannot take; this end holds an earlier state.
TEST_F(RejectedTest, ASweepDoesNotTakeItForGone) {
  UUID id = a.insert({{"x", 1}}), forgotten = a.insert({{"x", 1}});
  synced();
  a.remove(forgotten);
  now += 31 * 24 * kHour;
  while (a->maintain()) {
  }
  ASSERT_FALSE(a.stored(forgotten).held);
  a.clock.skewMs = kHour;
  a.updateFields(id, {{"x", 2}});
  a.clock.skewMs = 0;
  Conversation talk(a, b, now);
  talk.start();
  talk.settle();
  ASSERT_TRUE(decodeWelcome(talk.said(0, FrameType::welcome)[0])->sweep);
  EXPECT_FALSE(b.fetch(forgotten));
  ASSERT_TRUE(b.fetch(id));
  EXPECT_EQ(b.fetch(id)->integer("x"), 1);
  expectListed(b, false, id, ErrorCode::ClockSkew);
}

TEST_F(RejectedTest, AnotherScopeHasAListOfItsOwn) {
  UUID id = insertAhead(a, 20);
  SessionOptions part;
  part.terms.scope = makeScope(std::nullopt, {"hidden"});
  for (int i = 0; i < 2; i++) {
    Conversation talk(a, b, now, {}, i == 0 ? part : SessionOptions{});
    talk.start();
    talk.settle();
    EXPECT_EQ(talk.status(1).setAside, 1u);
  }
  now += 15 * kMinute;
  Conversation talk(a, b, now, {}, part);
  talk.start();
  talk.rest();
  EXPECT_TRUE(b.fetch(id));
  EXPECT_EQ(b->rejectedChanges().size(), 1u) << "the cursor of the other scope has passed it over";
  synced();
  expectNothingListed();
}

TEST_F(RejectedTest, BeyondTheLimitTheConversationEnds) {
  a.clock.skewMs = kHour;
  a->write([&](Changes& changes) {
    for (std::uint64_t i = 0; i <= base::kRejectedMax; i++) changes.insert("default", uuidOf(1 + i), {{"n", 1}});
  });
  a.clock.skewMs = 0;
  Conversation talk(a, b, now);
  talk.start();
  talk.settle();
  ASSERT_TRUE(talk[1].stopped());
  EXPECT_EQ(talk.status(0).ended->code, ErrorCode::ClockSkew);
  EXPECT_NE(talk.status(0).ended->text.find("10000"), std::string::npos);
  EXPECT_LE(b->rejectedChanges().size(), base::kRejectedMax);
}

TEST_F(RejectedTest, WhoWasRefusedListsOnlyWhatItHolds) {
  UUID id = a.insert({{"n", 1}});
  auto session = talking();
  Bye why{ErrorCode::TooLarge, "too large"};
  session->receive(encode(Rejected{false, {{{"default", id}, why}, {{"default", uuidOf(9)}, why}}}), now);
  EXPECT_FALSE(session->stopped());
  expectListed(a, true, id, ErrorCode::TooLarge);
  EXPECT_EQ(session->status().refused, 1u);
  session->receive(encode(Rejected{true, {}}), now);
  EXPECT_TRUE(a->rejectedChanges().empty());
}

TEST_F(RejectedTest, TheLimitOnClocksIsForLinksAlone) {
  UUID id = insertAhead(a, 10 * 365 * 24 * 60);
  a.reopen();
  EXPECT_TRUE(a.fetch(id));
  a.updateFields(id, {{"n", 2}});
  a->backup("/copy.blazedb", {});
  auto copy = db::Engine::open({a.files, a.clock, a.random}, "/copy.blazedb", storage::KeySource::rawKey(Bytes(32, 7)),
                               a.options);
  EXPECT_EQ(copy->snapshot().fetch("default", id)->integer("n"), 2);
  copy->write([&](Changes& changes) { changes.updateFields("default", id, {{"n", 3}}); });
  EXPECT_EQ(copy->snapshot().fetch("default", id)->integer("n"), 3);
  EXPECT_TRUE(copy->rejectedChanges().empty());
}

TEST_F(RejectedTest, WhatBreaksTheProtocolEndsItAndThePeerHearsWhy) {
  Bytes stamps, fields, none;
  codec::appendMapHead(fields, 0);
  encodeFreshStamps({0, HybridClock::fromWall(a.clock.wallMs()), 12345}, stamps);
  Bytes excluded;
  codec::appendMapHead(excluded, 1);
  codec::appendText(excluded, "hidden");
  excluded.push_back(1);
  struct Case {
    const char* what;
    std::string_view collection;
    Bytes stamps, fields;
  };
  const Case cases[] = {{"stamps that cannot be read", "default", Bytes(40, 0xFF), fields},
                        {"fields that cannot be read", "default", stamps, Bytes{0xA1, 0x61}},
                        {"a field outside", "default", stamps, excluded},
                        {"a collection outside", "secret", stamps, fields}};
  for (bool repair : {false, true}) {
    for (const Case& each : cases) {
      SessionOptions part;
      if (!repair || each.what == cases[2].what || each.what == cases[3].what)
        part.terms.scope = makeScope(std::vector<std::string>{"default"}, {"hidden"});
      if (repair && !part.terms.scope.full()) continue;  // there are no repairs on such a link
      auto session = greeted(part);
      session->receive(encode(Subscribe{}), now);
      session->receive(encode(Welcome{}), now);
      session->takeFrames();
      BatchWriter batch(0);
      batch.add({"default", uuidOf(4), repair ? 0u : 1u, true, true, stamps, fields});
      batch.add({each.collection, uuidOf(5), repair ? 0u : 2u, true, true, each.stamps, each.fields});
      expectProtocolError(*session, repair ? batch.finishRows(false, {}) : batch.finishBatch(2, true, 2));
      EXPECT_FALSE(a.fetch(uuidOf(4))) << each.what << ": nothing of its batch is kept";
    }
  }
}

}  // namespace
}  // namespace blazedb::sync
