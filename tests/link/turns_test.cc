#include "link/turns.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace blazedb::link {
namespace {

class TurnsTest : public testing::Test {
 protected:
  Turns::Place& place() {
    int number = static_cast<int>(places.size());
    return places.emplace_back([this, number] { came.push_back(number); });
  }

  int busy = 0;
  std::vector<int> came;
  Turns turns{[this](int change) { busy += change; }};
  std::deque<Turns::Place> places;
};

TEST_F(TurnsTest, AreGivenInTheOrderOfTheLine) {
  for (int i = 0; i < Turns::kAtOnce; i++) EXPECT_TRUE(turns.take(place()));
  for (int i = 0; i < 3; i++) EXPECT_FALSE(turns.take(place()));
  EXPECT_FALSE(turns.take(places[2])) << "once in line, however often it asks";
  EXPECT_EQ(busy, Turns::kAtOnce);
  for (int i = 0; i < 3; i++) turns.leave(places[static_cast<std::size_t>(i)]);
  EXPECT_EQ(came, (std::vector<int>{2, 3, 4}));
  EXPECT_TRUE(turns.take(places[3]));
  for (Turns::Place& each : places) turns.leave(each);
  EXPECT_EQ(busy, 0);
  EXPECT_EQ(came.size(), 3u);
}

TEST_F(TurnsTest, APlaceThatLeavesTheLineGetsNone) {
  for (int i = 0; i < Turns::kAtOnce; i++) turns.take(place());
  for (int i = 0; i < 3; i++) turns.take(place());
  for (std::size_t middle : {3u, 4u}) turns.leave(places[middle]);
  turns.leave(places[0]);
  turns.leave(places[1]);
  EXPECT_EQ(came, std::vector<int>{2});
  EXPECT_TRUE(turns.take(place()));
  EXPECT_FALSE(turns.take(place())) << "the other turn belongs to a place that has not looked yet";
}

}  // namespace
}  // namespace blazedb::link
