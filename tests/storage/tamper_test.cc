// What an attacker may do with the file and its WAL but without the key: flip, swap, cut, move, zero. Every change must
// be an error or change nothing that a reader gets. The one exception is the end of the WAL, where a change looks like
// a power cut.
#include <algorithm>

#include "storage/key_header.h"
#include "storage/storage_fixture.h"

namespace blazedb::storage {
namespace {

constexpr std::size_t kPageBytes = 1024;

class TamperTest : public StorageTest {
 protected:
  TamperTest() {
    auto file = create();
    insert(file->writer(), 20);
    file->writer().execute("INSERT INTO notes(body) VALUES(randomblob(3000)); DELETE FROM notes WHERE id < 10");
    file->checkpoint();
    states.push_back(dumpOf(file->writer()));
    for (int i = 0; i < 5; i++) {
      insert(file->writer(), 2);
      states.push_back(dumpOf(file->writer()));
      commitEnds.push_back(kSlotsBytes + file->walBytes());
    }
    files.powerOff();  // as after a kill: a main file and a WAL in use
    file.reset();
    files.restart();
    main = files.contents(kPath);
    wal = log();
    file = open();  // as after closing: everything is in the main file
    file.reset();
    closed = files.contents(kPath);
  }

  void put(const base::Bytes& mainImage, const base::Bytes& walImage) {
    files.setContents(kPath, mainImage);
    files.remove(kWalPath);
    if (!walImage.empty()) files.setContents(kWalPath, walImage);
  }

  // The number of the state that opening gives; -1 if damage is reported; -2 if it is neither.
  int stateAfterOpening() {
    std::string dump;
    std::optional<ErrorCode> error = errorOf([&] {
      auto file = open();
      if (!file->verifyPages().empty()) throw Error(ErrorCode::DamagedPage, "verify");
      dump = dumpOf(file->writer());
    });
    if (error == ErrorCode::DamagedPage || error == ErrorCode::TruncatedFile || error == ErrorCode::NotADatabase)
      return -1;
    auto found = std::find(states.begin(), states.end(), dump);
    return error || found == states.end() ? -2 : static_cast<int>(found - states.begin());
  }

  std::size_t damagedCopies() {
    std::unique_ptr<File> file;
    EXPECT_EQ(files.open(kPath, Access::readOnly, file), IoStatus::ok);
    return damagedHeaderCopies(*file).size();
  }

  // Every byte of a header, nonce or tag; a few bytes of ciphertext.
  static std::size_t next(std::size_t at, std::size_t unitsFrom, std::size_t unitBytes, std::size_t headBytes) {
    if (at < unitsFrom) return at + (unitsFrom == kHeaderBytes ? 5 : 1);  // the header of a file is mostly padding
    std::size_t within = (at - unitsFrom) % unitBytes;
    bool cipher = within >= headBytes && within + 11 < unitBytes - crypto::kSealBytes;
    return at + (cipher ? 11 : 1);
  }

  int lastState() const { return static_cast<int>(states.size()) - 1; }

