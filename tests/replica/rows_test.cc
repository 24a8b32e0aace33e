// The contract of every store of rows (src/replica/rows.h), tested on each implementation. A new implementation needs a
// class with write(), read() and noted(), and its name in the list at the end of the first part.
#include <gtest/gtest.h>

#include <random>

#include "codec/fields.h"
#include "codec/json.h"
#include "db/reader_pool.h"
#include "db/schema.h"
#include "db/tables_journal.h"
#include "support/memory_rows.h"
#include "support/replica.h"

namespace blazedb::replica {
namespace {

using test::uuidOf;

class InMemory {
 public:
  // One transaction; committed if `body` returns true.
  void write(const std::function<bool(Writer&)>& body) {
    test::MemoryRows copy = committed_;
    if (body(copy)) committed_ = std::move(copy);
  }
  // Reads the committed state.
  void read(const std::function<void(Reader&)>& body) { body(committed_); }
  // What a user can list, or only the replica itself uses: a line each.
  std::vector<std::string> noted() {
    std::vector<std::string> lines{"lost until " + std::to_string(committed_.lostUntil())};
    for (const Overridden& each : committed_.overridden())
      lines.push_back(each.collection + " " + each.field + " lost " +
                      codec::valueToJson(codec::decodeValue(each.lost).value()));
    for (const RemovedCopy& each : committed_.removed()) {
      Object fields;
      EXPECT_TRUE(codec::decodeFields(each.fields, fields));
      lines.push_back(each.collection + " removed " + codec::recordToJson(fields, each.record));
    }
    return lines;
  }

 private:
  test::MemoryRows committed_;
};

class InFile {
 public:
  InFile()
      : file_(storage::DatabaseFile::create(files_, random_, "/rows.blazedb",
                                            storage::KeySource::rawKey(base::Bytes(32, 7)), {},
                                            [](storage::Connection& c) { db::WriteTables::create(c); })),
        tables_(file_->writer()),
        readers_(*file_) {}

  void write(const std::function<bool(Writer&)>& body) {
    file_->writer().execute("BEGIN IMMEDIATE");
    file_->writer().execute(body(tables_) ? "COMMIT" : "ROLLBACK");
  }
  void read(const std::function<void(Reader&)>& body) { body(*readers_.lease()); }
  std::vector<std::string> noted() {
    db::ReaderPool::Lease reader = readers_.lease();
    std::vector<std::string> lines{"lost until " + std::to_string(reader->metaNumber(db::kLostUntil))};
    for (const Conflict& each : db::Conflicts(reader->statements()).after(0))
      lines.push_back(each.collection + " " + each.field + " lost " + codec::valueToJson(each.lost));
    for (const RemovedRecord& each : db::Removed(reader->statements()).after(0))
      lines.push_back(each.collection + " removed " + codec::recordToJson(each.record, each.record.id()));
    return lines;
  }

