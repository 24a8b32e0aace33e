#include <algorithm>
#include <cstring>

#include "storage/key_header.h"
#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

class WalTest : public StorageTest {
 protected:
  static std::size_t framesIn(const base::Bytes& wal) {
    return wal.size() < kSlotsBytes ? 0 : (wal.size() - kSlotsBytes) / kFrameBytes;
  }
  // Leaves the files as a process that is killed now: the objects must not touch them any more.
  void kill(std::unique_ptr<DatabaseFile>& file) {
    files.powerOff();
    file.reset();
    files.restart();
  }
  std::string dump() { return dumpOf(open()->writer()); }
};

TEST_F(WalTest, AClosedDatabaseHasNoWal) {
  auto file = create();
  insert(file->writer(), 10);
  EXPECT_EQ(files.list(), (std::vector<std::string>{kPath, kWalPath}));
  EXPECT_GT(file->walBytes(), 0u);
  file.reset();
  EXPECT_EQ(files.list(), std::vector<std::string>{kPath});
}

TEST_F(WalTest, ACheckpointEmptiesItAndItIsFilledAgainFromItsBeginning) {
  auto file = create();
  insert(file->writer(), 100);
  std::size_t before = files.contents(kWalPath).size();
  for (int i = 0; i < 20; i++) {
    file->checkpoint();
    EXPECT_EQ(file->walBytes(), 0u);
    insert(file->writer(), 10);
  }
  EXPECT_LT(files.contents(kWalPath).size(), 2 * before);
}

// A checkpoint copies the pages of the WAL byte for byte: nothing is sealed twice.
TEST_F(WalTest, ACheckpointCopiesSealedPages) {
  auto file = create();
  insert(file->writer(), 30);
  base::Bytes wal = log();
  file->checkpoint();
  base::Bytes main = files.contents(kPath);
  std::size_t found = 0;
  for (std::size_t frame = 0; frame < framesIn(wal); frame++) {
    auto page = wal.begin() + static_cast<std::ptrdiff_t>(kSlotsBytes + frame * kFrameBytes + 72);
    for (std::size_t at = kHeaderBytes; at < main.size(); at += 1024)
      found += std::equal(page, page + 1024, main.begin() + static_cast<std::ptrdiff_t>(at));
  }
  EXPECT_EQ(found, framesIn(wal));
}

// A small cache would like to write early. It must not: see wal_file.h.
TEST_F(WalTest, NothingIsWrittenBeforeTheCommit) {
  create();
  auto file = open(8);
  insert(file->writer(), 10);
  std::uint64_t before = files.count(Operation::write);
  file->writer().execute("BEGIN");
  file->writer().execute("SAVEPOINT s");
  Statement add = file->writer().prepare("INSERT INTO notes(body) VALUES(randomblob(200))");
  for (int i = 0; i < 2000; i++) add.run();
  file->writer().execute("ROLLBACK TO s");
  for (int i = 0; i < 2000; i++) add.run();
  EXPECT_EQ(files.count(Operation::write), before);
  file->writer().execute("ROLLBACK");
  EXPECT_EQ(files.count(Operation::write), before);
  EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), 10);
}

// sqlite.org/forum/forumpost/b490f726db: with spilling, a recovery would lose the writes after a rolled back savepoint.
TEST_F(WalTest, CommitsAfterARolledBackSavepointSurviveAKill) {
  create();
  auto file = open(1);
  for (int round = 0; round < 10; round++) {
    file->writer().execute("BEGIN; SAVEPOINT one");
    Statement add = file->writer().prepare("INSERT INTO notes(body) VALUES(randomblob(1500))");
    for (int i = 0; i < 40; i++) add.run();
    file->writer().execute("UPDATE notes SET body = randomblob(900); ROLLBACK TO one");
    add.run();
    file->writer().execute("COMMIT");
  }
  std::string expected = dumpOf(file->writer());
  kill(file);
  EXPECT_EQ(dump(), expected);
}

