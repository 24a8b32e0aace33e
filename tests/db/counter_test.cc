// Counters as a user has them, and what becomes of their parts over openings.
#include <gtest/gtest.h>

#include <limits>

#include "codec/counter.h"
#include "db/open_database.h"
#include "support/conversation.h"
#include "support/errors.h"

namespace blazedb {
namespace {

class IncrementTest : public FolderTest {
 protected:
  Database db = open("db");
  UUID id = db.insert({{"stock", 100}, {"name", "bolt"}});
};

TEST_F(IncrementTest, AddsAndReturnsTheNewValue) {
  EXPECT_EQ(db.increment(id, "stock", -1), Value(99));
  EXPECT_EQ(db.increment(id, "stock"), Value(100));
  EXPECT_EQ(db.increment(id, "sold", 3L), Value(3)) << "an absent field counts as 0";
  EXPECT_EQ(db.increment(id, "weight", 0.5), Value(0.5));
  EXPECT_EQ(db.increment(id, "stock", 0.25), Value(100.25));
  EXPECT_EQ(*db.fetch(id), (Record{{"stock", 100.25}, {"name", "bolt"}, {"sold", 3}, {"weight", 0.5}}));
  db.updateFields(id, {{"stock", Increment(10)}, {"name", "nut"}});
  EXPECT_EQ(db.fetch(id)->real("stock"), 110.25);
  EXPECT_EQ(db.fetch(id)->string("name"), "nut");
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(IncrementTest, AnAssignmentReplacesWhatItHasSeen) {
  db.increment(id, "stock", 5);
  db.updateFields(id, {{"stock", 7}});
  EXPECT_EQ(db.fetch(id)->integer("stock"), 7);
  db.increment(id, "stock", 5);
  EXPECT_EQ(db.fetch(id)->integer("stock"), 12);
  std::uint64_t before = db.info().feedEnd;
  db.update(id, {{"stock", 12}, {"name", "bolt"}});
  EXPECT_EQ(db.info().feedEnd, before) << "the value is the same";
  db.update(id, {{"name", "bolt"}});
  EXPECT_EQ(*db.fetch(id), (Record{{"name", "bolt"}}));
  EXPECT_EQ(db.increment(id, "stock", 2), Value(2));
  db.unset(id, {"stock"});
  EXPECT_FALSE(db.fetch(id)->contains("stock"));
  before = db.info().feedEnd;
  db.unset(id, {"stock"});
  EXPECT_EQ(db.info().feedEnd, before);
}

TEST_F(IncrementTest, ReturnsZeroWhereTheFieldWasRemovedAndTheRestMakesZero) {
  db.increment(id, "stock", 4);
  db.unset(id, {"stock"});
  EXPECT_EQ(db.increment(id, "stock", 0), Value(0));
  EXPECT_EQ(db.increment(id, "stock", 1), Value(1));
  EXPECT_EQ(db.increment(id, "stock", -1), Value(0));
}

TEST_F(IncrementTest, OfWhatIsNoNumberIsRefused) {
  EXPECT_EQ(test::errorOf([&] { db.increment(id, "name"); }), ErrorCode::InvalidArgument);
  EXPECT_EQ(test::errorOf([&] { db.increment(id, "stock", std::numeric_limits<double>::infinity()); }),
            ErrorCode::InvalidArgument);
  EXPECT_EQ(test::errorOf([&] { db.increment(id, ""); }), ErrorCode::InvalidArgument);
  EXPECT_EQ(test::errorOf([&] { db.increment(UUID::generate(), "stock"); }), ErrorCode::NotFound);
  EXPECT_EQ(test::errorOf([&] {
              db.updateFields(id, {{"stock", 1}, {"name", Increment(1)}});
            }),
            ErrorCode::InvalidArgument);
  EXPECT_EQ(*db.fetch(id), (Record{{"stock", 100}, {"name", "bolt"}}));
}

TEST_F(IncrementTest, BeyondIntegersBecomesReal) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  db.updateFields(id, {{"stock", static_cast<long>(kMax)}});
  EXPECT_EQ(db.increment(id, "stock", 1), Value(9223372036854775808.0));
  EXPECT_EQ(db.increment(id, "stock", -1), Value(static_cast<long>(kMax))) << "and comes back";
}

TEST_F(IncrementTest, BeyondRealsIsRefused) {
  db.increment(id, "big", 1e308);
  EXPECT_EQ(test::errorOf([&] { db.increment(id, "big", 1e308); }), ErrorCode::InvalidArgument);
  EXPECT_EQ(db.fetch(id)->real("big"), 1e308);
  db.updateFields(id, {{"bad", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_EQ(test::errorOf([&] { db.increment(id, "bad"); }), ErrorCode::InvalidArgument);
}

TEST_F(IncrementTest, WorksWithinATransactionAndIsTakenBackWithIt) {
  struct Mine {};
  EXPECT_THROW(db.transaction([&](Transaction& t) {
    EXPECT_EQ(t.increment(id, "stock", 1), Value(101));
    EXPECT_EQ(t.increment(id, "stock", 1), Value(102));
    throw Mine{};
  }),
               Mine);
  EXPECT_EQ(db.increment(id, "stock", 1), Value(101));
}

TEST_F(IncrementTest, MakesTheRecordIfThatIsAsked) {
  UUID visits = db.key("visits");
  EXPECT_TRUE(db.upsertFields(visits, {{"n", Increment(1)}, {"page", "home"}}));
  EXPECT_FALSE(db.upsertFields(visits, {{"n", Increment(1)}, {"page", "home"}}));
  EXPECT_EQ(*db.fetch(visits), (Record{{"n", 2}, {"page", "home"}}));
  db.remove(visits);
  EXPECT_TRUE(db.upsertFields(visits, {{"n", Increment(1)}}));
  EXPECT_EQ(*db.fetch(visits), (Record{{"n", 1}})) << "a new life";
  EXPECT_TRUE(db.verify().problems.empty());
}

// ----------------------------------------------------------------------------------------------------

class CounterTest : public testing::Test {
 protected:
  void add(test::Replica& replica, std::int64_t by, const std::string& field = "n") {
    replica->write([&](db::Changes& changes) { changes.increment("default", id, field, by); });
  }
  void sync() { sync(a, b); }
  void sync(test::Replica& first, test::Replica& second) {
    test::Conversation talk(first, second, now);
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.verified());
    EXPECT_EQ(first->digests(), second->digests());
  }
  std::int64_t valueOf(test::Replica& replica) { return replica.fetch(id)->integer("n").value_or(-1); }

  std::int64_t now = 0;
  test::Replica a{"A", now, 1};
  test::Replica b{"B", now, 2};
  UUID id = a.insert({{"n", 100}});
};

TEST_F(CounterTest, IncrementsOnBothSidesAddUpAndAreNoConflict) {
  sync();
  add(a, 10);
  add(b, 10);
  sync();
  EXPECT_EQ(valueOf(a), 120);
  EXPECT_EQ(valueOf(b), 120);
  for (test::Replica* each : {&a, &b}) EXPECT_TRUE((*each)->journal().conflicts().empty());
}

TEST_F(CounterTest, AnAssignmentDoesNotReplaceIncrementsThatItHasNotSeen) {
  add(a, 10);
  sync();
  add(a, 1);
  b.updateFields(id, {{"n", 50}});
  sync();
  EXPECT_EQ(valueOf(a), 51);
  EXPECT_EQ(valueOf(b), 51);
}

TEST_F(CounterTest, RemovalAndDeleteDoNotEither) {
  sync();
  add(a, 1);
  b.unset(id, {"n"});
  sync();
  EXPECT_EQ(valueOf(a), 1) << "of what was there before, nothing";

  b.remove(id);
  now++;
  add(a, 5);
  sync();
  EXPECT_EQ(valueOf(b), 6) << "an update that raced the delete brings the record back";
}

TEST_F(CounterTest, ARecordThatIsInsertedAgainDoesNotCountOldIncrementsTwice) {
  add(a, 10);
  sync();
  b.remove(id);
  b.insert(id, {{"n", 1}});
  now++;
  add(a, 5);  // unaware
  sync();
  EXPECT_EQ(valueOf(a), 6);
  EXPECT_EQ(valueOf(b), 6);
  add(a, 1);
  sync();
  EXPECT_EQ(valueOf(b), 7);
}

TEST_F(CounterTest, TakesOneCellForEachReplicaHoweverOftenItWasOpened) {
  sync();
  for (int i = 0; i < 20; i++) {
    for (test::Replica* each : {&a, &b}) {
      each->reopen();
      add(*each, 1);
    }
    sync();
  }
  sync();
  EXPECT_EQ(valueOf(a), 140);
  EXPECT_EQ(valueOf(b), 140);
  EXPECT_LE(a.stored(id).fields.size(), 7u);
}

TEST_F(CounterTest, AFileThatWasPutBackLosesNothingThatItHadSent) {
  add(a, 1);
  sync();
  test::Replica::Files files = a.copy();
  add(a, 10);
  sync();
  a.putBack(files);
  EXPECT_EQ(valueOf(a), 101);
  add(a, 100);
  sync();
  add(a, 1000);
  sync();
  EXPECT_EQ(valueOf(a), 1211);
  EXPECT_EQ(valueOf(b), 1211);
}

TEST_F(CounterTest, ACopyUnderAnotherIdDoesNotTakeOverWhatTheOriginalCounted) {
  add(a, 10);
  b.putBack(a.copy());
  b->renewReplicaId();
  add(a, 1);  // in the opening that the copy knows
  for (int i = 0; i < 3; i++) {
    b.reopen();
    add(b, 1);
  }
  sync();
  EXPECT_EQ(valueOf(a), 114);
  EXPECT_EQ(valueOf(b), 114);
}

TEST_F(CounterTest, ARemovedCounterIsForgotten) {
  for (test::Replica* each : {&a, &b}) {
    each->options.removedFieldsKept = 0;
    each->reopen();
  }
  add(a, 1, "visits");
  sync();
  a.unset(id, {"visits"});
  for (int i = 0; i < 6; i++) {
    add(a, 1);
    sync();
  }
  for (const std::string& field : a.stored(id).fields) EXPECT_EQ(codec::fieldOf(field), "n");
  EXPECT_EQ(*b.fetch(id), (Record{{"n", 106}}));
}

TEST_F(CounterTest, ADeleteThatHadNotSeenTheIncrementsIsAConflictWithTheValueThatWas) {
  sync();
  add(a, 5);
  now++;
  b.remove(id);
  sync();
  EXPECT_FALSE(a.fetch(id));
  auto conflicts = a->journal().conflicts();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].field, "n");
  EXPECT_EQ(conflicts[0].lost, Value(105));
}

// A database counts in a part of its own each time it is opened. The delete had not seen the first part, and covers it.
TEST_F(CounterTest, ThatAlsoHoldsIfALaterOpeningHasGoneOnCounting) {
  sync();
  add(a, 5);
  a.reopen();
  now++;
  b.remove(id);
  b.insert(id, {{"n", 1}});
  now++;
  add(a, 7);
  sync();
  EXPECT_EQ(a.fetch(id)->integer("n"), 8);
  auto conflicts = a->journal().conflicts();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].field, "n");
  EXPECT_EQ(conflicts[0].lost, Value(112));
}

}  // namespace
}  // namespace blazedb