 private:
  test::SimFileSystem files_;
  test::SeededRandom random_{1};
  std::unique_ptr<storage::DatabaseFile> file_;
  db::WriteTables tables_;
  db::ReaderPool readers_;
};

template <class Store>
class RowsTest : public testing::Test {
 protected:
  Store store_;
};

using Stores = testing::Types<InMemory, InFile>;
TYPED_TEST_SUITE(RowsTest, Stores);

// ----------------------------------------------------------------------------------------------------

const base::Bytes kSome{1, 2, 3}, kOther{4, 5};

Row rowOf(std::int64_t collection, std::uint64_t id, std::uint64_t position, int flags = kAlive | kWhole) {
  Row row;
  row.collection = collection;
  row.id = uuidOf(id);
  row.position = position;
  row.flags = flags;
  row.stamps = kSome;
  row.fields = kOther;
  return row;
}

// A row and its place in the feed.
Row addAt(Writer& rows, std::int64_t collection, std::uint64_t id, std::uint64_t position,
          int flags = kAlive | kWhole) {
  Row row = rowOf(collection, id, position, flags);
  EXPECT_TRUE(rows.add(row));
  Writer::Position place{position, row.handle, 1};
  rows.append({&place, 1});
  return row;
}

std::vector<std::uint64_t> feedOf(Reader& rows, std::uint64_t after = 0) {
  std::vector<std::uint64_t> positions;
  rows.feed(after, 0, [&](const FeedEntry& entry) {
    positions.push_back(entry.position);
    return true;
  });
  return positions;
}

using Positions = std::vector<std::uint64_t>;

TYPED_TEST(RowsTest, RowsAreFoundInTheOrderOfTheKeysAndAbsentOnesAreNamed) {
  this->store_.write([](Writer& rows) {
    std::int64_t people = rows.addCollection("people"), pets = rows.addCollection("pets");
    addAt(rows, people, 1, 1);
    addAt(rows, pets, 1, 2);
    std::vector<Key> keys{{pets, uuidOf(1)}, {people, uuidOf(9)}, {people, uuidOf(1)}, {0, uuidOf(1)}};
    std::vector<std::uint64_t> found;
    rows.find(keys, 0, [&](std::size_t i, const Row* row) {
      EXPECT_EQ(found.size(), i);
      found.push_back(row ? row->position : 0);
      return true;
    });
    EXPECT_EQ(found, (Positions{2, 0, 1, 0}));
    rows.find(keys, 0, [&](std::size_t i, const Row* row) {
      EXPECT_EQ(i, 0u);
      EXPECT_EQ(base::Bytes(row->stamps.begin(), row->stamps.end()), kSome);
      EXPECT_EQ(base::Bytes(row->fields.begin(), row->fields.end()), kOther);
      return false;
    });
    return true;
  });
}

TYPED_TEST(RowsTest, AKeyIsStoredOnceAndAHandleReplaces) {
  this->store_.write([](Writer& rows) {
    std::int64_t people = rows.addCollection("people");
    Row row = addAt(rows, people, 1, 1);
    Row again = rowOf(people, 1, 2);
    EXPECT_FALSE(rows.add(again));
    EXPECT_EQ(again.handle, 0);
    row.position = 7;
    row.origin = 3;
    row.stamps = kOther;
    std::vector<Row> both{row, rowOf(people, 2, 8)};
    rows.put(both);
    EXPECT_NE(both[1].handle, 0);
    EXPECT_NE(both[1].handle, row.handle);
    EXPECT_TRUE(rows.findOne({people, uuidOf(1)}, [&](const Row& found) {
      EXPECT_EQ(found.position, 7u);
      EXPECT_EQ(found.origin, 3);
      EXPECT_EQ(found.stamps.size(), kOther.size());
    }));
    return true;
  });
}

TYPED_TEST(RowsTest, WhatIsErasedLeavesItsPlaceInTheFeedAndNoDelivery) {
  this->store_.write([](Writer& rows) {
    std::int64_t people = rows.addCollection("people");
    Row row = addAt(rows, people, 1, 1);
    std::int64_t importer = rows.addImporter(uuidOf(50));
    Writer::Delivered given{row.handle, {Delivery::Kind::given, 1}};
    rows.setDelivered(importer, {&given, 1});
    rows.erase({&row, 1});
    EXPECT_FALSE(rows.findOne({people, uuidOf(1)}, [](const Row&) {}));
    EXPECT_TRUE(rows.empty());
    rows.feed(0, importer, [&](const FeedEntry& entry) {
      EXPECT_TRUE(entry.gone);
      return true;
    });
    addAt(rows, people, 1, 2);
    rows.findOne(
        {people, uuidOf(1)}, [&](const Row& found) { EXPECT_FALSE(found.delivery); }, importer);
    return true;
  });
}

TYPED_TEST(RowsTest, TheFeedIsInOrderAndTellsWhatIsCurrent) {
  this->store_.write([](Writer& rows) {
    std::int64_t people = rows.addCollection("people");
    Row moved = addAt(rows, people, 1, 1);
    addAt(rows, people, 2, 2);
    moved.position = 3;
    rows.put({&moved, 1});
    std::vector<Writer::Position> places{{3, moved.handle, 0}, {4, 0, 99}};
    rows.append(places);
    EXPECT_EQ(feedOf(rows), (Positions{1, 2, 3, 4}));
    EXPECT_EQ(feedOf(rows, 2), (Positions{3, 4}));
    EXPECT_EQ(feedOf(rows, 4), Positions{});
    std::vector<std::uint64_t> current;
    rows.feed(0, 0, [&](const FeedEntry& entry) {
      EXPECT_EQ(entry.gone, entry.position == 4);
      EXPECT_EQ(entry.mark, entry.position == 4 ? 99u : entry.position == 3 ? 0u : 1u);
      if (!entry.gone && entry.row.position == entry.position) current.push_back(entry.position);
      return entry.position < 4;
    });
    EXPECT_EQ(current, (Positions{2, 3}));
    EXPECT_EQ(rows.transactionEnd(2, 1), 2u);
    EXPECT_EQ(rows.transactionEnd(3, 2), 4u);
    EXPECT_EQ(rows.transactionEnd(3, 1), 0u);
    EXPECT_EQ(rows.transactionEnd(5, 9), 0u);
    return true;
  });
}

TYPED_TEST(RowsTest, RowsComeWithTheirDeliveryToTheImporterThatIsNamed) {
  this->store_.write([](Writer& rows) {
    std::int64_t people = rows.addCollection("people");
    Row first = addAt(rows, people, 1, 1), second = addAt(rows, people, 2, 2);
    std::int64_t one = rows.addImporter(uuidOf(50)), other = rows.addImporter(uuidOf(51));
    EXPECT_EQ(rows.addImporter(uuidOf(50)), one);
    EXPECT_EQ(rows.importer(uuidOf(51)), other);
    EXPECT_EQ(rows.importer(uuidOf(52)), 0);
    std::vector<Writer::Delivered> news{{first.handle, {Delivery::Kind::given, 1}},
                                        {second.handle, {Delivery::Kind::takenBack, 2}}};
    rows.setDelivered(one, news);
    std::vector<int> kinds;
    auto note = [&](const Row& row) { kinds.push_back(row.delivery ? static_cast<int>(row.delivery->kind) : -1); };
    rows.feed(0, one, [&](const FeedEntry& entry) { return note(entry.row), true; });
    rows.feed(0, other, [&](const FeedEntry& entry) { return note(entry.row), true; });
    rows.findOne({people, uuidOf(2)}, note, one);
    rows.findOne({people, uuidOf(2)}, note);
    EXPECT_EQ(kinds, (std::vector<int>{1, 2, -1, -1, 2, -1}));

    rows.removeTakenBack(one, 1);
    EXPECT_EQ(rows.floorOf(uuidOf(50)), 0u);
    rows.removeTakenBack(one, 5);
    EXPECT_EQ(rows.floorOf(uuidOf(50)), 2u);
    rows.findOne(
        {people, uuidOf(2)}, [](const Row& row) { EXPECT_FALSE(row.delivery); }, one);
    rows.findOne(
        {people, uuidOf(1)}, [](const Row& row) { EXPECT_TRUE(row.delivery); }, one);
    return true;
  });
}

TYPED_TEST(RowsTest, WhoWasGivenARecordThatIsErasedIsBelowTheFloor) {
  this->store_.write([](Writer& rows) {
    std::int64_t people = rows.addCollection("people");
    Row dead = addAt(rows, people, 1, 5), live = addAt(rows, people, 2, 6), others = addAt(rows, people, 3, 7);
    dead.flags = 0;
    std::int64_t importer = rows.addImporter(uuidOf(50));
    rows.setFilter(importer, "adults", 0);
    std::vector<Writer::Delivered> given{{dead.handle, {Delivery::Kind::given, 1}},
                                         {live.handle, {Delivery::Kind::given, 6}}};
    rows.setDelivered(importer, given);
    rows.erase({&others, 1});
    EXPECT_EQ(rows.floorOf(uuidOf(50)), 0u);
    rows.erase({&dead, 1});
    EXPECT_EQ(rows.floorOf(uuidOf(50)), 5u) << "unless it has come to the delete";
    EXPECT_EQ(rows.filterOf(uuidOf(50)), "adults");
    rows.erase({&live, 1});
    EXPECT_FALSE(rows.filterOf(uuidOf(50))) << "there is no delete to come to";
    rows.setFilter(importer, "adults", 0);
    rows.eraseAll();
    EXPECT_FALSE(rows.filterOf(uuidOf(50)));
    return true;
  });
}

TYPED_TEST(RowsTest, AnImporterHasAFilterUntilWhatItHasIsForgotten) {
  this->store_.write([](Writer& rows) {
    UUID replica = uuidOf(50);
    std::int64_t importer = rows.addImporter(replica);
    EXPECT_FALSE(rows.filterOf(replica));
    rows.setFilter(importer, "adults", 7);
    rows.setFilter(importer, "", std::nullopt);
    EXPECT_EQ(rows.filterOf(replica), "");
    EXPECT_EQ(rows.floorOf(replica), 7u);
    rows.forgetDelivered(replica);
    EXPECT_FALSE(rows.filterOf(replica));
    EXPECT_EQ(rows.floorOf(replica), std::uint64_t{INT64_MAX});
    EXPECT_EQ(rows.importer(replica), importer);
    rows.setFilter(importer, std::nullopt, 9);
    EXPECT_FALSE(rows.filterOf(replica));
    EXPECT_EQ(rows.floorOf(replica), 9u);
    return true;
  });
}

TYPED_TEST(RowsTest, ARangeHasBothItsEndsAndDeadRowsComeByAge) {
  this->store_.write([](Writer& rows) {
    std::int64_t people = rows.addCollection("people"), pets = rows.addCollection("pets");
    addAt(rows, people, 3, 1, kWhole);
    addAt(rows, people, 1, 2);
    addAt(rows, people, 2, 3, 0);
    addAt(rows, pets, 2, 4, kWhole);
    Positions range, dead, whole;
    auto into = [](Positions& out) { return [&out](const Row& row) { return out.push_back(row.position), true; }; };
    rows.range(people, uuidOf(2), uuidOf(3), into(range));
    rows.dead(3, false, into(dead));
    rows.dead(9, true, into(whole));
    EXPECT_EQ(range, (Positions{3, 1}));
    EXPECT_EQ(dead, (Positions{1, 3}));
    EXPECT_EQ(whole, (Positions{1, 4}));
    return true;
  });
}

TYPED_TEST(RowsTest, CollectionsAreByNameWithTheirTotals) {
  this->store_.write([](Writer& rows) {
    Collection pets{rows.addCollection("pets"), "pets", 3, {5, 6}};
    std::int64_t people = rows.addCollection("people");
    const Collection* changed = &pets;
    rows.setTotals({&changed, 1});
    std::vector<Collection> all = rows.collections();
    if (all.size() != 2) return ADD_FAILURE(), false;
    EXPECT_EQ(all[0].name, "people");
    EXPECT_EQ(all[0].number, people);
    EXPECT_EQ(all[0].live, 0u);
    EXPECT_EQ(all[1].live, 3u);
    EXPECT_EQ(all[1].digest, (sync::Digest{5, 6}));
    return true;
  });
}

TYPED_TEST(RowsTest, AnOriginIsAReplicaInOneIncarnation) {
  this->store_.write([](Writer& rows) {
    std::int64_t first = rows.addOrigin({uuidOf(50), 1}), second = rows.addOrigin({uuidOf(50), 2});
    std::int64_t other = rows.addOrigin({uuidOf(51), 1});
    EXPECT_EQ(rows.addOrigin({uuidOf(50), 1}), first);
    EXPECT_EQ(rows.originOf({uuidOf(51), 1}), other);
    EXPECT_EQ(rows.originOf({uuidOf(51), 2}), 0);
    EXPECT_EQ(rows.originsOf(uuidOf(50)), (std::set<std::int64_t>{first, second}));
    return true;
  });
}

TYPED_TEST(RowsTest, CursorsBelongToAPeerAndAScope) {
  this->store_.write([](Writer& rows) {
    UUID peer = uuidOf(50);
    sync::Scope all, part = sync::makeScope(std::vector<std::string>{"people"}, {});
    sync::Cursor cursor{9, 5, 4, 6};
    rows.setCursor(peer, all, cursor);
    rows.setReading(peer, {part, {0, 7, 6, 0}, 5, 1000});
    EXPECT_EQ(rows.cursorOn(peer, all), cursor);
    EXPECT_EQ(rows.cursorOn(peer, part), sync::Cursor{});
    EXPECT_EQ(rows.cursorOn(uuidOf(51), all), sync::Cursor{});
    std::vector<Reading> readings = rows.readingsOf(peer);
    if (readings.size() != 2) return ADD_FAILURE(), false;
    const Reading& read = readings[0].scope == part ? readings[0] : readings[1];
    EXPECT_EQ(read.acknowledged.position, 7u);
    EXPECT_EQ(read.acknowledged.complete, 6u);
    EXPECT_EQ(read.passed, 5u);
    EXPECT_EQ(read.seenMs, 1000);
    EXPECT_FALSE((readings[0].scope == part ? readings[1] : readings[0]).seenMs);
    rows.removeCursors(peer, part);
    EXPECT_EQ(rows.cursorOn(peer, all), sync::Cursor{});
    EXPECT_EQ(rows.readingsOf(peer).size(), 1u);
    rows.removeCursors(peer, std::nullopt);
    EXPECT_EQ(rows.readingsOf(peer).size(), 0u);
    return true;
  });
}

TYPED_TEST(RowsTest, AReaderIsForgottenOnceItIsUnseenUnderEveryScope) {
  sync::Scope all, part;
  part.collections = {"a"};
  Unseen early{uuidOf(50), all, 100}, late{uuidOf(50), part, 200};
  auto reading = [](const Unseen& unseen) {
    Reading made;
    made.scope = unseen.scope;
    made.seenMs = unseen.seenMs;
    return made;
  };
  this->store_.write([&](Writer& rows) {
    rows.setReader({uuidOf(50), 7});
    rows.setReader({uuidOf(51), 8});
    rows.setReading(uuidOf(50), reading(early));
    rows.setReading(uuidOf(50), reading(late));
    rows.setReading(uuidOf(51), reading({uuidOf(51), all, 100}));
    rows.setCursor(uuidOf(51), all, {1, 2, 2, 2});  // this feed was read, so its cursor stays
    return true;
  });
  this->store_.read([&](Reader& rows) {
    EXPECT_EQ(rows.readers(), (std::vector<sync::Peer>{{uuidOf(50), 7}, {uuidOf(51), 8}}));
    EXPECT_TRUE(rows.unseenSince(100).empty());
    std::vector<Unseen> found = rows.unseenSince(101);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].peer, uuidOf(50));
    EXPECT_TRUE(found[0].scope == all);
    EXPECT_EQ(found[0].seenMs, 100);
    EXPECT_EQ(rows.unseenSince(201).size(), 2u);
  });
  this->store_.write([&](Writer& rows) {
    rows.removeUnseen({uuidOf(50), all, 99});
    EXPECT_EQ(rows.readingsOf(uuidOf(50)).size(), 2u) << "it was seen since";
    rows.removeUnseen(early);
    EXPECT_EQ(rows.readingsOf(uuidOf(50)).size(), 1u);
    EXPECT_EQ(rows.readers().size(), 2u);
    rows.removeUnseen(late);
    EXPECT_EQ(rows.readers(), (std::vector<sync::Peer>{{uuidOf(51), 8}}));
    rows.removeUnseen({uuidOf(51), all, 100});
    EXPECT_EQ(rows.readers().size(), 1u);
    rows.removeReader(uuidOf(51));
    EXPECT_TRUE(rows.readers().empty());
    EXPECT_EQ(rows.readingsOf(uuidOf(51)).size(), 1u);
    return true;
  });
}

