#include <atomic>
#include <thread>

#include "storage/key_header.h"
#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

constexpr char kCopy[] = "/data/copy.blazedb";

class BackupTest : public StorageTest {
 protected:
  std::unique_ptr<DatabaseFile> openCopy(const KeySource& key = someKey()) {
    return DatabaseFile::open(files, random, kCopy, key);
  }
};

TEST_F(BackupTest, TheCopyHoldsTheSameAndOpensWithTheSameKey) {
  auto file = create();
  insert(file->writer(), 500);
  file->backup(kCopy);
  auto copy = openCopy();
  EXPECT_EQ(dumpOf(copy->writer()), dumpOf(file->writer()));
  EXPECT_TRUE(copy->verifyPages().empty());
  insert(copy->writer(), 1);
}

TEST_F(BackupTest, APasswordOpensTheCopyTooAndTheOneOfThatMoment) {
  CreateOptions options = smallPages();
  options.cost = kCheapCost;
  KeySource first = KeySource::password("correct horse"), second = KeySource::password("battery staple");
  auto file = DatabaseFile::create(files, random, kPath, first, options, makeTables);
  file->changePassword(first, second, kCheapCost);
  file->backup(kCopy);
  EXPECT_ERROR(openCopy(first), WrongPassword);
  openCopy(second);
}

// Otherwise a page could be moved from one file to the other.
TEST_F(BackupTest, TheCopyHasADataKeyOfItsOwn) {
  auto file = create();
  insert(file->writer(), 100);
  file->checkpoint();
  file->backup(kCopy);
  base::Bytes original = files.contents(kPath), copy = files.contents(kCopy);
  for (std::size_t page = 2; page <= 5; page++) {
    base::Bytes mixed = copy;
    std::size_t at = kHeaderBytes + (page - 1) * 1024;
    std::copy_n(original.begin() + static_cast<std::ptrdiff_t>(at), 1024,
                mixed.begin() + static_cast<std::ptrdiff_t>(at));
    files.setContents(kCopy, mixed);
    EXPECT_EQ(openCopy()->verifyPages().at(0), "page " + std::to_string(page) + " fails authentication");
  }
}

TEST_F(BackupTest, TheFixupRunsOnTheCopyOnly) {
  auto file = create();
  insert(file->writer(), 10);
  file->backup(kCopy, [](Connection& copy) { copy.execute("DELETE FROM notes WHERE id > 3"); });
  EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), 10);
  EXPECT_EQ(numberOf(openCopy()->writer(), "SELECT count(*) FROM notes"), 3);
  EXPECT_EQ(files.list(), (std::vector<std::string>{kCopy, kPath, kWalPath}));
}

TEST_F(BackupTest, NothingIsLeftOfOneThatWasStoppedOrFailed) {
  auto file = create();
  insert(file->writer(), 5000);
  std::uint64_t calls = 0;
  EXPECT_ERROR(file->backup(kCopy, {}, [&](std::uint64_t, std::uint64_t) { return ++calls < 3; }), Cancelled);
  EXPECT_EQ(calls, 3u);
  EXPECT_ERROR(file->backup(kCopy, [](Connection& copy) { copy.execute("SELEKT"); }), Misuse);
  EXPECT_ERROR(file->backup(kPath), AlreadyExists);
  files.setCapacity(files.contents(kPath).size() + files.contents(kWalPath).size() + 50'000);
  EXPECT_ERROR(file->backup(kCopy), DiskFull);
  EXPECT_EQ(files.list(), (std::vector<std::string>{kPath, kWalPath}));
}

TEST_F(BackupTest, ProgressComesToItsEnd) {
  auto file = create();
  insert(file->writer(), 5000);
  std::uint64_t last = 0, total = 1;
  file->backup(kCopy, {}, [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GE(done, last);
    last = done;
    total = all;
    return true;
  });
  EXPECT_EQ(last, total);
}

// Each transaction adds a pair; a copy with an odd number contains half a transaction.
TEST_F(BackupTest, TheWriterGoesOnAndTheCopyIsOneSnapshot) {
  auto file = create();
  file->setDurable(false);
  insert(file->writer(), 2000);
  std::atomic<bool> stop = false;
  std::thread copier([&] {
    for (int i = 0; i < 5; i++) file->backup(std::string(kCopy) + std::to_string(i));
    stop = true;
  });
  for (int i = 0; !stop; i++) {
    insert(file->writer(), 2);
    if (i % 50 == 0) file->checkpoint();
  }
  copier.join();
  for (int i = 0; i < 5; i++) {
    auto copy = DatabaseFile::open(files, random, std::string(kCopy) + std::to_string(i), someKey());
    EXPECT_EQ(numberOf(copy->writer(), "SELECT count(*) % 2 FROM notes"), 0);
    EXPECT_TRUE(copy->verifyPages().empty());
  }
}

}  // namespace
}  // namespace blazedb::storage
