// Query: what a user gets, against a plain walk over all records.
#include "blazedb/query.h"

#include <algorithm>
#include <random>
#include <set>
#include <thread>

#include "db/open_database.h"

namespace blazedb {
namespace {

class QueryTest : public FolderTest {
 protected:
  QueryTest() {
    std::vector<Record> people;
    const char* cities[] = {"Oslo", "Rome", "Lima"};
    for (int i = 0; i < 300; i++) {
      Record person{{"name", "p" + std::to_string(i)}, {"age", i % 90}};
      if (i % 7 != 0) person.set("city", cities[i % 3]);
      if (i % 5 == 0) person.set("score", i / 10.0);
      people.push_back(std::move(person));
    }
    db.insertMany(people);
  }

  std::vector<std::string> namesOf(const std::vector<Record>& records) const {
    std::vector<std::string> names;
    for (const Record& record : records) names.push_back(record.string("name").value());
    return names;
  }
  std::vector<std::string> namesWhere(const Predicate& where) const {
    std::vector<std::string> names;
    db.forEach([&](const Record& record) {
      if (where(record)) names.push_back(record.string("name").value());
      return true;
    });
    return names;
  }

  Database db = open("db");
};

TEST_F(QueryTest, GivesTheRecordsThatMatchInTheOrderOfTheirIds) {
  auto expected = namesWhere([](const Record& r) { return r.integer("age") > 30 && r.string("city") == "Rome"; });
  ASSERT_GT(expected.size(), 20u);
  Query query = db.query("age > $min AND city IN $cities", {{"min", 30}, {"cities", Array{Value("Rome")}}});
  EXPECT_EQ(namesOf(query.all()), expected);
  EXPECT_EQ(query.count(), expected.size());
  EXPECT_TRUE(query.exists());
  EXPECT_EQ(query.first()->string("name"), expected[0]);
  EXPECT_FALSE(db.query("age > 1000").exists());
  EXPECT_FALSE(db.query("age > 1000").first());
  EXPECT_EQ(db.query().count(), 300u);
  EXPECT_EQ(db.query("EXISTS city").count(), namesWhere([](const Record& r) { return r.contains("city"); }).size());
  EXPECT_EQ(db.collection("nobody").query("age > 3").all().size(), 0u);
  std::vector<Record> all = query.all();
  EXPECT_EQ(*db.fetch(*all[0].id()), all[0]);
}

TEST_F(QueryTest, SortsLimitsAndPages) {
  std::vector<Record> all = db.fetchAll();
  auto before = [](const Record& a, const Record& b) {
    auto key = [](const Record& r) {
      return std::tuple(-r.integer("age").value(), r.string("city").value_or(""), r.id()->bytes);
    };
    return key(a) < key(b);
  };
  std::sort(all.begin(), all.end(), before);
  Query query = db.query().orderBy("age", Order::descending).orderBy("city");
  EXPECT_EQ(namesOf(query.all()), namesOf(all));
  for (std::size_t offset : {0, 1, 100, 295, 400})
    for (std::size_t limit : {0, 1, 10, 300, 1000}) {
      std::vector<std::string> expected;
      for (std::size_t i = offset; i < std::min(offset + limit, all.size()); i++)
        expected.push_back(all[i].string("name").value());
      Query part = query.offset(offset).limit(limit);
      EXPECT_EQ(namesOf(part.all()), expected) << offset << " " << limit;
      EXPECT_EQ(part.count(), expected.size());
      EXPECT_EQ(part.exists(), !expected.empty());
      Query plain = db.query().offset(offset).limit(limit);
      EXPECT_EQ(plain.count(), expected.size());
      EXPECT_EQ(plain.all().size(), expected.size());
    }
  // Page by page, also with a query that is not sorted.
  for (const Query& each : {query, db.query("age < 60")}) {
    std::vector<std::string> paged;
    for (std::vector<Record> page = each.limit(7).all(); !page.empty(); page = each.after(page.back()).limit(7).all())
      for (const std::string& name : namesOf(page)) paged.push_back(name);
    EXPECT_EQ(paged, namesOf(each.all()));
  }
}

TEST_F(QueryTest, PagesStayRightWhileDataChanges) {
  Query query = db.query().orderBy("age").limit(50);
  std::vector<Record> first = query.all();
  db.remove(*first[3].id());
  db.insert({{"name", "early"}, {"age", -1}});
  db.remove(*first.back().id());
  std::vector<Record> second = query.after(first.back()).all();
  std::set<UUID> seen;
  for (const Record& record : first) seen.insert(*record.id());
  for (const Record& record : second) EXPECT_TRUE(seen.insert(*record.id()).second);
  EXPECT_GE(second.front().integer("age"), first.back().integer("age"));
  EXPECT_ERROR(InvalidArgument, query.after(Record{{"age", 3}}));
}

TEST_F(QueryTest, IterationMayWriteAndSeesNoRecordThatHasGone) {
  std::size_t visited = 0;
  for (const Record& record : db.query("age < 45")) {
    EXPECT_LT(record.integer("age"), 45);
    db.updateFields(*record.id(), {{"age", 99}});
    db.insert({{"name", "new"}, {"age", 1}});
    visited++;
  }
  EXPECT_EQ(visited, 165u);
  EXPECT_EQ(db.query("age = 99").count(), 165u);
  Query query = db.query().orderBy("name");
  std::vector<UUID> ids;
  for (const Record& record : query) ids.push_back(*record.id());
  ASSERT_EQ(ids.size(), 465u);
  std::size_t left = 0;
  for (auto each = query.begin(); each != query.end(); ++each)
    if (left++ == 0) db.removeMany(std::vector<UUID>(ids.begin() + 300, ids.end()));
  EXPECT_EQ(left, 300u);
  visited = 0;
  db.query().forEach([&](const Record&) { return ++visited < 3; });
  EXPECT_EQ(visited, 3u);
}

TEST_F(QueryTest, FieldsAreThoseThatAreAskedFor) {
  std::vector<Record> found = db.query("city = 'Oslo'").fields({"name", "absent"}).limit(2).all();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].size(), 1u);
  EXPECT_TRUE(found[0].id() && found[0].contains("name"));
}