TYPED_TEST(RowsTest, WhatWasTakenBackIsKnownUntilItIsAcknowledged) {
  this->store_.write([&](Writer& rows) {
    std::int64_t first = rows.addImporter(uuidOf(50)), second = rows.addImporter(uuidOf(51));
    using Kind = Delivery::Kind;
    std::vector<Writer::Delivered> news{{1, {Kind::takenBack, 5}}, {2, {Kind::takenBack, 9}}, {3, {Kind::given, 12}}};
    rows.setDelivered(first, news);
    rows.setDelivered(second, std::vector<Writer::Delivered>{{1, {Kind::given, 5}}});
    EXPECT_EQ(rows.takenBackUntil(), (std::map<UUID, std::uint64_t>{{uuidOf(50), 9}}));
    rows.removeTakenBack(first, 5);
    EXPECT_EQ(rows.takenBackUntil().size(), 1u);
    rows.removeTakenBack(first, 9);
    EXPECT_TRUE(rows.takenBackUntil().empty());
    return true;
  });
}

TYPED_TEST(RowsTest, WhatIsSetAsideBelongsToALinkAndAnEnd) {
  this->store_.write([](Writer& rows) {
    sync::Scope all, part = sync::makeScope(std::vector<std::string>{"people"}, {});
    RejectedOn ours{uuidOf(50), all}, narrow{uuidOf(50), part}, theirs{uuidOf(50), all, RejectedBy::peer};
    sync::RecordKey one{"people", uuidOf(1)}, two{"people", uuidOf(2)}, three{"people", uuidOf(3)};
    sync::Bye why{ErrorCode::TooLarge, "too large"};
    auto note = [&](const RejectedOn& link, std::vector<sync::Rejection> news) { rows.noteRejections(link, news, 1); };
    note(ours, {{one, why}, {one, why}});
    note(narrow, {{two, why}});
    note(theirs, {{three, why}});
    std::vector<sync::RecordKey> keys{one, two, three};
    using Aside = std::map<sync::RecordKey, ErrorCode>;
    EXPECT_EQ(rows.setAside(ours, keys), (Aside{{one, ErrorCode::TooLarge}}));
    EXPECT_EQ(rows.setAside(narrow, keys), (Aside{{two, ErrorCode::TooLarge}}));
    EXPECT_EQ(rows.setAside(theirs, keys), (Aside{{three, ErrorCode::TooLarge}}));
    EXPECT_EQ(rows.rejectedCount(uuidOf(50), RejectedBy::us), 2u);
    EXPECT_EQ(rows.rejectedCount(uuidOf(50), RejectedBy::peer), 1u);
    EXPECT_TRUE(rows.rejectedOn(ours, true).empty());
    EXPECT_EQ(rows.noteChanged(keys), 2u) << "what the peer has refused cannot be taken here";
    std::vector<sync::Rejection> changed = rows.rejectedOn(ours, true);
    EXPECT_TRUE(changed.size() == 1 && changed[0].key == one && changed[0].why->text == "too large");
    EXPECT_TRUE(rows.rejectedOn(theirs, true).empty());
    EXPECT_EQ(rows.rejectedOn(theirs, false).size(), 1u);
    note(ours, {{one, why}});
    EXPECT_TRUE(rows.rejectedOn(ours, true).empty()) << "it was refused again";
    note(ours, {{one, std::nullopt}, {two, std::nullopt}, {two, why}, {two, std::nullopt}});
    EXPECT_TRUE(rows.rejectedOn(ours, false).empty());
    EXPECT_EQ(rows.rejectedCount(uuidOf(50), RejectedBy::us), 1u);
    return true;
  });
}

