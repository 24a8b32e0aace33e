#include "storage/database_file.h"

#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

class DatabaseFileTest : public StorageTest {};

TEST_F(DatabaseFileTest, WhatWasWrittenIsThereAfterReopening) {
  auto file = create();
  insert(file->writer(), 100);
  std::string expected = dumpOf(file->writer());
  file.reset();
  file = open();
  EXPECT_EQ(dumpOf(file->writer()), expected);
  EXPECT_TRUE(file->verifyPages().empty());
}

TEST_F(DatabaseFileTest, EveryPageSizeAndBothCiphersWork) {
  for (std::uint32_t pageBytes = 1024; pageBytes <= 65536; pageBytes *= 2) {
    for (crypto::Cipher cipher : {crypto::Cipher::xaes256Gcm, crypto::Cipher::xchacha20Poly1305}) {
      std::string path = "/data/" + std::to_string(pageBytes) + std::string(crypto::cipherName(cipher));
      auto file = DatabaseFile::create(files, random, path, someKey(), {pageBytes, cipher, {}}, makeTables);
      insert(file->writer(), 200, 700);
      file.reset();
      file = DatabaseFile::open(files, random, path, someKey());
      EXPECT_EQ(file->pageSize(), pageBytes);
      EXPECT_EQ(file->cipherName(), crypto::cipherName(cipher));
      EXPECT_EQ(file->filePath(), path);
      EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), 200);
      EXPECT_TRUE(file->verifyPages().empty());
    }
  }
  for (std::uint32_t pageBytes : {0u, 512u, 1000u, 131072u})
    EXPECT_ERROR(create({pageBytes, std::nullopt, {}}), InvalidArgument) << pageBytes;
}

TEST_F(DatabaseFileTest, CreatingTakesNoNameThatIsTaken) {
  create();
  EXPECT_ERROR(create(), AlreadyExists);
  EXPECT_EQ(files.list(), std::vector<std::string>{kPath});
}

TEST_F(DatabaseFileTest, AFailedInitialisationLeavesNothing) {
  struct Refused {};
  EXPECT_THROW(DatabaseFile::create(files, random, kPath, someKey(), {}, [](Connection&) { throw Refused(); }),
               Refused);
  EXPECT_ERROR(DatabaseFile::create(files, random, kPath, someKey(), {}, [](Connection& c) { c.execute("SELEKT"); }),
               Misuse);
  EXPECT_TRUE(files.list().empty());
}

// A WAL of a database that had this name before.
TEST_F(DatabaseFileTest, CreatingThrowsAStrangersWalAway) {
  auto file = create();
  insert(file->writer(), 10);
  files.powerOff();
  file.reset();
  files.restart();
  ASSERT_EQ(files.remove(kPath), IoStatus::ok);
  ASSERT_TRUE(files.exists(kWalPath));
  EXPECT_EQ(numberOf(create()->writer(), "SELECT count(*) FROM notes"), 0);
}

TEST_F(DatabaseFileTest, OneOwnerAtATime) {
  auto file = create();
  EXPECT_ERROR(open(), DatabaseInUse);
  file.reset();
  open();
}

TEST_F(DatabaseFileTest, DurableCommitsSyncAndOthersDoNot) {
  auto file = create();
  insert(file->writer(), 1);
  std::uint64_t syncs = files.count(Operation::sync);
  for (int i = 0; i < 10; i++) insert(file->writer(), 1);
  EXPECT_EQ(files.count(Operation::sync), syncs + 10);
  file->setDurable(false);
  for (int i = 0; i < 10; i++) insert(file->writer(), 1);
  EXPECT_EQ(files.count(Operation::sync), syncs + 10);
  file->setDurable(true);
  insert(file->writer(), 1);
  EXPECT_EQ(files.count(Operation::sync), syncs + 11);
  file->writer().execute("BEGIN");
  file->setDurable(true);
  EXPECT_ERROR(file->setDurable(false), Misuse);
  EXPECT_ERROR(file->checkpoint(), Misuse);
}

TEST_F(DatabaseFileTest, AReaderHoldsTheCheckpointBackAndThenLetsGo) {
  auto file = create();
  insert(file->writer(), 10);
  auto reader = file->openReader();
  reader->execute("BEGIN");
  numberOf(*reader, "SELECT count(*) FROM notes");
  insert(file->writer(), 10);
  file->checkpoint();
  EXPECT_GT(file->walBytes(), 0u);
  reader->execute("COMMIT");
  file->checkpoint();
  EXPECT_EQ(file->walBytes(), 0u);
}

TEST_F(DatabaseFileTest, AfterAFailedSyncNothingIsWrittenUntilItIsOpenedAgain) {
  auto file = create();
  insert(file->writer(), 10);
  std::string before = dumpOf(file->writer());
  files.failAt(Operation::sync, 1);
  EXPECT_ERROR(insert(file->writer(), 1), NeedsReopen);
  if (file->writer().inTransaction()) file->writer().execute("ROLLBACK");
  EXPECT_EQ(dumpOf(file->writer()), before) << "reading goes on";
  std::uint64_t writes = files.count(Operation::write);
  EXPECT_ERROR(insert(file->writer(), 1), NeedsReopen);
  EXPECT_ERROR(file->checkpoint(), NeedsReopen);
  EXPECT_ERROR(file->changePassword(someKey(), otherKey()), NeedsReopen);
  file.reset();
  EXPECT_EQ(files.count(Operation::write), writes);
  EXPECT_TRUE(files.exists(kWalPath));
  file = open();
  insert(file->writer(), 1);
  EXPECT_TRUE(file->verifyPages().empty());
}

TEST_F(DatabaseFileTest, VerifyNamesEveryDamagedPageAlsoThoseThatNoQueryReads) {
  auto file = create();
  insert(file->writer(), 300);
  file->writer().execute("DELETE FROM notes WHERE id % 50 <> 0");  // leaves free pages
  file.reset();
  base::Bytes image = files.contents(kPath);
  std::size_t pages = (image.size() - kHeaderBytes) / 1024;
  for (std::size_t page = 2; page <= pages; page++) {
    base::Bytes damaged = image;
    damaged[kHeaderBytes + (page - 1) * 1024 + 77] ^= 4;
    files.setContents(kPath, damaged);
    std::vector<std::string> problems;
    std::optional<ErrorCode> error = errorOf([&] { problems = open()->verifyPages(); });
    if (error) {
      EXPECT_EQ(error, ErrorCode::DamagedPage);
    } else {
      EXPECT_EQ(problems, std::vector<std::string>{"page " + std::to_string(page) + " fails authentication"});
    }
  }
}

TEST_F(DatabaseFileTest, VerifyReportsProgressAndCanBeStopped) {
  auto file = create();
  insert(file->writer(), 3000);
  std::uint64_t last = 0, total = 0;
  file->verifyPages([&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GE(done, last);
    last = done;
    total = all;
    return true;
  });
  EXPECT_EQ(last, total);
  EXPECT_GT(total, 300u);
  EXPECT_ERROR(file->verifyPages([](std::uint64_t, std::uint64_t) { return false; }), Cancelled);
}

using DatabaseFileDeathTest = DatabaseFileTest;

TEST_F(DatabaseFileDeathTest, AStatementThatOutlivesItsConnectionIsAMistakeThatIsNotHidden) {
  EXPECT_DEATH(
      {
        auto file = create();
        Statement statement = file->writer().prepare("SELECT 1");
        file.reset();
      },
      "destroyed before its statements");
}

}  // namespace
}  // namespace blazedb::storage
