// Transactions: all or nothing, and visible inside before they are visible outside.
#include <atomic>
#include <thread>

#include "db/open_database.h"

namespace blazedb {
namespace {

class TransactionTest : public FolderTest {
 protected:
  Database db = open("db");
  const UUID x = UUID::generate(), y = UUID::generate();
};

TEST_F(TransactionTest, CommitsEverythingTogether) {
  db.transaction([&](Transaction& t) {
    t.insert(x, {{"n", 1}});
    t.collection("notes").insert(y, {{"n", 2}});
    t.updateFields(x, {{"m", 3}});
  });
  EXPECT_EQ(*db.fetch(x), (Record{{"n", 1}, {"m", 3}}));
  EXPECT_EQ(db.collection("notes").fetch(y)->integer("n"), 2);
}

TEST_F(TransactionTest, LeavesNothingBehindWhenItThrows) {
  db.insert(x, {{"n", 1}});
  std::uint64_t before = db.info().feedEnd;
  struct Mine {};
  EXPECT_THROW(db.transaction([&](Transaction& t) {
    t.update(x, {{"n", 2}});
    t.insert(y, {{"n", 3}});
    t.collection("new").insert({{"n", 4}});
    t.remove(x);
    throw Mine{};
  }),
               Mine);
  EXPECT_EQ(*db.fetch(x), (Record{{"n", 1}}));
  EXPECT_FALSE(db.fetch(y));
  EXPECT_EQ(db.collections().size(), 1u);
  EXPECT_EQ(db.info().feedEnd, before);
  EXPECT_EQ(db.count(), 1u);
  EXPECT_TRUE(db.verify().problems.empty());
  db.collection("new").insert({{"n", 5}});
  EXPECT_EQ(db.collection("new").count(), 1u);
}

TEST_F(TransactionTest, SeesItsOwnWritesWhileOthersDoNot) {
  db.insert(x, {{"n", 1}});
  db.transaction([&](Transaction& t) {
    t.updateFields(x, {{"n", 2}});
    t.insert(y, {{"n", 3}});
    EXPECT_EQ(t.fetch(x)->integer("n"), 2);
    EXPECT_EQ(t.count(), 2u);
    EXPECT_EQ(t.fetchAll().size(), 2u);
    EXPECT_EQ(t.updateMany([](const Record& r) { return r.integer("n") == 3; }, {{"n", 4}}), 1u);
    EXPECT_EQ(t.fetch(y)->integer("n"), 4);
    EXPECT_TRUE(t.remove(x));
    EXPECT_FALSE(t.fetch(x));
    EXPECT_FALSE(t.remove(x));
    EXPECT_EQ(t.count(), 1u);

    EXPECT_EQ(db.fetch(x)->integer("n"), 1) << "through the database: what is committed";
    EXPECT_FALSE(db.fetch(y));
    EXPECT_EQ(db.count(), 1u);
    std::thread([&] { EXPECT_EQ(db.fetchAll().size(), 1u); }).join();
  });
  EXPECT_FALSE(db.fetch(x));
  EXPECT_EQ(db.fetch(y)->integer("n"), 4);
}

TEST_F(TransactionTest, ACollectionThatItMadeIsSeenInsideOnly) {
  db.transaction([&](Transaction& t) {
    Collection fresh = t.collection("fresh");
    EXPECT_FALSE(fresh.fetch(x));
    fresh.insert(x, {{"n", 1}});
    EXPECT_TRUE(fresh.fetch(x));
    EXPECT_FALSE(db.collection("fresh").fetch(x));
  });
  EXPECT_TRUE(db.collection("fresh").fetch(x));
}

TEST_F(TransactionTest, WritingThroughTheDatabaseInsideOfItIsMisuse) {
  db.transaction([&](Transaction& t) {
    t.insert(x, {{"n", 1}});
    EXPECT_ERROR(Misuse, db.insert({{"n", 2}}));
    EXPECT_ERROR(Misuse, db.remove(x));
    EXPECT_ERROR(Misuse, db.transaction([](Transaction&) {}));
    EXPECT_ERROR(Misuse, db.dismissConflict(1));
    EXPECT_ERROR(Misuse, db.renewReplicaId());
    EXPECT_ERROR(Misuse, db.rename("b"));
    EXPECT_ERROR(Misuse, db.releaseReadOnly());
    EXPECT_ERROR(Misuse, db.changePassword(kPassword, "another"));
    t.insert(y, {{"n", 3}});
  });
  EXPECT_EQ(db.count(), 2u) << "the transaction itself is none the worse";
}

TEST_F(TransactionTest, AskingTheDatabaseInsideOfItWorks) {
  db.insert(x, {{"n", 1}});
  db.transaction([&](Transaction& t) {
    t.insert(y, {{"n", 2}});
    EXPECT_EQ(db.info().name, "db");
    EXPECT_EQ(db.role(), SyncRole::client);
    EXPECT_EQ(db.collections().size(), 1u);
    EXPECT_TRUE(db.conflicts().empty());
    EXPECT_TRUE(diff(db, db).empty());
  });
}

TEST_F(TransactionTest, WritingToAnotherDatabaseInsideOfItWorks) {
  Database other = open("other");
  db.transaction([&](Transaction& t) {
    t.insert(x, {{"n", 1}});
    other.insert(x, {{"n", 2}});
  });
  EXPECT_EQ(db.fetch(x)->integer("n"), 1);
  EXPECT_EQ(other.fetch(x)->integer("n"), 2);
}

TEST_F(TransactionTest, AnOperationThatFailedAndWasCaughtLeavesTheRestAlone) {
  db.insert(x, {{"n", 1}});
  db.transaction([&](Transaction& t) {
    t.insert(y, {{"n", 2}});
    EXPECT_ERROR(AlreadyExists, t.insert(x, {{"n", 3}}));
    EXPECT_ERROR(NotFound, t.update(UUID::generate(), {{"n", 3}}));
    EXPECT_ERROR(InvalidArgument, t.updateFields(x, {{"", 3}}));
  });
  EXPECT_EQ(db.fetch(x)->integer("n"), 1);
  EXPECT_EQ(db.fetch(y)->integer("n"), 2);
  EXPECT_EQ(db.count(), 2u);
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(TransactionTest, AnOperationOnManyThatFailedAndWasCaughtHasDoneNothing) {
  Record taken{{"n", 1}};
  taken.setId(x);
  db.insert(taken);
  Record large{{"a", std::string(5'000'000, 'a')}};
  db.insert(y, large);
  db.transaction([&](Transaction& t) {
    EXPECT_ERROR(AlreadyExists, t.insertMany({Record{{"n", 2}}, Record{{"n", 3}}, taken}));
    EXPECT_EQ(t.count(), 2u);
    EXPECT_ERROR(AlreadyExists, t.collection("new").insertMany({taken, taken}));
    EXPECT_ERROR(TooLarge, t.updateMany([](const Record&) { return true; }, {{"b", std::string(5'000'000, 'b')}}));
    EXPECT_FALSE(t.fetch(x)->contains("b"));
    t.insert({{"n", 4}});
  });
  EXPECT_EQ(db.count(), 3u);
  EXPECT_EQ(db.collection("new").count(), 0u);
  EXPECT_EQ(*db.fetch(x), taken);
  EXPECT_EQ(*db.fetch(y), large);
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(TransactionTest, AnOperationOnManyThatFailedComesToNothingBetweenOthersThatStand) {
  db.insert(x, {{"n", 1}});
  std::uint64_t before = db.info().feedEnd;
  db.transaction([&](Transaction& t) {
    t.insert(y, {{"n", 2}});
    Record taken{{"n", 3}};
    taken.setId(x);
    for (int i = 0; i < 3; i++) {
      EXPECT_ERROR(AlreadyExists, t.insertMany({Record{{"n", 4}}, taken}));
      EXPECT_ERROR(AlreadyExists, t.collection("notes").insertMany({taken, taken}));
    }
    EXPECT_ERROR(InvalidArgument, t.collection("others").insert({{"", 5}}));
    t.collection("notes").insertMany({taken});
  });
  EXPECT_EQ(db.info().feedEnd, before + 2) << "what failed has taken a position";
  EXPECT_EQ(db.collections().size(), 2u);
  EXPECT_TRUE(db.verify().problems.empty());
  db = open("other");  // closes the first
  db = open("db");
  EXPECT_EQ(db.fetchAll().size(), 2u);
  EXPECT_EQ(db.count(), 2u);
  EXPECT_EQ(db.collection("notes").fetch(x)->integer("n"), 3);
}

TEST_F(TransactionTest, APredicateThatThrewAndWasCaughtHasChangedNothing) {
  db.insertMany(std::vector<Record>(10, Record{{"n", 1}}));
  db.transaction([&](Transaction& t) {
    int asked = 0;
    auto enough = [&](const Record&) -> bool { return ++asked < 5 ? true : throw std::runtime_error("enough"); };
    EXPECT_THROW(t.updateMany(enough, {{"n", 2}}), std::runtime_error);
    EXPECT_THROW(t.removeMany(enough), std::runtime_error);
    EXPECT_THROW(t.forEach(enough), std::runtime_error);
    t.insert(x, {{"n", 3}});
  });
  for (const Record& record : db.fetchAll()) EXPECT_NE(record.integer("n"), 2);
  EXPECT_EQ(db.count(), 11u);
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(TransactionTest, AWalkEndsAlsoWhenEachVisitInserts) {
  DatabaseOptions options = cheap();
  options.durability = Durability::normal;
  db = open("fast", options);
  db.insertMany(std::vector<Record>(1001, Record{{"n", 1}}));  // more than a page
  int visits = 0;
  db.transaction([&](Transaction& t) {
    t.forEach([&](const Record&) { return t.insert({{"n", 2}}), ++visits < 5000; });
  });
  EXPECT_EQ(visits, 1001);
  db.removeMany([](const Record& record) { return record.integer("n") == 2; });
  visits = 0;
  db.forEach([&](const Record&) { return db.insert({{"n", 3}}), ++visits < 5000; });
  EXPECT_EQ(visits, 1001);
}

TEST_F(TransactionTest, WalksInsideOfItMayNestAndWrite) {
  for (int i = 0; i < 20; i++) db.insert({{"n", i}});
  db.transaction([&](Transaction& t) {
    int pairs = 0;
    t.forEach([&](const Record& outer) {
      t.forEach([&](const Record& inner) {
        pairs += outer.id() < inner.id();
        return true;
      });
      return true;
    });
    EXPECT_EQ(pairs, 20 * 19 / 2);
    int seen = 0;
    t.forEach([&](const Record& record) {
      seen++;
      if (*record.integer("n") % 2) t.remove(*record.id());
      return true;
    });
    EXPECT_EQ(seen, 20);
  });
  EXPECT_EQ(db.count(), 10u);
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(TransactionTest, AnEmptyOneChangesNothing) {
  std::uint64_t before = db.info().feedEnd;
  db.transaction([](Transaction&) {});
  EXPECT_EQ(db.info().feedEnd, before);
}

TEST_F(TransactionTest, OthersWaitUntilItHasEnded) {
  std::atomic<bool> ended = false;
  std::thread other;
  db.transaction([&](Transaction& t) {
    other = std::thread([&] {
      db.insert(y, {{"n", 2}});
      EXPECT_TRUE(ended) << "two transactions at once";
    });
    for (int i = 0; i < 1000; i++) t.insert({{"n", i}});
    EXPECT_FALSE(db.fetch(y));
    ended = true;
  });
  other.join();
  EXPECT_EQ(db.count(), 1001u);
}

TEST_F(TransactionTest, ManyThousandRecordsInOne) {
  db.transaction([&](Transaction& t) {
    for (int i = 0; i < 20'000; i++) t.insert({{"n", i}});
  });
  EXPECT_EQ(db.count(), 20'000u);
  EXPECT_EQ(db.removeMany([](const Record&) { return true; }), 20'000u);
  EXPECT_EQ(db.count(), 0u);
}

}  // namespace
}  // namespace blazedb
