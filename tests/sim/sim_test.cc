// Runs seeds (seeds.h): 1 to 2,000.
#include <gtest/gtest.h>

#include "sim/seeds.h"
#include "sim/world.h"

namespace blazedb::sim {
namespace {

class Seeds : public testing::TestWithParam<int> {};

constexpr int kShares = 4;  // so that ctest can run them side by side

TEST_P(Seeds, ConvergeLoseNothingAndComeToRest) {
  std::uint64_t first = setting("BLAZEDB_SIM_FIRST", 1), count = setting("BLAZEDB_SIM_COUNT", 2'000);
  std::uint64_t runs = 0, writes = 0, steps = 0;
  int failed = 0, failedMax = static_cast<int>(setting("BLAZEDB_SIM_FAILED_MAX", 10));
  for (std::uint64_t seed = first + static_cast<std::uint64_t>(GetParam()); seed < first + count; seed += kShares) {
    Report report = World(seed, nullptr).run();
    runs++;
    writes += report.writes;
    steps += report.steps;
    for (const std::string& failure : report.failures) ADD_FAILURE() << "seed " << seed << ": " << failure;
    if (!report.failures.empty() && ++failed >= failedMax) break;
  }
  RecordProperty("seeds", static_cast<int>(runs));
  std::cout << runs << " seeds, " << writes << " writes, " << steps << " events, " << failed << " seeds failed\n";
}

INSTANTIATE_TEST_SUITE_P(All, Seeds, testing::Range(0, kShares));

TEST(Simulation, TheSameSeedGivesTheSameTrace) {
  for (std::uint64_t seed = 1; seed <= 20; seed++)
    EXPECT_EQ(World(seed, nullptr).run().hash, World(seed, nullptr).run().hash) << "seed " << seed;
}

}  // namespace
}  // namespace blazedb::sim