TYPED_TEST(RowsTest, ARefusedChangeBelongsToARecordAndAPeer) {
  this->store_.write([](Writer& rows) {
    sync::RecordKey one{"people", uuidOf(1)}, two{"people", uuidOf(2)};
    std::vector<sync::RecordKey> keys{one, two};
    EXPECT_TRUE(rows.refused(keys).empty());
    Refused refused;
    refused.key = one;
    refused.peer = uuidOf(50);
    refused.why = {ErrorCode::PermissionDenied, "no"};
    refused.sinceMs = 7;
    refused.position = 8;
    refused.stamps = {1, 2};
    refused.fields = {3};
    refused.added = {{codec::partKey("n", 7), 5}};
    refused.transactions = {9, 11};
    rows.setRefused(refused);
    refused.peer = uuidOf(51);
    rows.setRefused(refused);
    if (rows.refused(keys).size() != 2u) return ADD_FAILURE(), true;
    std::vector<sync::Rejection> by = rows.refusedBy(uuidOf(50));
    if (by.size() != 1u) return ADD_FAILURE(), true;
    EXPECT_EQ(by[0].key, one);
    EXPECT_EQ(by[0].why->text, refused.why.text);
    EXPECT_TRUE(rows.refusedBy(uuidOf(52)).empty());
    std::int64_t last = rows.refused(keys)[1].id;
    refused.added = {};
    refused.fields = {4};
    rows.setRefused(refused);
    std::vector<Refused> all = rows.refused(keys);
    if (all.size() != 2u) return ADD_FAILURE(), true;
    Refused& first = all[0].peer == uuidOf(50) ? all[0] : all[1];
    Refused& again = all[0].peer == uuidOf(50) ? all[1] : all[0];
    EXPECT_EQ(first.why.text, "no");
    EXPECT_EQ(first.sinceMs, 7);
    EXPECT_EQ(first.position, 8u);
    EXPECT_EQ(first.stamps, (base::Bytes{1, 2}));
    EXPECT_EQ(first.fields, (base::Bytes{3}));
    EXPECT_EQ(first.added, (std::map<std::string, Value>{{codec::partKey("n", 7), 5}}));
    EXPECT_EQ(first.transactions, (std::set<std::uint64_t>{9, 11}));
    EXPECT_EQ(again.fields, (base::Bytes{4}));
    EXPECT_TRUE(again.added.empty());
    EXPECT_GT(again.id, last);
    rows.setRefused(again);
    rows.removeRefused(first.id);
    if (rows.refused(keys).size() != 1u) return ADD_FAILURE(), true;
    EXPECT_EQ(rows.refused(keys)[0].id, again.id);
    return true;
  });
}