TEST_F(WalTest, ATransactionCostsFewWrites) {
  auto file = create();
  std::uint64_t before = files.count(Operation::write);
  insert(file->writer(), 400, 400);
  std::size_t frames = framesIn(log());
  EXPECT_GT(frames, 200u);
  EXPECT_LE(files.count(Operation::write) - before,
            frames * kFrameBytes / 60'000 + 4);  // two begin the log, one reserves space
}

// The cost of a sync of a grown file is paid once for many commits.
TEST_F(WalTest, CommitsOverwriteRoomThatWasMadeForThem) {
  auto file = create();
  int grown = 0;
  std::uint64_t asked = files.count(Operation::size);
  for (int i = 0; i < 300; i++) {
    std::size_t before = files.contents(kWalPath).size();
    insert(file->writer(), 1);
    grown += files.contents(kWalPath).size() != before;
  }
  EXPECT_GT(file->walBytes(), 500'000u);
  EXPECT_LE(grown, 12);
  EXPECT_LE(files.count(Operation::size) - asked, 14u);
  EXPECT_LE(files.contents(kWalPath).size(), 2 * log().size() + kFrameBytes);
  std::string expected = dumpOf(file->writer());
  kill(file);
  EXPECT_EQ(dump(), expected);
}

// Frames that were written last, or read once, do not come from the disk again, whichever connection reads them.
TEST_F(WalTest, ReadersShareTheLatestFramesInMemory) {
  auto file = create();
  insert(file->writer(), 100);
  std::string expected = dumpOf(file->writer());
  auto reader = file->openReader(), second = file->openReader();
  reader->execute("SELECT 1 FROM sqlite_schema");  // it reads the main file when it begins
  second->execute("SELECT 1 FROM sqlite_schema");
  std::uint64_t before = files.count(Operation::read);
  EXPECT_EQ(dumpOf(*reader), expected);
  EXPECT_EQ(files.count(Operation::read), before);
  reader.reset();
  second.reset();
  kill(file);
  file = open();  // recovery has read the whole log and keeps none of it in memory
  reader = file->openReader();
  second = file->openReader();
  second->execute("SELECT 1 FROM sqlite_schema");
  EXPECT_EQ(dumpOf(*reader), expected);
  before = files.count(Operation::read);
  EXPECT_EQ(dumpOf(*second), expected);
  EXPECT_EQ(files.count(Operation::read), before);
}

// The memory holds 2048 pages of this size: frame 2048 takes the place of frame 0.
TEST_F(WalTest, FramesThatDoNotFitInMemoryComeFromTheDisk) {
  auto file = create();
  for (int i = 0; i < 5; i++) insert(file->writer(), 1000, 900);
  ASSERT_GT(framesIn(log()), 4096u);
  std::string expected = dumpOf(file->writer());
  for (int i = 0; i < 2; i++) {
    auto reader = file->openReader(64);
    EXPECT_EQ(dumpOf(*reader), expected);
  }
  kill(file);
  EXPECT_EQ(dump(), expected);
}

TEST_F(WalTest, FramesOfATransactionThatFailedAreNotServedFromMemory) {
  auto file = create();
  auto reader = file->openReader();
  for (int i = 0; i < 20; i++) {
    insert(file->writer(), 2);
    std::string expected = dumpOf(file->writer());
    files.failAt(Operation::write, 1);
    EXPECT_ERROR(insert(file->writer(), 3), IoError);
    if (file->writer().inTransaction()) file->writer().execute("ROLLBACK");
    EXPECT_EQ(dumpOf(*reader), expected);
  }
  insert(file->writer(), 3);
  std::string expected = dumpOf(*reader);
  reader.reset();
  kill(file);
  EXPECT_EQ(dump(), expected);
}

TEST_F(WalTest, FramesOfAnEarlierFillingAreNotServedFromMemory) {
  auto file = create();
  auto reader = file->openReader();
  for (int i = 0; i < 20; i++) {
    insert(file->writer(), 20);
    std::string first = dumpOf(*reader);
    file->checkpoint();
    EXPECT_EQ(dumpOf(*reader), first);
    file->writer().execute("UPDATE notes SET body = randomblob(90) WHERE id % 7 = 1");
    EXPECT_EQ(dumpOf(*reader), dumpOf(file->writer()));
  }
  std::string expected = dumpOf(*reader);
  reader.reset();
  kill(file);
  EXPECT_EQ(dump(), expected);
}

TEST_F(WalTest, APartialFrameAtTheEndIsTheEndOfTheLog) {
  auto file = create();
  insert(file->writer(), 10);
  std::string first = dumpOf(file->writer());
  std::size_t wholeBytes = log().size();
  insert(file->writer(), 1);
  kill(file);
  base::Bytes wal = log();
  for (std::size_t bytes : {wholeBytes, wholeBytes + 1, wholeBytes + 71, wal.size() - 1}) {
    base::Bytes main = files.contents(kPath);
    files.setContents(kWalPath, base::Bytes(wal.begin(), wal.begin() + static_cast<std::ptrdiff_t>(bytes)));
    auto again = open();
    EXPECT_EQ(dumpOf(again->writer()), first) << bytes;
    kill(again);
    files.setContents(kPath, main);
  }
}

// In a recovery, a damaged frame that no later one vouches for is the end of the log. In normal reading the same damage
// is an error.
TEST_F(WalTest, DamageInTheLastTransactionEndsTheLogAndDamageUnderAReaderIsAnError) {
  auto file = create();
  insert(file->writer(), 10);
  std::string first = dumpOf(file->writer());
  std::size_t before = log().size();
  insert(file->writer(), 40);
  kill(file);  // memory then holds no frames
  file = open();
  auto reader = file->openReader();
  base::Bytes wal = files.contents(kWalPath);
  base::Bytes damaged = wal;
  for (std::size_t at = before; at < damaged.size(); at += 500) damaged[at] ^= 1;
  std::unique_ptr<File> raw;
  ASSERT_EQ(files.open(kWalPath, Access::readWrite, raw), IoStatus::ok);
  ASSERT_EQ(raw->writeAt(0, damaged), IoStatus::ok);
  EXPECT_ERROR(dumpOf(*reader), DamagedPage);
  reader.reset();
  kill(file);
  EXPECT_EQ(dump(), first);
}

TEST_F(WalTest, ABadBlockAmongAcknowledgedTransactionsIsAnErrorAndNotAShorterLog) {
  auto file = create();
  for (int i = 0; i < 10; i++) insert(file->writer(), 3);
  std::size_t last = framesIn(log());
  insert(file->writer(), 3);
  std::string expected = dumpOf(file->writer());
  kill(file);
  base::Bytes main = files.contents(kPath), wal = files.contents(kWalPath);
  for (std::size_t frame = 0; frame < last; frame++) {
    base::Bytes damaged = wal;
    damaged[kSlotsBytes + frame * kFrameBytes + 200] ^= 1;
    files.setContents(kWalPath, damaged);
    EXPECT_ERROR(open(), DamagedPage) << "frame " << frame;
    EXPECT_TRUE(files.contents(kPath) == main && files.contents(kWalPath) == damaged)
        << "opening a damaged database must not change it";
  }
  files.setContents(kWalPath, wal);
  EXPECT_EQ(dump(), expected);
}

// Each filling of the WAL has its header in the slot that the previous one does not use.
TEST_F(WalTest, ALostHeaderIsAnErrorUnlessAnotherFillingStandsBehindIt) {
  auto file = create();
  insert(file->writer(), 5);
  file->checkpoint();
  insert(file->writer(), 5);  // the second filling: slot 1
  insert(file->writer(), 5);
  std::string expected = dumpOf(file->writer());
  kill(file);
  base::Bytes main = files.contents(kPath), wal = files.contents(kWalPath);
  for (std::size_t slot : {0u, 1u}) {
    base::Bytes damaged = wal;
    damaged[slot * 72 + 5] ^= 1;
    files.setContents(kPath, main);
    files.setContents(kWalPath, damaged);
    if (slot == 0)
      EXPECT_EQ(dump(), expected) << "that header is of the past";
    else
      EXPECT_ERROR(open(), DamagedPage);
  }
}

// While page 1 is torn in the main file, it is in the WAL; SQLite reads its first bytes before it looks there.
TEST_F(WalTest, ATornFirstPageIsTakenFromTheWal) {
  auto file = create();
  file->writer().execute("CREATE TABLE more(x)");  // changes page 1
  insert(file->writer(), 10);
  std::string expected = dumpOf(file->writer());
  kill(file);
  base::Bytes main = files.contents(kPath), wal = files.contents(kWalPath);
  for (std::size_t i = 0; i < 512; i++) main[kHeaderBytes + i] ^= 0x55;
  files.setContents(kPath, main);
  files.setContents(kWalPath, wal);
  EXPECT_EQ(dump(), expected);
  main = files.contents(kPath);
  main[kHeaderBytes + 30] ^= 1;
  files.setContents(kPath, main);
  EXPECT_ERROR(open(), DamagedPage) << "without a WAL it is damage";
}

TEST_F(WalTest, ReadersNeverCheckpointWhateverTheyAreAskedToDo) {
  auto file = create();
  insert(file->writer(), 50);
  auto reader = file->openReader();
  base::Bytes main = files.contents(kPath);
  for (const char* sql : {"PRAGMA wal_checkpoint", "PRAGMA wal_checkpoint(TRUNCATE)"})
    EXPECT_ERROR(reader->execute(sql), Misuse) << sql;
  errorOf([&] { reader->execute("PRAGMA wal_autocheckpoint=1; PRAGMA query_only=OFF"); });
  EXPECT_ERROR(reader->execute("INSERT INTO notes(body) VALUES(1)"), Misuse);
  reader.reset();
  EXPECT_EQ(files.contents(kPath), main);
  EXPECT_TRUE(files.exists(kWalPath));
}

// A rollback journal would need functions that the VFS does not offer.
TEST_F(WalTest, NoOtherJournalAndNoSecondDatabaseCanBeHad) {
  auto file = create();
  insert(file->writer(), 10);
  for (const char* sql :
       {"ATTACH '/data/other' AS other", "ATTACH ':memory:' AS other", "VACUUM", "VACUUM INTO '/data/other'"})
    EXPECT_ERROR(file->writer().execute(sql), Misuse) << sql;
  file->writer().execute("PRAGMA mmap_size=1000000; PRAGMA journal_mode=OFF");
  EXPECT_EQ(numberOf(file->writer(), "PRAGMA mmap_size"), 0);
  Statement mode = file->writer().prepare("PRAGMA journal_mode");
  mode.step();
  EXPECT_EQ(mode.text(0), "wal");
  EXPECT_EQ(files.list(), (std::vector<std::string>{kPath, kWalPath}));
}

}  // namespace
}  // namespace blazedb::storage
