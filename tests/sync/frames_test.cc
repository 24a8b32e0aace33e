#include "sync/frames.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/limits.h"
#include "codec/hex.h"

namespace blazedb::sync {
namespace {

using base::Bytes;
using base::ByteView;

UUID id(std::uint8_t number) { return UUID{{number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number}}; }

Hello hello() {
  Hello hello;
  hello.identity = {id(1), 0x1122334455667788, Role::server, "hub-1"};
  hello.wallMs = 1'763'800'000'123;
  hello.receives = false;
  hello.sweeps = false;
  hello.teams = {id(7), id(3)};
  return hello;
}

DigestFrame digest() {
  DigestFrame digest;
  digest.feedEnd = 300;
  digest.applied = 5;
  digest.collections = {{"notes", 12, {1, 2}}, {"people", 0, {~0ull, 3}}};
  return digest;
}

Buckets buckets() { return {"notes", id(1), {{id(1), {1, 2}}, {id(5), {3, ~0ull}}}}; }

Inventory inventory() { return {"notes", id(1), id(9), true, {{id(1), {1, 2}}, {id(2), {3, ~0ull}}}}; }

const Bytes kStamps = {1, 2, 3};
const Bytes kFields = {4, 5};

std::vector<Change> changes() {
  return {{"notes", id(1), 11, true, false, kStamps, kFields},
          {"notes", id(2), 12, false, true, kStamps, {}},
          {"people", id(3), 300, true, false, {}, kFields},
          {"notes", id(1), 301, false, true, kStamps, kFields}};
}

Bytes batch() {
  BatchWriter writer(10);
  for (const Change& change : changes()) writer.add(change);
  return writer.finishBatch(400, true, 500);
}

// Its positions are counted, and its place is some bytes.
Bytes sealedBatch() {
  BatchWriter writer(10, true);
  for (const Change& change : changes()) writer.add(change);
  SealedPlace place;
  place.fill(7);
  return writer.finishBatch(15, false, 15, place);
}

Bytes rows() {
  BatchWriter writer;
  for (Change change : changes()) {
    change.position = 0;
    writer.add(change);
  }
  return writer.finishRows(true, {{"people", id(9)}});
}

// A frame of each type. Its decoder returns nothing for invalid bytes; what it returns is encoded as the same bytes
// again.
struct Kind {
  const char* name;
  Bytes frame;
  std::function<std::optional<Bytes>(ByteView)> again;
};

Bytes encodeAgain(const Batch& batch) {
  BatchWriter writer(batch.from);
  for (const Change& change : batch.changes) writer.add(change);
  return writer.finishBatch(batch.to, batch.atEnd, batch.reach, batch.place);
}
Bytes encodeAgain(const Rows& rows) {
  BatchWriter writer;
  for (const Change& change : rows.changes) writer.add(change);
  return writer.finishRows(rows.answer, rows.gone);
}
template <class Message>
Bytes encodeAgain(const Message& message) {
  return encode(message);
}

template <class Decode>
std::function<std::optional<Bytes>(ByteView)> again(Decode decode) {
  return [decode](ByteView frame) -> std::optional<Bytes> {
    auto message = decode(frame);
    if (!message) return std::nullopt;
    return encodeAgain(*message);
  };
}

Rejected rejected() {
  return {true, {{{"notes", id(1)}, Bye{ErrorCode::TooLarge, "too large"}}, {{"people", id(2)}, std::nullopt}}};
}

std::vector<Kind> kinds() {
  return {{"hello", encode(hello()), again(decodeHello)},
          {"subscribe", encode(Subscribe{{7, 300, 200, 350, SealedPlace{1, 2}}, true, true}), again(decodeSubscribe)},
          {"welcome", encode(Welcome{5, 300, 20, true, 290, 3, {9, 70'000, 0, 70'000}}), again(decodeWelcome)},
          {"batch", batch(), again(decodeBatch)},
          {"ack", encode(Ack{300, 5}), again(decodeAck)},
          {"need", encode(Need{{{"notes", id(1)}, {"people", id(2)}}}), again(decodeNeed)},
          {"rows", rows(), again(decodeRows)},
          {"digest", encode(digest()), again(decodeDigest)},
          {"buckets", encode(buckets()), again(decodeBuckets)},
          {"inventory", encode(inventory()), again(decodeInventory)},
          {"bye", encode(Bye{ErrorCode::ClockSkew, "set it"}), again(decodeBye)},
          {"ping", encode(Ping{7}), again(decodePing)},
          {"pong", encode(Pong{7, 300}), again(decodePong)},
          {"rejected", encode(rejected()), again(decodeRejected)}};
}

// -------------------------------------------------------------------------------------------------------- each of them

TEST(Frames, OfEveryTypeComeBack) {
  std::uint8_t number = 0;
  for (const Kind& kind : kinds()) {
    EXPECT_EQ(kind.frame[0], ++number) << kind.name;
    EXPECT_EQ(static_cast<std::uint8_t>(*typeOf(kind.frame)), number) << kind.name;
    std::optional<Bytes> same = kind.again(kind.frame);
    ASSERT_TRUE(same) << kind.name;
    EXPECT_EQ(codec::toHex(*same), codec::toHex(kind.frame)) << kind.name;
  }
}

TEST(Frames, OfAnotherTypeAreRefused) {
  for (const Kind& kind : kinds())
    for (const Kind& other : kinds())
      if (kind.frame[0] != other.frame[0]) {
        EXPECT_FALSE(kind.again(other.frame)) << other.name << " as " << kind.name;
      }
}

TEST(Frames, CutAnywhereAreRefused) {
  for (const Kind& kind : kinds())
    for (std::size_t i = 0; i < kind.frame.size(); i++)
      ASSERT_FALSE(kind.again(ByteView(kind.frame).first(i))) << kind.name << " after " << i << " bytes";
}

TEST(Frames, WithBytesAfterTheirEndAreRefused) {
  for (const Kind& kind : kinds()) {
    Bytes longer = kind.frame;
    longer.push_back(0);
    EXPECT_FALSE(kind.again(longer)) << kind.name;
  }
}

TEST(Frames, WithAFlippedBitAreRefusedOrSaySomethingElse) {
  for (const Kind& kind : kinds()) {
    int refused = 0, accepted = 0;
    for (std::size_t bit = 0; bit < 8 * kind.frame.size(); bit++) {
      Bytes bad = kind.frame;
      bad[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
      std::optional<Bytes> same = kind.again(bad);
      if (!same) {
        refused++;
        continue;
      }
      accepted++;
      EXPECT_NE(*same, kind.frame) << kind.name << " bit " << bit;
    }
    EXPECT_GE(refused, 8) << kind.name;
    EXPECT_GT(accepted, 0) << kind.name;
  }
}

TEST(Frames, OfNoKnownTypeHaveNone) {
  EXPECT_FALSE(typeOf({}));
  EXPECT_FALSE(typeOf(Bytes{0}));
  EXPECT_FALSE(typeOf(Bytes{15}));
  EXPECT_FALSE(typeOf(Bytes{255}));
  EXPECT_EQ(typeOf(Bytes{11}), FrameType::bye);
}

// ------------------------------------------------------------------------------------------------------------ contents

TEST(Hello, SaysWhoAndWhat) {
  std::optional<Hello> read = decodeHello(encode(hello()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, kProtocolVersion);
  EXPECT_EQ(read->identity.replica, id(1));
  EXPECT_EQ(read->identity.incarnation, 0x1122334455667788u);
  EXPECT_EQ(read->identity.role, Role::server);
  EXPECT_EQ(read->identity.name, "hub-1");
  EXPECT_EQ(read->wallMs, 1'763'800'000'123);
  EXPECT_TRUE(read->sends);
  EXPECT_FALSE(read->receives);
}

TEST(Hello, OfANewerProtocolTellsItsVersionWhateverComesAfter) {
  std::optional<Hello> read = decodeHello(Bytes{1, 9, 0xFF, 0xFF});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->version, 9u);
}

TEST(Hello, WithANameThatIsNoneIsRefused) {
  for (std::string name : {std::string(), std::string("a/b"), std::string("a b"), std::string(129, 'a'),
                           std::string("ä"), std::string(1, '\0')}) {
    Hello bad = hello();
    bad.identity.name = name;
    EXPECT_FALSE(decodeHello(encode(bad))) << name;
  }
  Hello longest = hello();
  longest.identity.name = std::string(128, 'a');
  EXPECT_TRUE(decodeHello(encode(longest)));
}

TEST(Frames, WithACollectionThatIsNoNameAreRefused) {
  for (std::string name : {std::string(), std::string("a/b"), std::string(129, 'a')}) {
    BatchWriter writer;
    writer.add({name, id(1), 5, true, true, kStamps, kFields});
    EXPECT_FALSE(decodeBatch(writer.finishBatch(5, true, 5))) << name;
    EXPECT_FALSE(decodeRows(writer.finishRows(true, {}))) << name;
    EXPECT_FALSE(decodeNeed(encode(Need{{{name, id(1)}}}))) << name;
    EXPECT_FALSE(decodeDigest(encode(DigestFrame{1, 1, {{name, 1, {}}}}))) << name;
    EXPECT_FALSE(decodeInventory(encode(Inventory{name, id(1), id(1), false, {}}))) << name;
    Buckets all = buckets();
    all.collection = name;
    EXPECT_FALSE(decodeBuckets(encode(all))) << name;
  }
}

TEST(Frames, WithMoreThingsThanBytesAreRefused) {
  Bytes lie = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01};
  auto with = [&](Bytes head) {
    base::append(head, lie);
    head.resize(head.size() + 200);
    return head;
  };
  EXPECT_FALSE(decodeBatch(with({4, 0, 5, 1})));
  EXPECT_FALSE(decodeNeed(with({6})));
  EXPECT_FALSE(decodeRows(with({7, 1})));
  EXPECT_FALSE(decodeRows(with({7, 1, 0})));
  EXPECT_FALSE(decodeDigest(with({8, 1, 1})));
  Bytes ofInventory = encode(Inventory{"a", id(1), id(2), true, {}});
  ofInventory.pop_back();
  EXPECT_FALSE(decodeInventory(with(ofInventory)));
  Bytes ofBuckets = {9, 1, 'a'};
  ofBuckets.resize(ofBuckets.size() + 16);
  EXPECT_FALSE(decodeBuckets(with(ofBuckets)));
  EXPECT_FALSE(decodeBye(with({11, 1})));
}

TEST(Frames, WithASetThatIsNotAscendingAreRefused) {
  EXPECT_FALSE(decodeNeed(encode(Need{{{"notes", id(2)}, {"notes", id(1)}}})));
  EXPECT_FALSE(decodeNeed(encode(Need{{{"notes", id(1)}, {"notes", id(1)}}})));
  EXPECT_FALSE(decodeNeed(encode(Need{{{"people", id(1)}, {"notes", id(2)}}})));
  EXPECT_FALSE(decodeDigest(encode(DigestFrame{1, 1, {{"b", 1, {}}, {"a", 1, {}}}})));
  EXPECT_FALSE(decodeDigest(encode(DigestFrame{1, 1, {{"a", 1, {}}, {"a", 1, {}}}})));
}

TEST(Frames, WithMoreThingsThanAnybodySendsAreRefused) {
  auto need = [](std::size_t keys) {
    Need question;
    for (std::size_t i = 0; i < keys; i++) {
      UUID each = id(1);
      each.bytes[1] = static_cast<std::uint8_t>(i >> 8);
      each.bytes[2] = static_cast<std::uint8_t>(i);
      question.keys.push_back({"a", each});
    }
    return decodeNeed(encode(question)).has_value();
  };
  EXPECT_TRUE(need(base::kNeedKeysMax));
  EXPECT_FALSE(need(base::kNeedKeysMax + 1));
  auto batch = [](std::size_t changes) {
    BatchWriter writer;
    for (std::size_t i = 1; i <= changes; i++) writer.add({"a", id(1), i, true, true, kStamps, kFields});
    return decodeBatch(writer.finishBatch(changes, true, changes)).has_value();
  };
  EXPECT_TRUE(batch(base::kTransactionRecordsMax));
  EXPECT_FALSE(batch(base::kTransactionRecordsMax + 1));
  Bytes bye = encode(Bye{ErrorCode::Offline, std::string(base::kByeTextBytesMax + 1, 'x')});
  ASSERT_TRUE(decodeBye(bye));
  EXPECT_EQ(decodeBye(bye)->text.size(), base::kByeTextBytesMax) << "what is too long is cut where it is said";
  std::string wide = "x";  // one of its characters crosses the limit
  while (wide.size() <= base::kByeTextBytesMax) wide += "\u00fc";
  std::optional<Bye> cut = decodeBye(encode(Bye{ErrorCode::Offline, wide}));
  EXPECT_TRUE(cut && cut->text.size() == base::kByeTextBytesMax - 1);
  // A text that a filter of the application may throw.
  std::optional<Bye> lines = decodeBye(encode(Bye{ErrorCode::FilterFailed, "first\nsecond \u202e"}));
  EXPECT_TRUE(lines && lines->code == ErrorCode::FilterFailed && lines->text.starts_with("first second"));
  bye = {11, 1, 0x81, 0x20};
  bye.resize(bye.size() + base::kByeTextBytesMax + 1, 'x');
  EXPECT_FALSE(decodeBye(bye));
}

TEST(Frames, WithAPositionBeyondWhatAFileCanHoldAreRefused) {
  EXPECT_TRUE(decodeAck(encode(Ack{kPositionMax, kPositionMax})));
  EXPECT_FALSE(decodeAck(encode(Ack{kPositionMax + 1, 0})));
  EXPECT_FALSE(decodeAck(encode(Ack{0, kPositionMax + 1})));
  EXPECT_FALSE(decodePong(encode(Pong{1, kPositionMax + 1})));
  EXPECT_FALSE(decodeSubscribe(encode(Subscribe{{7, kPositionMax + 1, 0, kPositionMax + 1}, true})));
  EXPECT_FALSE(decodeSubscribe(encode(Subscribe{{7, 5, 0, kPositionMax + 1}, true})));
  for (auto change : {+[](Welcome& w) { w.from = kPositionMax + 1; }, +[](Welcome& w) { w.feedEnd = kPositionMax + 1; },
                      +[](Welcome& w) { w.ahead = kPositionMax + 1; }}) {
    Welcome welcome;
    EXPECT_TRUE(decodeWelcome(encode(welcome)));
    change(welcome);
    EXPECT_FALSE(decodeWelcome(encode(welcome)));
  }
  EXPECT_FALSE(decodeDigest(encode(DigestFrame{kPositionMax + 1, 0, {}})));
  EXPECT_FALSE(decodeBatch(BatchWriter(kPositionMax + 1).finishBatch(kPositionMax + 1, true, kPositionMax + 1)));
  EXPECT_FALSE(decodeBatch(BatchWriter().finishBatch(5, true, kPositionMax + 1)));
}

TEST(Frames, WithANumberLongerThanItNeedBeAreRefused) {
  EXPECT_TRUE(decodePing(Bytes{12, 5}));
  EXPECT_FALSE(decodePing(Bytes{12, 0x85, 0}));
  EXPECT_FALSE(decodePing(Bytes{12, 0x80, 0}));
  EXPECT_TRUE(decodePing(Bytes{12, 0x80, 1}));
}

// ------------------------------------------------------------------------------------------------------------- batches

TEST(Batch, SaysWhatWasPutIn) {
  Bytes frame = batch();
  std::optional<Batch> read = decodeBatch(frame);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->from, 10u);
  EXPECT_EQ(read->to, 400u);
  EXPECT_TRUE(read->atEnd);
  EXPECT_EQ(read->reach, 500u);
  std::vector<Change> wanted = changes();
  ASSERT_EQ(read->changes.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); i++) {
    const Change &got = read->changes[i], &want = wanted[i];
    EXPECT_EQ(got.collection, want.collection);
    EXPECT_EQ(got.id, want.id);
    EXPECT_EQ(got.position, want.position);
    EXPECT_EQ(got.complete, want.complete);
    EXPECT_EQ(got.endsTransaction, want.endsTransaction);
    EXPECT_TRUE(base::equal(got.stamps, want.stamps));
    EXPECT_TRUE(base::equal(got.fields, want.fields));
  }
}

