// Pages as SQLite reads and writes them, and the locks and controls of SQLite that concern the main file.
#include "storage/main_file.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <utility>

#include "storage/key_header.h"
#include "storage/wal_file.h"

namespace blazedb::storage {
namespace {

constexpr int kPeekBytes = 100;  // SQLite's own header at the start of page 1

std::uint64_t onDisk(sqlite3_int64 offset) { return kHeaderBytes + static_cast<std::uint64_t>(offset); }

}  // namespace

MainFile::MainFile(std::unique_ptr<File> file, std::unique_ptr<PageSealer> sealer, SharedState& shared, bool mayWrite)
    : file_(std::move(file)),
      sealer_(std::move(sealer)),
      shared_(shared),
      mayWrite_(mayWrite),
      scratch_(sealer_->pageBytes()) {}

MainFile::~MainFile() {
  unmapIndex();
  unlock(MainLock::none);
}

int MainFile::read(void* out, int bytes, sqlite3_int64 offset) {
  auto pageBytes = static_cast<sqlite3_int64>(sealer_->pageBytes());
  if (offset + bytes <= kPeekBytes) return peek(out, bytes, offset);
  if (bytes != pageBytes || offset % pageBytes != 0) return SQLITE_IOERR_READ;  // SQLite reads nothing else
  auto page = static_cast<std::uint32_t>(offset / pageBytes + 1);
  auto* plain = static_cast<std::uint8_t*>(out);
  switch (file_->readAt(onDisk(offset), {plain, sealer_->pageBytes()})) {
    case IoStatus::ok:
      break;
    case IoStatus::shortRead:  // SQLite never asks for a page beyond what the header of page 1 or the WAL promises
      shared_.damagedPage = page;
      return kTruncatedCode;
    default:
      return SQLITE_IOERR_READ;
  }
  if (sealer_->openPage(page, plain, plain)) return SQLITE_OK;
  shared_.damagedPage = page;
  return kDamagedCode;
}

int MainFile::peek(void* out, int bytes, sqlite3_int64 offset) {
  sqlite3_int64 content = 0;
  if (int code = size(content)) return code;
  std::array<std::uint8_t, kPeekBytes> header = {};
  if (content > 0) {  // the page size, and the reserved bytes of each page
    header[16] = static_cast<std::uint8_t>(sealer_->pageBytes() >> 8);
    header[17] = static_cast<std::uint8_t>(sealer_->pageBytes() >> 16);
    header[20] = static_cast<std::uint8_t>(crypto::kSealBytes);
  }
  std::memcpy(out, header.data() + offset, static_cast<std::size_t>(bytes));
  return content > 0 ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int MainFile::write(const void* in, int bytes, sqlite3_int64 offset) {
  auto pageBytes = static_cast<sqlite3_int64>(sealer_->pageBytes());
  if (!shared_.mayWrite() || !mayWrite_ || bytes != pageBytes || offset % pageBytes != 0) return SQLITE_IOERR_WRITE;
  const auto* page = static_cast<const std::uint8_t*>(in);
  if (!checkpointing_) {
    const std::uint8_t* reserved = page + sealer_->pageBytes() - crypto::kSealBytes;
    if (std::any_of(reserved, reserved + crypto::kSealBytes, [](std::uint8_t byte) { return byte != 0; }))
      return SQLITE_CORRUPT;
    sealer_->sealPage(static_cast<std::uint32_t>(offset / pageBytes + 1), page, scratch_.data());
    page = scratch_.data();
  }
  int code = writeCode(file_->writeAt(onDisk(offset), {page, sealer_->pageBytes()}));
  length_ = code == SQLITE_OK && length_ > 0 ? std::max(length_, onDisk(offset) + sealer_->pageBytes()) : 0;
  return code;
}

int MainFile::truncate(sqlite3_int64 bytes) {
  if (!shared_.mayWrite() || !mayWrite_) return SQLITE_IOERR_TRUNCATE;
  length_ = 0;
  return writeCode(file_->truncate(onDisk(bytes)), SQLITE_IOERR_TRUNCATE);
}

// SQLite syncs the main file when a checkpoint has copied all that the log holds, and at no other time.
int MainFile::sync() {
  if (!shared_.mayWrite()) return SQLITE_IOERR_FSYNC;
  IoStatus status = shared_.header != nullptr && shared_.logBase
                        ? shared_.header->endState(*file_, *shared_.logBase, shared_.walIndex.committedFrames())
                        : file_->sync();
  if (status == IoStatus::ok) return SQLITE_OK;
  if (status == IoStatus::noSpace) return SQLITE_FULL;
  shared_.poisoned = true;
  return SQLITE_IOERR_FSYNC;
}

// Counts whole pages only. A power cut during a checkpoint may leave a partial page at the end. If the file was cut
// short, reading the missing page reports it.
int MainFile::size(sqlite3_int64& bytes) {
  std::uint64_t physical = 0;
  if (file_->size(physical) != IoStatus::ok) return SQLITE_IOERR_FSTAT;
  std::uint64_t pages = physical < kHeaderBytes ? 0 : (physical - kHeaderBytes) / sealer_->pageBytes();
  bytes = static_cast<sqlite3_int64>(pages) * static_cast<sqlite3_int64>(sealer_->pageBytes());
  return SQLITE_OK;
}

std::uint64_t MainFile::bytesToGrow(std::uint32_t pages) {
  std::uint64_t wanted = kHeaderBytes + pages * std::uint64_t{sealer_->pageBytes()};
  if (length_ == 0 && file_->size(length_) != IoStatus::ok) return 0;
  return wanted - std::min(wanted, length_);
}

int MainFile::lock(int level) {
  return shared_.mainLock.raise(level_, static_cast<MainLock::Level>(level)) ? SQLITE_OK : SQLITE_BUSY;
}

int MainFile::unlock(int level) {
  shared_.mainLock.lower(level_, static_cast<MainLock::Level>(level));
  return SQLITE_OK;
}

int MainFile::checkReservedLock(int& taken) {
  taken = shared_.mainLock.taken();
  return SQLITE_OK;
}

int MainFile::control(int operation, void* argument) {
  switch (operation) {
    case SQLITE_FCNTL_CKPT_START:
      checkpointing_ = true;
      if (wal_ != nullptr) wal_->giveBackRoom();
      return SQLITE_OK;
    case SQLITE_FCNTL_CKPT_DONE:
      checkpointing_ = false;
      return SQLITE_OK;
    case SQLITE_FCNTL_MMAP_SIZE:  // mapped pages could not be opened
      *static_cast<sqlite3_int64*>(argument) = 0;
      return SQLITE_OK;
    default:
      return SQLITE_NOTFOUND;
  }
}

int MainFile::mapIndex(int region, int bytes, int extend, void volatile** out) {
  if (!indexAttached_) shared_.walIndex.attach();
  indexAttached_ = true;
  *out = shared_.walIndex.region(static_cast<std::size_t>(region), static_cast<std::size_t>(bytes), extend != 0);
  return SQLITE_OK;
}

int MainFile::lockIndex(int first, int count, int flags) {
  bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  bool covers[3] = {};
  for (int slot : {WalIndex::kWriteSlot, WalIndex::kCheckpointSlot, WalIndex::kRecoverSlot})
    covers[slot] = exclusive && first <= slot && slot < first + count;
  if (flags & SQLITE_SHM_UNLOCK) {
    // Frames that are not written when the write lock is released belong to a transaction that was rolled back.
    if (covers[WalIndex::kWriteSlot] && wal_ != nullptr) wal_->dropUnwritten();
    if (covers[WalIndex::kRecoverSlot]) recovering_ = false;
    shared_.walIndex.unlock(first, count, exclusive);
    return SQLITE_OK;
  }
  // SQLite 3.7.0 to 3.51.2 can corrupt a file when one connection commits and resets the WAL while another one
  // checkpoints it. Here one connection does both, and this refuses the locks to all others.
  bool writersOnly =
      covers[WalIndex::kWriteSlot] || covers[WalIndex::kCheckpointSlot] || covers[WalIndex::kRecoverSlot];
  if (writersOnly && !mayWrite_) return SQLITE_BUSY;
  if (!shared_.walIndex.lock(first, count, exclusive)) return SQLITE_BUSY;
  if (covers[WalIndex::kRecoverSlot]) {
    recovering_ = true;
    shared_.frames.clear();  // after a recovery a generation may be used again
  }
  return SQLITE_OK;
}

// region() takes and releases a lock, which orders memory for every other connection.
void MainFile::fenceIndex() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  shared_.walIndex.region(0, 0, false);
}

int MainFile::unmapIndex() {
  if (indexAttached_) shared_.walIndex.detach();
  indexAttached_ = false;
  return SQLITE_OK;
}

}  // namespace blazedb::storage
