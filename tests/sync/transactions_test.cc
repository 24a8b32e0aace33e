// A refused record refuses its transaction.
#include <algorithm>

#include "sync/rejected_test.h"

namespace blazedb::sync {
namespace {

using db::Changes;

// The rights of a user who may write records below a number.
struct Below : Limited {
  std::optional<Bye> refusalOf(const std::string&, const UUID& id, std::optional<base::ByteView>,
                               std::optional<base::ByteView> after) const override {
    bool may = !after || replica::decoded(id, *after).integer("n").value_or(0) < limit;
    return may ? std::nullopt : std::optional(Bye{ErrorCode::PermissionDenied, "too high"});
  }
  std::int64_t limit = 10;
};

class TransactionsTest : public RejectedTest {
 protected:
  TransactionsTest() {
    asks.terms.writes.rights = rights;
    asks.terms.writes.mayErase = false;
  }
  void linked() {
    Conversation talk(a, b, now, {}, asks);
    talk.start();
    talk.rest();
  }
  std::vector<UUID> writeTogether(const std::vector<int>& numbers) {
    std::vector<UUID> ids;
    a->write([&](Changes& changes) {
      for (int n : numbers) ids.push_back(changes.insert("default", std::nullopt, {{"n", n}}));
    });
    return ids;
  }