TEST(Batch, CountsPositionsIfTheyAreSealed) {
  Bytes frame = sealedBatch();
  std::optional<Batch> read = decodeBatch(frame);
  ASSERT_TRUE(read && read->place);
  EXPECT_EQ(read->place->at(63), 7u);
  EXPECT_FALSE(read->atEnd);
  for (std::size_t i = 0; i < read->changes.size(); i++) EXPECT_EQ(read->changes[i].position, 11 + i);
  EXPECT_EQ(encodeAgain(*read), frame);
}

TEST(Batch, NamesACollectionOnceForARunOfChanges) {
  BatchWriter writer;
  writer.add({"a-rather-long-name", id(1), 1, true, true, kStamps, kFields});
  std::size_t first = writer.bytes();
  writer.add({"a-rather-long-name", id(2), 2, true, true, kStamps, kFields});
  EXPECT_EQ(writer.bytes() - first, 1 + 16 + 1 + 4 + 3u);
}

TEST(Batch, WhoseFirstChangeNamesNoCollectionIsRefused) {
  BatchWriter writer;
  writer.add({"a", id(1), 1, true, true, kStamps, kFields});
  Bytes frame = writer.finishBatch(1, true, 1);
  ASSERT_TRUE(decodeBatch(frame));
  frame[5] |= 4;                                      // the same collection as the one before
  frame.erase(frame.begin() + 6, frame.begin() + 8);  // and no name
  EXPECT_FALSE(decodeBatch(frame));
}