TEST_F(QueryTest, ComputesOfManyRecords) {
  std::int64_t sum = 0, withScore = 0;
  double scores = 0;
  db.forEach([&](const Record& record) {
    sum += record.integer("age").value();
    if (auto score = record.real("score")) scores += *score, withScore++;
    return true;
  });
  EXPECT_EQ(db.query().sum("age"), Value(sum));
  EXPECT_EQ(db.query().sum("score"), Value(scores));
  EXPECT_EQ(db.query().average("score"), scores / static_cast<double>(withScore));
  EXPECT_EQ(db.query().sum("name"), Value(0));
  EXPECT_EQ(db.query().average("name"), std::nullopt);
  EXPECT_EQ(db.query().min("age"), Value(0));
  EXPECT_EQ(db.query().max("age"), Value(89));
  EXPECT_EQ(db.query().max("name"), Value("p99"));
  EXPECT_EQ(db.query("age > 500").min("age"), std::nullopt);
  EXPECT_EQ(db.query().distinct("city"), (std::vector<Value>{"Lima", "Oslo", "Rome"}));
  EXPECT_EQ(db.query("age > 85").distinct("age % 2"), (std::vector<Value>{0, 1}));
  EXPECT_EQ(db.query().orderBy("age", Order::descending).limit(3).sum("age"), Value(3 * 89))
      << "of the records of the query";
  db.insertMany({{{"m", INT64_MAX}}, {{"m", 1}}, {{"m", -1}}});
  EXPECT_EQ(db.query().sum("m"), Value(INT64_MAX)) << "whatever the order";
  db.insertMany({{{"n", INT64_MAX}}, {{"n", INT64_MAX}}});
  EXPECT_EQ(db.query().sum("n"), Value(2 * 9223372036854775807.0));
}

TEST_F(QueryTest, GroupsAreInTheOrderOfTheirValues) {
  std::vector<Object> groups = db.query().groupBy({"city"}).aggregate(
      {{"people", Aggregate::count()}, {"oldest", Aggregate::max("age")}, {"score", Aggregate::average("score")}});
  ASSERT_EQ(groups.size(), 4u);
  EXPECT_FALSE(groups[0].contains("city")) << "those without one";
  EXPECT_EQ(groups[1].string("city"), "Lima");
  std::int64_t people = 0;
  for (const Object& group : groups) {
    people += group.integer("people").value();
    Query of = group.contains("city") ? db.query("city = $c", {{"c", group["city"]}}) : db.query("NOT EXISTS city");
    EXPECT_EQ(group.integer("people"), of.count());
    EXPECT_EQ(group["oldest"], of.max("age"));
    EXPECT_EQ(group.real("score"), of.average("score"));
  }
  EXPECT_EQ(people, 300);
  EXPECT_ERROR(InvalidArgument, db.query().groupBy({}));
  EXPECT_ERROR(InvalidArgument, db.query().groupBy({"city"}).aggregate({{"city", Aggregate::count()}}));
}

