// The seeds to run: from BLAZEDB_SIM_FIRST and BLAZEDB_SIM_COUNT, or the test's default.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace blazedb::sim {

inline std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// Runs seed after seed until one fails. `AWorld(seed)` has chaos(), rest() and judge().
template <typename AWorld>
void runSeeds(std::uint64_t count) {
  std::uint64_t first = setting("BLAZEDB_SIM_FIRST", 1);
  std::uint64_t end = first + setting("BLAZEDB_SIM_COUNT", count);
  for (std::uint64_t seed = first; seed < end && !testing::Test::HasFailure(); seed++) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    AWorld world(seed);
    world.chaos();
    world.rest();
    world.judge();
  }
}

}  // namespace blazedb::sim
