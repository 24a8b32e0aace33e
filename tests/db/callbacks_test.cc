// Functions of the application that a call runs. An exception that one throws comes out of the call, which leaves
// nothing half done and no lock held.
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "db/open_database.h"

namespace blazedb {
namespace {

class CallbacksTest : public FolderTest {
 protected:
  struct Mine {};

  CallbacksTest() { db.insertMany(std::vector<Record>(5000, Record{{"text", std::string(500, 'x')}})); }

  // The database is as it was, and another thread may write to it.
  void expectUnharmed(std::uint64_t feedEnd) {
    EXPECT_EQ(db.info().feedEnd, feedEnd);
    EXPECT_EQ(db.count(), 5000u);
    UUID id;
    std::thread([&] { id = db.insert({{"n", 1}}); }).join();
    EXPECT_TRUE(db.purge(id));
    EXPECT_TRUE(db.verify().problems.empty());
  }

  Database db = open("db");
};

TEST_F(CallbacksTest, WhatATransactionThrowsComesOut) {
  std::uint64_t before = db.info().feedEnd;
  EXPECT_THROW(db.transaction([](Transaction& t) {
    t.insert({{"n", 1}});
    t.collection("new").insert({{"n", 1}});
    throw Mine();
  }),
               Mine);
  EXPECT_EQ(db.collections().size(), 1u);
  expectUnharmed(before);
}

TEST_F(CallbacksTest, WhatAPredicateThrowsComesOut) {
  std::uint64_t before = db.info().feedEnd;
  int asked = 0;
  auto late = [&](const Record&) -> bool { return ++asked % 3000 ? true : throw Mine(); };
  EXPECT_THROW(db.updateMany(late, {{"n", 1}}), Mine);
  EXPECT_THROW(db.removeMany(late), Mine);
  EXPECT_THROW(db.forEach(late), Mine);
  EXPECT_EQ(asked, 9000);
  expectUnharmed(before);
}

TEST_F(CallbacksTest, WhatTheProgressOfABackupThrowsComesOutAndNoFileStays) {
  std::uint64_t before = db.info().feedEnd;
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder_)) files++;
  EXPECT_THROW(db.backup(path("copy"), [](std::uint64_t, std::uint64_t) -> bool { throw Mine(); }), Mine);
  EXPECT_ERROR(Cancelled, db.backup(path("copy"), [](std::uint64_t, std::uint64_t) { return false; }));
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder_)) files--;
  EXPECT_EQ(files, 0u);
  expectUnharmed(before);
  db.backup(path("copy"));
  EXPECT_EQ(open("copy").count(), 5000u);
}

TEST_F(CallbacksTest, WhatTheProgressOfAVerificationThrowsComesOut) {
  std::uint64_t before = db.info().feedEnd;
  EXPECT_THROW(db.verify([](std::uint64_t, std::uint64_t) -> bool { throw Mine(); }), Mine);
  EXPECT_ERROR(Cancelled, db.verify([](std::uint64_t, std::uint64_t) { return false; }));
  expectUnharmed(before);
}

TEST_F(CallbacksTest, ProgressMayUseTheDatabase) {
  auto use = [&](std::uint64_t, std::uint64_t) { return db.purge(db.insert({{"n", 1}})) && db.count() == 5000; };
  db.backup(path("copy"), use);
  EXPECT_TRUE(db.verify(use).problems.empty());
}

}  // namespace
}  // namespace blazedb