TEST(Batch, WithChangesOutsideOfItIsRefused) {
  auto of = [](std::uint64_t from, std::uint64_t to, std::uint64_t position) {
    BatchWriter writer(from);
    writer.add({"a", id(1), position, true, true, kStamps, kFields});
    return decodeBatch(writer.finishBatch(to, true, to)).has_value();
  };
  EXPECT_TRUE(of(10, 20, 11));
  EXPECT_TRUE(of(10, 20, 20));
  EXPECT_FALSE(of(10, 20, 10));
  EXPECT_FALSE(of(10, 20, 21));
  EXPECT_FALSE(of(20, 10, 15));
}

TEST(Batch, WhosePositionsDoNotAscendIsRefused) {
  auto of = [](std::uint64_t first, std::uint64_t second) {
    BatchWriter writer;
    writer.add({"a", id(1), first, true, true, kStamps, kFields});
    writer.add({"a", id(2), second, true, true, kStamps, kFields});
    return decodeBatch(writer.finishBatch(20, true, 20)).has_value();
  };
  EXPECT_TRUE(of(1, 2));
  EXPECT_FALSE(of(2, 2));
  EXPECT_FALSE(of(2, 1)) << "the difference wraps around";
}

TEST(Rows, HaveNoPositionsAndTakeNothingBack) {
  Change change{"a", id(1), 0, true, true, kStamps, kFields};
  auto decodes = [&] {
    BatchWriter writer;
    writer.add(change);
    return decodeRows(writer.finishRows(false, {})).has_value();
  };
  EXPECT_TRUE(decodes());
  change.position = 1;
  EXPECT_FALSE(decodes());
  change.position = 0;
  change.left = true;
  change.stamps = change.fields = {};
  EXPECT_FALSE(decodes());
}

