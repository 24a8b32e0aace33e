// Memory runs out: at the first allocation of a write, at the second, and so on to the last. Either it is back at once,
// or none is left until the call has ended. What is asked of the database is that it goes on.
#include "blazedb/blazedb.h"
#include "db/open_database.h"
#include "support/errors.h"
#include "support/failing_memory.h"

namespace blazedb {
namespace {

// A text that is too long to be kept without an allocation.
std::string longText(int n) { return "a text of forty characters and one number " + std::to_string(n); }

class MemoryTest : public FolderTest, public testing::WithParamInterface<std::int64_t> {
 protected:
  // Calls until there is memory enough. After each call that fails `unchanged` is what it was before.
  static void failEach(const std::function<void()>& call, const std::function<std::uint64_t()>& unchanged) {
    for (std::int64_t n = 0; !HasFailure(); n++) {
      std::uint64_t before = unchanged();
      test::FailingMemory failing(test::FailingMemory::Of::thisThread, n, GetParam());
      try {
        call();
        failing.end();
        EXPECT_GT(n, 0);
        return;
      } catch (const std::bad_alloc&) {
        failing.end();
      } catch (const Error& error) {
        failing.end();
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

INSTANTIATE_TEST_SUITE_P(, MemoryTest, testing::Values(1, test::FailingMemory::kAll),
                         [](const auto& each) { return each.param == 1 ? "Once" : "UntilTheCallEnds"; });

}  // namespace
}  // namespace blazedb