TYPED_TEST(RowsTest, WhatIsNotedIsThereOnceItIsCommitted) {
  auto note = [&](bool commits) {
    this->store_.write([&](Writer& rows) {
      base::Bytes lost, won, fields;
      EXPECT_FALSE(codec::encodeValue(lost, "mine") || codec::encodeValue(won, "theirs") ||
                   codec::encodeFields(fields, {{"n", 1}}));
      Overridden overridden{"people", uuidOf(1), "name", lost, won, {0, 5, 1}, {0, 6, 2}};
      rows.addOverridden({&overridden, 1}, 7);
      RemovedCopy copy{"people", uuidOf(2), fields, uuidOf(50), RemovedRecord::Because::swept, 7};
      rows.addRemoved({&copy, 1});
      rows.setLostUntil(9);
      return commits;
    });
  };
  note(false);
  EXPECT_EQ(this->store_.noted(), std::vector<std::string>{"lost until 0"});
  note(true);
  std::string id = uuidOf(2).toString();
  EXPECT_EQ(this->store_.noted(), (std::vector<std::string>{"lost until 9", "people name lost \"mine\"",
                                                            "people removed {\"_id\":\"" + id + "\",\"n\":1}"}));
}

TYPED_TEST(RowsTest, AReaderSeesAllOfATransactionOrNothing) {
  std::int64_t people = 0;
  auto look = [&](const Positions& feed, std::uint64_t cursor) {
    this->store_.read([&](Reader& rows) {
      EXPECT_EQ(feedOf(rows), feed);
      EXPECT_EQ(rows.cursorOn(uuidOf(50), {}).position, cursor);
      EXPECT_EQ(rows.horizon(), cursor);
    });
  };
  auto write = [&](std::uint64_t position, bool keeps) {
    Positions before;
    this->store_.read([&](Reader& rows) { before = feedOf(rows); });
    this->store_.write([&](Writer& rows) {
      if (people == 0) people = rows.addCollection("people");
      addAt(rows, people, position, position);
      rows.setCursor(uuidOf(50), {}, {1, position, position, position});
      rows.setHorizon(position);
      EXPECT_EQ(feedOf(rows).size(), before.size() + 1);
      look(before, before.empty() ? 0 : before.back());
      return keeps;
    });
  };
  write(1, true);
  look({1}, 1);
  write(2, false);
  look({1}, 1);
  write(2, true);  // a position that was rolled back is used again
  look({1, 2}, 2);
}

