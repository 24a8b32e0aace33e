// A database opened for reading: whatever its state, not a byte is written, to the file or beside it.
#include "storage/key_header.h"
#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

class ReadOnlyTest : public StorageTest {
 protected:
  std::unique_ptr<DatabaseFile> openToRead() {
    OpenOptions options;
    options.readOnly = true;
    return DatabaseFile::open(files, random, kPath, someKey(), options);
  }
  std::string crash() {
    auto file = open();
    insert(file->writer(), 20);
    file->checkpoint();
    insert(file->writer(), 20);
    std::string dump = dumpOf(file->writer());
    files.powerOff();
    file.reset();
    files.restart();
    return dump;
  }
  std::uint64_t written() const {
    std::uint64_t count = 0;
    for (Operation operation : {Operation::create, Operation::remove, Operation::publish, Operation::rename,
                                Operation::write, Operation::truncate, Operation::sync, Operation::syncFolder})
      count += files.count(operation);
    return count;
  }
};

TEST_F(ReadOnlyTest, NothingIsWrittenAndEverythingIsThere) {
  create();
  std::string all = crash();
  for (bool closed : {false, true}) {
    if (closed) open();
    base::Bytes main = files.contents(kPath), wal = files.contents(kWalPath);
    std::vector<std::string> names = files.list();
    std::uint64_t before = written();
    {
      auto file = openToRead();
      EXPECT_EQ(dumpOf(file->writer()), all);
      EXPECT_EQ(dumpOf(*file->openReader()), all);
      EXPECT_TRUE(file->verifyPages().empty());
      EXPECT_ERROR(insert(file->writer(), 1), OpenedReadOnly);
      if (file->writer().inTransaction()) file->writer().execute("ROLLBACK");
      EXPECT_ERROR(file->writer().execute("DELETE FROM notes"), OpenedReadOnly);
      EXPECT_ERROR(file->checkpoint(), OpenedReadOnly);
      EXPECT_ERROR(file->changePassword(someKey(), otherKey()), OpenedReadOnly);
    }
    EXPECT_EQ(written(), before);
    EXPECT_EQ(files.list(), names);
    EXPECT_TRUE(files.contents(kPath) == main && files.contents(kWalPath) == wal);
  }
}

TEST_F(ReadOnlyTest, SeveralMayReadAndNobodyWritesMeanwhile) {
  create();
  auto first = openToRead(), second = openToRead();
  EXPECT_ERROR(open(), DatabaseInUse);
  first.reset();
  EXPECT_ERROR(open(), DatabaseInUse);
  second.reset();
  auto writer = open();
  EXPECT_ERROR(openToRead(), DatabaseInUse);
}

TEST_F(ReadOnlyTest, ABackupOfItCanBeMade) {
  create();
  std::string all = crash();
  openToRead()->backup("/data/copy");
  EXPECT_EQ(dumpOf(DatabaseFile::open(files, random, "/data/copy", someKey())->writer()), all);
}

TEST_F(ReadOnlyTest, DamageIsFoundBesideALogToo) {
  create();
  crash();
  base::Bytes main = files.contents(kPath);
  std::size_t pages = (main.size() - kHeaderBytes) / 1024, found = 0;
  for (std::size_t page = 0; page < pages; page++) {
    base::Bytes damaged = main;
    damaged[kHeaderBytes + page * 1024 + 99] ^= 1;
    files.setContents(kPath, damaged);
    std::optional<ErrorCode> error = errorOf([&] { found += !openToRead()->verifyPages().empty(); });
    found += error.has_value();
  }
  EXPECT_GT(found, 0u) << "pages that are not in the log";
  EXPECT_LT(found, pages) << "pages that are";
}

TEST_F(ReadOnlyTest, ALogOfAnEarlierStateIsNotReadAndStaysWhereItIs) {
  create();
  crash();
  base::Bytes wal = files.contents(kWalPath);
  files.remove(kWalPath);
  insert(open()->writer(), 3);
  std::string all = dumpOf(open()->writer());
  files.setContents(kWalPath, wal);
  EXPECT_EQ(dumpOf(openToRead()->writer()), all);
  EXPECT_TRUE(files.contents(kWalPath) == wal);
}

TEST_F(ReadOnlyTest, ADamagedHeaderCopyIsReadPast) {
  create();
  std::string all = crash();
  base::Bytes main = files.contents(kPath);
  main[100] ^= 1;
  files.setContents(kPath, main);
  EXPECT_EQ(openToRead()->verifyPages(), std::vector<std::string>{"copy 0 of the header is damaged"});
  EXPECT_TRUE(files.contents(kPath) == main);
}

}  // namespace
}  // namespace blazedb::storage
