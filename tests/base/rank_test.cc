#include "blazedb/rank.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "support/errors.h"

namespace blazedb {
namespace {

void expectBetween(const std::string& before, const std::string& rank, const std::string& after) {
  EXPECT_LT(before, rank);
  if (!after.empty()) {
    EXPECT_LT(rank, after);
  }
  EXPECT_NE(rank.back(), '0');
}

TEST(Rank, StandsBetweenItsNeighbours) {
  std::mt19937_64 random(1);
  std::vector<std::string> list;
  for (int i = 0; i < 20'000; i++) {
    std::size_t at = random() % (list.size() + 1);
    std::string before = at == 0 ? "" : list[at - 1], after = at == list.size() ? "" : list[at];
    std::string rank = rankBetween(before, after);
    expectBetween(before, rank, after);
    list.insert(list.begin() + static_cast<std::ptrdiff_t>(at), rank);
  }
  EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
  EXPECT_LE(std::max_element(list.begin(), list.end(), [](auto& a, auto& b) { return a.size() < b.size(); })->size(),
            20u);
}

TEST(Rank, AtEitherEndOfAListKeepsItsLength) {
  std::string first = rankBetween("", ""), last = first;
  for (int i = 0; i < 100'000; i++) {
    std::string earlier = rankBetween("", first), later = rankBetween(last, "");
    expectBetween("", earlier, first);
    expectBetween(last, later, "");
    first = earlier, last = later;
  }
  EXPECT_LE(first.size(), 8u);
  EXPECT_LE(last.size(), 8u);
}

// Each move halves what is left, at the upper end, at the lower end, or at both in turn.
TEST(Rank, BetweenTheSameTwoNeverRunsOut) {
  for (int which = 0; which < 3; which++) {
    std::string before = rankBetween("", ""), after = rankBetween(before, "");
    for (int i = 0; i < 1'000; i++) {
      std::string rank = rankBetween(before, after);
      expectBetween(before, rank, after);
      (which == 0 || (which == 2 && i % 2 == 0) ? before : after) = rank;
    }
    EXPECT_LT(std::max(before.size(), after.size()), 400u);
  }
}

TEST(Rank, HasRoomBesideEveryRank) {
  const std::string z(30, 'z'), zeros(30, '0');
  const std::pair<std::string, std::string> narrow[] = {
      {"1" + z, "2"},  {"1", "1" + zeros + "1"}, {"1" + z, "1" + z + "1"},
      {z, ""},         {"", zeros + "1"},        {"a", "a1"},
      {"Zz", "a"},     {"1zzzzzzzz", "2"},       {"zzzzzzzz", ""},
      {"", "00000001"}};
  for (const auto& [before, after] : narrow) {
    for (int i = 0; i < 100; i++) expectBetween(before, rankBetween(before, after), after);
  }
}

TEST(Rank, OfTwoDevicesAtOnePlaceIsNotTheSame) {
  std::string before = rankBetween("", ""), after = rankBetween(before, "");
  for (const auto& [low, high] :
       {std::pair<std::string, std::string>{"", ""}, {before, ""}, {"", after}, {before, after}}) {
    std::set<std::string> ranks;
    for (int i = 0; i < 100; i++) ranks.insert(rankBetween(low, high));
    EXPECT_GE(ranks.size(), 99u) << low << " " << high;
  }
}

TEST(Rank, OfWhatIsNoRankIsRefused) {
  const std::pair<const char*, const char*> wrong[] = {{"b", "a"}, {"a", "a"}, {"a b", ""},
                                                       {"", "ä"},  {"a0", ""}, {"", "0"}};
  for (const auto& pair : wrong)
    EXPECT_ERROR(InvalidArgument, rankBetween(pair.first, pair.second)) << pair.first << " " << pair.second;
}

}  // namespace
}  // namespace blazedb
