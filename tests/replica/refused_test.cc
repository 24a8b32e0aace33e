// Which refused changes go back together.
#include "replica/refused.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace blazedb::replica {
namespace {

using Ends = std::set<std::uint64_t>;

// The sets of changes, by the indices of the changes.
std::set<std::set<std::int64_t>> setsOf(const std::vector<Ends>& changes) {
  std::vector<Refused> all;
  for (const Ends& ends : changes) {
    Refused& each = all.emplace_back();
    each.id = static_cast<std::int64_t>(all.size() - 1);
    each.transactions = ends;
  }
  std::set<std::set<std::int64_t>> sets;
  for (const std::vector<Refused>& group : byTransaction(std::move(all))) {
    std::set<std::int64_t> ids;
    for (const Refused& each : group) ids.insert(each.id);
    sets.insert(ids);
  }
  return sets;
}

TEST(Refused, ThoseThatATransactionMadeGoTogether) {
  EXPECT_TRUE(setsOf({}).empty());
  EXPECT_EQ(setsOf({{1}, {2}, {1}}), (std::set<std::set<std::int64_t>>{{0, 2}, {1}}));
}

TEST(Refused, ARecordOfTwoTransactionsJoinsThem) {
  EXPECT_EQ(setsOf({{1}, {2}, {3}, {1, 2}, {4}}), (std::set<std::set<std::int64_t>>{{0, 1, 3}, {2}, {4}}));
  EXPECT_EQ(setsOf({{1, 2}, {3, 4, 5}, {6}, {2, 4}, {5, 6}, {7}}),
            (std::set<std::set<std::int64_t>>{{0, 1, 2, 3, 4}, {5}}));
}

// Files of earlier versions do not say which.
TEST(Refused, ThoseOfUnknownTransactionsGoTogether) {
  EXPECT_EQ(setsOf({{}, {1}, {}}), (std::set<std::set<std::int64_t>>{{0, 2}, {1}}));
}

}  // namespace
}  // namespace blazedb::replica
