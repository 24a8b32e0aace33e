// The seeds to run: from BLAZEDB_SIM_FIRST and BLAZEDB_SIM_COUNT, or the test's default.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace blazedb::sim {

inline std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace blazedb::sim