TEST(BatchWriter, GoesBackToACheckpoint) {
  std::vector<Change> all = changes();
  BatchWriter writer(10);
  writer.add(all[0]);
  BatchWriter::Checkpoint after = writer.checkpoint();
  writer.add(all[2]);
  writer.endTransaction();
  writer.rewind(after);
  EXPECT_EQ(writer.changes(), 1u);
  writer.add(all[1]);
  base::Bytes frame = writer.finishBatch(400, false, 400);
  std::optional<Batch> read = decodeBatch(frame);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->changes.size(), 2u);
  EXPECT_EQ(read->changes[1].collection, "notes");
  EXPECT_EQ(read->changes[1].id, id(2));
  EXPECT_FALSE(read->changes[0].endsTransaction);
}

TEST(BatchWriter, EndsATransactionWithTheLastChange) {
  BatchWriter writer;
  writer.endTransaction();  // without a change
  writer.add({"a", id(1), 1, true, false, kStamps, kFields});
  writer.add({"a", id(2), 2, true, false, kStamps, kFields});
  writer.endTransaction();
  Bytes frame = writer.finishBatch(2, true, 2);
  std::optional<Batch> read = decodeBatch(frame);
  EXPECT_FALSE(read->changes[0].endsTransaction);
  EXPECT_TRUE(read->changes[1].endsTransaction);
}

