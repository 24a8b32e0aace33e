// The write-ahead log as one connection sees it.
//
//   slot 0, 72 bytes | slot 1, 72 bytes | frame 0 | frame 1 | ...
//
//   slot     a sealed WAL header: the generation of the main file's header 4 | the state that the log began from 8
//            (file_header.h; both little-endian) | SQLite's 32 bytes without the first 12, which are always the same
//   frame    a sealed frame header (32 + 40 bytes), then a sealed page (page_sealer.h)
//   frame header    SQLite's 24 bytes | generation 4 | durable frames 4     (both little-endian)
//
// SQLite fills the WAL again and again from its beginning; each filling is a generation (the checkpoint sequence number
// in its header), and writes its header to slot `generation mod 2`, so that a power cut in that write leaves the header
// before it, whose frames are all in the main file already.
//
// What a crash leaves: SQLite takes the first frame that does not fit for the end of the log. That is right for what a
// power cut tore, and wrong for a bad block in the middle of acknowledged transactions. So each frame header says how
// many frames were known to be on the disk when it was written; a recovery that ends before that number is damage, not
// a crash (vouchedFrames). The last synced transaction has no later frame to vouch for it; losing exactly that one
// looks like a crash.
//
// Writes: SQLite writes 24 bytes of frame header and then the page. Both are sealed together and kept until the commit
// frame, a full batch, or anything that looks at the file; so a transaction costs a few large writes. The writing
// connection keeps its dirty pages in memory until it commits (PRAGMA cache_spill=OFF), so that each frame is written
// once. With spilling, SQLite would replace pages and checksums in frames that it has written; and up to 3.50.1 it
// leaves frames without a checksum when a savepoint is rolled back then, where a recovery stops
// (sqlite.org/forum/forumpost/b490f726db). Such writes are refused.
//
// Room: a sync of a file that has grown also writes its inode, which takes a disk many times as long as to overwrite
// what is there. So a sync that finds the log at the end of its file lets zeros follow it, as many bytes as the log
// has, 4 MiB at most. Zeros are no frame; a recovery takes them for the end of the log. The file is asked for its
// length only where that is not known: since Linux 6.13 a write after an fstat moves the file's time, and its sync
// writes the inode, which is what room is there to avoid (docs.kernel.org/filesystems/multigrain-ts.html).
//
// Small disks: the log never takes the space that the main file needs to grow at the next checkpoint, since without
// that checkpoint nothing could ever be written again. A transaction that makes the database larger leaves a reserve
// besides (kReserveFrames), so that deletes still find room for their frames (DatabaseFile::useReserve()).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "storage/main_file.h"
#include "storage/page_sealer.h"
#include "storage/sealed_file.h"

namespace blazedb::storage {

class WalFile final : public SealedFile {
 public:
  static constexpr std::uint64_t kSlotsBytes = 2 * kSealedRecordBytes;  // before the first frame

  // `main` is the main file of the same connection.
  WalFile(std::unique_ptr<File> file, MainFile& main);
  ~WalFile() override;

  int read(void* out, int bytes, sqlite3_int64 offset) override;
  int write(const void* in, int bytes, sqlite3_int64 offset) override;
  int truncate(sqlite3_int64 bytes) override;
  int sync() override;
  int size(sqlite3_int64& bytes) override;

  // Before a checkpoint: where the disk has too little space for it, the file ends where the log does.
  void giveBackRoom();

  // Forgets frames that are not written yet.
  void dropUnwritten();

  // The state of the main file that it began from; none where no header is authentic.
  static std::optional<LogBase> baseOf(File& file, PageSealer& sealer);
  // The pages of its first `frames` frames.
  static std::set<std::uint32_t> pagesIn(File& file, PageSealer& sealer, std::uint32_t frames);
  // How many frames the WAL must hold according to its own frames; more than it can hold where a header that was in use
  // is gone. To be compared with what recovery found, before anything is written.
  static IoStatus vouchedFrames(File& file, PageSealer& sealer, std::uint32_t& frames);

 private:
  static constexpr int kPlainHeaderBytes = 32;
  static constexpr int kPlainFrameHeaderBytes = 24;
  static constexpr std::size_t kBatchBytes = 64 << 10;
  static constexpr std::uint64_t kRoomBytesMax = 4 << 20;
  static constexpr std::uint64_t kReserveFrames = 64;

  struct PendingHeader {
    std::uint32_t frame;
    std::array<std::uint8_t, kPlainFrameHeaderBytes> bytes;
  };

  struct Header {
    WalRecord plain;  // SQLite's
    LogBase base;
  };
  static std::optional<Header> currentHeader(File& file, PageSealer& sealer);
  std::size_t frameBytes() const { return kSealedRecordBytes + sealer_.pageBytes(); }
  std::uint64_t frameAt(std::uint32_t frame) const { return kSlotsBytes + frame * std::uint64_t{frameBytes()}; }

  int readHeader(std::uint8_t* out, int bytes, int from);
  int readFrame(std::uint32_t frame, std::uint8_t* out, int bytes, int from);
  int loadFrame(std::uint32_t frame);
  int damaged();

  int writeHeader(const std::uint8_t* in);
  int beginLog();
  IoStatus syncName();
  int writePage(std::uint32_t frame, const std::uint8_t* plain);
  int flush();
  void writeSoon(std::uint64_t at, std::uint64_t bytes);
  void makeRoom();
  std::uint64_t spareBytes(bool growing);
  WalRecord record(const std::uint8_t* header) const;

  std::unique_ptr<File> file_;
  MainFile& main_;
  PageSealer& sealer_;
  SharedState& shared_;
  bool nameDurable_ = false;  // perhaps it is; but whoever made the file may have been killed before he made sure

  std::vector<std::uint8_t> frame_;  // one sealed frame, as it was read
  WalRecord frameHeader_ = {};       // its header, opened

  // Of the writing connection. Frames batchFirst_ .. batchFirst_ + batchCount_ - 1 are sealed and wait in batch_.
  std::vector<std::uint8_t> batch_;
  std::uint32_t batchFirst_ = 0;
  std::uint32_t batchCount_ = 0;
  std::optional<PendingHeader> pendingHeader_;  // its page comes next
  std::uint32_t committedFrames_ = 0;
  std::uint32_t durableFrames_ = 0;
  std::uint32_t lastPage_ = 0;                 // the highest one of the transaction
  std::uint64_t soonBegin_ = 0, soonEnd_ = 0;  // what was written since writeSoon()
  std::uint64_t roomEnd_ = 0;                  // the file was at least as long when it was last looked at
};

}  // namespace blazedb::storage
