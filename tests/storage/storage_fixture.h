// Shared by the tests of storage: a small database on a simulated disk.
#pragma once

#include <gtest/gtest.h>
#include <algorithm>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "blazedb/error.h"
#include "storage/database_file.h"
#include "support/sim_file_system.h"

namespace blazedb::storage {

using Operation = test::SimFileSystem::Operation;

inline constexpr char kPath[] = "/data/notes.blazedb";
inline constexpr char kWalPath[] = "/data/notes.blazedb-wal";

inline KeySource someKey() { return KeySource::rawKey(base::Bytes(32, 0x42)); }
inline KeySource otherKey() { return KeySource::rawKey(base::Bytes(32, 0x43)); }
inline constexpr crypto::KdfCost kCheapCost{19 * 1024, 2};

// The code of the Error that `body` throws; none if it throws nothing.
template <typename Body>
std::optional<ErrorCode> errorOf(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

#define EXPECT_ERROR(statement, expected) \
  EXPECT_EQ(errorOf([&] { statement; }), std::optional(ErrorCode::expected)) << #statement

inline std::int64_t numberOf(Connection& connection, std::string_view sql) {
  Statement statement = connection.prepare(sql);
  return statement.step() ? statement.integer(0) : -1;
}

// Everything that the tables of `notes` hold, as text.
inline std::string dumpOf(Connection& connection) {
  std::string dump;
  Statement all = connection.prepare("SELECT id, hex(body) FROM notes ORDER BY id");
  while (all.step()) dump += std::to_string(all.integer(0)) + "=" + std::string(all.text(1)) + "\n";
  return dump;
}

// Small pages, so that there are many.
class StorageTest : public ::testing::Test {
 protected:
  static CreateOptions smallPages() {
    CreateOptions options;
    options.pageBytes = 1024;
    return options;
  }

  static void makeTables(Connection& connection) {
    connection.execute("CREATE TABLE notes(id INTEGER PRIMARY KEY, body BLOB); CREATE INDEX bodies ON notes(body)");
  }

  std::unique_ptr<DatabaseFile> create(const CreateOptions& options = smallPages()) {
    return DatabaseFile::create(files, random, kPath, someKey(), options, makeTables);
  }
  std::unique_ptr<DatabaseFile> open(int cacheKiB = 64) {
    return DatabaseFile::open(files, random, kPath, someKey(), {cacheKiB});
  }

  // One transaction of `count` notes with random bodies.
  static void insert(Connection& connection, int count, int bytes = 100) {
    connection.execute("BEGIN");
    Statement add = connection.prepare("INSERT INTO notes(body) VALUES(randomblob(?))");
    for (int i = 0; i < count; i++) add.bind(1, bytes).run();
    connection.execute("COMMIT");
  }

  // The WAL, of small pages, without the zeros that reserve space after it.
  base::Bytes log() {
    base::Bytes wal = files.contents(kWalPath);
    auto used = std::find_if(wal.rbegin(), wal.rend(), [](std::uint8_t byte) { return byte != 0; });
    std::size_t frames = (static_cast<std::size_t>(wal.rend() - used) - kSlotsBytes + kFrameBytes - 1) / kFrameBytes;
    wal.resize(kSlotsBytes + frames * kFrameBytes);
    return wal;
  }

  static constexpr std::size_t kSlotsBytes = 144;
  static constexpr std::size_t kFrameBytes = 72 + 1024;

  test::SimFileSystem files;
  base::SystemRandom random;
};

}  // namespace blazedb::storage
