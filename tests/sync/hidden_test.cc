// Refused changes of records that are hidden from their author, shown again, and overwritten meanwhile.
#include "db/journal.h"
#include "sync/rejected_test.h"

namespace blazedb::sync {
namespace {

using db::Changes;

// A record is hidden from the peer's user, who has counted in it, and shown again.
class HiddenTest : public RejectedTest {
 protected:
  static SessionOptions showing(bool shown, const UUID& fixed = {}) {
    auto limited = std::make_shared<Limited>();
    limited->fixed = fixed;
    limited->reads = limited->writes = shown;
    limited->none = shown ? "all" : "nothing";
    SessionOptions options;
    options.terms.reads.rights = options.terms.writes.rights = limited;
    options.terms.relation = Relation::exporter;
    options.terms.writes.trust = StampTrust::own;
    options.terms.writes.mayErase = false;
    return options;
  }
  void meet(bool shown) {
    Conversation talk(a, b, now, {}, showing(shown));
    talk.start();
    talk.rest();
    EXPECT_EQ(a.fetch(id).has_value(), shown);
  }
  void increment() {
    a->write([&](Changes& changes) { changes.increment("default", id, "k", 1); });
  }
  void expectBoth(int k, int w) {
    for (Replica* each : {&a, &b}) {
      EXPECT_EQ(each->fetch(id)->integer("k"), k) << each->options.name;
      EXPECT_EQ(each->fetch(id)->integer("w"), w) << each->options.name;
    }
    expectNothingListed();
  }

