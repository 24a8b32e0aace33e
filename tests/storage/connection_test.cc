#include "storage/connection.h"

#include <limits>
#include <thread>

#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

class ConnectionTest : public StorageTest {};

TEST_F(ConnectionTest, WhatIsBoundComesBack) {
  auto file = create();
  Connection& writer = file->writer();
  writer.execute("CREATE TABLE kinds(i, b, t, n)");
  Statement add = writer.prepare("INSERT INTO kinds VALUES(?, ?, ?, ?)");
  base::Bytes blob = {0, 1, 0, 255};
  add.bind(1, std::numeric_limits<std::int64_t>::min()).bindBlob(2, blob).bindText(3, "\u00fc\0x").bindNull(4).run();
  EXPECT_EQ(writer.lastInsertRow(), 1);
  add.bind(1, 7).bindBlob(2, {}).bindText(3, {}).run();
  Statement get = writer.prepare("SELECT i, b, t, n FROM kinds ORDER BY rowid");
  ASSERT_TRUE(get.step());
  EXPECT_EQ(get.integer(0), std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(base::equal(get.blob(1), blob));
  EXPECT_EQ(get.text(2), "\u00fc\0x");
  EXPECT_TRUE(get.isNull(3));
  ASSERT_TRUE(get.step());
  EXPECT_FALSE(get.isNull(1)) << "an empty blob is not NULL";
  EXPECT_FALSE(get.isNull(2)) << "an empty text is not NULL";
  EXPECT_TRUE(get.blob(1).empty());
  EXPECT_FALSE(get.step());
}

TEST_F(ConnectionTest, AStatementCanBeUsedAgainAndMoved) {
  auto file = create();
  Statement add = file->writer().prepare("INSERT INTO notes(body) VALUES(?)");
  for (int i = 0; i < 3; i++) add.bind(1, i).run();
  Statement moved = std::move(add);
  moved.bind(1, 3).run();
  add = std::move(moved);
  add.bind(1, 4).run();
  EXPECT_EQ(numberOf(file->writer(), "SELECT sum(body) FROM notes"), 10);
  file->writer().execute("DELETE FROM notes WHERE id > 3");
  EXPECT_EQ(file->writer().changes(), 2);
}

TEST_F(ConnectionTest, FailuresAreTyped) {
  auto file = create();
  Connection& writer = file->writer();
  writer.execute("CREATE UNIQUE INDEX one ON notes(body); INSERT INTO notes VALUES(1, 'a')");
  EXPECT_ERROR(writer.execute("INSERT INTO notes VALUES(1, 'b')"), AlreadyExists);
  EXPECT_ERROR(writer.execute("INSERT INTO notes VALUES(2, 'a')"), AlreadyExists);
  EXPECT_ERROR(writer.prepare("SELEKT"), Misuse);
  EXPECT_ERROR(writer.prepare("SELECT ?").bind(2, 1), Misuse);
  EXPECT_ERROR(writer.execute("SELECT zeroblob(2000000000)"), TooLarge);
  auto reader = file->openReader();
  EXPECT_ERROR(reader->execute("INSERT INTO notes VALUES(3, 'c')"), Misuse);
  EXPECT_ERROR(reader->execute("CREATE TABLE x(y)"), Misuse);
}

TEST_F(ConnectionTest, AReaderKeepsItsSnapshotWhileTheWriterGoesOn) {
  auto file = create();
  insert(file->writer(), 10);
  auto reader = file->openReader();
  reader->execute("BEGIN");
  EXPECT_EQ(numberOf(*reader, "SELECT count(*) FROM notes"), 10);
  insert(file->writer(), 10);
  file->checkpoint();
  insert(file->writer(), 10);
  EXPECT_EQ(numberOf(*reader, "SELECT count(*) FROM notes"), 10);
  reader->execute("COMMIT");
  EXPECT_EQ(numberOf(*reader, "SELECT count(*) FROM notes"), 30);
}

// One thread commits transfers and checkpoints, others check that nothing is lost in between.
TEST_F(ConnectionTest, ReadersOnOtherThreadsSeeWholeTransactionsOnly) {
  auto file = create();
  file->setDurable(false);
  file->writer().execute("CREATE TABLE accounts(id INTEGER PRIMARY KEY, money INT)");
  for (int i = 0; i < 200; i++) file->writer().execute("INSERT INTO accounts(money) VALUES(100)");
  std::vector<std::thread> readers;
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, looks = 0;
  for (int i = 0; i < 3; i++) {
    readers.emplace_back([&] {
      auto reader = file->openReader(64);
      Statement sum = reader->prepare("SELECT sum(money) FROM accounts");
      while (!stop) {
        sum.step();
        wrong += sum.integer(0) != 20'000;
        sum.reset();
        looks++;
      }
    });
  }
  Statement take = file->writer().prepare("UPDATE accounts SET money = money - 1 WHERE id = ?");
  Statement give = file->writer().prepare("UPDATE accounts SET money = money + 1 WHERE id = ?");
  for (int i = 0; i < 500 || looks < 50; i++) {
    file->writer().execute("BEGIN");
    take.bind(1, 1 + i % 200).run();
    give.bind(1, 1 + i * 7 % 200).run();
    file->writer().execute("COMMIT");
    if (i % 20 == 0) file->checkpoint();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace blazedb::storage
