// Memory runs out: at the first allocation of a write, at the second, and so on to the last. Either it is back at once,
// or none is left until the call has ended. What is asked of the database is that it goes on.
#include <cstdlib>
#include <new>

#include "blazedb/blazedb.h"
#include "db/open_database.h"
#include "support/errors.h"

namespace {

thread_local std::int64_t allocationsLeft = -1;  // of this thread, before one fails; negative: none does
thread_local bool goesOnFailing = false;

}  // namespace

// Not inlined: gcc would take the pairs for mismatched.
[[gnu::noinline]] void* operator new(std::size_t size) {
  bool fails = allocationsLeft == 0;
  if (allocationsLeft > 0 || (fails && !goesOnFailing)) allocationsLeft--;
  void* made = fails ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (made == nullptr) throw std::bad_alloc();
  return made;
}
[[gnu::noinline]] void operator delete(void* made) noexcept { std::free(made); }
[[gnu::noinline]] void operator delete(void* made, std::size_t) noexcept { std::free(made); }

namespace blazedb {
namespace {

// A text that is too long to be kept without an allocation.
std::string longText(int n) { return "a text of forty characters and one number " + std::to_string(n); }

class MemoryTest : public FolderTest, public testing::WithParamInterface<bool> {
 protected:
  // Calls until there is memory enough. After each call that fails `unchanged` is what it was before.
  static void failEach(const std::function<void()>& call, const std::function<std::uint64_t()>& unchanged) {
    for (std::int64_t n = 0; !HasFailure(); n++) {
      std::uint64_t before = unchanged();
      goesOnFailing = GetParam();
      allocationsLeft = n;
      try {
        call();
        allocationsLeft = -1;
        EXPECT_GT(n, 0);
        return;
      } catch (const std::bad_alloc&) {
        allocationsLeft = -1;
      } catch (const Error& error) {
        allocationsLeft = -1;
        EXPECT_EQ(error.code(), ErrorCode::OutOfMemory) << "allocation " << n << ": " << error.what();
      }
      EXPECT_EQ(unchanged(), before) << "allocation " << n;
    }
  }
};

TEST_P(MemoryTest, AWriteWithoutMemoryChangesNothingAndTheNextOneIsKept) {
  Database a = open("a");
  // Made beforehand: what the caller allocates is the caller's.
  Record first = {{"text", longText(1)}, {"more", longText(2)}}, second = {{"text", longText(3)}};
  std::function<void(Transaction&)> both = [&](Transaction& open) {
    open.insert(first);
    open.collection("other").insert(second);
  };
  auto records = [&] { return a.count() + a.collection("other").count(); };
  failEach([&] { a.insert(first); }, records);
  EXPECT_EQ(records(), 1u);
  failEach([&] { a.transaction(both); }, records);
  EXPECT_EQ(records(), 3u);
  EXPECT_TRUE(a.verify().problems.empty());
}

TEST_P(MemoryTest, ATokenThatHasNoMemoryIsNotMade) {
  Database a = open("a");
  TokenOptions options{.name = longText(1)};
  options.collections = {"a-collection-with-a-long-name"};
  failEach([&] { a.createToken(options); }, [&] { return a.tokens().size(); });
  EXPECT_EQ(a.tokens().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(, MemoryTest, testing::Bool(),
                         [](const auto& each) { return each.param ? "UntilTheCallEnds" : "Once"; });

}  // namespace
}  // namespace blazedb
