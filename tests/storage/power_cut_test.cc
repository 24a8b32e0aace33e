// Power cuts at every sync, with writes lost, reordered, torn and garbled; and cuts again while the database recovers.
//
// A ledger says how many transactions were acknowledged. After each cut: every page is sound, each transaction is whole
// or absent, none is missing in the middle, and those acknowledged as durable are there.
#include <random>

#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

class PowerCutTest : public StorageTest {
 protected:
  struct Ledger {
    std::int64_t acknowledged = 0;  // at least this many transactions must be there
    std::int64_t begun = 0;         // at most this many may be there
  };

  static void makeLedgerTables(Connection& connection) {
    connection.execute(
        "CREATE TABLE parts(id INTEGER PRIMARY KEY, txn INT, body BLOB); CREATE INDEX byTxn ON parts(txn);"
        "CREATE TABLE txns(txn INTEGER PRIMARY KEY, parts INT)");
  }

  // Checks the database after a restart and takes over into the ledger what it finds.
  void check(DatabaseFile& file, Ledger& ledger, const std::string& where) {
    EXPECT_EQ(file.unusedLog(), "") << where << ": a crash leaves a log that belongs to its file";
    EXPECT_EQ(file.verifyPages(), std::vector<std::string>()) << where;
    Connection& writer = file.writer();
    std::int64_t last = numberOf(writer, "SELECT coalesce(max(txn), 0) FROM txns");
    EXPECT_GE(last, ledger.acknowledged) << where << ": an acknowledged transaction is lost";
    EXPECT_LE(last, ledger.begun) << where;
    EXPECT_EQ(numberOf(writer, "SELECT count(*) FROM txns"), last) << where << ": a transaction is missing";
    EXPECT_EQ(numberOf(writer,
                       "SELECT count(*) FROM txns t WHERE parts <> (SELECT count(*) FROM parts p WHERE p.txn = t.txn)"),
              0)
        << where << ": half a transaction";
    EXPECT_EQ(numberOf(writer, "SELECT (SELECT coalesce(sum(parts), 0) FROM txns) - (SELECT count(*) FROM parts)"), 0)
        << where;
    ledger.acknowledged = ledger.begun = last;
  }

  // Runs transactions of all kinds, until `count` are done or the power fails.
  static void work(DatabaseFile& file, Ledger& ledger, std::mt19937_64& dice, int count, bool durable) {
    Connection& writer = file.writer();
    file.setDurable(durable);
    ledger.begun = numberOf(writer, "SELECT coalesce(max(txn), 0) FROM txns");
    Statement part = writer.prepare("INSERT INTO parts(txn, body) VALUES(?, randomblob(?))");
    Statement change = writer.prepare("UPDATE parts SET body = randomblob(300) WHERE id % 7 = ?");
    Statement txn = writer.prepare("INSERT INTO txns VALUES(?, ?)");
    for (int i = 0; i < count; i++) {
      std::int64_t number = ++ledger.begun;
      auto parts = static_cast<int>(dice() % 5 == 0 ? 50 : dice() % 6);
      writer.execute("BEGIN");
      for (int j = 0; j < parts; j++) part.bind(1, number).bind(2, static_cast<int>(dice() % 800)).run();
      if (dice() % 3 == 0) {
        writer.execute("SAVEPOINT s");
        change.bind(1, static_cast<int>(dice() % 7)).run();
        writer.execute(dice() % 2 ? "ROLLBACK TO s" : "RELEASE s");
      }
      txn.bind(1, number).bind(2, parts).run();
      if (dice() % 6 == 0) {
        writer.execute("ROLLBACK");
        ledger.begun--;
        continue;
      }
      writer.execute("COMMIT");
      if (durable) ledger.acknowledged = number;
      if (dice() % 5 == 0) file.checkpoint();
    }
  }

  std::unique_ptr<DatabaseFile> createLedger() {
    return DatabaseFile::create(files, random, kPath, someKey(), smallPages(), makeLedgerTables);
  }
};

TEST_F(PowerCutTest, NothingAcknowledgedIsLostOverManyLives) {
  int cuts = 0;
  for (std::uint64_t seed = 0; seed < 60; seed++) {
    std::mt19937_64 dice(seed);
    files.remove(kPath);
    files.remove(kWalPath);
    createLedger();
    Ledger ledger;
    for (int life = 0; life < 5; life++) {
      std::string where = "seed " + std::to_string(seed) + ", life " + std::to_string(life);
      std::unique_ptr<DatabaseFile> file;
      std::optional<ErrorCode> error = errorOf([&] {
        file = open();
        check(*file, ledger, where);
        files.powerOffAtSync(1 + dice() % 40);
        work(*file, ledger, dice, 60, true);
      });
      EXPECT_TRUE(!error || files.isOff()) << where;
      cuts += files.isOff();
      files.powerOff();
      file.reset();
      if (dice() % 4 == 0)
        files.restart();
      else
        files.restart(dice());
    }
  }
  EXPECT_GT(cuts, 250);
}