  UUID id = b.insert({{"w", 0}});
};

TEST_F(HiddenTest, ARefusedChangeGoesBackWhenItsRecordDoes) {
  meet(true);
  increment();
  meet(true);
  a.updateFields(id, {{"w", 1}});
  increment();
  meet(false);
  EXPECT_EQ(a->rejectedChanges().size(), 1u);
  meet(true);
  expectBoth(2, 1);
}

// The peer ceases to refuse the change, because this end does not have its record, and gives the record after that.
TEST_F(HiddenTest, ARefusedChangeGoesBackWhenItsRecordComesLater) {
  UUID early = id;
  for (int i = 0; i < 30; i++) id = b.insert({{"w", 0}});
  meet(true);
  a.updateFields(id, {{"w", 1}});
  increment();
  meet(false);
  ASSERT_EQ(a->rejectedChanges().size(), 1u);
  SessionOptions options = showing(true);
  options.batchBytes = 50;
  Conversation talk(a, b, now, {}, options);
  talk.start();
  talk.rest();
  expectBoth(1, 1);
  EXPECT_TRUE(a.fetch(early));
}

// All records are shown again, and one of them may not be written: that concerns the transaction which did.
TEST_F(HiddenTest, TransactionsThatGoBackAtOnceAreJudgedApart) {
  UUID fixed = b.insert({{"w", 0}}), mate = b.insert({{"w", 0}});
  meet(true);
  increment();
  a->write([&](Changes& changes) {
    changes.increment("default", fixed, "k", 1);
    changes.increment("default", mate, "k", 1);
  });
  a.updateFields(id, {{"w", 1}});
  meet(false);
  ASSERT_EQ(a->rejectedChanges().size(), 3u);
  Conversation talk(a, b, now, {}, showing(true, fixed));
  talk.start();
  talk.rest();
  EXPECT_EQ(b.fetch(id)->integer("k"), 1);
  EXPECT_EQ(b.fetch(id)->integer("w"), 1);
  EXPECT_FALSE(b.fetch(fixed)->integer("k"));
  EXPECT_FALSE(b.fetch(mate)->integer("k"));
  std::set<UUID> listed;
  for (const RejectedChange& each : a->rejectedChanges()) listed.insert(each.record);
  EXPECT_EQ(listed, (std::set<UUID>{fixed, mate}));
}

// First the user may read the record and not write it, then neither.
TEST_F(HiddenTest, WhatWasRefusedIsNotCountedTwiceWhenTheRecordIsHidden) {
  meet(true);
  increment();
  meet(true);
  {
    SessionOptions options = showing(true);
    auto limited = std::make_shared<Limited>();
    limited->none = "all";
    options.terms.reads.rights = options.terms.writes.rights = limited;
    Conversation talk(a, b, now, {}, options);
    talk.start();
    talk.rest();
    increment();
    talk.rest();
    EXPECT_EQ(a.fetch(id)->integer("k"), 1);
    EXPECT_EQ(a->rejectedChanges().size(), 1u);
  }
  a.updateFields(id, {{"w", 1}});
  meet(false);
  meet(true);
  expectBoth(2, 1);
}

// The user counts on before this end hears that the change is no longer refused.
TEST_F(HiddenTest, WhatThePeerHasIsNotCountedTwice) {
  meet(true);
  increment();
  meet(true);
  a.updateFields(id, {{"w", 1}});
  meet(false);
  Conversation talk(a, b, now, {}, showing(true));
  talk.start();
  while (!a.fetch(id)) {
    while (talk.deliver(0)) {
    }
    ASSERT_TRUE(talk.deliver(1));
  }
  increment();
  talk.rest();
  expectBoth(2, 1);
}

// Also where the peer's answer shows that the record is known to be gone.
TEST_F(HiddenTest, AChangeOfARecordThatIsDeletedWhileItIsHiddenIsListed) {
  for (bool isOwn : {false, true}) {
    if (isOwn) id = a.insert({{"w", 0}});
    meet(true);
    a.updateFields(id, {{"w", 1}});
    now += 1000;
    b->write([&](Changes& changes) { changes.remove("default", id); });
    for (int again = 0; again < 2; again++) {
      Conversation talk(a, b, now, {}, showing(false));
      talk.start();
      talk.rest();
      EXPECT_FALSE(a.fetch(id));
      EXPECT_FALSE(b.fetch(id));
      EXPECT_TRUE(a->journal().conflicts(0).empty());
      ASSERT_EQ(a->rejectedChanges().size(), 1u);
      EXPECT_EQ(a->rejectedChanges()[0].record, id);
      EXPECT_EQ(a->rejectedChanges()[0].fields.integer("w"), 1);
    }
    a->discard(a->rejectedChanges()[0].id);
  }
}

// The user sees everything again, and the record is deleted: the change goes back, and loses.
TEST_F(HiddenTest, AChangeOfADeletedRecordGoesBackWhenTheUserMaySeeIt) {
  id = a.insert({{"w", 0}});
  meet(true);
  a.updateFields(id, {{"w", 1}});
  now += 1000;
  b->write([&](Changes& changes) { changes.remove("default", id); });
  meet(false);
  ASSERT_EQ(a->rejectedChanges().size(), 1u);
  Conversation talk(a, b, now, {}, showing(true));
  talk.start();
  talk.rest();
  EXPECT_FALSE(a.fetch(id));
  expectNothingListed();
  EXPECT_EQ(a->journal().conflicts(0).size(), 1u);
}

TEST_F(HiddenTest, TheStatusSaysWhyAChangeWaitsUntilItGoesBack) {
  meet(true);
  a.updateFields(id, {{"w", 1}});
  for (int again = 0; again < 2; again++) {
    Conversation talk(a, b, now, {}, showing(false));
    talk.start();
    talk.rest();
    EXPECT_EQ(talk[0].status().refused, 1u);
    ASSERT_TRUE(talk[0].status().reason);
    EXPECT_EQ(talk[0].status().reason->code, ErrorCode::PermissionDenied);
    EXPECT_EQ(talk[0].status().gaveBackTo, 0u);
  }
  Conversation talk(a, b, now, {}, showing(true));
  talk.start();
  talk.rest();
  EXPECT_EQ(talk[0].status().refused, 0u);
  EXPECT_FALSE(talk[0].status().reason);
  EXPECT_GT(talk[0].status().gaveBackTo, 0u);
  EXPECT_GE(talk[0].status().acknowledgedTo, talk[0].status().gaveBackTo);
}

// The peer gives the record again, and answers a question for it as well; both are lost.
TEST_F(HiddenTest, ALostAnswerIsNoDelivery) {
  meet(true);
  meet(false);
  {
    Conversation talk(a, b, now, {}, showing(true));
    talk.start();
    while (talk.said(1, FrameType::welcome).empty()) ASSERT_TRUE(talk.deliverBoth());
    talk[1].receive(encode(Need{{{"default", id}}}), now);
    EXPECT_FALSE(talk[1].stopped());
  }
  meet(true);
}

// The user writes a record anew that was hidden, over a refused change of it that has seen a server's write.
TEST_F(HiddenTest, ALaterWriteWinsOverARefusedOne) {
  b.options.role = SyncRole::server;
  b.reopen();
  b.updateFields(id, {{"w", 1}});
  meet(true);
  a.updateFields(id, {{"w", 2}});
  increment();
  meet(false);
  EXPECT_EQ(a->rejectedChanges().size(), 1u);
  a->write([&](Changes& changes) { changes.insert("default", id, {{"w", 3}}, {{"k", 1}}); });
  meet(true);
  expectBoth(2, 3);
}

// A client that has not seen what the server and another client write over its own values.
class OverwrittenTest : public HiddenTest {
 protected:
  OverwrittenTest() {
    b.options.role = SyncRole::server;
    b.reopen();
    b.updateFields(id, {{"w", 1}});
  }
  void expectLost(int lost, int won) {
    std::vector<Conflict> conflicts = a->journal().conflicts(0);
    ASSERT_EQ(conflicts.size(), 1u);
    EXPECT_EQ(conflicts[0].field, "w");
    EXPECT_EQ(conflicts[0].lost, Value(lost));
    EXPECT_EQ(conflicts[0].won, Value(won));
    EXPECT_EQ(a.fetch(id)->integer("w"), won);
  }
  // Everything may be read, and nothing written.
  static SessionOptions readOnly() {
    auto limited = std::make_shared<Limited>();
    limited->none = "all";
    SessionOptions options = showing(true);
    options.terms.reads.rights = options.terms.writes.rights = limited;
    return options;
  }

