// Memory that runs out when a test says so: a program that uses this has an operator new of its own.
#pragma once

#include <cstdint>

namespace blazedb::test {

// One at a time. Until it goes, `count` allocations fail, after `first` that do not: those of the thread that made it,
// or those of all others.
class FailingMemory {
 public:
  enum class Of : std::uint8_t { thisThread, otherThreads };
  static constexpr std::int64_t kAll = std::int64_t{1} << 40;

  FailingMemory(Of whose, std::int64_t first, std::int64_t count = 1);
  ~FailingMemory() { end(); }
  FailingMemory(const FailingMemory&) = delete;

  // Whether one has failed.
  bool end();
};

}  // namespace blazedb::test
