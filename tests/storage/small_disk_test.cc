// A disk that fills up. The log must not take the space that the main file needs for the next checkpoint: without it
// nothing could be written any more, not even deletes.
#include "storage/key_header.h"
#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

class SmallDiskTest : public StorageTest {
 protected:
  // Writes as the engine does: with a checkpoint when one is due, and after a full disk.
  static bool commits(DatabaseFile& file, const char* sql) {
    std::optional<ErrorCode> error = errorOf([&] { file.writer().execute(sql); });
    EXPECT_TRUE(!error || error == ErrorCode::DiskFull) << errorName(*error);
    if (error || file.checkpointDue()) file.checkpoint();
    return !error;
  }
  std::uint64_t usedBytes() {
    std::uint64_t used = 0;
    for (const std::string& path : files.list()) used += files.contents(path).size();
    return used;
  }
  static int fill(DatabaseFile& file) {
    int notes = 0;
    while (commits(file, "INSERT INTO notes(body) VALUES(randomblob(300))")) notes++;
    return notes;
  }
};

TEST_F(SmallDiskTest, MostOfTheDiskHoldsRecordsAndAFullOneCanBeDeletedFrom) {
  files.setCapacity(1'000'000);
  auto file = create();
  int notes = fill(*file);
  EXPECT_GT(notes, 350);
  EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), notes);
  for (int i = 0; i < 3; i++) {
    for (int id = 0; id < 50; id++)
      EXPECT_TRUE(commits(*file, "DELETE FROM notes WHERE id = (SELECT min(id) FROM notes)")) << "a delete was refused";
    EXPECT_GT(fill(*file), 20) << "what deletes have freed is used again";
  }
  EXPECT_TRUE(file->verifyPages().empty());
}

TEST_F(SmallDiskTest, SoCanOneThatIsOpenedAgainAlsoAfterACrash) {
  for (bool crash : {false, true}) {
    files.setCapacity(~std::uint64_t{0});
    for (const std::string& path : files.list()) files.remove(path);
    files.setCapacity(1'000'000);
    auto file = create();
    int notes = fill(*file);
    if (crash) files.powerOff();
    file.reset();
    if (crash) files.restart();
    file = open();
    EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), notes);
    EXPECT_TRUE(commits(*file, "DELETE FROM notes WHERE id < 50"));
    EXPECT_GT(fill(*file), 20);
    file.reset();
    file = open();
    EXPECT_TRUE(file->verifyPages().empty());
  }
}

// A log that is checkpointed often stays short, and the growth is in the main file: without the reserve no space would
// be left to write a delete.
TEST_F(SmallDiskTest, WhatGrowsLeavesADeleteItsFrames) {
  auto file = create();
  files.setCapacity(500'000);
  while (commits(*file, "INSERT INTO notes(body) VALUES(randomblob(300))")) file->checkpoint();
  EXPECT_GT(numberOf(file->writer(), "SELECT count(*) FROM notes"), 100);
  EXPECT_TRUE(commits(*file, "DELETE FROM notes WHERE id <= 15")) << "in one transaction, of many pages";
  EXPECT_TRUE(file->verifyPages().empty());
}

// Another program takes the space that was kept for the checkpoint, and gives it back.
TEST_F(SmallDiskTest, ADiskThatSomebodyElseFillsCostsNothingThatWasAcknowledged) {
  auto file = create();
  insert(file->writer(), 300, 300);
  std::string all = dumpOf(file->writer());
  files.setCapacity(usedBytes());
  EXPECT_ERROR(insert(file->writer(), 100, 300), DiskFull);
  EXPECT_TRUE(dumpOf(file->writer()) == all);
  files.setCapacity(~std::uint64_t{0});
  file->checkpoint();
  insert(file->writer(), 100, 300);
  EXPECT_TRUE(file->verifyPages().empty());
}

TEST_F(SmallDiskTest, RoomThatWasMadeForTheLogIsGivenBackToACheckpoint) {
  auto file = create();
  auto room = [&] { return files.contents(kWalPath).size() - log().size(); };
  auto needed = [&] {
    return kHeaderBytes + static_cast<std::size_t>(numberOf(file->writer(), "PRAGMA page_count")) * 1024 -
           files.contents(kPath).size();
  };
  for (int i = 0; i < 500 && (i < 100 || room() < needed()); i++) insert(file->writer(), 1, 300);
  ASSERT_GE(room(), needed());
  files.setCapacity(usedBytes());
  file->checkpoint();
  EXPECT_EQ(file->walBytes(), 0u);
}

}  // namespace
}  // namespace blazedb::storage
