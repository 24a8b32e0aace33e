// The operations on records as blazedb/records.h promises them.
#include "blazedb/records.h"

#include <cmath>
#include <limits>
#include <set>

#include "base/limits.h"
#include "codec/random_values.h"
#include "db/open_database.h"

namespace blazedb {
namespace {

// Runs a call that must fail, and checks that it has changed nothing.
#define EXPECT_REFUSED(expected, ...)                \
  do {                                               \
    Snapshot before(db);                             \
    EXPECT_ERROR(expected, __VA_ARGS__);             \
    EXPECT_EQ(Snapshot(db), before) << #__VA_ARGS__; \
  } while (false)

struct Snapshot {
  explicit Snapshot(const Database& db) : feedEnd(db.info().feedEnd) {
    for (const CollectionInfo& info : db.collections()) {
      names.insert(info.name + " " + std::to_string(info.count));
      for (const Record& record : db.collection(info.name).fetchAll()) records.push_back(record);
    }
  }
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
  friend void PrintTo(const Snapshot& snapshot, std::ostream* out) {
    *out << snapshot.records.size() << " records, feed end " << snapshot.feedEnd;
  }
  std::uint64_t feedEnd;
  std::set<std::string> names;
  std::vector<Record> records;
};

class RecordsTest : public FolderTest {
 protected:
  Database db = open("db");
  const UUID unknown = *UUID::parse("01890a5d-ac96-774b-bcce-b302099a8057");
};

Value nested(int levels) {
  Value value = 1;
  for (int i = 0; i < levels; i++) value = Array{std::move(value)};
  return value;
}

// -------------------------------------------------------------------------------------------------------------- insert

TEST_F(RecordsTest, InsertGivesANewIdAndFetchTheRecord) {
  UUID id = db.insert({{"message", "Hello!"}, {"value", 42}});
  std::optional<Record> found = db.fetch(id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id(), id);
  EXPECT_EQ(found->string("message"), "Hello!");
  EXPECT_EQ(found->integer("value"), 42);
  EXPECT_EQ(found->size(), 2u);
  EXPECT_EQ(db.count(), 1u);
}

TEST_F(RecordsTest, InsertKeepsTheIdOfARecordThatHasOne) {
  Record record{{"n", 1}};
  record.setId(unknown);
  EXPECT_EQ(db.insert(record), unknown);
  EXPECT_TRUE(db.fetch(unknown));
}

TEST_F(RecordsTest, InsertPrefersTheIdThatIsGiven) {
  Record record{{"n", 1}};
  record.setId(UUID::generate());
  EXPECT_EQ(db.insert(unknown, record), unknown);
  EXPECT_FALSE(db.fetch(*record.id()));
}

TEST_F(RecordsTest, NewIdsAscend) {
  UUID last = db.insert({{"n", 0}});
  for (int i = 1; i < 100; i++) {
    UUID next = db.insert({{"n", i}});
    EXPECT_LT(last, next);
    last = next;
  }
}

TEST_F(RecordsTest, InsertOfAnIdThatIsTakenIsRefused) {
  db.insert(unknown, {{"n", 1}});
  EXPECT_REFUSED(AlreadyExists, db.insert(unknown, {{"n", 2}}));
  EXPECT_EQ(db.fetch(unknown)->integer("n"), 1);
}

TEST_F(RecordsTest, InsertOverADeletedRecordStartsAnew) {
  db.insert(unknown, {{"old", 1}});
  db.remove(unknown);
  db.insert(unknown, {{"new", 2}});
  EXPECT_EQ(*db.fetch(unknown), (Record{{"new", 2}}));
}

TEST_F(RecordsTest, AVerificationCountsTheRecordsThatThereAre) {
  db.insert({{"n", 1}});
  db.remove(db.insert({{"n", 2}}));
  EXPECT_EQ(db.verify().records, db.count());
}

TEST_F(RecordsTest, ARecordWithoutFieldsIsARecord) {
  UUID id = db.insert(Record());
  ASSERT_TRUE(db.fetch(id));
  EXPECT_TRUE(db.fetch(id)->empty());
  EXPECT_TRUE(db.verify().problems.empty());
  db.updateFields(id, {{"n", 1}});
  db.update(id, Record());
  EXPECT_TRUE(db.fetch(id)->empty());
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(RecordsTest, InsertManyGivesIdsInTheOrderOfTheRecords) {
  Record named{{"n", 1}};
  named.setId(unknown);
  std::vector<UUID> ids = db.insertMany({Record{{"n", 0}}, named, Record{{"n", 2}}});
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_EQ(ids[1], unknown);
  for (int i = 0; i < 3; i++) EXPECT_EQ(db.fetch(ids[static_cast<std::size_t>(i)])->integer("n"), i);
  EXPECT_TRUE(db.insertMany({}).empty());
}

TEST_F(RecordsTest, InsertManyIsAllOrNothing) {
  Record taken{{"n", 1}};
  taken.setId(unknown);
  EXPECT_REFUSED(AlreadyExists, db.insertMany({Record{{"n", 0}}, taken, taken}));
  EXPECT_REFUSED(TooLarge, db.insertMany({Record{{"n", 0}}, Record{{"deep", nested(65)}}}));
  EXPECT_EQ(db.count(), 0u);
}

TEST_F(RecordsTest, InsertManyDoesWhatItIsToldWithRecordsThatAreThere) {
  db.insert(unknown, {{"old", 1}, {"both", 1}});
  Record there{{"both", 2}, {"new", 2}};
  there.setId(unknown);
  const std::vector<Record> records = {Record{{"n", 0}}, there};
  struct Case {
    OnConflict onConflict;
    Record expected;
  };
  const Case cases[] = {{OnConflict::skip, {{"old", 1}, {"both", 1}}},
                        {OnConflict::merge, {{"old", 1}, {"both", 2}, {"new", 2}}},
                        {OnConflict::replace, {{"both", 2}, {"new", 2}}}};
  std::uint64_t count = 1;
  for (const Case& each : cases) {
    std::vector<UUID> ids = db.insertMany(records, {.onConflict = each.onConflict});
    EXPECT_EQ(ids[1], unknown);
    EXPECT_EQ(*db.fetch(ids[1]), each.expected);
    EXPECT_EQ(db.count(), ++count) << "the other one is new each time";
  }
  EXPECT_REFUSED(AlreadyExists, db.insertMany(records, {.onConflict = OnConflict::fail}));
}

TEST_F(RecordsTest, InsertManyOverADeletedRecordStartsAnewWhateverItIsTold) {
  for (OnConflict onConflict : {OnConflict::skip, OnConflict::merge, OnConflict::replace}) {
    db.upsert(unknown, {{"old", 1}});
    db.remove(unknown);
    Record again{{"new", 2}};
    again.setId(unknown);
    db.insertMany({again}, {.onConflict = onConflict});
    EXPECT_EQ(*db.fetch(unknown), (Record{{"new", 2}}));
  }
}

TEST_F(RecordsTest, ARecordThatComesTwiceInOneInsertManyIsThereTheSecondTime) {
  Record first{{"a", 1}}, second{{"b", 2}};
  first.setId(unknown), second.setId(unknown);
  db.insertMany({first, second}, {.onConflict = OnConflict::merge});
  EXPECT_EQ(*db.fetch(unknown), (Record{{"a", 1}, {"b", 2}}));
}

TEST_F(RecordsTest, UpsertManyInsertsAndReplaces) {
  db.insert(unknown, {{"old", 1}});
  Record there{{"new", 2}};
  there.setId(unknown);
  std::vector<UUID> ids = db.upsertMany({there, Record{{"n", 3}}});
  EXPECT_EQ(*db.fetch(ids[0]), (Record{{"new", 2}}));
  EXPECT_EQ(*db.fetch(ids[1]), (Record{{"n", 3}}));
  EXPECT_REFUSED(TooLarge, db.upsertMany({Record{{"n", 0}}, Record{{"deep", nested(65)}}}));
}

TEST_F(RecordsTest, UpsertFieldsInsertsOrWritesWhatDiffers) {
  EXPECT_TRUE(db.upsertFields(unknown, {{"a", 1}, {"b", 2}}));
  EXPECT_FALSE(db.upsertFields(unknown, {{"b", 3}, {"c", 4}}));
  EXPECT_EQ(*db.fetch(unknown), (Record{{"a", 1}, {"b", 3}, {"c", 4}}));
  std::uint64_t end = db.info().feedEnd;
  EXPECT_FALSE(db.upsertFields(unknown, {{"b", 3}}));
  EXPECT_EQ(db.info().feedEnd, end) << "nothing differs";
  db.remove(unknown);
  EXPECT_TRUE(db.upsertFields(unknown, {{"d", 5}}));
  EXPECT_EQ(*db.fetch(unknown), (Record{{"d", 5}}));
  EXPECT_REFUSED(TooLarge, db.upsertFields(unknown, {{"deep", nested(65)}}));
}

TEST_F(RecordsTest, UnsetRemovesTheseFieldsAndNoOthers) {
  db.insert(unknown, {{"a", 1}, {"b", 2}, {"c", 3}});
  db.unset(unknown, {"a", "c", "never there"});
  EXPECT_EQ(*db.fetch(unknown), (Record{{"b", 2}}));
  std::uint64_t end = db.info().feedEnd;
  db.unset(unknown, {"a"});
  db.unset(unknown, {});
  EXPECT_EQ(db.info().feedEnd, end) << "nothing was there to remove";
  db.updateFields(unknown, {{"a", 4}});
  EXPECT_EQ(*db.fetch(unknown), (Record{{"a", 4}, {"b", 2}}));
  EXPECT_REFUSED(NotFound, db.unset(UUID::generate(), {"a"}));
}

TEST_F(RecordsTest, FetchManyGivesRecordsInTheOrderOfTheIds) {
  UUID first = db.insert({{"n", 1}}), second = db.insert({{"n", 2}}), deleted = db.insert({{"n", 3}});
  db.remove(deleted);
  std::vector<std::optional<Record>> found = db.fetchMany({second, unknown, first, deleted, second});
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found[0]->integer("n"), 2);
  EXPECT_EQ(found[0]->id(), second);
  EXPECT_FALSE(found[1]);
  EXPECT_EQ(found[2]->integer("n"), 1);
  EXPECT_FALSE(found[3]);
  EXPECT_EQ(found[4]->id(), second);
  EXPECT_TRUE(db.fetchMany({}).empty());
  EXPECT_FALSE(db.collection("nowhere").fetchMany({first})[0]);
  db.transaction([&](Transaction& t) {
    t.updateFields(first, {{"n", 9}});
    EXPECT_EQ(t.fetchMany({first})[0]->integer("n"), 9);
  });
}

TEST_F(RecordsTest, ALoopOverWhatFetchGivesWalksOverALivingRecord) {
  db.insert(unknown, {{"a", std::string(100, 'a')}, {"b", std::string(100, 'b')}});
  std::string names;
  for (const Field& field : *db.fetch(unknown)) names += field.name + field.value.as<std::string>()->substr(0, 1);
  for (const Field& field : db.fetch(unknown).value()) names += field.name;
  EXPECT_EQ(names, "aabbab");
  EXPECT_THROW(db.fetch(UUID::generate()).value(), std::bad_optional_access);
  std::optional<Record> plain = db.fetch(unknown);
  EXPECT_EQ(plain->size(), 2u);
}

TEST_F(RecordsTest, ANameHasTheSameIdInEveryDatabase) {
  EXPECT_EQ(db.key("theme"), db.key("theme"));
  EXPECT_NE(db.key("theme"), db.key("language"));
  EXPECT_NE(db.key("theme"), db.collection("settings").key("theme"));
  // Computed from the documented rule by another implementation of RFC 9562 (Python's uuid.uuid5).
  EXPECT_EQ(db.collection("settings").key("theme").toString(), "82f0f4ac-cd0f-5066-a5d6-3732b3317299");
  db.collection("settings").upsert(db.collection("settings").key("theme"), {{"value", "dark"}});
  EXPECT_EQ(db.collection("settings").count(), 1u);
}

// A record that is used as a map: names come and go.
TEST_F(RecordsTest, ARecordDoesNotGrowByTheFieldsThatWereRemovedFromIt) {
  UUID id = db.insert({{"n", 0}});
  std::string last;
  for (int round = 0; round < 300; round++) {
    Record record;
    for (int i = 0; i < 100; i++) record.set("device-" + std::to_string(100 * round + i) + std::string(100, 'x'), i);
    ASSERT_NO_THROW(db.update(id, record)) << round;
  }
  EXPECT_EQ(db.fetch(id)->size(), 100u);
  std::string path = this->path("copy");
  db.backup(path);
  EXPECT_LT(std::filesystem::file_size(path), 500'000u);
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(RecordsTest, TransferAllCopiesEveryCollectionAndMayBeRepeated) {
  Database other = open("other");
  std::vector<Record> notes(1'500, Record{{"text", "a note"}});
  db.collection("notes").insertMany(notes);
  db.insert(unknown, {{"n", 1}});
  db.remove(db.insert({{"n", 2}}));
  other.insert(unknown, {{"n", 0}, {"old", true}});
  UUID own = other.insert({{"n", 3}});

  EXPECT_EQ(transferAll(db, other), 1'501u);
  EXPECT_EQ(other.collection("notes").fetchAll(), db.collection("notes").fetchAll());
  EXPECT_EQ(*other.fetch(unknown), (Record{{"n", 1}}));
  EXPECT_TRUE(other.fetch(own)) << "what the source does not have stays";
  std::uint64_t end = other.info().feedEnd;
  EXPECT_EQ(transferAll(db, other), 1'501u);
  EXPECT_EQ(other.info().feedEnd, end) << "the second time there was nothing to write";

  EXPECT_EQ(transferAll(db, db), 1'501u);
  int asked = 0;
  EXPECT_ERROR(Cancelled, transferAll(db, other, [&](std::uint64_t done, std::uint64_t total) {
                 EXPECT_LE(done, total);
                 return ++asked < 2;
               }));
  EXPECT_EQ(asked, 2);
}

// -------------------------------------------------------------------------------------------------------------- limits

TEST_F(RecordsTest, WhatCanNeverBeStoredIsRefused) {
  UUID id = db.insert({{"n", 1}});
  const std::pair<Record, ErrorCode> bad[] = {
      {{{"", 1}}, ErrorCode::InvalidArgument},
      {{{"text", "\xFF"}}, ErrorCode::InvalidArgument},
      {{{"\xFF", 1}}, ErrorCode::InvalidArgument},
      {{{std::string(129, 'f'), 1}}, ErrorCode::TooLarge},
      {{{"deep", nested(65)}}, ErrorCode::TooLarge},
      {{{"inside", Object{{"text", "\xC0\x80"}}}}, ErrorCode::InvalidArgument},
      {{{"large", std::string(base::kRecordBytesMax, 'x')}}, ErrorCode::TooLarge},
  };
  for (const auto& entry : bad) {
    const Record& record = entry.first;
    ErrorCode code = entry.second;
    Snapshot before(db);
    auto expectRefused = [&](const char* what, auto&& operation) {
      EXPECT_EQ(test::errorOf(operation), std::optional(code)) << what << ' ' << (*record.begin()).name.substr(0, 9);
    };
    expectRefused("insert", [&] { db.insert(record); });
    expectRefused("insertMany", [&] { db.insertMany({Record{{"n", 1}}, record}); });
    expectRefused("upsertMany", [&] { db.upsertMany({Record{{"n", 1}}, record}); });
    expectRefused("update", [&] { db.update(id, record); });
    expectRefused("updateFields", [&] { db.updateFields(id, record); });
    expectRefused("updateMany", [&] { db.updateMany([](const Record&) { return true; }, record); });
    expectRefused("upsert", [&] { db.upsert(id, record); });
    expectRefused("upsert", [&] { db.upsert(unknown, record); });
    expectRefused("elsewhere", [&] { db.collection("elsewhere").insert(record); });
    EXPECT_EQ(Snapshot(db), before);
  }
}

TEST_F(RecordsTest, WhatIsAtTheLimitIsStored) {
  UUID id = db.insert({{std::string(128, 'f'), nested(64)}});
  EXPECT_TRUE(db.fetch(id)->contains(std::string(128, 'f')));
  // The map, the name and the head of the string take 8 bytes.
  Record largest{{"xx", std::string(base::kRecordBytesMax - 9, 'x')}};
  EXPECT_EQ(*db.fetch(db.insert(largest)), largest);
  Record larger{{"xx", std::string(base::kRecordBytesMax - 8, 'x')}};
  EXPECT_ERROR(TooLarge, db.insert(larger));
}

TEST_F(RecordsTest, ARecordThatGrowsBeyondTheLimitStaysAsItWas) {
  UUID id = db.insert({{"a", std::string(5'000'000, 'a')}});
  EXPECT_REFUSED(TooLarge, db.updateFields(id, {{"b", std::string(5'000'000, 'b')}}));
  UUID other = db.insert({{"n", 1}});
  EXPECT_REFUSED(TooLarge, db.updateMany([](const Record&) { return true; }, {{"b", std::string(5'000'000, 'b')}}));
  EXPECT_EQ(db.fetch(other)->size(), 1u);
  EXPECT_TRUE(db.verify().problems.empty());
}

TEST_F(RecordsTest, NamesOfCollectionsFollowTheRule) {
  for (std::string name : {std::string("a"), std::string(128, 'z'), std::string("Az09_.-")}) {
    Collection collection = db.collection(name);
    EXPECT_EQ(collection.name(), name);
    collection.insert({{"n", 1}});
    EXPECT_EQ(collection.count(), 1u);
  }
  for (std::string name : {std::string(), std::string(129, 'z'), std::string("a b"), std::string("a/b"),
                           std::string("ä"), std::string("a\0b", 3)}) {
    EXPECT_ERROR(InvalidArgument, db.collection(name));
    EXPECT_ERROR(InvalidArgument, db.transaction([&](Transaction& t) { t.collection(name); }));
  }
}

// ------------------------------------------------------------------------------------------------------------- reading

TEST_F(RecordsTest, ReadingACollectionThatDoesNotExistFindsNothing) {
  Collection none = db.collection("none");
  EXPECT_FALSE(none.fetch(unknown));
  EXPECT_TRUE(none.fetchAll().empty());
  EXPECT_EQ(none.count(), 0u);
  EXPECT_FALSE(none.remove(unknown));
  EXPECT_FALSE(none.purge(unknown));
  EXPECT_EQ(none.removeMany([](const Record&) { return true; }), 0u);
  none.forEach([](const Record&) {
    ADD_FAILURE();
    return true;
  });
  EXPECT_TRUE(db.collections().empty()) << "and does not make it";
}

TEST_F(RecordsTest, CollectionsAreApart) {
  Collection notes = db.collection("notes"), people = db.collection("people");
  notes.insert(unknown, {{"n", 1}});
  people.insert(unknown, {{"n", 2}});
  EXPECT_FALSE(db.fetch(unknown)) << "the collection 'default'";
  people.remove(unknown);
  EXPECT_EQ(notes.fetch(unknown)->integer("n"), 1);
  std::vector<CollectionInfo> all = db.collections();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "notes");
  EXPECT_EQ(all[0].count, 1u);
  EXPECT_EQ(all[1].name, "people");
  EXPECT_EQ(all[1].count, 0u);
}

TEST_F(RecordsTest, WalksAreOrderedByIdOverManyPages) {
  std::vector<Record> records;
  codec::RandomValues random(1);
  std::set<UUID> wanted;
  for (int i = 0; i < 2500; i++) {
    Record record{{"n", i}};
    record.setId(random.uuid());
    wanted.insert(*record.id());
    records.push_back(std::move(record));
  }
  db.insertMany(records);
  auto expected = wanted.begin();
  for (const Record& record : db.fetchAll()) {
    ASSERT_NE(expected, wanted.end());
    EXPECT_EQ(record.id(), *expected++);
  }
  EXPECT_EQ(expected, wanted.end());
}

TEST_F(RecordsTest, AWalkOfExactlyAPageEnds) {
  std::vector<Record> records(1000, Record{{"n", 1}});
  db.insertMany(records);
  EXPECT_EQ(db.fetchAll().size(), 1000u);
}

TEST_F(RecordsTest, ForEachStopsWhenItIsToldTo) {
  db.insertMany(std::vector<Record>(10, Record{{"n", 1}}));
  int seen = 0;
  db.forEach([&](const Record&) { return ++seen < 3; });
  EXPECT_EQ(seen, 3);
}

TEST_F(RecordsTest, ForEachMayWriteToTheDatabaseThatItWalks) {
  db.insertMany(std::vector<Record>(1500, Record{{"n", 1}}));
  std::vector<UUID> removed;
  db.forEach([&](const Record& record) {
    if (removed.size() < 3) {
      db.remove(*record.id());
      removed.push_back(*record.id());
    }
    return true;
  });
  EXPECT_EQ(db.count(), 1497u);
}

TEST_F(RecordsTest, AnExceptionOfAVisitorGoesToTheCallerAndHarmsNothing) {
  db.insert({{"n", 1}});
  EXPECT_THROW(db.forEach([](const Record&) -> bool { throw std::runtime_error("enough"); }), std::runtime_error);
  EXPECT_THROW(db.updateMany([](const Record&) -> bool { throw std::runtime_error("enough"); }, {{"n", 2}}),
               std::runtime_error);
  EXPECT_EQ(db.fetchAll().size(), 1u);
  db.insert({{"n", 2}});
}

// ------------------------------------------------------------------------------------------------------------ changing

TEST_F(RecordsTest, UpdateReplacesAllFields) {
  UUID id = db.insert({{"a", 1}, {"b", 2}, {"c", 3}});
  db.update(id, {{"b", 2}, {"c", 4}, {"d", 5}});
  EXPECT_EQ(*db.fetch(id), (Record{{"b", 2}, {"c", 4}, {"d", 5}}));
  db.update(id, {{"a", 6}});
  EXPECT_EQ(*db.fetch(id), (Record{{"a", 6}})) << "a field may come back";
}

TEST_F(RecordsTest, UpdateToTheSameIsNoChange) {
  UUID id = db.insert({{"a", 1}, {"b", 2}});
  std::uint64_t before = db.info().feedEnd;
  db.update(id, {{"b", 2}, {"a", 1}});
  EXPECT_EQ(db.info().feedEnd, before);
}

TEST_F(RecordsTest, UpdateFieldsLeavesTheOthers) {
  UUID id = db.insert({{"a", 1}, {"b", 2}});
  db.updateFields(id, {{"b", 3}, {"c", 4}});
  EXPECT_EQ(*db.fetch(id), (Record{{"a", 1}, {"b", 3}, {"c", 4}}));
  std::uint64_t before = db.info().feedEnd;
  db.updateFields(id, {});
  EXPECT_EQ(db.info().feedEnd, before);
}

TEST_F(RecordsTest, WhatIsNotThereCannotBeUpdated) {
  EXPECT_REFUSED(NotFound, db.update(unknown, {{"n", 1}}));
  EXPECT_REFUSED(NotFound, db.updateFields(unknown, {{"n", 1}}));
  EXPECT_REFUSED(NotFound, db.collection("none").update(unknown, {{"n", 1}}));
  db.insert(unknown, {{"n", 1}});
  db.remove(unknown);
  EXPECT_REFUSED(NotFound, db.update(unknown, {{"n", 1}}));
  EXPECT_REFUSED(NotFound, db.updateFields(unknown, {{"n", 1}}));
}

TEST_F(RecordsTest, UpdateManySetsFieldsWhereThePredicateHolds) {
  for (int i = 0; i < 10; i++) db.insert({{"n", i}});
  EXPECT_EQ(db.updateMany([](const Record& r) { return *r.integer("n") >= 7 && r.id(); }, {{"large", true}}), 3u);
  std::uint64_t large = 0;
  for (const Record& record : db.fetchAll()) large += record.boolean("large").value_or(false);
  EXPECT_EQ(large, 3u);
  EXPECT_EQ(db.updateMany([](const Record&) { return false; }, {{"n", 0}}), 0u);
}

TEST_F(RecordsTest, UpsertInsertsOrReplaces) {
  EXPECT_TRUE(db.upsert(unknown, {{"a", 1}, {"b", 2}}));
  EXPECT_FALSE(db.upsert(unknown, {{"a", 3}}));
  EXPECT_EQ(*db.fetch(unknown), (Record{{"a", 3}}));
  db.remove(unknown);
  EXPECT_TRUE(db.upsert(unknown, {{"c", 4}}));
  EXPECT_EQ(*db.fetch(unknown), (Record{{"c", 4}}));
}

TEST_F(RecordsTest, UpsertOfARecordTakesItsIdOrANewOne) {
  Record record{{"n", 1}};
  UUID made = db.upsert(record);
  EXPECT_EQ(db.fetch(made)->integer("n"), 1);
  record.setId(made);
  record.set("n", 2);
  EXPECT_EQ(db.upsert(record), made);
  EXPECT_EQ(db.fetch(made)->integer("n"), 2);
  EXPECT_EQ(db.count(), 1u);
}

// ------------------------------------------------------------------------------------------------------------ removing

TEST_F(RecordsTest, RemoveSaysWhetherThereWasSomething) {
  db.insert(unknown, {{"n", 1}});
  EXPECT_TRUE(db.remove(unknown));
  EXPECT_FALSE(db.remove(unknown));
  EXPECT_FALSE(db.fetch(unknown));
  EXPECT_EQ(db.count(), 0u);
  EXPECT_TRUE(db.fetchAll().empty());
}

TEST_F(RecordsTest, RemoveManyGivesTheNumber) {
  std::vector<UUID> ids = db.insertMany(std::vector<Record>(6, Record{{"n", 1}}));
  EXPECT_EQ(db.removeMany({ids[0], unknown, ids[1], ids[0]}), 2u);
  db.updateFields(ids[2], {{"n", 2}});
  EXPECT_EQ(db.removeMany([](const Record& r) { return r.integer("n") == 1; }), 3u);
  EXPECT_EQ(db.count(), 1u);
  EXPECT_TRUE(db.fetch(ids[2]));
}

TEST_F(RecordsTest, PurgeRemovesARecordOrWhatIsLeftOfOne) {
  UUID other = db.insert({{"n", 1}});
  db.insert(unknown, {{"n", 1}});
  EXPECT_TRUE(db.purge(unknown));
  EXPECT_FALSE(db.fetch(unknown));
  EXPECT_FALSE(db.purge(UUID::generate()));
  db.remove(other);
  EXPECT_TRUE(db.purge(other)) << "it is still known";
  db.insert(unknown, {{"m", 2}});
  EXPECT_EQ(*db.fetch(unknown), (Record{{"m", 2}}));
}

// -------------------------------------------------------------------------------------------------------------- values

TEST_F(RecordsTest, EveryTypeComesBackFromAReopenedFile) {
  std::string nul("a\0b", 3);
  const Record everything{
      {"null", nullptr},
      {"true", true},
      {"false", false},
      {"zero", 0},
      {"smallest", std::numeric_limits<std::int64_t>::min()},
      {"largest", std::numeric_limits<std::int64_t>::max()},
      {"real", 0.1},
      {"negative zero", -0.0},
      {"infinite", std::numeric_limits<double>::infinity()},
      {"not a number", std::nan("17")},
      {"tiny", std::numeric_limits<double>::denorm_min()},
      {"empty text", ""},
      {"text", "Grüße, 世界 🌍"},
      {"with a nul", nul},
      {"bytes", Bytes{0, 255, 1}},
      {"no bytes", Bytes{}},
      {"date", Date{1'763'800'000'123'456}},
      {"before 1970", Date{-1}},
      {"first date", Date{std::numeric_limits<std::int64_t>::min()}},
      {"uuid", unknown},
      {"array", Array{1, "two", 3.0, nullptr, Array{}, Object{}}},
      {"object", Object{{"inner", Object{{"n", 1}}}, {"list", Array{1, 2}}}},
  };
  UUID id = db.insert(everything);
  db = open("other");  // closes the first
  db = open("db");
  std::optional<Record> found = db.fetch(id);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, everything);
  EXPECT_TRUE(std::signbit(*found->real("negative zero")));
  EXPECT_EQ((*found)["array"].type(), Value::Type::array);
}

TEST_F(RecordsTest, RandomRecordsComeBackFromAReopenedFile) {
  codec::RandomValues random(7);
  std::vector<Record> records;
  for (int i = 0; i < 500; i++) records.emplace_back(random.object());
  std::vector<UUID> ids = db.insertMany(records);
  db = open("other");
  db = open("db");
  for (std::size_t i = 0; i < ids.size(); i++) ASSERT_EQ(*db.fetch(ids[i]), records[i]) << i;
}

}  // namespace
}  // namespace blazedb
