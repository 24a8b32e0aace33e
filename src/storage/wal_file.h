// The write-ahead log as one connection sees it.
//
//   slot 0, 72 bytes | slot 1, 72 bytes | frame 0 | frame 1 | ...
//
//   slot     a sealed WAL header: the generation of the main file's header 4 | the state that the log began from 8
//            (file_header.h; both little-endian) | SQLite's 32 bytes without the first 12, which are always the same
//   frame    a sealed frame header (32 + 40 bytes), then a sealed page (page_sealer.h)
//   frame header    SQLite's 24 bytes | generation 4 | durable frames 4     (both little-endian)
//
// Generations. SQLite fills the WAL again and again from its beginning. Each filling is a generation (the checkpoint
// sequence number in its header) and writes its header to slot `generation mod 2`. A power cut during that write leaves
// the header of the filling before, whose frames are all in the main file already.
//
// Damage. SQLite takes the first frame that does not fit for the end of the log. That is right for frames that a power
// cut tore, and wrong for a bad block in the middle of acknowledged transactions. So each frame header says how many
// frames were known to be on the disk when it was written. A recovery that ends before that number means damage, not a
// crash (vouchedFrames). No later frame vouches for the last synced transaction: losing exactly that one looks like a
// crash.
//
// Writes. SQLite writes 24 bytes of frame header and then the page. WalFile seals both together and keeps them until
// the commit frame, a full batch, or a read of the file, so a transaction costs a few large writes. The writing
// connection keeps its changed pages in memory until it commits (PRAGMA cache_spill=OFF), so each frame is written
// once. With spilling, SQLite would replace pages and checksums in written frames. Up to 3.50.1 it also leaves frames
// without a checksum when a savepoint is rolled back then, and a recovery stops there
// (sqlite.org/forum/forumpost/b490f726db). WalFile refuses such writes.
//
// Room. A sync of a file that has grown also writes its inode, which takes a disk many times as long as overwriting. So
// a sync that finds the log at the end of its file adds zeros, as many bytes as the log has, 4 MiB at most. Zeros are
// no frame: a recovery takes them for the end of the log. WalFile asks for the length of the file only if it does not
// know it: since Linux 6.13 a write after an fstat changes the file's time, and its sync then writes the inode, which
// room is there to avoid (docs.kernel.org/filesystems/multigrain-ts.html).
//
// Small disks. The log never takes the space that the main file needs to grow at the next checkpoint: without that
// checkpoint nothing could ever be written again. A transaction that makes the database larger also leaves a reserve
// (kReserveFrames), so that deletes still find room for their frames (DatabaseFile::useReserve()).
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

  // Called before a checkpoint. If the disk has too little space for it, cuts the file at the end of the log.
  void giveBackRoom();

  // Forgets frames that are not written yet.
  void dropUnwritten();

  // The state of the main file from which the log began; none if no header is authentic.
  static std::optional<LogBase> baseOf(File& file, PageSealer& sealer);
  // The numbers of the pages in the first `frames` frames.
  static std::set<std::uint32_t> pagesIn(File& file, PageSealer& sealer, std::uint32_t frames);
  // How many frames the WAL must have according to its own frames; more than it can have if a header that was in use is
  // gone. The caller compares this with what the recovery found, before it writes anything.
  static IoStatus vouchedFrames(File& file, PageSealer& sealer, std::uint32_t& frames);

 private:
  static constexpr int kPlainHeaderBytes = 32;
  static constexpr int kPlainFrameHeaderBytes = 24;
  static constexpr std::size_t kBatchBytes = 64 << 10;
  static constexpr std::uint64_t kRoomBytesMax = 4 << 20;
  static constexpr std::uint64_t kReserveFrames = 64;

  // The size of a frame as SQLite sees it.
  sqlite3_int64 plainFrameBytes() const {
    return kPlainFrameHeaderBytes + static_cast<sqlite3_int64>(sealer_.pageBytes());
  }

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
  bool nameDurable_ = false;  // the folder was synced by this process; an earlier one may have died before it did

  std::vector<std::uint8_t> frame_;  // one sealed frame, as it was read
  WalRecord frameHeader_ = {};       // its header, decrypted

  // For the writing connection. Frames batchFirst_ .. batchFirst_ + batchCount_ - 1 are sealed and wait in batch_.
  std::vector<std::uint8_t> batch_;
  std::uint32_t batchFirst_ = 0;
  std::uint32_t batchCount_ = 0;
  std::optional<PendingHeader> pendingHeader_;  // its page comes next
  std::uint32_t committedFrames_ = 0;
  std::uint32_t durableFrames_ = 0;
  std::uint32_t lastPage_ = 0;                 // the highest page of the transaction
  std::uint64_t soonBegin_ = 0, soonEnd_ = 0;  // the range that was written since writeSoon()
  std::uint64_t roomEnd_ = 0;                  // the file is at least this long
};

}  // namespace blazedb::storage
