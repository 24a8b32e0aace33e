// A log and a file that do not belong together: an older copy of the file, a file that was used without its log, a log
// of another database. Two states are never mixed, and the contents of a log are never overwritten.
#include <cstring>

#include "storage/key_header.h"
#include "storage/page_sealer.h"
#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

class StaleLogTest : public StorageTest {
 protected:
  void kill(std::unique_ptr<DatabaseFile>& file) {
    files.powerOff();
    file.reset();
    files.restart();
  }
  // Kills a process after one more transaction. Returns the contents that it had.
  std::string crash(int notes) {
    auto file = open();
    insert(file->writer(), notes);
    std::string dump = dumpOf(file->writer());
    kill(file);
    return dump;
  }
  std::string dump() { return dumpOf(open()->writer()); }
  base::Bytes image() const { return files.contents(kPath); }
};

TEST_F(StaleLogTest, AnOlderCopyOfTheFileIsNotMixedWithALaterLog) {
  insert(create()->writer(), 30);
  std::string before = dump();
  base::Bytes older = image();
  insert(open()->writer(), 200);
  std::string all = crash(5);
  base::Bytes newer = image(), log = files.contents(kWalPath);

  files.setContents(kPath, older);
  EXPECT_ERROR(open(), WrongLog);
  EXPECT_TRUE(image() == older && files.contents(kWalPath) == log) << "nothing is changed before somebody decides";
  try {
    open();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(kWalPath), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("older copy"), std::string::npos);
  }

  files.setContents(kPath, newer);
  EXPECT_EQ(dump(), all) << "the file that the log belongs to";
  files.setContents(kPath, older);
  EXPECT_EQ(dump(), before) << "without the log";
}

TEST_F(StaleLogTest, AFileThatWasUsedWithoutItsLogIsNotMixedWithIt) {
  create();
  crash(5);
  base::Bytes log = files.contents(kWalPath);
  ASSERT_EQ(files.remove(kWalPath), IoStatus::ok);
  auto file = open();
  EXPECT_EQ(file->unusedLog(), "");
  insert(file->writer(), 1);
  std::string elsewhere = dumpOf(file->writer());
  file.reset();
  files.setContents(kWalPath, log);

  file = open();
  EXPECT_EQ(dumpOf(file->writer()), elsewhere);
  EXPECT_TRUE(file->verifyPages().empty());
  EXPECT_TRUE(files.contents(file->unusedLog()) == log) << "what it holds is kept";
  insert(file->writer(), 1);
  EXPECT_TRUE(files.contents(file->unusedLog()) == log);
  file.reset();
  EXPECT_EQ(open()->unusedLog(), "");
}

// The same if the process that uses the file without its log is killed, too.
TEST_F(StaleLogTest, ALogOfBeforeAnotherCrashIsNotTakenForTheLatest) {
  create();
  crash(5);
  base::Bytes log = files.contents(kWalPath);
  ASSERT_EQ(files.remove(kWalPath), IoStatus::ok);
  std::string elsewhere = crash(2);
  base::Bytes latest = files.contents(kWalPath);
  base::Bytes main = image();
  files.setContents(kWalPath, log);
  EXPECT_NE(open()->unusedLog(), "");
  files.setContents(kPath, main);
  files.setContents(kWalPath, latest);
  EXPECT_EQ(dump(), elsewhere);
}

TEST_F(StaleLogTest, AFileThatWasOnlyReadWithoutItsLogStillBelongsToIt) {
  create();
  std::string all = crash(5);
  base::Bytes log = files.contents(kWalPath);
  ASSERT_EQ(files.remove(kWalPath), IoStatus::ok);
  EXPECT_EQ(dump(), "");
  files.setContents(kWalPath, log);
  EXPECT_EQ(dump(), all);
}

// Copied while it was open, between any two checkpoints: a file belongs to the filling of the log that began from it.
TEST_F(StaleLogTest, EveryFillingOfTheLogBelongsToOneState) {
  auto file = create();
  std::vector<base::Bytes> mains, logs;
  std::vector<std::string> dumps;
  for (int i = 0; i < 5; i++) {
    insert(file->writer(), 20);
    mains.push_back(image());
    logs.push_back(files.contents(kWalPath));
    dumps.push_back(dumpOf(file->writer()));
    file->checkpoint();
  }
  kill(file);
  for (std::size_t main = 0; main < mains.size(); main++) {
    for (std::size_t log = 0; log < logs.size(); log++) {
      files.setContents(kPath, mains[main]);
      files.setContents(kWalPath, logs[log]);
      std::string where = "file " + std::to_string(main) + ", log " + std::to_string(log);
      if (main == log) {
        EXPECT_EQ(dump(), dumps[log]) << where;
      } else if (main < log) {
        EXPECT_ERROR(open(), WrongLog) << where;
      } else if (main == log + 1) {
        EXPECT_EQ(dump(), dumps[log]) << where << ": all of the log is in the file";
      } else {
        auto opened = open();
        EXPECT_EQ(dumpOf(opened->writer()), dumps[main - 1]) << where;
        EXPECT_NE(opened->unusedLog(), "") << where;
      }
    }
  }
}

