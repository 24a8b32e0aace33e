// kill -9 on a real file system: a child process commits and reports each commit to its parent. The parent keeps a
// ledger, kills the child at a random acknowledgement and checks the file. The kernel lives on, so nothing acknowledged
// may be missing, whatever the durability.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/random.h"
#include "storage/database_file.h"
#include "storage/posix_file_system.h"

namespace blazedb::storage {
namespace {

namespace fs = std::filesystem;

class KillTest : public ::testing::Test {
 protected:
  KillTest() {
    std::string pattern = (fs::temp_directory_path() / "blazedb-kill-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~KillTest() override { fs::remove_all(folder); }

  std::unique_ptr<DatabaseFile> open() { return DatabaseFile::open(files, random, folder / "a", key); }

  static std::int64_t numberOf(Connection& connection, const char* sql) {
    Statement statement = connection.prepare(sql);
    return statement.step() ? statement.integer(0) : -1;
  }

  // Commits forever; each transaction has a random number of parts.
  [[noreturn]] void child(int acknowledge, std::uint64_t seed) {
    std::mt19937_64 dice(seed);
    auto file = open();
    file->setDurable(seed % 2 == 0);
    Connection& writer = file->writer();
    Statement part = writer.prepare("INSERT INTO parts(txn, body) VALUES(?, randomblob(?))");
    Statement txn = writer.prepare("INSERT INTO txns VALUES(?, ?)");
    for (std::int64_t number = numberOf(writer, "SELECT coalesce(max(txn), 0) FROM txns") + 1;; number++) {
      auto parts = static_cast<std::int64_t>(dice() % 30);
      writer.execute("BEGIN");
      for (std::int64_t i = 0; i < parts; i++)
        part.bind(1, number).bind(2, static_cast<std::int64_t>(dice() % 2000)).run();
      txn.bind(1, number).bind(2, parts).run();
      writer.execute("COMMIT");
      if (::write(acknowledge, &number, sizeof number) != sizeof number) ::_exit(1);
      if (dice() % 8 == 0) file->checkpoint();
    }
  }

  fs::path folder;
  PosixFileSystem files;
  base::SystemRandom random;
  KeySource key = KeySource::rawKey(base::Bytes(32, 0x42));
};

TEST_F(KillTest, NothingAcknowledgedIsLost) {
  DatabaseFile::create(files, random, folder / "a", key, {}, [](Connection& connection) {
    connection.execute(
        "CREATE TABLE parts(id INTEGER PRIMARY KEY, txn INT, body BLOB); CREATE INDEX byTxn ON parts(txn);"
        "CREATE TABLE txns(txn INTEGER PRIMARY KEY, parts INT)");
  });
  std::mt19937_64 dice(1);
  std::int64_t acknowledged = 0;
  for (std::uint64_t round = 0; round < 40; round++) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    pid_t writer = ::fork();
    if (writer == 0) child(ends[1], dice());
    ::close(ends[1]);
    auto stopAfter = static_cast<int>(dice() % 40);
    std::int64_t number = 0;
    for (int i = 0; i < stopAfter && ::read(ends[0], &number, sizeof number) == sizeof number; i++)
      acknowledged = number;
    ::kill(writer, SIGKILL);
    while (::read(ends[0], &number, sizeof number) == sizeof number) acknowledged = number;
    ::close(ends[0]);
    int status = 0;
    ::waitpid(writer, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself";
    dice();

    auto file = open();
    EXPECT_EQ(file->unusedLog(), "");
    Connection& reader = file->writer();
    std::int64_t last = numberOf(reader, "SELECT coalesce(max(txn), 0) FROM txns");
    EXPECT_GE(last, acknowledged) << "round " << round;
    EXPECT_LE(last, acknowledged + 1) << "round " << round;
    EXPECT_EQ(numberOf(reader, "SELECT count(*) FROM txns"), last);
    EXPECT_EQ(numberOf(reader,
                       "SELECT count(*) FROM txns t WHERE parts <> (SELECT count(*) FROM parts p WHERE p.txn = t.txn)"),
              0);
    EXPECT_EQ(file->verifyPages(), std::vector<std::string>());
    acknowledged = last;
  }
  EXPECT_GT(acknowledged, 100);
}

}  // namespace
}  // namespace blazedb::storage