TYPED_TEST(RowsTest, ErasingAllLeavesCollectionsAndPeers) {
  this->store_.write([](Writer& rows) {
    std::int64_t people = rows.addCollection("people");
    addAt(rows, people, 1, 1);
    rows.setCursor(uuidOf(50), {}, {1, 5, 5, 5});
    std::int64_t origin = rows.addOrigin({uuidOf(50), 1});
    rows.eraseAll();
    EXPECT_TRUE(rows.empty());
    EXPECT_EQ(feedOf(rows), Positions{});
    EXPECT_EQ(rows.collections().size(), 1u);
    EXPECT_EQ(rows.cursorOn(uuidOf(50), {}).position, 5u);
    EXPECT_EQ(rows.originOf({uuidOf(50), 1}), origin);
    addAt(rows, people, 1, 2);
    return true;
  });
}

// ----------------------------------------------------------------------------------------------------

// Everything that a reader can ask, as text.
std::string dump(Reader& rows, std::uint64_t ids, std::int64_t importer) {
  std::string out;
  auto add = [&](const Row& row) {
    out += std::to_string(row.collection) + "/" + row.id.toString() + "@" + std::to_string(row.position) + " from " +
           std::to_string(row.origin) + " flags " + std::to_string(row.flags) + " bytes " +
           std::to_string(row.stamps.size()) + "+" + std::to_string(row.fields.size());
    if (row.delivery)
      out += " delivered " + std::to_string(static_cast<int>(row.delivery->kind)) + "@" +
             std::to_string(row.delivery->position);
    out += "\n";
    return true;
  };
  rows.feed(0, importer, [&](const FeedEntry& entry) {
    // A handle may be used again, so it does not matter whether an old entry is gone or stale.
    bool current = !entry.gone && entry.row.position == entry.position;
    out += std::to_string(entry.position) + " mark " + std::to_string(entry.mark) + " ";
    return current ? add(entry.row) : (out += "moved on\n", true);
  });
  for (const Collection& collection : rows.collections()) {
    out += collection.name + " " + std::to_string(collection.live) + "\n";
    rows.range(collection.number, uuidOf(ids / 4), uuidOf(ids / 2), add);
  }
  rows.dead(UINT32_MAX, false, add);
  rows.dead(UINT32_MAX, true, add);
  return out + std::to_string(rows.horizon());
}