// A checkpoint that has copied everything, and a log that continues after it, because a reader keeps it from starting
// again.
TEST_F(StaleLogTest, AnOlderCopyOfTheLogIsNotPutUponPagesThatHoldMore) {
  auto file = create();
  auto reader = file->openReader();
  insert(file->writer(), 3);
  base::Bytes shorter = files.contents(kWalPath);
  insert(file->writer(), 30);
  std::string all = dumpOf(file->writer());
  file->checkpoint();
  reader.reset();
  kill(file);
  base::Bytes main = image();
  EXPECT_EQ(dump(), all);
  files.setContents(kPath, main);
  files.setContents(kWalPath, shorter);
  EXPECT_ERROR(open(), DamagedPage);
}

TEST_F(StaleLogTest, ALogOfAnotherDatabaseIsKept) {
  auto file = create();
  insert(file->writer(), 10);
  file->backup("/data/backup");
  kill(file);
  base::Bytes log = files.contents(kWalPath);
  files.setContents(kPath, files.contents("/data/backup"));
  file = open();
  EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), 10);
  EXPECT_TRUE(files.contents(file->unusedLog()) == log);
}

TEST_F(StaleLogTest, CreatingKeepsALogThatWasLeftUnderThatName) {
  create();
  crash(10);
  base::Bytes log = files.contents(kWalPath);
  ASSERT_EQ(files.remove(kPath), IoStatus::ok);
  EXPECT_EQ(numberOf(create()->writer(), "SELECT count(*) FROM notes"), 0);
  std::vector<std::string> names = files.list();
  EXPECT_TRUE(std::any_of(names.begin(), names.end(), [&](const auto& name) { return files.contents(name) == log; }));
}

// One copy of the header is enough, also if it is not the copy that named the state of the log.
TEST_F(StaleLogTest, ABadBlockInTheHeaderBesideALogCostsNothing) {
  auto file = create();
  insert(file->writer(), 3);
  for (int checkpoints = 0; checkpoints < 2; checkpoints++) {
    file->checkpoint();
    insert(file->writer(), 3);
    std::string all = dumpOf(file->writer());
    kill(file);
    base::Bytes main = image(), log = files.contents(kWalPath);
    for (std::size_t copy : {0u, 1u}) {
      base::Bytes damaged = main;
      damaged[copy * kHeaderBlockBytes + 100] ^= 1;
      files.setContents(kPath, damaged);
      files.setContents(kWalPath, log);
      file = open();
      EXPECT_EQ(dumpOf(file->writer()), all);
      EXPECT_TRUE(file->verifyPages().empty());
      kill(file);
      EXPECT_EQ(dump(), all);
    }
    file = open();
  }
}

// Files of a version that knew no states: 0 in the header, and in the log SQLite's 32 bytes.
TEST_F(StaleLogTest, FilesOfBeforeStillOpenWithTheirLogs) {
  create();
  std::string all = crash(10);
  base::Bytes main = image(), log = files.contents(kWalPath);
  std::unique_ptr<File> file;
  ASSERT_EQ(files.open(kPath, Access::readOnly, file), IoStatus::ok);
  KeyHeader header = readHeader(*file, kPath, someKey(), random);
  header.state = header.logState = header.logFrames = 0;
  base::Bytes blocks = encodeHeader(header, random);
  std::copy(blocks.begin(), blocks.end(), main.begin());

  PageKeys keys(header.dataKey.view());
  WalRecord plain;
  bool ofBefore = true;
  ASSERT_TRUE(PageSealer(header.cipher, keys, 1024, random).openWalHeader(0, log.data(), plain, ofBefore));
  EXPECT_FALSE(ofBefore);
  const std::uint8_t constants[] = {0x37, 0x7f, 0x06, 0x82, 0, 0x2d, 0xe2, 0x18, 0, 0, 4, 0};
  std::memcpy(plain.data(), constants, sizeof constants);
  const std::uint8_t label[] = {'w', 'l', 'o', 'g', 0, 0, 0, 0};
  crypto::Aead(header.cipher, keys.wal.view(), random).seal(log.data(), plain, label, log.data() + plain.size());
  files.setContents(kPath, main);
  files.setContents(kWalPath, log);

  auto again = open();
  EXPECT_EQ(dumpOf(again->writer()), all);
  again->checkpoint();
  insert(again->writer(), 1);
  all = dumpOf(again->writer());
  kill(again);
  EXPECT_EQ(dump(), all);
  base::Bytes now = image();
  files.setContents(kWalPath, log);
  EXPECT_NE(open()->unusedLog(), "") << "by now it is of an earlier state";
  files.setContents(kPath, main);
  files.remove(kWalPath);
  insert(open()->writer(), 1);
  files.setContents(kWalPath, log);
  EXPECT_NE(open()->unusedLog(), "");
}

}  // namespace
}  // namespace blazedb::storage
