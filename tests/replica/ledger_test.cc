// The ledger, through which all rows change: row, place in the feed and totals change together.
#include "replica/ledger.h"

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/memory_rows.h"
#include "support/replica.h"

namespace blazedb::replica {
namespace {

using test::uuidOf;

class LedgerTest : public testing::Test {
 protected:
  // A live record, as insert makes it.
  Image fresh(Ledger& ledger, std::uint64_t id) {
    Image image;
    image.row.collection = ledger.collectionFor("people").number;
    image.row.id = uuidOf(id);
    image.row.position = ledger.nextPosition();
    sync::Stamp stamp{0, ++time_, 1};
    sync::encodeFreshStamps(stamp, stamps_[id]);
    image.row.stamps = stamps_[id];
    image.row.fields = kNoFields;
    image.row.flags = kAlive | kWhole | kUniform;
    image.hash = sync::hashOfFresh(image.row.id, stamp, kNoFields);
    return image;
  }

  // Each entry of the feed: its position, whether its row is current, whether a transaction ends there.
  std::string feed() {
    std::string out;
    rows_.feed(0, 0, [&](const FeedEntry& entry) {
      out += std::to_string(entry.position);
      out += entry.gone ? "-" : entry.row.position == entry.position ? "+" : "~";
      out += entry.mark != 0 ? "| " : " ";
      return true;
    });
    return out;
  }
  std::uint64_t live() { return rows_.collections().empty() ? 0 : rows_.collections()[0].live; }

  const base::Bytes kNoFields{0xa0};
  std::map<std::uint64_t, base::Bytes> stamps_;
  std::uint64_t time_ = 0;
  test::MemoryRows rows_;
  Mirror mirror_;
};

TEST_F(LedgerTest, WhatIsPutHasItsPlaceInTheFeedAndItsPartOfTheTotals) {
  Ledger ledger(rows_, mirror_);
  Image first = fresh(ledger, 1);
  std::int64_t handle = 0;
  ledger.put(ledger.collectionFor("people"), nullptr, first, nullptr, &handle);
  Image second = fresh(ledger, 2);
  EXPECT_EQ(second.row.position, 2u);
  ledger.put(ledger.collectionFor("people"), nullptr, second);
  EXPECT_TRUE(rows_.empty()) << "nothing is written before flush()";
  ledger.finish();
  EXPECT_EQ(feed(), "1+ 2+| ");
  EXPECT_EQ(live(), 2u);
  EXPECT_TRUE(rows_.findOne(first.row.key(), [&](const Row& row) { EXPECT_EQ(row.handle, handle); }));
  EXPECT_TRUE(ledger.adds());
}

TEST_F(LedgerTest, AChangedRowMovesOnAndACorrectedOneStays) {
  Ledger ledger(rows_, mirror_);
  Image image = fresh(ledger, 1);
  ASSERT_TRUE(ledger.add(ledger.collectionFor("people"), image));
  EXPECT_FALSE(ledger.add(ledger.collectionFor("people"), image));
  Held held;
  ASSERT_TRUE(ledger.load(image.row.key(), held));
  held.state.tomb = {{0, ++time_, 1}, {}, ledger.nextPosition()};
  EXPECT_TRUE(ledger.change(ledger.collectionFor("people"), held, 0, false));
  ASSERT_TRUE(ledger.load(image.row.key(), held));
  EXPECT_FALSE(held.alive());
  held.state.whole = false;
  ledger.correct(ledger.collectionFor("people"), held);
  ledger.finish();
  EXPECT_EQ(feed(), "1~ 2+| ");
  EXPECT_EQ(live(), 0u);
  EXPECT_EQ(rows_.collections()[0].digest, sync::Digest{});
  EXPECT_EQ(mirror_.stale, 1u);
  rows_.findOne(image.row.key(), [](const Row& row) { EXPECT_EQ(row.flags & (kAlive | kWhole), 0); });
}

TEST_F(LedgerTest, TransactionsEndAtTheirLastPosition) {
  Ledger ledger(rows_, mirror_);
  for (std::uint64_t id : {1, 2, 3}) {
    Image image = fresh(ledger, id);
    ledger.put(ledger.collectionFor("people"), nullptr, image);
    if (id == 2) ledger.endTransaction();
  }
  ledger.takeEmptyPosition();
  ledger.flush();
  EXPECT_EQ(feed(), "1+ 2+| 3+ ") << "whether the last one ends a transaction is not known";
  ledger.finish();
  EXPECT_EQ(feed(), "1+ 2+| 3+ 4-| ");
}

TEST_F(LedgerTest, WhatIsErasedIsGoneFromTheTotals) {
  Ledger ledger(rows_, mirror_);
  Image one = fresh(ledger, 1);
  ledger.put(ledger.collectionFor("people"), nullptr, one);
  Image two = fresh(ledger, 2);
  ASSERT_TRUE(ledger.add(ledger.collectionFor("people"), two));
  ledger.erase(two);
  ledger.finish();
  EXPECT_EQ(feed(), "1+ 2-| ");
  EXPECT_EQ(live(), 1u);
  sync::Digest digest;
  digest.add(*one.hash);
  EXPECT_EQ(rows_.collections()[0].digest, digest);
}

TEST_F(LedgerTest, WhatIsTakenBackLeavesNothingInMemory) {
  Ledger ledger(rows_, mirror_);
  Image one = fresh(ledger, 1);
  ASSERT_TRUE(ledger.add(ledger.collectionFor("people"), one));
  Ledger::Savepoint before = ledger.save("people");
  test::MemoryRows saved = rows_;
  Image two = fresh(ledger, 2);
  ledger.put(ledger.collectionFor("people"), nullptr, two);
  ledger.takeBack(before);
  rows_ = saved;
  EXPECT_EQ(ledger.nextPosition(), 2u);
  ledger.finish();
  EXPECT_EQ(feed(), "1+| ");
  EXPECT_EQ(live(), 1u);

  Ledger next(rows_, mirror_);
  before = next.save("pets");
  next.collectionFor("pets");
  next.takeBack(before);
  EXPECT_EQ(next.known("pets"), nullptr);
}

TEST_F(LedgerTest, CollectionsHaveAnEnd) {
  Ledger ledger(rows_, mirror_);
  for (std::size_t i = 0; i < kCollectionsMax; i++) ledger.collectionFor("c" + std::to_string(i));
  ledger.collectionFor("c7");
  EXPECT_ERROR(TooLarge, ledger.collectionFor("another"));
}

TEST_F(LedgerTest, ACollectionNeedsAName) {
  Ledger ledger(rows_, mirror_);
  EXPECT_ERROR(InvalidArgument, ledger.collectionFor("no name"));
  Row stray;
  stray.collection = 9;
  EXPECT_ERROR(DamagedPage, ledger.collectionOf(stray));
}

}  // namespace
}  // namespace blazedb::replica