  Replica c{"C", now, 3};
};

// The winner is older, and wins because its writer had seen a server's write. A third database had received the value.
TEST_F(OverwrittenTest, AnOlderWinnerHasNotSeenTheValue) {
  synced(c, b);
  c.updateFields(id, {{"w", 2}});
  synced(c, b);
  now += 10;
  a->write([&](Changes& changes) { changes.insert("default", id, {{"w", 3}}); });
  Replica d("D", now, 4);
  synced(a, d);
  synced(a, b);
  expectLost(3, 2);
}

TEST_F(OverwrittenTest, AnAnswerToARefusalListsWhatItReplaces) {
  meet(true);
  Conversation talk(a, b, now, {}, readOnly());
  talk.start();
  talk.rest();
  a.updateFields(id, {{"w", 2}, {"x", 1}});
  talk.feedsMoved();
  std::size_t before = talk.said(0, FrameType::need).size();
  while (talk.said(0, FrameType::need).size() == before) ASSERT_TRUE(talk.deliverBoth());
  b.updateFields(id, {{"w", 5}});
  talk.rest();
  expectLost(2, 5);
  EXPECT_EQ(a->rejectedChanges().size(), 1u) << "x waits";
}

// Another client has written over what a server had written over.
TEST_F(OverwrittenTest, ARefusedChangeThatComesBackTooLateIsListed) {
  meet(true);
  Conversation talk(a, b, now, {}, readOnly());
  talk.start();
  talk.rest();
  a.updateFields(id, {{"w", 2}});
  talk.rest();
  ASSERT_EQ(a->rejectedChanges().size(), 1u);
  now += 10;
  b.updateFields(id, {{"w", 5}});
  synced(c, b);
  c.updateFields(id, {{"w", 6}});
  synced(c, b);
  talk.rest();
  meet(true);
  expectLost(2, 6);
  expectNothingListed();
}

TEST_F(OverwrittenTest, WhatIsStillRefusedStaysOutOfARecordThatComesAgain) {
  meet(true);
  for (bool again : {false, true}) {
    if (again) a->dropCursor({b->replicaId(), b->identity().incarnation}, Scope());
    Conversation talk(a, b, now, {}, readOnly());
    talk.start();
    talk.rest();
    if (!again) a.updateFields(id, {{"x", 1}});
    talk.rest();
    EXPECT_FALSE(a.fetch(id)->contains("x"));
    EXPECT_EQ(a->rejectedChanges().size(), 1u);
    EXPECT_EQ(talk.changesFrom(0), again ? 0u : 1u) << "it is not sent as a new change";
  }
}

}  // namespace
}  // namespace blazedb::sync
