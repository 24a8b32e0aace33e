// Indexes: a query has the same result with them and without, whatever happens to the records; and what unique means.
#include "blazedb/indexes.h"

#include <thread>

#include "db/access.h"
#include "db/engine.h"
#include "db/open_database.h"
#include "query/plain_order.h"

namespace blazedb {
namespace {

class IndexTest : public FolderTest {
 protected:
  void insertPeople(int count) {
    std::vector<Record> people;
    for (int i = 0; i < count; i++)
      people.push_back({{"name", "p" + std::to_string(i)}, {"age", i % 100}, {"city", i % 3 == 0 ? "Oslo" : "Rome"}});
    db.insertMany(people);
  }
  std::string indexOf(const Query& query) { return query.explain().index; }

  Database db = open("db");
};

std::vector<UUID> idsOf(const std::vector<Record>& records) {
  std::vector<UUID> ids;
  for (const Record& record : records) ids.push_back(*record.id());
  return ids;
}

TEST_F(IndexTest, AreUsedWhereTheyHelp) {
  insertPeople(1000);
  db.createIndex("age", {"age"});
  db.createIndex("city_age", {"city", "age"});
  db.createIndex("name", {"lower(name)"});
  EXPECT_EQ(indexOf(db.query("age = 5")), "age");
  EXPECT_EQ(indexOf(db.query("5 <= age AND age < 7")), "age");
  EXPECT_EQ(indexOf(db.query("age BETWEEN 3 AND 4")), "age");
  EXPECT_EQ(indexOf(db.query("age IN (3, 4, 3)")), "age");
  EXPECT_EQ(indexOf(db.query("age IN $ages", {{"ages", Array{Value(3)}}})), "age");
  EXPECT_EQ(indexOf(db.query("age IS MISSING")), "age");
  EXPECT_EQ(indexOf(db.query("city = 'Oslo' AND age > 90")), "city_age");
  EXPECT_EQ(indexOf(db.query("city STARTS WITH 'Os'")), "city_age");
  EXPECT_EQ(indexOf(db.query("city LIKE 'Os%'")), "city_age");
  EXPECT_EQ(indexOf(db.query("lower(name) = 'p7'")), "name");
  EXPECT_EQ(indexOf(db.query("name = 'p7'")), "");
  EXPECT_EQ(indexOf(db.query("age = 5 OR city = 'Oslo'")), "");
  EXPECT_EQ(indexOf(db.query("city = 'Oslo' NOCASE")), "");
  EXPECT_EQ(indexOf(db.query("age = 5 AND city = 'Oslo'")), "city_age");

  Explanation one = db.query("age = 5").explain();
  EXPECT_EQ(one.looked, 10u);
  EXPECT_EQ(one.found, 10u);
  EXPECT_FALSE(one.sorted);  // equal values are in the order of the ids
  Explanation first = db.query("city = 'Oslo'").orderBy("age", Order::descending).limit(3).explain();
  EXPECT_EQ(first.index, "city_age");
  EXPECT_EQ(first.looked, 3u);
  EXPECT_FALSE(first.sorted);
  EXPECT_EQ(db.query().orderBy("age").limit(3).explain().looked, 3u);
  // Few records match, so that walking in the order of the ages would look at nearly all in a scattered way.
  Explanation rare = db.query("name = 'p999'").orderBy("age").limit(3).explain();
  EXPECT_EQ(rare.found, 1u);
  EXPECT_TRUE(rare.sorted);
  EXPECT_EQ(db.query("age < 3").explain().text, "looks at the index 'age', and sorts: 30 looked at, 30 found");
}

TEST_F(IndexTest, APageMayBeginAtARecordThatTheIndexDoesNotFind) {
  for (int i = 0; i < 10; i++) db.insert({{"city", "Oslo"}, {"done", false}, {"age", i * 10}});
  Record before = *db.fetch(db.insert({{"city", "London"}, {"done", true}, {"age", 50}}));
  Query up = db.query("city = 'Oslo'").orderBy("city").orderBy("age").after(before).limit(100);
  Query down = db.query("done = false")
                   .orderBy("done", Order::descending)
                   .orderBy("age", Order::descending)
                   .after(before)
                   .limit(100);
  EXPECT_EQ(up.all().size(), 10u);
  EXPECT_EQ(down.all().size(), 10u);
  db.createIndex("city", {"city", "age"});
  db.createIndex("done", {"done", "age"});
  EXPECT_EQ(up.explain().index, "city");
  EXPECT_EQ(up.all().size(), 10u);
  EXPECT_EQ(down.explain().index, "done");
  EXPECT_EQ(down.all().size(), 10u);
}

TEST_F(IndexTest, EqualNumbersAreNotOneExpression) {
  db.insertMany({{{"x", 1.0}}, {{"x", 2}}});
  Query query = db.query("string(x * $z) = '-0'", {{"z", -0.0}});
  std::uint64_t before = query.count();
  db.createIndex("i", {"string(x * 0.0)"});
  EXPECT_EQ(query.count(), before);
}

// 1 and 1.0 are equal, so which of them is shown must not depend on the walk.
TEST_F(IndexTest, WhatStandsForEqualValuesDoesNotDependOnTheIndex) {
  db.insertMany(
      {{{"a", 1.0}, {"b", 2}}, {{"a", 1}, {"b", 1}}, {{"a", Array{1.0}}, {"b", 3}}, {{"a", Array{1}}, {"b", 0}}});
  Query all = db.query("b >= 0");
  auto shown = [&] {
    std::vector<Value> values = all.distinct("a");
    values.push_back(*all.min("a"));
    values.push_back(*all.max("a"));
    for (const Object& group : all.groupBy({"a"}).aggregate({})) values.push_back(*group.find("a"));
    return values;
  };
  std::vector<Value> before = shown();
  EXPECT_EQ(before[0], Value(1));
  db.createIndex("b", {"b"});
  EXPECT_EQ(all.explain().index, "b");
  EXPECT_EQ(shown(), before);
}

TEST_F(IndexTest, AreListedAndDroppedAndStay) {
  insertPeople(10);
  db.createIndex("b", {"age", "name"}, {.where = "city = 'Oslo'"});
  db.collection("other").createIndex("a", {"x"}, {.unique = true});
  db.createIndex("b", {"`age`", "name"}, {.where = "city  = 'Oslo'"});  // the same
  db = Database(open("second"));
  db = open("db");
  ASSERT_EQ(db.indexes().size(), 1u);
  EXPECT_EQ(db.indexes()[0].name, "b");
  EXPECT_EQ(db.indexes()[0].expressions, (std::vector<std::string>{"age", "name"}));
  EXPECT_EQ(db.indexes()[0].where, "city = 'Oslo'");
  EXPECT_FALSE(db.indexes()[0].unique);
  EXPECT_TRUE(db.collection("other").indexes()[0].unique);
  EXPECT_EQ(indexOf(db.query("age = 3 AND city = 'Oslo'")), "b");
  EXPECT_EQ(indexOf(db.query("age = 3 AND city = $c", {{"c", "Oslo"}})), "b");
  EXPECT_EQ(indexOf(db.query("age = 3 AND city = 'Rome'")), "");
  EXPECT_EQ(indexOf(db.query("age = 3")), "");
  db.dropIndex("b");
  EXPECT_EQ(indexOf(db.query("age = 3 AND city = 'Oslo'")), "");
  EXPECT_EQ(db.query("age = 3 AND city = 'Oslo'").count(), 1u);
  EXPECT_ERROR(NotFound, db.dropIndex("b"));
  EXPECT_TRUE(db.indexes().empty());
}

TEST_F(IndexTest, BadOnesAreRefused) {
  insertPeople(10);
  db.createIndex("a", {"age"});
  EXPECT_ERROR(AlreadyExists, db.createIndex("a", {"name"}));
  EXPECT_ERROR(AlreadyExists, db.createIndex("a", {"age"}, {.unique = true}));
  EXPECT_ERROR(InvalidArgument, db.createIndex("", {"age"}));
  EXPECT_ERROR(InvalidArgument, db.createIndex("no spaces", {"age"}));
  EXPECT_ERROR(InvalidArgument, db.createIndex("b", {}));
  EXPECT_ERROR(InvalidArgument, db.createIndex("b", {"1 + 1"}));
  EXPECT_ERROR(InvalidArgument, db.createIndex("b", {"age = $x"}));
  EXPECT_ERROR(InvalidArgument, db.createIndex("b", {"age - now()"}));
  EXPECT_ERROR(InvalidArgument, db.createIndex("b", {"age"}, {.where = "age >"}));
  EXPECT_ERROR(InvalidArgument, db.createIndex("b", std::vector<std::string>(17, "age")));
  EXPECT_ERROR(InvalidArgument, db.duplicates("a"));
  EXPECT_ERROR(NotFound, db.duplicates("b"));
  db.transaction([&](Transaction& transaction) {
    EXPECT_ERROR(Misuse, transaction.createIndex("b", {"age"}));
    EXPECT_ERROR(Misuse, transaction.dropIndex("a"));
    EXPECT_ERROR(Misuse, db.createIndex("b", {"age"}));
    transaction.insert({{"age", 5}});
    EXPECT_EQ(transaction.query("age = 5").explain().index, "a");
    EXPECT_EQ(transaction.query("age = 5").count(), 2u);
  });
  EXPECT_EQ(db.indexes().size(), 1u);
}

TEST_F(IndexTest, AUniqueOneRefusesTheSecondRecord) {
  UUID ada = db.insert({{"mail", "ada@x.no"}});
  db.createIndex("mail", {"lower(mail)"}, {.unique = true});
  EXPECT_ERROR(AlreadyExists, db.insert({{"mail", "ADA@x.no"}}));
  UUID bo = db.insert({{"mail", "bo@x.no"}});
  EXPECT_ERROR(AlreadyExists, db.updateFields(bo, {{"mail", "Ada@x.no"}}));
  EXPECT_ERROR(AlreadyExists, db.update(bo, {{"mail", "Ada@x.no"}}));
  EXPECT_ERROR(AlreadyExists, db.upsert(bo, {{"mail", "Ada@x.no"}}));
  EXPECT_ERROR(AlreadyExists, db.upsertFields(bo, {{"mail", "Ada@x.no"}}));
  EXPECT_ERROR(AlreadyExists, db.updateMany("true", {{"mail", "cy@x.no"}}));
  EXPECT_ERROR(AlreadyExists, db.insertMany({{{"mail", "cy@x.no"}}, {{"mail", "cy@x.no"}}}));
  EXPECT_EQ(db.count(), 2u);
  EXPECT_EQ(db.fetch(bo)->string("mail"), "bo@x.no");
  db.updateFields(ada, {{"mail", "ADA@X.no"}});                                       // its own place
  db.insertMany({{{"mail", nullptr}}, {{"mail", nullptr}}, {{"n", 1}}, {{"n", 2}}});  // nothing to be equal
  EXPECT_EQ(db.count(), 6u);
  db.remove(ada);
  db.updateFields(bo, {{"mail", "ada@x.no"}});
  EXPECT_TRUE(db.duplicates("mail").empty());

  // A transaction that catches it goes on without it.
  db.transaction([&](Transaction& transaction) {
    EXPECT_ERROR(AlreadyExists, transaction.insert({{"mail", "ada@x.no"}}));
    transaction.insert({{"mail", "dee@x.no"}});
    EXPECT_ERROR(AlreadyExists, transaction.insert({{"mail", "dee@x.no"}}));
  });
  EXPECT_EQ(db.query("mail = 'dee@x.no'").count(), 1u);
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(IndexTest, AUniqueOneIsNotMadeOfRecordsThatAreNot) {
  db.insertMany({{{"n", 1}, {"m", 1}}, {{"n", 1}, {"m", 2}}, {{"m", 3}}, {{"m", 4}}});
  std::string message = test::messageOf([&] { db.createIndex("n", {"n"}, {.unique = true}); });
  EXPECT_NE(message.find("have the same values"), std::string::npos) << message;
  EXPECT_TRUE(db.indexes().empty());
  db.createIndex("n", {"n", "m"}, {.unique = true});
  db.createIndex("part", {"n"}, {.unique = true, .where = "m > 1"});
  EXPECT_ERROR(AlreadyExists, db.insert({{"n", 1}, {"m", 7}}));
  db.insert({{"n", 1}, {"m", 0}});
}

TEST_F(IndexTest, ABuildThatIsCancelledLeavesNothing) {
  insertPeople(20'000);
  std::uint64_t calls = 0;
  auto stop = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_LE(done, total);
    EXPECT_EQ(total, 20'000u);
    return ++calls < 3;
  };
  EXPECT_ERROR(Cancelled, db.createIndex("age", {"age"}, {.progress = stop}));
  EXPECT_EQ(calls, 3u);
  EXPECT_THROW(db.createIndex("age", {"age"}, {.progress = [](auto, auto) -> bool { throw std::logic_error("mine"); }}),
               std::logic_error);
  EXPECT_TRUE(db.indexes().empty());
  db.insert({{"age", 5}});
  db.createIndex("age", {"age"}, {.progress = [&](auto, auto) { return true; }});
  EXPECT_EQ(db.query("age = 5").count(), 201u);
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(IndexTest, OfACollectionThatIsStillEmpty) {
  Collection notes = db.collection("notes");
  notes.createIndex("by_title", {"title"}, {.unique = true});
  UUID id = notes.insert({{"title", "a"}});
  EXPECT_ERROR(AlreadyExists, notes.insert({{"title", "a"}}));
  notes.purge(id);
  notes.insert({{"title", "a"}});
  EXPECT_EQ(indexOf(notes.query("title = 'a'")), "by_title");
}

// The rules are those of the library for Unicode, among others.
TEST_F(IndexTest, OnesThatWereMadeUnderOtherRulesAreMadeAgain) {
  insertPeople(100);
  db.createIndex("name", {"lower(name)"}, {.unique = true});
  db.createFullTextIndex("words", {"name"});
  db::Access::engineOf(db).write([](db::Changes& changes) {
    changes.tables().statements().connection().execute("UPDATE indexes SET rules = 'others'");
  });
  db = Database(open("second"));
  DatabaseOptions reading = cheap();
  reading.readOnly = true;
  db = open("db", reading);
  EXPECT_TRUE(db.indexes().empty());
  EXPECT_EQ(db.query("lower(name) = 'p7'").count(), 1u);
  db = Database(open("second"));
  db = open("db");
  EXPECT_EQ(indexOf(db.query("lower(name) = 'p7'")), "name");
  EXPECT_EQ(db.query().match("words", "p7").count(), 1u);
  EXPECT_ERROR(AlreadyExists, db.insert({{"name", "P7"}}));
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(IndexTest, WorkInAFileThatIsOpenForReadingAndInABackup) {
  insertPeople(100);
  db.createIndex("age", {"age"});
  db.createFullTextIndex("words", {"name"});
  db.backup(path("copy"));
  Database copy = open("copy");
  EXPECT_EQ(indexOf(copy.query("age = 7")), "age");
  copy.insert({{"age", 7}, {"name", "more"}});
  EXPECT_EQ(copy.query("age = 7").count(), 2u);
  EXPECT_EQ(copy.query().match("words", "more").count(), 1u);
  db = copy;
  DatabaseOptions reading = cheap();
  reading.readOnly = true;
  Database original = open("db", reading);
  EXPECT_EQ(indexOf(original.query("age = 7")), "age");
  EXPECT_EQ(original.query().match("words", "p7").count(), 1u);
  EXPECT_ERROR(OpenedReadOnly, original.createIndex("more", {"name"}));
  EXPECT_ERROR(OpenedReadOnly, original.dropIndex("age"));
  EXPECT_TRUE(original.verify().problems.empty());
}

// Readers choose an index, and it is gone when they use it.
TEST_F(IndexTest, QueriesGoOnWhileIndexesComeAndGo) {
  insertPeople(2000);
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      EXPECT_EQ(db.query("age = 5").count(), 20u);
      EXPECT_EQ(db.query("age = 5 AND city = 'Oslo'").orderBy("age").limit(50).all().size(), 7u);
    }
  });
  for (int i = 0; i < 60; i++) {
    db.createIndex("age", {"age"});
    db.createIndex("both", {"city", "age"});
    db.dropIndex("age");
    db.dropIndex("both");
  }
  stop = true;
  reader.join();
}

// ----------------------------------------------------------------------------------------------------
// the same result as without

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : dice_(seed) {}

  Record record() {
    Record record;
    for (const char* name : {"a", "b", "c"})
      if (below(8) > 0) record.set(name, value());
    return record;
  }
  // Few different ones, so that many are equal.
  Value value() {
    switch (below(4)) {
      case 0:
        return Value(static_cast<std::int64_t>(below(6)));
      case 1:
        return Value(std::string(below(2) == 0 ? "x" : "X") + std::string(below(3), 'y'));
      default:
        return dice_.value(2);
    }
  }
  std::string term(Object& parameters) {
    static const char* kLeft[] = {"a", "b", "c", "lower(c)"};
    std::string left = kLeft[below(4)], name = "p" + std::to_string(parameters.size());
    auto with = [&](Value value) {
      std::string text = "$" + name + std::to_string(parameters.size());
      parameters.set(text.substr(1), std::move(value));
      return text;
    };
    switch (below(14)) {
      case 0:
      case 1:
      case 2:
        return left + " = " + with(value());
      case 3:
        return with(value()) + " < " + left;
      case 4:
        return left + " <= " + with(value());
      case 5:
        return left + " > " + with(value());
      case 6:
        return with(value()) + " >= " + left;
      case 7:
        return left + " BETWEEN " + with(value()) + " AND " + with(value());
      case 8:
        return left + " IN (" + with(value()) + ", " + with(value()) + ", null)";
      case 9:
        return left + " IN " + with(Array{value(), value(), value()});
      case 10:
        return left + (below(2) == 0 ? " STARTS WITH 'x'" : " LIKE 'xy%'") + (below(3) == 0 ? " NOCASE" : "");
      case 11:
        return left + (below(2) == 0 ? " IS NULL" : " IS MISSING");
      case 12:
        return below(2) == 0 ? left : "NOT " + left;
      default:
        return left + " IS VALUED";
    }
  }
  std::uint64_t below(std::uint64_t end) { return dice_.below(end); }

 private:
  query::Dice dice_;
};

TEST_F(IndexTest, QueriesHaveTheSameResultWithIndexesAndWithout) {
  constexpr int kRounds = 60, kQueries = 200;
  int byIndex = 0, ordered = 0;
  for (int seed = 0; seed < 4; seed++) {
    Chance chance(static_cast<std::uint64_t>(seed) + 1);
    Collection with = db.collection("with" + std::to_string(seed)), bare = db.collection("bare" + std::to_string(seed));
    std::vector<UUID> ids;
    auto change = [&] {
      if (ids.empty() || chance.below(3) == 0) {
        Record record = chance.record();
        ids.push_back(with.insert(record));
        bare.insert(ids.back(), record);
        return;
      }
      UUID id = ids[chance.below(ids.size())];
      if (chance.below(4) == 0) {
        with.remove(id);
        bare.remove(id);
      } else {
        Record record = chance.record();
        with.upsert(id, record);
        bare.upsert(id, record);
      }
    };
    for (int i = 0; i < 150; i++) change();
    with.createIndex("a", {"a"});
    with.createIndex("ab", {"a", "b"});
    with.createIndex("c", {"lower(c)"});
    with.createIndex("cab", {"c", "a", "b"});
    with.createIndex("part", {"b"}, {.where = "a IS VALUED"});
    for (int round = 0; round < kRounds; round++) {
      for (int i = 0; i < 5; i++) change();
      for (int i = 0; i < kQueries / kRounds + 1; i++) {
        Object parameters;
        std::string text;
        for (auto left = chance.below(4); left > 0; left--)
          text += (text.empty() ? "" : " AND ") + chance.term(parameters);
        Query first = with.query(text, parameters), second = bare.query(text, parameters);
        auto both = [&](auto&& refine) {
          first = refine(first);
          second = refine(second);
        };
        static const char* kOrders[] = {"a", "b", "c", "lower(c)"};
        for (auto left = chance.below(3); left > 0; left--) {
          const char* by = kOrders[chance.below(4)];
          Order order = chance.below(2) == 0 ? Order::ascending : Order::descending;
          both([&](const Query& query) { return query.orderBy(by, order); });
        }
        if (std::vector<Record> all = bare.fetchAll(); chance.below(3) == 0 && !all.empty()) {
          const Record& after = all[chance.below(all.size())];
          both([&](const Query& query) { return query.after(after); });
        }
        if (chance.below(2) == 0) {
          std::uint64_t limit = chance.below(20);
          both([&](const Query& query) { return query.limit(limit); });
        }
        if (chance.below(4) == 0) {
          std::uint64_t offset = chance.below(10);
          both([&](const Query& query) { return query.offset(offset); });
        }
        std::vector<UUID> expected = idsOf(second.all());
        ASSERT_EQ(idsOf(first.all()), expected) << text << " seed " << seed << " " << first.explain().text;
        ASSERT_EQ(first.count(), expected.size()) << text;
        std::vector<UUID> walked;
        for (const Record& record : first) walked.push_back(*record.id());
        ASSERT_EQ(walked, expected) << text;
        Explanation explained = first.explain();
        byIndex += explained.index.empty() ? 0 : 1;
        ordered += explained.index.empty() || explained.sorted ? 0 : 1;
        ASSERT_EQ(explained.found, expected.size());
      }
    }
  }
  EXPECT_GT(byIndex, 300);
  EXPECT_GT(ordered, 100);
  EXPECT_TRUE(db.verify().problems.empty());
}

}  // namespace
}  // namespace blazedb