TEST_F(QueryTest, UpdatesAndRemovesWhatMatches) {
  EXPECT_EQ(db.updateMany("city = $c", {{"c", "Rome"}}, {{"visited", true}}), db.query("city = 'Rome'").count());
  EXPECT_EQ(db.query("visited").count(), db.query("city = 'Rome'").count());
  EXPECT_EQ(db.updateMany("age = 3", {{"age", 4}}), 4u);
  std::uint64_t left = db.query("NOT (age BETWEEN 10 AND 20)").count();
  db.removeMany("age BETWEEN 10 AND 20");
  EXPECT_EQ(db.count(), left);
  std::uint64_t before = db.info().feedEnd;
  EXPECT_ERROR(InvalidArgument, db.removeMany("age ="));
  EXPECT_ERROR(InvalidArgument, db.removeMany(""));
  EXPECT_ERROR(InvalidArgument, db.updateMany("", {{"age", 1}}));
  EXPECT_ERROR(InvalidArgument, db.updateMany("age = $x", {{"age", 1}}));
  EXPECT_EQ(db.info().feedEnd, before);
}

TEST_F(QueryTest, ATransactionSeesWhatItHasDone) {
  db.transaction([&](Transaction& t) {
    t.insert({{"name", "inside"}, {"age", 1000}});
    EXPECT_EQ(t.query("age = 1000").count(), 1u);
    EXPECT_EQ(t.updateMany("age = 1000", {{"age", 1001}}), 1u);
    EXPECT_EQ(t.query().max("age"), Value(1001));
    EXPECT_EQ(t.collection("other").query().count(), 0u);
    std::thread([&] { EXPECT_FALSE(db.query("age >= 1000").exists()); }).join();
    for (const Record& record : t.query("age >= 1000")) t.remove(*record.id());
    EXPECT_FALSE(t.query("age >= 1000").exists());
  });
}

TEST_F(QueryTest, WhatBelongsToATransactionEndsWithIt) {
  std::optional<Query> query;
  std::optional<Collection> collection;
  db.transaction([&](Transaction& t) {
    query = t.query("age > 3");
    collection = t.collection("other");
    EXPECT_GT(query->count(), 0u);
  });
  auto expectMisuse = [&] {
    EXPECT_ERROR(Misuse, query->count());
    EXPECT_ERROR(Misuse, query->limit(3).all());
    EXPECT_ERROR(Misuse, for (const Record& each : *query) FAIL() << each.size());
    EXPECT_ERROR(Misuse, collection->count());
    EXPECT_ERROR(Misuse, collection->insert({{"n", 1}}));
    EXPECT_ERROR(Misuse, collection->query("n = 1").exists());
  };
  expectMisuse();
  db.transaction([&](Transaction&) { expectMisuse(); });
}

TEST_F(QueryTest, AfterNeedsWhatTheOrderLooksAt) {
  Query query = db.query().orderBy("age").fields({"name"}).limit(3);
  EXPECT_ERROR(InvalidArgument, query.after(query.all().back()).all());
  Query both = query.fields({"name", "age"});
  EXPECT_NE(namesOf(both.after(both.all().back()).all()), namesOf(both.all()));
}

TEST_F(QueryTest, CanBeStopped) {
  std::uint64_t seen = 0;
  auto stop = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_LE(done, total);
    return ++seen < 2;
  };
  EXPECT_ERROR(Cancelled, db.query("age > 3").withProgress(stop).all());
  EXPECT_EQ(seen, 2u);
  EXPECT_EQ(db.query("age > 3").withProgress([](auto, auto) { return true; }).count(), db.query("age > 3").count());
}

TEST_F(QueryTest, CountersAreNumbers) {
  UUID id = db.insert({{"stock", 5}});
  db.increment(id, "stock", 3);
  db.increment(id, "fresh", 2);
  EXPECT_EQ(db.query("stock = 8 AND fresh = 2").count(), 1u);
  EXPECT_EQ(db.query("EXISTS stock").orderBy("stock").first()->integer("stock"), 8);
}

TEST_F(QueryTest, AQueryOutlivesItsHandles) {
  std::optional<Query> query = open("other").query("n = 1");
  EXPECT_EQ(query->count(), 0u);
  EXPECT_ERROR(DatabaseInUse, open("other"));
  query.reset();
  EXPECT_EQ(open("other").count(), 0u);
}

TEST_F(QueryTest, BadInputIsRefusedWithItsPlace) {
  try {
    db.query("age > 3 ciity");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
    EXPECT_NE(std::string(error.what()).find("at character 9: age > 3  >>> ciity"), std::string::npos) << error.what();
  }
  EXPECT_ERROR(InvalidArgument, db.query("age > $x"));
  EXPECT_ERROR(InvalidArgument, db.query("", {{"x", 1}}));
  EXPECT_ERROR(InvalidArgument, db.query().orderBy("age DESC"));
  EXPECT_ERROR(InvalidArgument, db.query().orderBy(""));
  EXPECT_ERROR(InvalidArgument, db.query().sum(""));
}

}  // namespace
}  // namespace blazedb