// Transactions acknowledged without a sync may be lost, from the end; a part of a transaction never.
TEST_F(PowerCutTest, WithoutDurabilityOnlyTheLastTransactionsMayGo) {
  for (std::uint64_t seed = 0; seed < 40; seed++) {
    std::mt19937_64 dice(seed);
    files.remove(kPath);
    files.remove(kWalPath);
    createLedger();
    Ledger ledger;
    for (int life = 0; life < 4; life++) {
      auto file = open();
      check(*file, ledger, "seed " + std::to_string(seed) + ", life " + std::to_string(life));
      ledger.acknowledged = 0;
      files.powerOffAtSync(1 + dice() % 15);
      errorOf([&] { work(*file, ledger, dice, 60, false); });
      files.powerOff();
      file.reset();
      files.restart(dice());
    }
  }
}

TEST_F(PowerCutTest, EverySyncOfASessionSurvivesEveryKindOfCut) {
  createLedger();
  base::Bytes image = files.contents(kPath);
  auto session = [&](Ledger& ledger) {
    std::mt19937_64 dice(4711);
    auto file = open();
    work(*file, ledger, dice, 25, true);
  };
  std::uint64_t before = files.count(Operation::sync);
  Ledger whole;
  session(whole);
  std::uint64_t syncs = files.count(Operation::sync) - before;
  for (std::uint64_t sync = 1; sync <= syncs; sync++) {
    for (std::uint64_t seed = 0; seed < 10; seed++) {
      files.setContents(kPath, image);
      files.remove(kWalPath);
      files.syncFolder(kPath);
      Ledger ledger;
      files.powerOffAtSync(sync);
      errorOf([&] { session(ledger); });
      files.powerOff();
      files.restart(1000 * sync + seed);
      auto file = open();
      check(*file, ledger, "sync " + std::to_string(sync) + ", seed " + std::to_string(seed));
    }
  }
  EXPECT_GT(syncs, 20u);
}

// A recovered database writes when it is closed, checkpointed or used. The power is cut at each of its first syncs,
// three times over.
TEST_F(PowerCutTest, ACutDuringRecoveryIsRecoveredFromAsWell) {
  for (std::uint64_t seed = 0; seed < 80; seed++) {
    std::mt19937_64 dice(seed);
    files.remove(kPath);
    files.remove(kWalPath);
    auto file = createLedger();
    Ledger ledger;
    files.powerOffAtSync(5 + dice() % 30);
    errorOf([&] { work(*file, ledger, dice, 60, true); });
    files.powerOff();
    file.reset();
    files.restart(dice());
    for (int again = 0; again < 3; again++) {
      files.powerOffAtSync(1 + dice() % 4);
      errorOf([&] {
        file = open();
        file->checkpoint();
        work(*file, ledger, dice, 2, true);
      });
      files.powerOff();
      file.reset();
      files.restart(dice());
    }
    file = open();
    check(*file, ledger, "seed " + std::to_string(seed));
  }
}

TEST_F(PowerCutTest, CreatingGivesAWholeFileOrNone) {
  std::uint64_t before = files.count(Operation::sync);
  createLedger();
  std::uint64_t syncs = files.count(Operation::sync) - before + 1;  // plus a cut after the last one
  int absent = 0, there = 0;
  for (std::uint64_t sync = 1; sync <= syncs; sync++) {
    for (std::uint64_t seed = 0; seed < 30; seed++) {
      files.remove(kPath);
      files.syncFolder(kPath);
      files.powerOffAtSync(sync);
      bool acknowledged = errorOf([&] { createLedger(); }) == std::nullopt;
      files.crash(seed);
      bool exists = files.exists(kPath);
      EXPECT_TRUE(exists || !acknowledged);
      if (exists) {
        auto file = open();
        Ledger empty;
        check(*file, empty, "sync " + std::to_string(sync) + ", seed " + std::to_string(seed));
      }
      (exists ? there : absent)++;
    }
  }
  EXPECT_GT(absent, 0);
  EXPECT_GT(there, 0);
}

}  // namespace
}  // namespace blazedb::storage
