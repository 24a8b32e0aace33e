#include "support/failing_memory.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace blazedb::test {
namespace {

std::atomic<bool> isOn = false;
std::atomic<std::int64_t> seen = 0;  // allocations since it was turned on
std::atomic<bool> hasFailed = false;
std::int64_t firstFailing = 0, countFailing = 0;
FailingMemory::Of ofWhom{};
thread_local bool isMaker = false;

bool failsNow() {
  if (!isOn || isMaker != (ofWhom == FailingMemory::Of::thisThread)) return false;
  std::int64_t number = seen.fetch_add(1);
  bool fails = number >= firstFailing && number - firstFailing < countFailing;
  if (fails) hasFailed = true;
  return fails;
}

}  // namespace

FailingMemory::FailingMemory(Of whose, std::int64_t first, std::int64_t count) {
  isMaker = true;
  ofWhom = whose;
  firstFailing = first;
  countFailing = count;
  seen = 0;
  hasFailed = false;
  isOn = true;
}

bool FailingMemory::end() {
  isOn = false;
  isMaker = false;
  return hasFailed;
}

}  // namespace blazedb::test

// Not inlined: otherwise gcc believes that new and delete do not match.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* made = blazedb::test::failsNow() ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}
// Never fails: its callers can do without the memory. Replaced so that all memory comes from malloc.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
// Asio takes its memory from here (asio 1.22.1, detail/memory.hpp).
extern "C" [[gnu::noinline]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  void* made = nullptr;
  if (blazedb::test::failsNow()) return nullptr;
  return posix_memalign(&made, std::max(alignment, sizeof(void*)), size) == 0 ? made : nullptr;
}
[[gnu::noinline]] void operator delete(void* made) noexcept { std::free(made); }
[[gnu::noinline]] void operator delete(void* made, std::size_t) noexcept { std::free(made); }
