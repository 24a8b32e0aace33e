// Which removed fields of a living record are forgotten.
#include "replica/forgettable.h"

#include <gtest/gtest.h>

#include "sync/merge.h"
#include "sync/states.h"

namespace blazedb::replica {
namespace {

using sync::Cell;
using sync::RecordState;
using sync::Stamp;

constexpr std::uint64_t kWriter = 1;

Stamp client(std::uint64_t time, std::uint64_t seen = 0) { return {seen, time, kWriter}; }

// Inserted at 10, at position 1.
RecordState record(std::vector<Cell> cells) {
  RecordState state;
  state.base = {client(10), {}, 1};
  state.cells = std::move(cells);
  return state;
}

std::string namesAfter(RecordState state, const Forgettable& what) {
  forgetRemovedFields(state, what);
  std::string names;
  for (const Cell& cell : state.cells) names += cell.name;
  return names;
}

TEST(Forgettable, IsARemovalThatEveryoneHasPassedAndThatIsOld) {
  RecordState state = record({sync::cellOf("a", 1, client(10)), sync::removedCell("b", client(20), 2),
                              sync::removedCell("c", client(30), 3), sync::removedCell("d", client(40), 4)});
  EXPECT_EQ(namesAfter(state, {.passed = 9, .oldest = 30}), "ad");
  EXPECT_EQ(namesAfter(state, {.passed = 2, .oldest = 30}), "acd") << "a reader has not passed the other";
  EXPECT_EQ(namesAfter(state, {.passed = 9, .oldest = 19}), "abcd");
  EXPECT_EQ(namesAfter(state, {.passed = 0, .oldest = 99}), "abcd");

  Forgotten forgotten = forgetRemovedFields(state, {.passed = 9, .oldest = 30});
  EXPECT_EQ(forgotten.position, 3u);
  EXPECT_EQ(forgotten.time, 30u);
  forgotten = forgetRemovedFields(state, {.passed = 9, .oldest = 30});
  EXPECT_EQ(forgotten.position, 0u) << "there is nothing left";
}

TEST(Forgettable, IsAYoungRemovalOfWhichThereAreTooMany) {
  RecordState state = record({sync::removedCell("a", client(20), 2), sync::removedCell("b", client(40), 4),
                              sync::removedCell("c", client(30), 3), sync::cellOf("d", 1, client(10))});
  EXPECT_EQ(namesAfter(state, {.passed = 9, .kept = 3}), "abcd");
  EXPECT_EQ(namesAfter(state, {.passed = 9, .kept = 2}), "bcd") << "the oldest goes";
  EXPECT_EQ(namesAfter(state, {.passed = 9, .kept = 0}), "d");
  EXPECT_EQ(namesAfter(state, {.passed = 2, .kept = 0}), "bcd") << "readers have to hear of the others";
}

TEST(Forgettable, AreNotTheRemovalsOfTheLatestOperationHoweverMany) {
  RecordState state = record({sync::removedCell("a", client(20), 2), sync::removedCell("b", client(40), 4),
                              sync::removedCell("c", client(40), 4), sync::removedCell("d", client(40), 4)});
  EXPECT_EQ(namesAfter(state, {.passed = 9, .kept = 1}), "bcd");
  EXPECT_EQ(namesAfter(state, {.passed = 9, .kept = 3}), "bcd");
}

TEST(Forgettable, IsNotTheHighestAuthority) {
  RecordState state = record({sync::cellOf("a", 1, client(10)), sync::removedCell("b", {20, 20, 9}, 2),
                              sync::removedCell("c", {30, 30, 9}, 3)});
  EXPECT_EQ(namesAfter(state, {.passed = 9, .oldest = 99}), "ac") << "a client's next write has to be above it";
  sync::writeCell(state, "d", sync::valueOf(1), client(40, 30), 4);
  EXPECT_EQ(namesAfter(state, {.passed = 9, .oldest = 99}), "ad") << "that one carries it on";
}

TEST(Forgettable, IsNotWhatARecordLivesBy) {
  RecordState state = record(
      {sync::cellOf("a", 1, client(10)), sync::removedCell("b", client(20), 2), sync::removedCell("c", client(30), 3)});
  state.tomb = {client(25), {}, 3};
  ASSERT_TRUE(state.alive());
  EXPECT_EQ(namesAfter(state, {.passed = 9, .oldest = 99}), "ac");
  state.tomb.stamp = client(5);
  EXPECT_EQ(namesAfter(state, {.passed = 9, .oldest = 99}), "a") << "it lives by its insert";
}

TEST(Forgettable, IsNothingOfADeadRecordOrOfAPart) {
  RecordState state = record({sync::removedCell("b", client(20), 2)});
  state.whole = false;
  EXPECT_EQ(namesAfter(state, {.passed = 9, .oldest = 99}), "b");
  state.whole = true;
  state.tomb = {client(50), {}, 5};
  EXPECT_EQ(namesAfter(state, {.passed = 9, .oldest = 99}), "b");
}

// Whatever goes: what is visible, whether it is alive, and the authority stay.
TEST(Forgettable, ChangesNothingThatAnybodySees) {
  std::size_t gone = 0;
  for (std::uint64_t seed = 1; seed <= 20'000; seed++) {
    sync::RandomStates states(seed);
    RecordState before = states.state(), after = before;
    forgetRemovedFields(after, {states.below(60), states.below(15), states.below(3)});
    gone += before.cells.size() - after.cells.size();
    ASSERT_EQ(after.alive(), before.alive()) << seed;
    ASSERT_EQ(after.authority(), before.authority()) << seed;
    ASSERT_EQ(hashOf(UUID{}, after), hashOf(UUID{}, before)) << seed;
  }
  EXPECT_GT(gone, 1'000u);
}

}  // namespace
}  // namespace blazedb::replica