  std::vector<std::string> states;
  std::vector<std::size_t> commitEnds;
  base::Bytes main, wal, closed;
};

TEST_F(TamperTest, TheUntouchedImagesAreSound) {
  put(main, wal);
  EXPECT_EQ(stateAfterOpening(), lastState());
  put(closed, {});
  EXPECT_EQ(stateAfterOpening(), lastState());
}

TEST_F(TamperTest, AFlippedBitAnywhereInTheMainFileIsNoticed) {
  std::size_t silent = 0;
  for (std::size_t at = 0; at < closed.size(); at = next(at, kHeaderBytes, kPageBytes, 0)) {
    base::Bytes changed = closed;
    changed[at] ^= static_cast<std::uint8_t>(1 << at % 8);
    put(changed, {});
    int state = stateAfterOpening();
    if (at < kHeaderBytes)  // the other copy of the header is intact, and this one is repaired from it
      silent += state != lastState() || damagedCopies() != 0;
    else
      silent += state != -1;
  }
  EXPECT_EQ(silent, 0u);
}

// The last transaction may look as if a power cut took it. An earlier one may not, because a later one vouches for it.
TEST_F(TamperTest, AFlippedBitAnywhereInTheWalIsNoticedOrEndsItBeforeTheLastTransaction) {
  std::size_t wrong = 0, flips = 0, errors = 0;
  for (std::size_t at = 0; at < wal.size(); at = next(at, kSlotsBytes, kFrameBytes, 72)) {
    base::Bytes changed = wal;
    changed[at] ^= static_cast<std::uint8_t>(1 << at % 8);
    put(main, changed);
    int state = stateAfterOpening();
    bool inLast = at >= commitEnds[commitEnds.size() - 2] && at < commitEnds.back();
    bool unused = at < kSlotsBytes / 2 || at >= commitEnds.back();  // the header of the previous filling; stale frames
    bool fine = unused ? state == lastState() : inLast ? state == lastState() - 1 : state == -1;
    wrong += !fine;
    flips++;
    errors += state == -1;
  }
  EXPECT_EQ(wrong, 0u) << "of " << flips;
  EXPECT_GT(errors, flips / 3);
}

TEST_F(TamperTest, SwappedPagesAreNoticed) {
  std::size_t pages = (closed.size() - kHeaderBytes) / kPageBytes;
  for (std::size_t a = 0; a < pages; a++) {
    for (std::size_t b = a + 1; b < pages; b++) {
      base::Bytes changed = closed;
      auto at = [&](std::size_t page) {
        return changed.begin() + static_cast<std::ptrdiff_t>(kHeaderBytes + page * kPageBytes);
      };
      std::swap_ranges(at(a), at(a + 1), at(b));
      put(changed, {});
      EXPECT_EQ(stateAfterOpening(), -1) << a << " and " << b;
    }
  }
}

TEST_F(TamperTest, SwappedRepeatedAndRemovedFramesAreNoticed) {
  std::size_t frames = (commitEnds[3] - kSlotsBytes) / kFrameBytes;
  auto at = [](base::Bytes& image, std::size_t frame) {
    return image.begin() + static_cast<std::ptrdiff_t>(kSlotsBytes + frame * kFrameBytes);
  };
  for (std::size_t frame = 0; frame + 1 < frames; frame++) {
    base::Bytes swapped = wal, repeated = wal, removed = wal;
    std::swap_ranges(at(swapped, frame), at(swapped, frame + 1), at(swapped, frame + 1));
    std::copy(at(repeated, frame), at(repeated, frame + 1), at(repeated, frame + 1));
    removed.erase(at(removed, frame), at(removed, frame + 1));
    for (const base::Bytes& changed : {swapped, repeated}) {
      put(main, changed);
      EXPECT_EQ(stateAfterOpening(), -1) << "frame " << frame;
    }
    // Every later frame is now in a wrong place and cannot be opened: the log ends here, as after a power cut.
    put(main, removed);
    int state = stateAfterOpening();
    EXPECT_TRUE(state >= -1 && state < lastState()) << "frame " << frame;
  }
}

TEST_F(TamperTest, AMainFileThatIsCutIsNoticedAtEveryLength) {
  for (std::size_t bytes = 0; bytes < closed.size(); bytes += 97) {
    put(base::Bytes(closed.begin(), closed.begin() + static_cast<std::ptrdiff_t>(bytes)), {});
    EXPECT_EQ(stateAfterOpening(), -1) << bytes;
  }
}

TEST_F(TamperTest, AMainFileThatIsCutBesideItsWalIsNeverAnEmptyDatabase) {
  for (std::size_t bytes = 0; bytes < main.size(); bytes += 97) {
    put(base::Bytes(main.begin(), main.begin() + static_cast<std::ptrdiff_t>(bytes)), wal);
    int state = stateAfterOpening();
    EXPECT_TRUE(state == -1 || state == lastState()) << bytes;
  }
}

// Cut in the later of its two headers, the log seems to be the previous filling, whose frames are in the file and not
// in the log.
TEST_F(TamperTest, AWalThatIsCutGivesAnEarlierWholeState) {
  for (std::size_t bytes = 0; bytes < commitEnds.back(); bytes += 97) {
    put(main, base::Bytes(wal.begin(), wal.begin() + static_cast<std::ptrdiff_t>(bytes)));
    bool oneHeader = bytes >= kSlotsBytes / 2 && bytes < kSlotsBytes;
    auto whole = std::upper_bound(commitEnds.begin(), commitEnds.end(), bytes) - commitEnds.begin();
    EXPECT_EQ(stateAfterOpening(), oneHeader ? -1 : static_cast<int>(whole)) << bytes;
  }
}

TEST_F(TamperTest, PagesAndWalsOfAnotherDatabaseWithTheSameKeyAreNotTaken) {
  auto other = DatabaseFile::create(files, random, "/data/other", someKey(), smallPages(), makeTables);
  insert(other->writer(), 20);
  base::Bytes otherWal = files.contents("/data/other-wal");
  other.reset();
  base::Bytes otherMain = files.contents("/data/other");
  put(closed, otherWal);
  EXPECT_EQ(stateAfterOpening(), lastState());
  for (std::size_t page = 0; page < 5; page++) {
    base::Bytes changed = closed;
    auto from = otherMain.begin() + static_cast<std::ptrdiff_t>(kHeaderBytes + page * kPageBytes);
    std::copy_n(from, kPageBytes, changed.begin() + static_cast<std::ptrdiff_t>(kHeaderBytes + page * kPageBytes));
    put(changed, {});
    EXPECT_EQ(stateAfterOpening(), -1) << page;
  }
}

TEST_F(TamperTest, ZeroedAndNoisyPagesAreNoticed) {
  std::size_t pages = (closed.size() - kHeaderBytes) / kPageBytes;
  for (std::size_t page = 0; page < pages; page++) {
    base::Bytes zeroed = closed, noisy = closed;
    auto from = static_cast<std::ptrdiff_t>(kHeaderBytes + page * kPageBytes);
    std::fill_n(zeroed.begin() + from, kPageBytes, std::uint8_t{0});
    random.fill(std::span(noisy).subspan(static_cast<std::size_t>(from), kPageBytes));
    for (const base::Bytes& changed : {zeroed, noisy}) {
      put(changed, {});
      EXPECT_EQ(stateAfterOpening(), -1) << page;
    }
  }
}

}  // namespace
}  // namespace blazedb::storage