  std::shared_ptr<Below> rights = std::make_shared<Below>();
  SessionOptions asks;
};

TEST_F(TransactionsTest, AreRefusedWhole) {
  UUID old = a.insert({{"n", 1}});
  linked();
  std::vector<UUID> refused, taken = writeTogether({4, 5});
  a->write([&](Changes& changes) {
    changes.updateFields("default", old, {{"n", 2}});
    refused = {changes.insert("default", std::nullopt, {{"n", 11}}),
               changes.insert("default", std::nullopt, {{"n", 3}})};
  });
  linked();
  EXPECT_EQ(b.count(), 3u);
  EXPECT_EQ(b.fetch(old)->integer("n"), 1);
  for (const UUID& id : taken) EXPECT_TRUE(b.fetch(id));
  for (Replica* each : {&a, &b}) EXPECT_EQ(each->engine->rejectedChanges().size(), 3u);
  for (const RejectedChange& change : a->rejectedChanges()) {
    bool isOfMate = change.reason.find(refused[0].toString()) != std::string::npos;
    EXPECT_EQ(isOfMate, change.record != refused[0]) << change.reason;
  }
  expectSame(a, b);
}

TEST_F(TransactionsTest, AreTakenWholeOnceTheRightsAllowAllOfThem) {
  writeTogether({1, 11, 21});
  linked();
  rights->limit = 20;
  linked();
  EXPECT_EQ(b.count(), 0u);
  EXPECT_EQ(a->rejectedChanges().size(), 3u);
  a.reopen();
  b.reopen();
  rights->limit = 30;
  linked();
  EXPECT_EQ(b.count(), 3u);
  expectNothingListed();
  expectSame(a, b);
}

TEST_F(TransactionsTest, GoWithoutWhatTheUserGivesUp) {
  writeTogether({1, 2, 11});
  linked();
  for (const RejectedChange& change : a->rejectedChanges())
    if (change.fields.integer("n") == 11) a->discard(change.id);
  linked();
  EXPECT_EQ(b.count(), 2u);
  expectNothingListed();
  expectSame(a, b);
}

TEST_F(TransactionsTest, GoAtOnceWithoutWhatTheUserGivesUp) {
  UUID old = a.insert({{"n", 1}});
  linked();
  Conversation talk(a, b, now, {}, asks);
  talk.start();
  talk.rest();
  a->write([&](Changes& changes) {
    changes.increment("default", old, "count", 1);
    changes.insert("default", std::nullopt, {{"n", 2}});
    changes.insert("default", std::nullopt, {{"n", 11}});
  });
  talk.rest();
  EXPECT_EQ(a->rejectedChanges().size(), 3u);
  for (const RejectedChange& change : a->rejectedChanges())
    if (change.fields.integer("n") == 11) a->discard(change.id);
  talk.rest();
  EXPECT_EQ(b.count(), 2u);
  EXPECT_EQ(b.fetch(old)->integer("count"), 1);
  expectNothingListed();
}

// The author's feed has its records as the peer has them, and the refused changes beside.
TEST_F(TransactionsTest, AreNotTakenInPartWhenTheFeedIsReadAgain) {
  UUID old = a.insert({{"n", 1}});
  linked();
  a->write([&](Changes& changes) {
    changes.increment("default", old, "count", 1);
    changes.insert("default", std::nullopt, {{"n", 2}});
    changes.insert("default", std::nullopt, {{"n", 11}});
  });
  linked();
  for (int i = 0; i < 2; i++) {
    b->dropCursor({a->replicaId(), a->identity().incarnation}, Scope());
    linked();
    EXPECT_EQ(b.count(), 1u);
    EXPECT_FALSE(b.fetch(old)->contains("count"));
    EXPECT_EQ(a->rejectedChanges().size(), 3u);
    a.reopen();
  }
  rights->limit = 12;
  linked();
  EXPECT_EQ(b.count(), 3u);
  EXPECT_EQ(b.fetch(old)->integer("count"), 1);
}

TEST_F(TransactionsTest, JoinWhereTheyShareARecord) {
  std::vector<UUID> ids = writeTogether({1, 11});
  linked();
  a->write([&](Changes& changes) {
    changes.insert("default", ids[0], {{"n", 2}});
    changes.insert("default", std::nullopt, {{"n", 12}});
  });
  linked();
  rights->limit = 12;
  linked();
  EXPECT_EQ(b.count(), 0u) << "12 is still refused, and with it what it came with";
  rights->limit = 20;
  linked();
  EXPECT_EQ(b.count(), 3u);
  expectSame(a, b);
}

// A peer that sends a record twice in one transaction: each change is allowed, and both together are not.
TEST_F(TransactionsTest, ThatNameARecordTwiceAreJudgedAsTheMergeGoes) {
  struct NotBoth : Limited {
    std::optional<Bye> refusalOf(const std::string&, const UUID& id, std::optional<base::ByteView>,
                                 std::optional<base::ByteView> after) const override {
      Record record = after ? replica::decoded(id, *after) : Record();
      bool both = record.contains("x") && record.contains("y");
      return both ? std::optional(Bye{ErrorCode::PermissionDenied, "not both"}) : std::nullopt;
    }
  };
  UUID id = a.insert({{"n", 1}});
  asks.terms.writes.rights = std::make_shared<NotBoth>();
  auto session = greeted(asks);
  session->receive(encode(Subscribe{}), now);
  session->receive(encode(Welcome{}), now);
  Bytes one = {1};
  Stamp stamp{0, HybridClock::fromWall(a.clock.wallMs()) + 1, 12345};
  BatchWriter batch;
  std::uint64_t position = 0;
  for (const char* field : {"x", "y"}) {
    RecordState part;
    part.cells = {{field, one, stamp, {}, 0}};
    part.whole = false;
    EncodedState encoded;
    encodeState(part, 0, encoded);
    batch.add({"default", id, ++position, position == 2, false, encoded.stamps, encoded.fields});
  }
  session->receive(batch.finishBatch(2, true, 2), now);
  EXPECT_FALSE(session->stopped());
  EXPECT_TRUE(a.fetch(id)->contains("x"));
  EXPECT_FALSE(a.fetch(id)->contains("y"));
}

// The peer has a record that it may no longer read, and of which a change waits at its side. It sends the record in a
// transaction that is refused for another one.
TEST_F(TransactionsTest, ThatAreRefusedShowWhatThePeerHoldsAndMayNotRead) {
  struct WithHidden : PassingStore {
    using PassingStore::PassingStore;
    FeedRead readFeed(const FeedQuery& query, BatchWriter& out) override {
      BatchWriter own;
      FeedRead read = PassingStore::readFeed(query, own);
      if (own.changes() < 2) return read;
      Bytes batch = own.finishBatch(read.to, read.atEnd, read.reach);
      std::optional<Batch> its = decodeBatch(batch), more = decodeBatch(hidden);
      its->changes[0].id = more->changes[0].id;
      its->changes[0].stamps = more->changes[0].stamps;
      its->changes[0].fields = more->changes[0].fields;
      for (const Change& change : its->changes) out.add(change);
      return read;
    }
    Bytes hidden;
  } store(*a.engine);
  UUID hidden = b.insert({{"n", 1}});
  store.hidden = synced().said(1, FrameType::batch).at(0);
  a.updateFields(hidden, {{"n", 11}});
  linked();
  ASSERT_EQ(a.fetch(hidden)->integer("n"), 1);
  writeTogether({2, 11});
  rights->reads = false;
  rights->none = "nothing";
  asks.terms.reads.rights = rights;
  asks.terms.relation = Relation::exporter;
  Conversation talk(a, store, b, *b.engine, now, {}, asks);
  talk.start();
  talk.rest();
  std::size_t takenBack = 0;
  for (const Bytes& frame : talk.said(1, FrameType::batch)) {
    std::optional<Batch> batch = decodeBatch(frame);
    for (const Change& change : batch->changes) takenBack += change.left && change.id == hidden;
  }
  EXPECT_EQ(takenBack, 1u);
  EXPECT_FALSE(a.fetch(hidden));
}

TEST_F(TransactionsTest, OfManyRecordsAreJudgedRecordByRecord) {
  std::vector<int> numbers(1001, 1);
  numbers[500] = 11;
  writeTogether(numbers);
  linked();
  EXPECT_EQ(b.count(), 1000u);
  EXPECT_EQ(a->rejectedChanges().size(), 1u);
}

}  // namespace
}  // namespace blazedb::sync
