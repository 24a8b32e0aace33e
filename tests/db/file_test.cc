// A database on a disk that fills up, on a file that it may only read, and with a log of another file.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "blazedb/topology.h"
#include "db/open_database.h"
#include "support/replica.h"

namespace blazedb::db {
namespace {

// Made before main() begins, so that it is destroyed after everything registered later to run at exit.
std::unique_ptr<Database> untilTheEnd;

using test::Replica;
using test::uuidOf;

TEST(SmallDiskTest, AFullDatabaseCanBeDeletedFromAndThenWrittenToAlsoAfterReopening) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  a.files.setCapacity(6'000'000);
  std::int64_t next = 1;
  auto fill = [&] {
    std::int64_t before = next;
    test::errorOf([&] {
      for (;; next++)
        a.insert(uuidOf(static_cast<std::uint64_t>(next)), {{"text", std::string(300, 'x')}, {"number", next}});
    });
    return next - before;
  };
  EXPECT_GT(fill(), 1500);
  std::int64_t oldest = 1;
  for (int round = 0; round < 4; round++) {
    if (round == 2) {
      a.kill();
      a.open();
    }
    if (round == 3) a.reopen();
    for (int i = 0; i < 200; i++)
      EXPECT_TRUE(a.remove(uuidOf(static_cast<std::uint64_t>(oldest++)))) << "a delete was refused";
    now += 2 * a.options.tombstoneRetention.count();
    while (a->maintain()) {
    }
    EXPECT_GT(fill(), 50) << "round " << round;
  }
  EXPECT_EQ(static_cast<std::int64_t>(a.count()), next - oldest);
  EXPECT_TRUE(a->verify({}).problems.empty());
}

class ReadOnlyTest : public FolderTest {
 protected:
  static DatabaseOptions toRead() {
    DatabaseOptions options = cheap();
    options.readOnly = true;
    return options;
  }
  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) found.insert(entry.path().filename());
    return found;
  }
  // A process that inserts one record and is killed.
  void crash() {
    pid_t child = ::fork();
    if (child == 0) {
      Database database = open("a");
      database.insert({{"n", 2}});
      ::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    std::filesystem::remove(path("a") + "-owner");
  }
};

TEST_F(ReadOnlyTest, WhatIsThereCanBeReadAndNothingIsWritten) {
  UUID id = open("a").insert({{"n", 1}});
  crash();
  std::set<std::string> before = names();
  ASSERT_TRUE(before.contains("a.blazedb-wal"));
  {
    Database a = open("a", toRead());
    EXPECT_EQ(a.count(), 2u) << "the log of the crash is seen";
    EXPECT_EQ(a.fetch(id)->integer("n"), 1);
    EXPECT_TRUE(a.verify().problems.empty());
    EXPECT_EQ(a.info().collections.size(), 1u);
    Database same = open("a", toRead());
    EXPECT_EQ(names(), before);
    EXPECT_ERROR(DatabaseInUse, open("a"));

    EXPECT_ERROR(OpenedReadOnly, a.insert({{"n", 3}}));
    EXPECT_ERROR(OpenedReadOnly, a.remove(id));
    EXPECT_ERROR(OpenedReadOnly, a.transaction([](Transaction& all) { all.insert({{"n", 3}}); }));
    EXPECT_ERROR(OpenedReadOnly, a.changePassword(kPassword, "battery staple"));
    EXPECT_ERROR(OpenedReadOnly, a.renewReplicaId());
    EXPECT_ERROR(OpenedReadOnly, a.rename("b"));
    EXPECT_ERROR(OpenedReadOnly, a.restamp());
    EXPECT_ERROR(OpenedReadOnly, a.createToken({}));
    EXPECT_EQ(a.count(), 2u);

    a.backup(path("b"));
    EXPECT_EQ(open("b").count(), 2u);
  }
  std::filesystem::remove(path("b"));
  EXPECT_EQ(names(), before);
  EXPECT_EQ(open("a").count(), 2u);
}

TEST_F(ReadOnlyTest, ItTakesNoPartInASync) {
  open("a");
  Database a = open("a", toRead()), b = open("b");
  Topology topology;
  EXPECT_ERROR(OpenedReadOnly, {
    NodeId first = topology.registerDatabase(a, "a"), second = topology.registerDatabase(b, "b");
    topology.connectLocal(first, second, ConnectionMode::bidirectional);
  });
}

TEST_F(ReadOnlyTest, ItMakesNoFile) { EXPECT_ERROR(NotFound, open("a", toRead())); }

using UnusedLogTest = ReadOnlyTest;

TEST_F(UnusedLogTest, AFileThatWasUsedWithoutItsLogSaysWhereThatIs) {
  open("a").insert({{"n", 1}});
  crash();
  std::filesystem::rename(path("a") + "-wal", path("a") + "-moved");
  UUID important = open("a").insert({{"n", 3}});
  std::filesystem::rename(path("a") + "-moved", path("a") + "-wal");
  Database a = open("a");
  EXPECT_TRUE(a.fetch(important));
  EXPECT_EQ(a.count(), 2u);
  EXPECT_TRUE(std::filesystem::exists(a.info().unusedLog));
}

class EndOfProcessTest : public FolderTest {};

TEST_F(EndOfProcessTest, ADatabaseThatAGlobalObjectHoldsIsClosedWhenTheProcessEnds) {
  auto body = [&] {
    untilTheEnd = std::make_unique<Database>(open("end"));
    untilTheEnd->insert({{"n", 1}});
    exit(0);
  };
  EXPECT_EXIT(body(), testing::ExitedWithCode(0), "");
  EXPECT_EQ(open("end").count(), 1u);
}

}  // namespace
}  // namespace blazedb::db
