// Memory runs out: at the first allocation of a call, at the second, and so on to the last. Either only that allocation
// fails, or all until the call has ended. The call throws OutOfMemory and changes nothing; the database keeps working.
#include <filesystem>
#include <functional>
#include <optional>

#include "blazedb/blazedb.h"
#include "db/open_database.h"
#include "support/errors.h"
#include "support/failing_memory.h"

namespace blazedb {
namespace {

// A text too long to be stored without an allocation.
std::string longText(int n) { return "a text of forty characters and one number " + std::to_string(n); }

class MemoryTest : public FolderTest, public testing::WithParamInterface<std::int64_t> {
 protected:
  // Calls until there is enough memory. After each failed call `unchanged` must be the same as before. `sparse`: not
  // all later allocations fail.
  static void failEach(const std::function<void()>& call, const std::function<std::uint64_t()>& unchanged,
                       bool sparse = false) {
    for (std::int64_t n = 0; !HasFailure(); n += sparse ? 1 + n / 8 : 1) {
      std::uint64_t before = unchanged();
      test::FailingMemory failing(test::FailingMemory::Of::thisThread, n, GetParam());
      bool isOut = false;
      try {
        call();
      } catch (const Error& error) {
        failing.end();
        isOut = true;
        EXPECT_EQ(error.code(), ErrorCode::OutOfMemory) << "allocation " << n << ": " << error.what();
      }
      if (!failing.end()) {
        EXPECT_GT(n, 0);
        return;
      }
      std::uint64_t after = isOut ? unchanged() : before;
      EXPECT_EQ(after, before) << "allocation " << n;
    }
  }

  std::uint64_t files() const {
    auto all = std::filesystem::directory_iterator(folder_);
    return static_cast<std::uint64_t>(std::distance(begin(all), end(all)));
  }
};

TEST_P(MemoryTest, AWriteWithoutMemoryChangesNothingAndTheNextOneIsKept) {
  Database a = open("a");
  // Made beforehand: allocations of the caller are not tested.
  Record first = {{"text", longText(1)}, {"more", longText(2)}}, second = {{"text", longText(3)}};
  std::vector<Record> several = {first, second, first};
  std::string name = "a-collection-with-a-long-name";
  Predicate all = [](const Record&) { return true; };
  std::function<void(Transaction&)> both = [&](Transaction& open) {
    open.insert(first);
    open.collection(name).insert(second);
  };
  auto records = [&] { return a.count() + a.collection(name).count(); };
  auto changes = [&] { return a.info().feedEnd; };
  failEach([&] { a.insert(first); }, records);
  failEach([&] { a.insertMany(several); }, records);
  failEach([&] { a.transaction(both); }, records);
  UUID id = a.insert(first);
  failEach([&] { a.update(id, second); }, changes);
  failEach([&] { a.updateFields(id, first); }, changes);
  failEach([&] { a.upsert(id, second); }, changes);
  failEach([&] { a.updateMany(all, first); }, changes);
  EXPECT_EQ(a.fetch(id)->string("more"), longText(2));
  failEach([&] { a.remove(id); }, records);
  failEach([&] { a.removeMany(all); }, records);
  EXPECT_EQ(a.count(), 0u);
  EXPECT_GT(a.collection(name).count(), 0u);
  EXPECT_TRUE(a.verify().problems.empty());
}

TEST_P(MemoryTest, AReadWithoutMemorySaysSo) {
  Database a = open("a"), b = open("b");
  UUID id = a.insert({{"text", longText(1)}, {"more", longText(2)}});
  b.insert({{"text", longText(3)}});
  std::string secret = a.createToken({.name = longText(4)}).secret, name = "a-collection-with-a-long-name";
  auto records = [&] { return a.count(); };
  std::function<void()> reads[] = {
      [&] { (void)a.fetch(id); },          [&] { (void)a.fetchAll(); }, [&] { (void)a.collection(name); },
      [&] { (void)a.collections(); },      [&] { (void)a.info(); },     [&] { (void)a.tokens(); },
      [&] { (void)a.checkToken(secret); }, [&] { (void)a.verify(); },   [&] { (void)diff(a, b); },
  };
  for (const auto& read : reads) failEach(read, records);
  EXPECT_EQ(a.fetch(id)->string("text"), longText(1));
}

TEST_P(MemoryTest, ATokenThatHasNoMemoryIsNotMade) {
  Database a = open("a");
  TokenOptions options{.name = longText(1)};
  options.collections = {"a-collection-with-a-long-name"};
  failEach([&] { a.createToken(options); }, [&] { return a.tokens().size(); });
  EXPECT_FALSE(a.tokens().empty());
}

TEST_P(MemoryTest, OpeningWithoutMemoryLeavesTheFileAsItWas) {
  open("a").insert({{"text", longText(1)}});
  std::string name = "a", file = path("a"), password = kPassword;
  DatabaseOptions options = cheap();
  std::optional<Database> held;
  auto closed = [&] {
    held.reset();
    return std::uint64_t{1};
  };
  failEach([&] { held = Database::open(name, file, password, options); }, closed, true);
  held.reset();
  Database a = open("a");
  a.insert({{"text", longText(2)}});
  EXPECT_EQ(a.count(), 2u);
  EXPECT_TRUE(a.verify().problems.empty());
}

TEST_P(MemoryTest, WhatIsCreatedWithoutMemoryIsNotThereOrWhole) {
  std::string name = "a", file = path("a"), password = kPassword;
  DatabaseOptions options = cheap();
  std::optional<Database> made;
  auto nothing = [&] {
    made.reset();
    bool whole = !std::filesystem::exists(file) || open("a").verify().problems.empty();
    EXPECT_TRUE(whole);
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) std::filesystem::remove(entry);
    return std::uint64_t{0};
  };
  failEach([&] { made = Database::open(name, file, password, options); }, nothing, true);
  ASSERT_TRUE(made);
  made->insert({{"text", longText(1)}});
  EXPECT_TRUE(made->verify().problems.empty());
}

TEST_P(MemoryTest, ABackupWithoutMemoryLeavesNothing) {
  Database a = open("a");
  a.insert({{"text", longText(1)}});
  std::string copy = path("copy");
  auto others = [&] {
    std::filesystem::remove(copy);
    return files();
  };
  failEach([&] { a.backup(copy); }, others, true);
  EXPECT_EQ(open("copy").count(), 1u);
}

INSTANTIATE_TEST_SUITE_P(, MemoryTest, testing::Values(1, test::FailingMemory::kAll),
                         [](const auto& each) { return each.param == 1 ? "Once" : "UntilTheCallEnds"; });

}  // namespace
}  // namespace blazedb
