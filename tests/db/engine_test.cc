// What an engine does when its disk fails in the middle of a transaction.
#include "db/engine.h"

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/replica.h"

namespace blazedb::db {
namespace {

using test::Replica;
using test::SimFileSystem;
using test::uuidOf;

// SQLite takes a transaction back by itself when a page of it cannot be read. What comes then must not be written
// outside of any transaction.
TEST(EngineTest, ATransactionWhoseOperationMetAFailingDiskIsLostAlsoWhenThatIsCaught) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  for (std::uint64_t i = 1; i <= 2000; i++) a.insert(uuidOf(i), {{"text", std::string(1000, 'x')}});
  a.reopen();
  a.insert(uuidOf(3000), {{"n", 1}});
  std::uint64_t before = a->feedEnd();
  EXPECT_ERROR(IoError, a->write([&](Changes& changes) {
    changes.operation([&] { return changes.insert("default", uuidOf(3001), {{"n", 2}}); });
    a.files.failAt(SimFileSystem::Operation::read, 1, storage::IoStatus::failed, true);
    EXPECT_ERROR(IoError, changes.operation([&] { return changes.fetch("default", uuidOf(1000)); }));
    a.files.clearFaults();
    EXPECT_ERROR(IoError, changes.operation([&] { return changes.insert("default", uuidOf(3002), {{"n", 3}}); }));
    EXPECT_ERROR(IoError, changes.forEach("default", [](const Record&) { return true; }));
  }));
  for (std::uint64_t i = 3001; i <= 3002; i++) EXPECT_FALSE(a.fetch(uuidOf(i))) << i;
  EXPECT_EQ(a->feedEnd(), before);
  EXPECT_EQ(a.count(), 2001u);
  a.insert(uuidOf(3003), {{"n", 4}});
  EXPECT_TRUE(a->verify({}).problems.empty());
}

}  // namespace
}  // namespace blazedb::db
