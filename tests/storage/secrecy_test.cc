// What is on the disk: no plain text, and no nonce twice.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "storage/key_header.h"
#include "storage/posix_file_system.h"
#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

class SecrecyTest : public StorageTest {};

bool holds(const base::Bytes& image, std::string_view marker) {
  return std::search(image.begin(), image.end(), marker.begin(), marker.end()) != image.end();
}

constexpr std::string_view kMarkers[] = {"MARKEDPASSWORD", "MARKEDTABLE",   "MARKEDCOLUMN", "MARKEDVALUE",
                                         "MARKEDBLOB",     "SQLite format", "CREATE TABLE"};

// Names, values, overflow pages, sorts and savepoints larger than any cache, rolled back and deleted content, a backup.
void useEverything(DatabaseFile& file, const std::string& copy, const std::function<void()>& look) {
  Connection& writer = file.writer();
  writer.execute("CREATE TABLE MARKEDTABLE(id INTEGER PRIMARY KEY, MARKEDCOLUMN TEXT)");
  writer.execute("BEGIN");
  Statement add = writer.prepare("INSERT INTO MARKEDTABLE(MARKEDCOLUMN) VALUES(?)");
  for (int i = 0; i < 3000; i++) {
    std::string value = "MARKEDVALUE" + std::to_string(i * 7919 % 3000);
    add.bindText(1, value).run();
  }
  std::string large(100'000, 'x');
  for (std::size_t i = 0; i + 20 < large.size(); i += 20) large.replace(i, 10, "MARKEDBLOB");
  add.bindText(1, large).run();
  look();
  writer.execute("SAVEPOINT s; UPDATE MARKEDTABLE SET MARKEDCOLUMN = MARKEDCOLUMN || 'MARKEDVALUE'");
  look();
  writer.execute("ROLLBACK TO s; COMMIT");
  look();
  writer.execute("CREATE INDEX byColumn ON MARKEDTABLE(MARKEDCOLUMN)");
  EXPECT_EQ(numberOf(writer, "SELECT count(DISTINCT MARKEDCOLUMN || id) FROM MARKEDTABLE ORDER BY MARKEDCOLUMN || '!'"),
            3001);
  writer.execute("CREATE TEMP TABLE t AS SELECT * FROM MARKEDTABLE; DELETE FROM MARKEDTABLE WHERE id % 2");
  look();
  file.checkpoint();
  look();
  file.backup(copy, [](Connection& connection) { connection.execute("DELETE FROM MARKEDTABLE WHERE id < 100"); });
  look();
}

TEST_F(SecrecyTest, NothingPlainReachesTheDiskAtAnyMoment) {
  CreateOptions options = smallPages();
  options.cost = kCheapCost;
  auto file = DatabaseFile::create(files, random, kPath, KeySource::password("MARKEDPASSWORD"), options, makeTables);
  auto look = [&] {
    for (const std::string& path : files.list())
      for (std::string_view marker : kMarkers)
        EXPECT_FALSE(holds(files.contents(path), marker)) << path << ": " << marker;
  };
  useEverything(*file, "/data/copy", look);
  file.reset();
  look();
  EXPECT_EQ(files.list(), (std::vector<std::string>{"/data/copy", kPath}));
}

TEST_F(SecrecyTest, NoOtherFileAppearsInAnyFolder) {
  namespace fs = std::filesystem;
  std::string pattern = (fs::temp_directory_path() / "blazedb-secrecy-XXXXXX").string();
  fs::path folder = ::mkdtemp(pattern.data());
  fs::create_directory(folder / "tmp");
  ::setenv("SQLITE_TMPDIR", (folder / "tmp").c_str(), 1);
  PosixFileSystem disk;
  auto file = DatabaseFile::create(disk, random, folder / "a", someKey(), smallPages(), makeTables);
  useEverything(*file, folder / "copy", [&] {
    EXPECT_TRUE(fs::is_empty(folder / "tmp"));
    for (const auto& entry : fs::directory_iterator(folder)) {
      std::string name = entry.path().filename();
      EXPECT_TRUE(name == "a" || name == "a-wal" || name == "a-owner" || name == "copy" || name == "tmp") << name;
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      base::Bytes image{std::istreambuf_iterator<char>(in), {}};
      for (std::string_view marker : kMarkers) EXPECT_FALSE(holds(image, marker)) << name << ": " << marker;
    }
  });
  file.reset();
  ::unsetenv("SQLITE_TMPDIR");
  fs::remove_all(folder);
}

TEST_F(SecrecyTest, ARawKeyIsNotInTheFile) {
  base::Bytes key(32);
  random.fill(key);
  DatabaseFile::create(files, random, kPath, KeySource::rawKey(key), smallPages(), makeTables);
  EXPECT_FALSE(holds(files.contents(kPath), base::textOf(key)));
}

// Collects each nonce with the tag beside it, from every sealed unit in the files as they are now.
class NonceLog {
 public:
  void collect(const base::Bytes& main, const base::Bytes& wal) {
    for (std::size_t block : {std::size_t{0}, kHeaderBlockBytes}) unit(main, block + 4024);
    for (std::size_t page = kHeaderBytes; page + 1024 <= main.size(); page += 1024) unit(main, page + 984);
    for (std::size_t slot = 0; slot < 2 && wal.size() >= 144; slot++) unit(wal, slot * 72 + 32);
    for (std::size_t frame = 144; frame + 1096 <= wal.size(); frame += 1096) {
      unit(wal, frame + 32);
      unit(wal, frame + 72 + 984);
    }
  }
  std::size_t nonces() const { return tags_.size(); }
  std::size_t repeats() const { return repeats_; }

 private:
  void unit(const base::Bytes& image, std::size_t at) {
    auto from = image.begin() + static_cast<std::ptrdiff_t>(at);
    base::Bytes nonce(from, from + crypto::kNonceBytes), tag(from + crypto::kNonceBytes, from + crypto::kSealBytes);
    if (std::all_of(nonce.begin(), nonce.end(), [](std::uint8_t byte) { return byte == 0; })) return;  // a hole
    auto [place, fresh] = tags_.emplace(nonce, tag);
    if (!fresh && place->second != tag) repeats_++;  // the same unit may be in the WAL and in the main file
  }

  std::map<base::Bytes, base::Bytes> tags_;
  std::size_t repeats_ = 0;
};

// A counter would repeat nonces here: two processes continue from one image, twice.
TEST_F(SecrecyTest, NoNonceIsUsedTwiceOverCrashesCopiesAndRestores) {
  NonceLog log;
  auto look = [&] { log.collect(files.contents(kPath), files.contents(kWalPath)); };
  auto file = create();
  for (int round = 0; round < 6; round++) {
    for (int i = 0; i < 15; i++) {
      insert(file->writer(), 5);
      if (i % 6 == 5) file->checkpoint();
      look();
    }
    base::Bytes main = files.contents(kPath), wal = files.contents(kWalPath);
    for (int life = 0; life < 2; life++) {
      files.powerOff();
      file.reset();
      files.restart();
      if (life == 1) {  // back to the image, as with a restored copy or a cloned machine
        files.setContents(kPath, main);
        files.setContents(kWalPath, wal);
      }
      file = open();
      for (int i = 0; i < 5; i++) {
        insert(file->writer(), 5);
        look();
      }
    }
    file->changePassword(someKey(), someKey());
    look();
  }
  EXPECT_GT(log.nonces(), 2000u);
  EXPECT_EQ(log.repeats(), 0u);
}

}  // namespace
}  // namespace blazedb::storage
