#include "storage/key_header.h"

#include <cstring>

#include "crypto/hash.h"
#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

class KeyHeaderTest : public StorageTest {
 protected:
  // Rewrites bytes of both copies as an attacker would who knows the format but not the key: with a correct checksum.
  void forge(std::size_t offset, base::Bytes bytes) {
    base::Bytes image = files.contents(kPath);
    for (std::size_t block : {std::size_t{0}, kHeaderBlockBytes}) {
      std::memcpy(image.data() + block + offset, bytes.data(), bytes.size());
      auto checksum = crypto::hash256(base::ByteView(image).subspan(block, 4064));
      std::memcpy(image.data() + block + 4064, checksum.data(), checksum.size());
    }
    files.setContents(kPath, std::move(image));
  }

  void damageCopy(std::size_t copy) {
    base::Bytes image = files.contents(kPath);
    image[copy * kHeaderBlockBytes + 100] ^= 1;
    files.setContents(kPath, std::move(image));
  }
};

TEST_F(KeyHeaderTest, FiveFailuresAreFiveErrors) {
  create();
  base::Bytes image = files.contents(kPath);
  EXPECT_ERROR(DatabaseFile::open(files, random, kPath, otherKey()), WrongPassword);
  EXPECT_ERROR(DatabaseFile::open(files, random, kPath, KeySource::password("hello")), WrongPassword);

  files.setContents(kPath, base::Bytes(50'000, 'x'));
  EXPECT_ERROR(open(), NotADatabase);
  files.setContents(kPath, {'S', 'Q', 'L'});
  EXPECT_ERROR(open(), NotADatabase);

  for (std::size_t bytes : {std::size_t{0}, std::size_t{4}, std::size_t{100}, std::size_t{5000}, kHeaderBytes,
                            kHeaderBytes + 500, image.size() - 1024, image.size() - 1}) {
    files.setContents(kPath, base::Bytes(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(bytes)));
    EXPECT_ERROR(open(), TruncatedFile) << bytes;
  }

  files.setContents(kPath, image);
  forge(8, {2, 0, 0, 0});
  EXPECT_ERROR(open(), NewerFormat);

  files.setContents(kPath, image);
  damageCopy(0);
  damageCopy(1);
  EXPECT_ERROR(open(), DamagedPage);

  EXPECT_ERROR(DatabaseFile::open(files, random, "/data/absent", someKey()), NotFound);
}

TEST_F(KeyHeaderTest, OneDamagedCopyIsRepairedFromTheOther) {
  create();
  for (std::size_t copy : {0u, 1u}) {
    damageCopy(copy);
    open();
    damageCopy(1 - copy);
    EXPECT_EQ(errorOf([&] { open(); }), std::nullopt) << "the first copy was not repaired";
  }
}

TEST_F(KeyHeaderTest, AForgedHeaderIsNotBelieved) {
  create();
  base::Bytes image = files.contents(kPath);
  struct {
    std::size_t offset;
    base::Bytes bytes;
    ErrorCode code;
  } forgeries[] = {
      {12, {9, 0, 0, 0}, ErrorCode::WrongPassword},  // generation
      {16, {2}, ErrorCode::WrongPassword},           // the other cipher
      {16, {3}, ErrorCode::DamagedPage},             // not a cipher
      {17, {2}, ErrorCode::DamagedPage},             // not a kind of secret
      {20, {0, 8, 0, 0}, ErrorCode::WrongPassword},  // another page size
      {20, {0, 5, 0, 0}, ErrorCode::DamagedPage},    // not a page size
      {60, {1}, ErrorCode::WrongPassword},           // the padding is sealed as well
      {3992, {1, 2, 3}, ErrorCode::WrongPassword},   // the key
      {4030, {1, 2, 3}, ErrorCode::WrongPassword},   // its nonce
  };
  for (const auto& forgery : forgeries) {
    files.setContents(kPath, image);
    forge(forgery.offset, forgery.bytes);
    EXPECT_EQ(errorOf([&] { open(); }), forgery.code) << "offset " << forgery.offset;
  }
}

// Below the minimum an attacker could make guesses at the password cheap. Above the maximum an attacker could exhaust
// our memory.
TEST_F(KeyHeaderTest, AKeyDerivationOutsideItsBoundsIsRefusedBeforeItRuns) {
  CreateOptions options = smallPages();
  options.cost = kCheapCost;
  DatabaseFile::create(files, random, kPath, KeySource::password("correct horse"), options, makeTables);
  base::Bytes image = files.contents(kPath);
  for (base::Bytes cost : {base::Bytes{8, 0, 0, 0, 1, 0, 0, 0}, base::Bytes{0, 0, 0, 6, 2, 0, 0, 0},
                           base::Bytes{0, 76, 0, 0, 1, 0, 0, 0}, base::Bytes{0, 76, 0, 0, 0, 1, 0, 0}}) {
    files.setContents(kPath, image);
    forge(24, cost);
    EXPECT_ERROR(DatabaseFile::open(files, random, kPath, KeySource::password("correct horse")), DamagedPage);
  }
  EXPECT_ERROR(DatabaseFile::create(files, random, "/data/b", KeySource::password("x"),
                                    {1024, std::nullopt, crypto::KdfCost{8, 1}}, makeTables),
               InvalidArgument);
}

TEST_F(KeyHeaderTest, AnEmptyPasswordAndAShortKeyAreRefused) {
  EXPECT_ERROR(DatabaseFile::create(files, random, kPath, KeySource::password(""), {}, makeTables), InvalidArgument);
  EXPECT_ERROR(DatabaseFile::create(files, random, kPath, KeySource::rawKey(base::Bytes(16)), {}, makeTables),
               InvalidArgument);
  EXPECT_TRUE(files.list().empty());
}

TEST_F(KeyHeaderTest, OnlyTheNewPasswordOpensAfterAChange) {
  auto file = create();
  insert(file->writer(), 5);
  KeySource password = KeySource::password("correct horse");
  EXPECT_ERROR(file->changePassword(otherKey(), password, kCheapCost), WrongPassword);
  file->changePassword(someKey(), password, kCheapCost);
  insert(file->writer(), 5);
  file.reset();
  EXPECT_ERROR(open(), WrongPassword);
  EXPECT_ERROR(DatabaseFile::open(files, random, kPath, KeySource::password("battery staple")), WrongPassword);
  file = DatabaseFile::open(files, random, kPath, password);
  EXPECT_EQ(numberOf(file->writer(), "SELECT count(*) FROM notes"), 10);
  file->changePassword(password, someKey());
  file.reset();
  EXPECT_EQ(numberOf(open()->writer(), "SELECT count(*) FROM notes"), 10);
}

// The header block is one 4 KiB write, which a power cut tears at any sector.
TEST_F(KeyHeaderTest, APowerCutWhileThePasswordChangesLeavesAFileThatOneOfTheTwoOpens) {
  create();
  base::Bytes image = files.contents(kPath);
  int opensWithOld = 0, opensWithNew = 0;
  for (std::uint64_t seed = 0; seed < 300; seed++) {
    files.setContents(kPath, image);
    auto file = open();
    files.powerOffAtSync(1 + seed % 2);
    EXPECT_ERROR(file->changePassword(someKey(), otherKey()), IoError);
    file.reset();
    files.restart(seed);
    bool old = errorOf([&] { open(); }) == std::nullopt;
    bool changed = errorOf([&] { DatabaseFile::open(files, random, kPath, otherKey()); }) == std::nullopt;
    EXPECT_NE(old, changed) << "seed " << seed;
    opensWithOld += old;
    opensWithNew += changed;
  }
  EXPECT_GT(opensWithOld, 0);
  EXPECT_GT(opensWithNew, 0);
}

TEST_F(KeyHeaderTest, AFailedSyncOfTheHeaderStopsAllWriting) {
  auto file = create();
  files.failAt(Operation::sync, 1);
  EXPECT_ERROR(file->changePassword(someKey(), otherKey()), IoError);
  EXPECT_ERROR(file->changePassword(someKey(), otherKey()), NeedsReopen);
  EXPECT_ERROR(insert(file->writer(), 1), NeedsReopen);
}

}  // namespace
}  // namespace blazedb::storage