TEST(Rows, SayWhatIsThereAndWhatIsGone) {
  Bytes frame = rows();
  std::optional<Rows> read = decodeRows(frame);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->answer);
  ASSERT_EQ(read->gone.size(), 1u);
  EXPECT_EQ(read->gone[0], (RecordKey{"people", id(9)}));
  EXPECT_EQ(read->changes.size(), 4u);
}

UUID numbered(std::size_t number) {
  UUID id;
  id.bytes[14] = static_cast<std::uint8_t>(number >> 8);
  id.bytes[15] = static_cast<std::uint8_t>(number);
  return id;
}

TEST(Buckets, AreRangesThatFollowEachOther) {
  auto decodes = [](UUID from, std::vector<UUID> ends) {
    Buckets buckets{"a", from, {}};
    for (const UUID& end : ends) buckets.sums.emplace_back(end, Digest{});
    return decodeBuckets(encode(buckets)).has_value();
  };
  EXPECT_TRUE(decodes(id(1), {id(1), id(2)}));
  EXPECT_FALSE(decodes(id(1), {}));
  EXPECT_FALSE(decodes(id(2), {id(1)}));
  EXPECT_FALSE(decodes(id(1), {id(2), id(2)}));
  EXPECT_FALSE(decodes(id(1), {id(3), id(2)}));
  std::vector<UUID> most;
  for (std::size_t i = 0; i < kBucketsMax; i++) most.push_back(numbered(i));
  EXPECT_TRUE(decodes({}, most));
  most.push_back(numbered(kBucketsMax));
  EXPECT_FALSE(decodes({}, most));
}