TEST(Rows, AFileSaysAfterAnyTransactionsWhatThePlainModelSays) {
  constexpr std::uint64_t kIds = 24;
  std::mt19937_64 random(7);
  auto below = [&](std::uint64_t limit) { return random() % limit; };
  InMemory plain;
  InFile file;
  auto begin = [](Writer& rows) {
    rows.addCollection("a");
    rows.addCollection("b");
    return rows.addImporter(uuidOf(99)) == 1;
  };
  plain.write(begin);
  file.write(begin);
  std::uint64_t position = 0;
  for (int round = 0; round < 300; round++) {
    std::uint64_t seed = random(), first = position;
    bool keeps = below(4) != 0;
    auto body = [&](Writer& rows) {
      std::mt19937_64 choice(seed);
      position = first;
      for (std::uint64_t left = 1 + choice() % 6; left > 0; left--) {
        Key key{1 + static_cast<std::int64_t>(choice() % 2), uuidOf(choice() % kIds)};
        Row row;
        bool held = rows.findOne(key, [&](const Row& found) {
          row = found;
          row.stamps = kSome;
        });
        if (held && choice() % 4 == 0) {
          rows.erase({&row, 1});
          continue;
        }
        row.collection = key.collection;
        row.id = key.id;
        row.position = ++position;
        row.flags = static_cast<int>(choice() % 4);
        row.origin = static_cast<std::int64_t>(choice() % 3);
        row.stamps = choice() % 2 ? kSome : kOther;
        row.fields = kOther;
        rows.put({&row, 1});
        Writer::Position place{position, choice() % 9 == 0 ? 0 : row.handle, choice() % 3};
        rows.append({&place, 1});
        Writer::Delivered given{row.handle, {static_cast<Delivery::Kind>(choice() % 3), position}};
        if (choice() % 3 == 0) rows.setDelivered(1, {&given, 1});
      }
      if (choice() % 5 == 0) rows.removeTakenBack(1, position);
      if (choice() % 7 == 0) rows.setHorizon(position);
      return keeps;
    };
    plain.write(body);
    file.write(body);
    if (!keeps) position = first;
    std::string expected, found;
    plain.read([&](Reader& rows) { expected = dump(rows, kIds, 1); });
    file.read([&](Reader& rows) { found = dump(rows, kIds, 1); });
    ASSERT_EQ(found, expected) << "in round " << round;
  }
}

}  // namespace
}  // namespace blazedb::replica
