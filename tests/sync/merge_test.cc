#include "sync/merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "sync/states.h"

namespace blazedb::sync {
namespace {

std::deque<base::Bytes> bytes;  // of what is written

constexpr std::uint64_t kServer = 100, kAnn = 1, kBob = 2;
constexpr std::uint64_t kHere = 77;  // the position that a change takes

const auto nobody = [](std::uint64_t) { return false; };
const auto ann = [](std::uint64_t writer) { return writer == kAnn; };

Stamp server(std::uint64_t time) { return {time, time, kServer}; }
Stamp client(std::uint64_t time, std::uint64_t writer, std::uint64_t seen = 0) { return {seen, time, writer}; }

RecordState record(const Stamp& base, std::vector<Cell> cells) {
  RecordState state;
  state.base = {base, {}, 1};
  state.cells = std::move(cells);
  return state;
}
RecordState record() {
  return record(client(10, kAnn), {cellOf("a", 0, client(10, kAnn)), cellOf("b", 0, client(10, kAnn))});
}

RecordState merged(RecordState mine, const RecordState& theirs) {
  merge(mine, theirs, kHere, nobody);
  return mine;
}

std::uint64_t valueOf(RecordState state, std::string_view name) {
  const Cell* cell = state.find(name);
  return cell && !cell->removed() ? cell->value[0] : 99;
}

// In both directions, because the rule must not depend on which side merges.
void expectWinner(const RecordState& one, const RecordState& other, std::string_view name, std::uint64_t value) {
  EXPECT_EQ(valueOf(merged(one, other), name), value);
  EXPECT_EQ(valueOf(merged(other, one), name), value);
}

RecordState with(RecordState state, std::string_view name, std::uint64_t value, const Stamp& stamp) {
  writeCell(state, name, sync::valueOf(value), stamp, 2);
  return state;
}

// ---------------------------------------------------------------------------------------------------------- who wins

TEST(Merge, ServerWriteBeatsUnseenClientWrite) {
  RecordState hub = with(record(), "a", 1, server(20));
  RecordState late = with(record(), "a", 2, client(5000, kBob));
  expectWinner(hub, late, "a", 1);
}

// Fields, inserts and deletes of one moment, by writers that had seen the same: every replica that gets them ends with
// the same record, whatever the order and however often.
TEST(Merge, EqualTimeAndAuthorityWithDifferentWritersAgreeInEveryOrderOfArrival) {
  for (std::uint64_t authority : {0, 20, 30}) {
    std::vector<RecordState> states;
    for (std::uint64_t writer = 1; writer <= 3; writer++) {
      states.push_back(with(record(), "a", writer, {authority, 30, writer}));
      states.push_back(record({authority, 30, writer}, {cellOf("b", writer + 3, {authority, 30, writer})}));
    }
    states.push_back(record());
    writeRemove(states.back(), {authority, 30, 2}, 2);
    std::vector<std::size_t> order(states.size());
    for (std::size_t i = 0; i < order.size(); i++) order[i] = i;
    std::optional<RecordState> first;
    do {
      RecordState all;
      for (std::size_t i : order) merge(all, states[i], kHere, nobody);
      merge(all, states[order[0]], kHere, nobody);
      if (!first) first = all;
      ASSERT_TRUE(same(all, *first)) << authority;
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_TRUE(first->alive());
    EXPECT_EQ(first->base.stamp.writer, 3u);
  }
}

// A peer that writes in the name of another can make two values with one stamp.
TEST(Merge, OfTwoValuesUnderOneStampTheSameOneWinsEverywhere) {
  RecordState one = with(record(), "a", 1, client(30, kAnn)), other = with(record(), "a", 2, client(30, kAnn));
  expectWinner(one, other, "a", 2);
  RecordState removed = record();
  writeCell(removed, "a", codec::kRemoved, client(30, kAnn), 2);
  EXPECT_TRUE(same(merged(one, removed), merged(removed, one)));
  MergeOutcome again = merge(other, one, kHere, nobody);
  EXPECT_FALSE(again.changed);
}

TEST(Merge, ClientThatHasSeenTheServerBuildsOnIt) {
  RecordState hub = with(record(), "a", 1, server(20));
  RecordState seen = with(hub, "a", 2, client(30, kBob, 20));
  expectWinner(hub, seen, "a", 2);
  RecordState late = with(record(), "a", 3, client(5000, kAnn));
  expectWinner(seen, late, "a", 2);
}

TEST(Merge, LaterServerWriteBeatsWhatAClientBuiltOnTheEarlierOne) {
  RecordState hub = with(record(), "a", 1, server(20));
  RecordState seen = with(hub, "a", 2, client(5000, kBob, 20));
  RecordState again = with(hub, "a", 3, server(40));
  expectWinner(seen, again, "a", 3);
}

TEST(Merge, LaterClientWins) {
  RecordState early = with(record(), "a", 1, client(20, kBob));
  RecordState late = with(record(), "a", 2, client(21, kAnn));
  expectWinner(early, late, "a", 2);
}

TEST(Merge, LaterServerWins) {
  RecordState early = with(record(), "a", 1, server(20));
  RecordState late = with(record(), "a", 2, {21, 21, kServer + 1});
  expectWinner(early, late, "a", 2);
}

TEST(Merge, AtTheSameTimeTheWriterDecides) {
  RecordState one = with(record(), "a", 1, client(20, kAnn));
  RecordState other = with(record(), "a", 2, client(20, kBob));
  expectWinner(one, other, "a", 2);
}

TEST(Merge, DifferentFieldsNeverConflict) {
  RecordState one = with(record(), "a", 1, server(20));
  RecordState other = with(record(), "b", 2, client(5000, kBob));
  for (const RecordState& both : {merged(one, other), merged(other, one)}) {
    EXPECT_EQ(valueOf(both, "a"), 1u);
    EXPECT_EQ(valueOf(both, "b"), 2u);
  }
}

TEST(Merge, RemovedFieldIsAWriteLikeAnyOther) {
  RecordState removed = record();
  writeCell(removed, "a", codec::kRemoved, client(30, kAnn), 2);
  RecordState earlier = with(record(), "a", 1, client(20, kBob));
  RecordState later = with(record(), "a", 2, client(40, kBob));
  expectWinner(removed, earlier, "a", 99);
  EXPECT_TRUE(merged(earlier, removed).find("a")->removed()) << "it stays as removed, to beat what is still on its way";
  expectWinner(removed, later, "a", 2);
}

// ------------------------------------------------------------------------------------------------- inserts and deletes

TEST(Merge, DeleteBeatsAnEarlierUpdate) {
  RecordState deleted = record();
  writeRemove(deleted, client(30, kAnn), 2);
  RecordState updated = with(record(), "a", 1, client(20, kBob));
  EXPECT_FALSE(merged(deleted, updated).alive());
  EXPECT_FALSE(merged(updated, deleted).alive());
}

TEST(Merge, UpdateThatRacedADeleteRevivesTheWholeRecord) {
  RecordState deleted = record();
  writeRemove(deleted, client(20, kAnn), 2);
  RecordState update;  // travels as the changed field alone
  update.base = record().base;
  update.cells = {cellOf("a", 1, client(30, kBob))};

  RecordState mine = deleted;
  MergeOutcome outcome = merge(mine, update, kHere, nobody);
  EXPECT_TRUE(outcome.changed);
  EXPECT_TRUE(outcome.revived);
  EXPECT_TRUE(mine.alive());
  EXPECT_EQ(valueOf(mine, "a"), 1u);
  EXPECT_EQ(valueOf(mine, "b"), 0u) << "the field that the update did not touch is back too";
  EXPECT_EQ(mine.base.position, kHere);
  EXPECT_EQ(mine.tomb.position, kHere);
  for (const Cell& cell : mine.cells) EXPECT_EQ(cell.position, kHere) << cell.name << " goes to peers that dropped it";
}

TEST(Merge, ServerDeleteBeatsAnUpdateThatHadNotSeenIt) {
  RecordState deleted = record();
  writeRemove(deleted, server(20), 2);
  RecordState update = with(record(), "a", 1, client(5000, kBob));
  EXPECT_FALSE(merged(deleted, update).alive());
  EXPECT_FALSE(merged(update, deleted).alive());
}

TEST(Merge, InsertOverADeleteStartsANewLife) {
  RecordState again = record();
  writeRemove(again, client(20, kAnn), 2);
  writeInsert(again, client(30, kAnn), 3, bytes);
  writeCell(again, "c", sync::valueOf(5), client(30, kAnn), 3);
  EXPECT_EQ(again.tomb.stamp.time, 20u) << "the delete stays, so that an older life stays dead elsewhere";

  RecordState old = with(record(), "b", 7, client(25, kBob));
  for (const RecordState& both : {merged(again, old), merged(old, again)}) {
    EXPECT_TRUE(both.alive());
    EXPECT_EQ(valueOf(both, "a"), 99u) << "the delete had seen it, and the insert the delete: it is dropped for good";
    EXPECT_EQ(valueOf(both, "b"), 7u) << "the delete had not seen it";
    EXPECT_EQ(valueOf(both, "c"), 5u);
  }
}

TEST(Merge, TwoInsertsOfOneAbsentRecordKeepEachOthersFields) {
  RecordState one = record(client(10, kAnn), {cellOf("a", 1, client(10, kAnn)), cellOf("b", 1, client(10, kAnn))});
  RecordState other = record(client(12, kBob), {cellOf("a", 2, client(12, kBob)), cellOf("c", 2, client(12, kBob))});
  for (const RecordState& both : {merged(one, other), merged(other, one)}) {
    EXPECT_EQ(valueOf(both, "a"), 2u);
    EXPECT_EQ(valueOf(both, "b"), 1u);
    EXPECT_EQ(valueOf(both, "c"), 2u);
  }
}

TEST(Merge, TwoInsertsOverOneDeleteKeepEachOthersFields) {
  RecordState deleted = record();
  writeRemove(deleted, client(20, kAnn), 2);
  RecordState one = deleted, other = deleted;
  writeInsert(one, client(30, kAnn), 3, bytes);
  one = with(one, "c", 1, client(30, kAnn));
  writeInsert(other, client(40, kBob), 3, bytes);
  other = with(other, "d", 2, client(40, kBob));
  for (const RecordState& both : {merged(one, other), merged(other, one)}) {
    EXPECT_EQ(both.cells.size(), 2u);
    EXPECT_EQ(valueOf(both, "c"), 1u);
    EXPECT_EQ(valueOf(both, "d"), 2u);
  }
}

TEST(Merge, FieldUpToTheFloorIsNoChange) {
  RecordState mine = record();
  writeRemove(mine, client(20, kAnn), 2);
  writeInsert(mine, client(30, kAnn), 3, bytes);
  RecordState before = mine;
  MergeOutcome outcome = merge(mine, record(client(10, kBob), {cellOf("b", 2, client(19, kBob))}), kHere, nobody);
  EXPECT_FALSE(outcome.changed);
  EXPECT_TRUE(samePositions(mine, before));
}

TEST(Merge, IntoNothingTakesAll) {
  RecordState mine;
  MergeOutcome outcome = merge(mine, record(), kHere, nobody);
  EXPECT_TRUE(outcome.changed);
  EXPECT_FALSE(outcome.revived) << "a record that was never held does not come back";
  EXPECT_TRUE(same(mine, record()));
  EXPECT_EQ(mine.base.position, kHere);
}

// ----------------------------------------------------------------------------------------------------------- positions

TEST(Merge, OnlyWhatChangedTakesTheNewPosition) {
  RecordState mine = record();
  MergeOutcome outcome = merge(mine, with(record(), "b", 4, client(20, kBob)), kHere, nobody);
  EXPECT_TRUE(outcome.changed);
  EXPECT_EQ(mine.base.position, 1u);
  EXPECT_EQ(mine.find("a")->position, 1u);
  EXPECT_EQ(mine.find("b")->position, kHere);
}

TEST(Merge, AgainChangesNothing) {
  RecordState mine = record();
  RecordState theirs = with(record(), "b", 4, client(20, kBob));
  merge(mine, theirs, 5, nobody);
  RecordState before = mine;
  MergeOutcome outcome = merge(mine, theirs, kHere, nobody);
  EXPECT_FALSE(outcome.changed);
  EXPECT_TRUE(outcome.overridden.empty());
  EXPECT_TRUE(samePositions(mine, before));
}

// ----------------------------------------------------------------------------------------------------------- algebra

TEST(Merge, IsAJoinOfASemilattice) {
  for (std::uint64_t seed = 1; seed <= 20'000; seed++) {
    RandomStates states(seed);
    const RecordState a = states.state(), b = states.state(), c = states.state();
    ASSERT_TRUE(same(merged(a, b), merged(b, a))) << "not commutative, seed " << seed;
    ASSERT_TRUE(same(merged(merged(a, b), c), merged(a, merged(b, c)))) << "not associative, seed " << seed;
    ASSERT_TRUE(same(merged(a, a), a)) << "not idempotent, seed " << seed;
    ASSERT_TRUE(same(merged(merged(a, b), b), merged(a, b))) << "not absorbing, seed " << seed;
  }
}

TEST(Merge, SaysWhatItDid) {
  int changed = 0, revived = 0;
  for (std::uint64_t seed = 1; seed <= 20'000; seed++) {
    RandomStates states(seed);
    const RecordState before = states.state(), theirs = states.state();
    RecordState after = before, held = before;
    MergeOutcome outcome = merge(after, theirs, kHere, nobody);
    ASSERT_EQ(outcome.changed, !same(before, after)) << "seed " << seed;
    bool isHeld = before.base.stamp.present() || before.tomb.stamp.present();
    ASSERT_EQ(outcome.revived, isHeld && !before.alive() && after.alive()) << "seed " << seed;
    ASSERT_TRUE(outcome.overridden.empty()) << "seed " << seed;
    for (const Cell& cell : after.cells) {
      const Cell* old = held.find(cell.name);
      bool isNew = !old || old->stamp != cell.stamp || outcome.revived;
      for (const Cell& each : before.cells)
        if (each.name == cell.name) {
          ASSERT_EQ(cell.position, isNew ? kHere : each.position) << "seed " << seed;
        }
      ASSERT_GT(cell.stamp, after.floor.stamp) << "seed " << seed;
    }
    changed += outcome.changed;
    revived += outcome.revived;
  }
  EXPECT_GT(changed, 1000);
  EXPECT_GT(revived, 100);
}

TEST(Merge, TheRuleIsTheHighestStampOfEachPart) {
  for (std::uint64_t seed = 1; seed <= 20'000; seed++) {
    RandomStates states(seed);
    RecordState a = states.state(), b = states.state(), both = merged(a, b);
    ASSERT_EQ(both.base.stamp, std::max(a.base.stamp, b.base.stamp)) << "seed " << seed;
    ASSERT_EQ(both.tomb.stamp, std::max(a.tomb.stamp, b.tomb.stamp)) << "seed " << seed;
    ASSERT_EQ(both.floor.stamp, std::max(a.floor.stamp, b.floor.stamp)) << "seed " << seed;
    for (std::string_view name : kNames) {
      Stamp highest =
          std::max(a.find(name) ? a.find(name)->stamp : Stamp{}, b.find(name) ? b.find(name)->stamp : Stamp{});
      bool dropped = !highest.present() || highest <= both.floor.stamp;
      const Cell* cell = both.find(name);
      ASSERT_EQ(cell == nullptr, dropped) << "seed " << seed;
      if (cell) {
        ASSERT_EQ(cell->stamp, highest) << "seed " << seed;
      }
    }
  }
}

// ------------------------------------------------------------------------------------------------ the conflict journal

struct Lost {
  std::string name;
  std::uint64_t lost = 0;
  std::optional<std::uint64_t> won;
  std::uint64_t wonTime = 0;
  friend bool operator==(const Lost&, const Lost&) = default;
};

std::vector<Lost> lostOf(RecordState mine, const RecordState& theirs) {
  std::vector<Lost> all;
  for (const Overridden& each : merge(mine, theirs, kHere, ann).overridden) {
    Lost lost{std::string(each.name), each.lost[0], {}, each.wonStamp.time};
    if (!each.won.empty()) lost.won = each.won[0];
    all.push_back(lost);
  }
  return all;
}

TEST(Overridden, IsAnOwnValueThatAnotherOneReplaced) {
  RecordState theirs = with(record(), "a", 5, client(20, kBob));
  EXPECT_EQ(lostOf(record(), theirs), (std::vector<Lost>{{"a", 0, 5, 20}}));
}

TEST(Overridden, IsNotWhatSomebodyElseHadWritten) {
  RecordState mine = with(record(), "a", 3, client(20, kBob));
  EXPECT_TRUE(lostOf(mine, with(record(), "a", 5, client(30, kBob))).empty());
}

TEST(Overridden, IsNotWhatWon) {
  RecordState mine = with(record(), "a", 3, client(40, kAnn));
  EXPECT_TRUE(lostOf(mine, with(record(), "a", 5, client(30, kBob))).empty());
}

TEST(Overridden, IsNotARemovedField) {
  RecordState mine = record();
  writeCell(mine, "a", codec::kRemoved, client(20, kAnn), 2);
  EXPECT_TRUE(lostOf(mine, with(record(), "a", 5, client(30, kBob))).empty());
}

TEST(Overridden, IsEveryOwnFieldThatADeleteTook) {
  RecordState mine = with(record(), "b", 3, client(15, kBob));
  RecordState deleted = mine;
  writeRemove(deleted, client(30, kBob), 2);
  EXPECT_EQ(lostOf(mine, deleted), (std::vector<Lost>{{"a", 0, {}, 30}}));
}

TEST(Overridden, IsEveryOwnFieldOfAnEarlierLife) {
  RecordState theirs = record();
  writeRemove(theirs, client(40, kBob), 2);
  writeInsert(theirs, client(50, kBob), 3, bytes);
  theirs = with(theirs, "b", 9, client(50, kBob));
  EXPECT_EQ(lostOf(record(), theirs), (std::vector<Lost>{{"b", 0, 9, 50}, {"a", 0, {}, 40}}));
}

TEST(Overridden, IsNoFieldThatAnotherInsertLeavesStanding) {
  RecordState theirs = record(client(50, kBob), {cellOf("b", 9, client(50, kBob))});
  EXPECT_EQ(lostOf(record(), theirs), (std::vector<Lost>{{"b", 0, 9, 50}}));
}

TEST(Overridden, ListsAFieldOnceWhenItIsReplacedAndTheRecordDeleted) {
  RecordState theirs = with(record(), "a", 5, client(20, kBob));
  writeRemove(theirs, client(30, kBob), 2);
  EXPECT_EQ(lostOf(record(), theirs), (std::vector<Lost>{{"a", 0, 5, 20}, {"b", 0, {}, 30}}));
}

TEST(Overridden, IsNothingOfARecordThatWasDeadAlready) {
  RecordState mine = record();
  writeRemove(mine, client(20, kAnn), 2);
  EXPECT_TRUE(lostOf(mine, with(record(), "a", 5, client(30, kBob))).empty());
}

// ------------------------------------------------------------------------------------------------------- local writes

TEST(LocalWrite, RemembersTheLastValueOfAnotherWriter) {
  RecordState state = with(record(), "a", 1, client(20, kBob));
  EXPECT_EQ(state.find("a")->over, client(10, kAnn));
  writeCell(state, "a", sync::valueOf(2), client(30, kBob), 3);
  EXPECT_EQ(state.find("a")->over, client(10, kAnn)) << "overwriting oneself keeps it";
  writeCell(state, "a", sync::valueOf(3), client(40, kAnn), 4);
  EXPECT_EQ(state.find("a")->over, client(30, kBob));
}

TEST(LocalWrite, ANewFieldGoesToItsPlaceAndHasReplacedNothing) {
  RecordState state = record();
  writeCell(state, "aa", sync::valueOf(1), client(20, kBob), 3);
  ASSERT_EQ(state.cells.size(), 3u);
  EXPECT_EQ(state.cells[1].name, "aa");
  EXPECT_FALSE(state.cells[1].over.present());
  EXPECT_EQ(state.cells[1].position, 3u);
}

TEST(LocalWrite, DeleteRemembersTheLatestValueOfAnyOtherWriterAndKeepsTheFields) {
  RecordState state = with(record(), "b", 1, client(20, kBob));
  writeRemove(state, client(30, kAnn), 3);
  EXPECT_EQ(state.tomb.over, client(20, kBob));
  EXPECT_EQ(state.tomb.position, 3u);
  EXPECT_EQ(state.cells.size(), 2u);
  EXPECT_FALSE(state.alive());
}

TEST(LocalWrite, InsertOverADeleteRemembersItAndHasNoFieldsYet) {
  RecordState state = record();
  writeRemove(state, client(30, kAnn), 3);
  state.whole = false;
  writeInsert(state, client(40, kBob), 4, bytes);
  EXPECT_EQ(state.base.over, client(30, kAnn));
  EXPECT_EQ(state.base.position, 4u);
  EXPECT_EQ(state.tomb.position, 4u) << "the delete travels with it";
  EXPECT_EQ(state.floor.stamp, state.tomb.stamp);
  EXPECT_EQ(state.floor.position, 4u);
  EXPECT_TRUE(state.cells.empty());
  EXPECT_TRUE(state.whole);
  EXPECT_TRUE(state.alive());
}

}  // namespace
}  // namespace blazedb::sync