TEST(Inventory, HasWhatItSaysWhereItSaysIt) {
  auto decodes = [](bool differs, UUID from, UUID to, std::vector<UUID> ids) {
    Inventory inventory{"a", from, to, differs, {}};
    for (const UUID& each : ids) inventory.records.emplace_back(each, Hash128{});
    return decodeInventory(encode(inventory)).has_value();
  };
  EXPECT_TRUE(decodes(true, id(1), id(3), {}));
  EXPECT_TRUE(decodes(true, id(1), id(3), {id(1), id(2), id(3)}));
  EXPECT_FALSE(decodes(true, id(3), id(1), {}));
  EXPECT_FALSE(decodes(true, id(2), id(3), {id(1)}));
  EXPECT_FALSE(decodes(true, id(1), id(2), {id(3)}));
  EXPECT_FALSE(decodes(true, id(1), id(3), {id(2), id(2)}));
  EXPECT_TRUE(decodes(false, id(1), id(1), {}));
  EXPECT_FALSE(decodes(false, id(1), id(1), {id(1)})) << "nothing differs, and yet here it is";
  EXPECT_FALSE(decodes(false, id(1), id(2), {}));
  std::vector<UUID> most;
  for (std::size_t i = 0; i < kInventoryRecordsMax; i++) most.push_back(numbered(i));
  EXPECT_TRUE(decodes(true, {}, id(1), most));
  most.push_back(numbered(kInventoryRecordsMax));
  EXPECT_FALSE(decodes(true, {}, id(1), most));
}

}  // namespace
}  // namespace blazedb::sync
