// The N-th operation of each kind fails, for every N: every failure is a typed error, and afterwards nothing
// acknowledged is missing and no transaction is half there. Then the disk is full at every size, and memory runs out at
// every allocation.
#include <sqlite3.h>

#include <cstdlib>
#include <new>

#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

class FaultTest : public StorageTest {
 protected:
  // A session with every kind of operation. Returns how many notes were acknowledged, and a `Failure` if an operation
  // failed.
  struct Outcome {
    int acknowledged = 0;
    std::optional<ErrorCode> error;
    bool outOfMemory = false;
  };

  Outcome session() {
    Outcome outcome;
    try {
      auto file = open(16);
      for (int i = 0; i < 4; i++) {
        insert(file->writer(), 5, 300);
        outcome.acknowledged += 5;
        if (i % 2) file->checkpoint();
      }
      auto reader = file->openReader(16);
      EXPECT_EQ(numberOf(*reader, "SELECT count(*) FROM notes WHERE body IS NOT NULL"), outcome.acknowledged + 20);
      file->backup("/data/copy");
    } catch (const Error& error) {
      if (error.code() == ErrorCode::OutOfMemory)
        outcome.outOfMemory = true;
      else
        outcome.error = error.code();
    }
    return outcome;
  }

  void begin() {
    for (const std::string& path : files.list()) files.remove(path);
    auto file = create();
    insert(file->writer(), 20, 300);
  }

  void checkAfter(const Outcome& outcome, const std::string& where) {
    auto file = open();
    EXPECT_EQ(file->verifyPages(), std::vector<std::string>()) << where;
    std::int64_t notes = numberOf(file->writer(), "SELECT count(*) FROM notes");
    EXPECT_GE(notes, 20 + outcome.acknowledged) << where;
    EXPECT_LE(notes, 25 + outcome.acknowledged) << where;
    EXPECT_EQ(notes % 5, 0) << where << ": half a transaction";
    insert(file->writer(), 5, 300);  // the database still works
    if (files.exists("/data/copy")) {
      auto copy = DatabaseFile::open(files, random, "/data/copy", someKey());
      EXPECT_EQ(copy->verifyPages(), std::vector<std::string>()) << where;
    }
  }

  static bool mayBe(std::optional<ErrorCode> code, std::initializer_list<ErrorCode> allowed) {
    return !code || std::find(allowed.begin(), allowed.end(), *code) != allowed.end();
  }
};

TEST_F(FaultTest, EveryOperationMayFailOnceOrForGood) {
  int points = 0, failures = 0;
  for (Operation operation :
       {Operation::open, Operation::create, Operation::remove, Operation::publish, Operation::rename, Operation::read,
        Operation::write, Operation::truncate, Operation::sync, Operation::syncFolder, Operation::size}) {
    for (IoStatus status : {IoStatus::failed, IoStatus::noSpace}) {
      if (status == IoStatus::noSpace && operation != Operation::write && operation != Operation::create) continue;
      for (bool lasting : {false, true}) {
        begin();
        std::uint64_t before = files.count(operation);
        session();
        std::uint64_t total = files.count(operation) - before;
        for (std::uint64_t nth = 1; nth <= total; nth++, points++) {
          begin();
          files.failAt(operation, nth, status, lasting);
          Outcome outcome = session();
          files.clearFaults();
          std::string where =
              "operation " + std::to_string(static_cast<int>(operation)) + ", number " + std::to_string(nth);
          EXPECT_TRUE(mayBe(outcome.error, {ErrorCode::IoError, ErrorCode::DiskFull, ErrorCode::NeedsReopen})) << where;
          failures += outcome.error.has_value();
          checkAfter(outcome, where);
        }
      }
    }
  }
  EXPECT_GT(failures, points / 2);
}

TEST_F(FaultTest, WithoutADescriptorForTheFolderACommitFailsAndTheNextOneDoesNot) {
  begin();
  auto file = open();
  files.failAt(Operation::syncFolder, 1, IoStatus::noHandle);
  EXPECT_EQ(errorOf([&] { insert(file->writer(), 5, 300); }), ErrorCode::IoError);
  if (file->writer().inTransaction()) file->writer().execute("ROLLBACK");
  std::int64_t before = numberOf(file->writer(), "SELECT count(*) FROM notes");
  insert(file->writer(), 5, 300);
  EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), before + 5);
  EXPECT_TRUE(file->verifyPages().empty());
}

