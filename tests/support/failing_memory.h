// FailingMemory: memory that runs out when a test says so. It replaces operator new and aligned_alloc in a
// program that uses it.
#pragma once

#include <cstdint>

namespace blazedb::test {

// Until it is destroyed, `count` allocations fail after `first` that succeed: those of the thread that made it, or
// those of all other threads. There may be only one at a time.
class FailingMemory {
 public:
  enum class Of : std::uint8_t { thisThread, otherThreads };
  static constexpr std::int64_t kAll = std::int64_t{1} << 40;

  FailingMemory(Of whose, std::int64_t first, std::int64_t count = 1);
  ~FailingMemory() { end(); }
  FailingMemory(const FailingMemory&) = delete;

  // Ends it. Returns whether an allocation has failed.
  bool end();
};

}  // namespace blazedb::test