TEST_F(FaultTest, CreatingLeavesNothingWhateverFails) {
  for (Operation operation : {Operation::open, Operation::create, Operation::publish, Operation::read, Operation::write,
                              Operation::truncate, Operation::sync, Operation::size}) {
    std::uint64_t before = files.count(operation);
    create();
    std::uint64_t total = files.count(operation) - before;
    ASSERT_EQ(files.remove(kPath), IoStatus::ok);
    for (std::uint64_t nth = 1; nth <= total; nth++) {
      files.failAt(operation, nth);
      std::optional<ErrorCode> error = errorOf([&] { create(); });
      files.clearFaults();
      if (!error) {
        EXPECT_TRUE(open()->verifyPages().empty());
        files.remove(kPath);
      }
      EXPECT_TRUE(mayBe(error, {ErrorCode::IoError, ErrorCode::NeedsReopen}));
      EXPECT_TRUE(files.list().empty()) << "operation " << static_cast<int>(operation) << ", number " << nth;
    }
  }
}

TEST_F(FaultTest, AFullDiskIsToldAndNothingOfTheTransactionIsKept) {
  begin();
  std::uint64_t used = files.contents(kPath).size();
  int told = 0;
  for (std::uint64_t room = 0; room < 120'000; room += 1500) {
    files.setCapacity(~std::uint64_t{0});
    begin();
    files.setCapacity(used + room);
    Outcome outcome = session();
    EXPECT_TRUE(mayBe(outcome.error, {ErrorCode::DiskFull})) << room;
    told += outcome.error.has_value();
    files.setCapacity(~std::uint64_t{0});
    checkAfter(outcome, "room " + std::to_string(room));
  }
  EXPECT_GT(told, 10);
}

TEST_F(FaultTest, AFullDiskDoesNotEndTheSession) {
  begin();
  auto file = open();
  files.setCapacity(files.contents(kPath).size() + 10'000);
  EXPECT_ERROR(insert(file->writer(), 100, 1000), DiskFull);
  EXPECT_FALSE(file->writer().inTransaction());
  EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), 20);
  files.setCapacity(~std::uint64_t{0});
  insert(file->writer(), 100, 1000);
  EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), 120);
}

// An allocator for SQLite that fails on demand.
struct FailingMemory {
  static inline sqlite3_mem_methods real;
  static inline std::int64_t left = -1;  // allocations until they fail; negative: never

  static bool fails() { return left >= 0 && left-- <= 0 && (left = 0, true); }
  static void* allocate(int bytes) { return fails() ? nullptr : real.xMalloc(bytes); }
  static void* reallocate(void* old, int bytes) { return fails() ? nullptr : real.xRealloc(old, bytes); }

  FailingMemory() {
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
    sqlite3_mem_methods failing = real;
    failing.xMalloc = allocate;
    failing.xRealloc = reallocate;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
    sqlite3_initialize();
  }
  ~FailingMemory() {
    left = -1;
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_MALLOC, &real);
    sqlite3_initialize();
  }
};

TEST_F(FaultTest, MemoryMayRunOutAtEveryAllocation) {
  FailingMemory memory;
  constexpr std::int64_t kPlenty = 1 << 30;
  begin();
  FailingMemory::left = kPlenty;
  session();
  std::int64_t total = kPlenty - FailingMemory::left;
  FailingMemory::left = -1;
  int outOfMemory = 0;
  for (std::int64_t nth = 0; nth < total; nth += 1 + nth / 40) {  // each of the first allocations, then fewer of them
    begin();
    FailingMemory::left = nth;
    Outcome outcome = session();
    FailingMemory::left = -1;
    EXPECT_TRUE(mayBe(outcome.error, {})) << "allocation " << nth << ": " << errorName(*outcome.error);
    outOfMemory += outcome.outOfMemory;
    checkAfter(outcome, "allocation " + std::to_string(nth));
  }
  EXPECT_GT(outOfMemory, 50);
}

}  // namespace
}  // namespace blazedb::storage
