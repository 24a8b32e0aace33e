// Translates between SQLite's WAL format and the sealed one: headers, frames, then writing, room and syncs. wal_file.h
// explains the format and the order of writes.
#include "storage/wal_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace blazedb::storage {
namespace {

constexpr std::uint64_t kSoonBytes = 1u << 20;

// SQLite's fields are big-endian, ours little-endian.
std::uint32_t getBig32(const std::uint8_t* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

std::uint32_t getLittle32(const std::uint8_t* at) {
  return std::uint32_t{at[3]} << 24 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[1]} << 8 | at[0];
}

void putLittle32(std::uint8_t* at, std::uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

// SQLite's first bytes: magic (its last bit is the byte order of the checksums), version, page size.
void putConstants(std::uint8_t* at, std::size_t pageBytes) {
  std::uint32_t magic = 0x377f0682 | (std::endian::native == std::endian::big ? 1 : 0);
  std::uint32_t fields[] = {magic, 3007000, static_cast<std::uint32_t>(pageBytes)};
  for (std::uint32_t field : fields)
    for (int shift = 24; shift >= 0; shift -= 8) *at++ = static_cast<std::uint8_t>(field >> shift);
}

std::uint32_t generationOfHeader(const WalRecord& header) { return getBig32(header.data() + 12); }
std::uint32_t pageOfFrame(const WalRecord& header) { return getBig32(header.data()); }
std::uint32_t generationOfFrame(const WalRecord& header) { return getLittle32(header.data() + 24); }
std::uint32_t durableFramesOfFrame(const WalRecord& header) { return getLittle32(header.data() + 28); }

// In a commit frame SQLite's 24 bytes have the size of the database, which is 0 in all other frames.
bool commits(const std::uint8_t* frameHeader) { return getBig32(frameHeader + 4) != 0; }

}  // namespace

WalFile::WalFile(std::unique_ptr<File> file, MainFile& main)
    : file_(std::move(file)), main_(main), sealer_(main.sealer()), shared_(main.shared()), frame_(frameBytes()) {
  nameDurable_ = shared_.logInMemory;
  main_.attachWal(this);
}

WalFile::~WalFile() { main_.attachWal(nullptr); }

std::optional<WalFile::Header> WalFile::currentHeader(File& file, PageSealer& sealer) {
  std::array<std::uint8_t, kSlotsBytes> slots;
  IoStatus status = file.readAt(0, slots);
  if (status != IoStatus::ok && status != IoStatus::shortRead) return std::nullopt;
  std::optional<Header> current;
  for (std::uint8_t slot = 0; slot < 2; slot++) {
    Header header;
    bool ofBefore = false;
    if (!sealer.openWalHeader(slot, slots.data() + slot * kSealedRecordBytes, header.plain, ofBefore)) continue;
    if (!ofBefore) {
      const std::uint8_t* base = header.plain.data();
      header.base = {getLittle32(base), getLittle32(base + 4) | std::uint64_t{getLittle32(base + 8)} << 32};
      putConstants(header.plain.data(), sealer.pageBytes());
    }
    if (!current || generationOfHeader(header.plain) > generationOfHeader(current->plain)) current = header;
  }
  return current;
}

std::optional<LogBase> WalFile::baseOf(File& file, PageSealer& sealer) {
  std::optional<Header> header = currentHeader(file, sealer);
  return header ? std::optional(header->base) : std::nullopt;
}

int WalFile::read(void* out, int bytes, sqlite3_int64 offset) {
  if (int code = flush()) return code;
  auto* to = static_cast<std::uint8_t*>(out);
  if (offset + bytes <= kPlainHeaderBytes) return readHeader(to, bytes, static_cast<int>(offset));
  auto frame = static_cast<std::uint32_t>((offset - kPlainHeaderBytes) / plainFrameBytes());
  return readFrame(frame, to, bytes, static_cast<int>((offset - kPlainHeaderBytes) % plainFrameBytes()));
}

int WalFile::readHeader(std::uint8_t* out, int bytes, int from) {
  std::optional<Header> header = currentHeader(*file_, sealer_);
  if (!header && !main_.recovering()) return damaged();
  if (header && main_.recovering()) shared_.walGeneration = generationOfHeader(header->plain);
  WalRecord plain = header ? header->plain : WalRecord{};  // recovery takes a WAL with zeros as header for empty
  std::memcpy(out, plain.data() + from, static_cast<std::size_t>(bytes));
  return SQLITE_OK;
}

int WalFile::damaged() {
  shared_.damagedPage = 0;
  return kDamagedCode;
}

// Reads and decrypts a frame, if it belongs to the present filling.
int WalFile::loadFrame(std::uint32_t frame) {
  switch (file_->readAt(frameAt(frame), frame_)) {
    case IoStatus::ok:
      break;
    case IoStatus::shortRead:
      return kTruncatedCode;
    default:
      return SQLITE_IOERR_READ;
  }
  const std::uint8_t* pageSeal = frame_.data() + frameBytes() - crypto::kSealBytes;
  bool authentic = sealer_.openFrameHeader(frame, pageSeal, frame_.data(), frameHeader_);
  return authentic && generationOfFrame(frameHeader_) == shared_.walGeneration ? SQLITE_OK : damaged();
}

// Reads a page, or, in a recovery, a whole frame.
int WalFile::readFrame(std::uint32_t frame, std::uint8_t* out, int bytes, int from) {
  int pageBytes = static_cast<int>(sealer_.pageBytes());
  bool whole = from == 0 && bytes == kPlainFrameHeaderBytes + pageBytes;
  if (!whole && (from != kPlainFrameHeaderBytes || bytes != pageBytes)) return SQLITE_IOERR_READ;  // SQLite never does
  bool cached = !whole && !main_.checkpointing() && !main_.recovering();
  if (cached && shared_.frames.get(shared_.walGeneration, frame, out)) return SQLITE_OK;
  int code = loadFrame(frame);
  const std::uint8_t* sealedPage = frame_.data() + kSealedRecordBytes;
  if (code == SQLITE_OK && main_.checkpointing()) {
    std::memcpy(out, sealedPage, sealer_.pageBytes());
    return SQLITE_OK;
  }
  std::uint8_t* page = out;
  if (code == SQLITE_OK && whole) {
    std::memcpy(out, frameHeader_.data(), kPlainFrameHeaderBytes);
    page += kPlainFrameHeaderBytes;
  }
  if (code == SQLITE_OK && !sealer_.openPage(pageOfFrame(frameHeader_), sealedPage, page)) {
    shared_.damagedPage = pageOfFrame(frameHeader_);
    code = kDamagedCode;
  }
  if (code == SQLITE_OK && cached) shared_.frames.put(generationOfFrame(frameHeader_), frame, page);
  // Zeros end the log for a recovery: their salts are not those of the header.
  bool endOfLog = main_.recovering() && (code == kDamagedCode || code == kTruncatedCode);
  if (code != SQLITE_OK) std::memset(out, 0, static_cast<std::size_t>(bytes));
  return endOfLog ? SQLITE_OK : code;
}

int WalFile::write(const void* in, int bytes, sqlite3_int64 offset) {
  if (!shared_.mayWrite() || !main_.mayWrite()) return SQLITE_IOERR_WRITE;
  const auto* from = static_cast<const std::uint8_t*>(in);
  if (offset == 0 && bytes == kPlainHeaderBytes) return writeHeader(from);
  auto frame = static_cast<std::uint32_t>((offset - kPlainHeaderBytes) / plainFrameBytes());
  auto within = (offset - kPlainHeaderBytes) % plainFrameBytes();
  if (within == kPlainFrameHeaderBytes && bytes == static_cast<int>(sealer_.pageBytes())) return writePage(frame, from);
  if (within != 0 || bytes != kPlainFrameHeaderBytes) return SQLITE_IOERR_WRITE;  // SQLite writes nothing else
  pendingHeader_ = PendingHeader{frame, {}};
  std::memcpy(pendingHeader_->bytes.data(), from, kPlainFrameHeaderBytes);
  return SQLITE_OK;
}

int WalFile::writeHeader(const std::uint8_t* in) {
  dropUnwritten();
  WalRecord header;
  std::memcpy(header.data(), in, header.size());
  shared_.walGeneration = generationOfHeader(header);
  committedFrames_ = durableFrames_ = 0;
  // After a recovery that found nothing in a filling, SQLite begins the same filling again. Its header stays as it is:
  // if writing it again tore it, the header before it would count, and that no longer has all of its frames.
  std::optional<Header> current = currentHeader(*file_, sealer_);
  if (current && current->plain == header) return SQLITE_OK;
  if (int code = beginLog()) return code;
  auto slot = static_cast<std::uint8_t>(generationOfHeader(header) % 2);
  LogBase base = shared_.logBase.value_or(LogBase{});
  putLittle32(header.data(), base.generation);
  putLittle32(header.data() + 4, static_cast<std::uint32_t>(base.state));
  putLittle32(header.data() + 8, static_cast<std::uint32_t>(base.state >> 32));
  std::array<std::uint8_t, kSealedRecordBytes> sealed;
  sealer_.sealWalHeader(slot, header, sealed.data());
  return writeCode(file_->writeAt(slot * kSealedRecordBytes, sealed));
}

// The removal of an earlier log must reach the disk before the state from which that log began is replaced.
int WalFile::beginLog() {
  if (shared_.header == nullptr) return SQLITE_OK;
  if (!shared_.logBase) {
    IoStatus status = syncName();
    if (status == IoStatus::noHandle) return SQLITE_IOERR_FSYNC;
    if (status == IoStatus::ok) status = shared_.header->beginState();
    if (status == IoStatus::failed) shared_.poisoned = true;
    if (status != IoStatus::ok) return writeCode(status);
  }
  shared_.logBase = shared_.header->base();
  return SQLITE_OK;
}

WalRecord WalFile::record(const std::uint8_t* header) const {
  WalRecord record;
  std::memcpy(record.data(), header, kPlainFrameHeaderBytes);
  putLittle32(record.data() + 24, shared_.walGeneration);
  putLittle32(record.data() + 28, durableFrames_);
  return record;
}

int WalFile::writePage(std::uint32_t frame, const std::uint8_t* plain) {
  const std::uint8_t* reserved = plain + sealer_.pageBytes() - crypto::kSealBytes;
  if (std::any_of(reserved, reserved + crypto::kSealBytes, [](std::uint8_t byte) { return byte != 0; }))
    return SQLITE_CORRUPT;
  if (!pendingHeader_ || pendingHeader_->frame != frame) return SQLITE_IOERR_WRITE;  // would replace a written page
  if (batchCount_ > 0 && batchFirst_ + batchCount_ != frame) {
    if (int code = flush()) return code;
  }
  if (batchCount_ == 0) batchFirst_ = frame;
  batch_.resize(std::max(kBatchBytes, frameBytes()));
  std::uint8_t* sealed = batch_.data() + batchCount_ * frameBytes();
  const std::uint8_t* header = pendingHeader_->bytes.data();
  durableFrames_ = std::min(durableFrames_, frame);
  lastPage_ = std::max(lastPage_, getBig32(header));
  sealer_.sealPage(getBig32(header), plain, sealed + kSealedRecordBytes);
  sealer_.sealFrameHeader(frame, sealed + frameBytes() - crypto::kSealBytes, record(header), sealed);
  shared_.frames.put(shared_.walGeneration, frame, plain);
  bool commit = commits(header);
  pendingHeader_.reset();
  batchCount_++;
  bool full = (batchCount_ + 1) * frameBytes() > batch_.size();
  if (!commit && !full) return SQLITE_OK;
  int code = flush();
  if (code != SQLITE_OK || !commit) return code;
  committedFrames_ = frame + 1;
  lastPage_ = 0;
  return code;
}

int WalFile::flush() {
  if (batchCount_ == 0) return SQLITE_OK;
  std::size_t bytes = std::exchange(batchCount_, 0) * frameBytes();
  if (!shared_.mayWrite()) return SQLITE_IOERR_WRITE;
  std::uint64_t at = frameAt(batchFirst_), end = at + bytes;
  if (end > roomEnd_ && roomEnd_ == 0 && file_->size(roomEnd_) != IoStatus::ok) return SQLITE_IOERR_FSTAT;
  bool growing = lastPage_ > shared_.walIndex.committedPages() && !shared_.usesReserve;
  if (growing || end > roomEnd_) {
    std::uint64_t spare = spareBytes(growing);
    if (spare == 0 || end - std::min(end, roomEnd_) > spare) return SQLITE_FULL;
  }
  int code = writeCode(file_->writeAt(at, {batch_.data(), bytes}));
  if (code != SQLITE_OK) return code;
  roomEnd_ = std::max(roomEnd_, end);
  writeSoon(at, bytes);
  return code;
}

// How many bytes of the disk the log may still take.
std::uint64_t WalFile::spareBytes(bool growing) {
  std::optional<std::uint64_t> free;
  if (!shared_.logInMemory) free = shared_.files.freeBytes(shared_.walPath);
  if (!free) return ~std::uint64_t{0};
  std::uint64_t kept = main_.bytesToGrow(std::max(lastPage_, shared_.walIndex.committedPages()));
  if (growing) kept += kReserveFrames * frameBytes();
  return *free - std::min(*free, kept);
}

void WalFile::giveBackRoom() {
  std::uint64_t end = frameAt(shared_.walIndex.committedFrames()), bytes = 0;
  if (!main_.mayWrite() || !shared_.mayWrite() || spareBytes(false) > 0) return;
  if (file_->size(bytes) == IoStatus::ok && bytes > end) file_->truncate(end);
  roomEnd_ = 0;
}

// Without syncs the log would stay in memory until a checkpoint, which would then wait for all of it.
void WalFile::writeSoon(std::uint64_t at, std::uint64_t bytes) {
  if (at != soonEnd_) soonBegin_ = at;
  soonEnd_ = at + bytes;
  if (soonEnd_ - soonBegin_ < kSoonBytes) return;
  file_->writeSoon(soonBegin_, soonEnd_ - soonBegin_);
  soonBegin_ = soonEnd_;
}

void WalFile::dropUnwritten() {
  batchCount_ = 0;
  lastPage_ = 0;
  pendingHeader_.reset();
}

// Syncs a truncation at once, so that frames from before it cannot come back beside a new header. It is rare.
int WalFile::truncate(sqlite3_int64 bytes) {
  if (!shared_.mayWrite() || !main_.mayWrite()) return SQLITE_IOERR_TRUNCATE;
  if (int code = flush()) return code;
  roomEnd_ = 0;
  if (bytes <= 0) {
    int code = writeCode(file_->truncate(0), SQLITE_IOERR_TRUNCATE);
    return code ? code : sync();
  }
  sqlite3_int64 frames =
      (std::max<sqlite3_int64>(bytes - kPlainHeaderBytes, 0) + plainFrameBytes() - 1) / plainFrameBytes();
  return writeCode(file_->truncate(frameAt(static_cast<std::uint32_t>(frames))), SQLITE_IOERR_TRUNCATE);
}

int WalFile::sync() {
  if (!shared_.mayWrite()) return SQLITE_IOERR_FSYNC;
  if (int code = flush()) return code;
  makeRoom();
  IoStatus status = file_->sync();
  if (status == IoStatus::ok) status = syncName();
  if (status == IoStatus::noHandle) return SQLITE_IOERR_FSYNC;  // no poison: there was no sync that could fail
  if (status != IoStatus::ok) {
    shared_.poisoned = true;
    return SQLITE_IOERR_FSYNC;
  }
  durableFrames_ = committedFrames_;
  return SQLITE_OK;
}

IoStatus WalFile::syncName() {
  IoStatus status = nameDurable_ ? IoStatus::ok : shared_.files.syncFolder(shared_.walPath);
  nameDurable_ = status == IoStatus::ok;
  return status;
}

// Ignores failures: the frames that are written there later meet the same disk, and report them.
void WalFile::makeRoom() {
  std::uint64_t used = frameAt(committedFrames_), bytes = 0;
  if (committedFrames_ == 0 || used < roomEnd_ || file_->size(bytes) != IoStatus::ok) return;
  roomEnd_ = bytes;
  if (used < roomEnd_) return;
  std::vector<std::uint8_t> zeros(std::min({used, kRoomBytesMax, spareBytes(true) / 8}));
  if (file_->writeAt(used, zeros) == IoStatus::ok) roomEnd_ = used + zeros.size();
}

// Does not count an incomplete frame at the end.
int WalFile::size(sqlite3_int64& bytes) {
  if (int code = flush()) return code;
  std::uint64_t physical = 0;
  if (file_->size(physical) != IoStatus::ok) return SQLITE_IOERR_FSTAT;
  std::uint64_t frames = physical < kSlotsBytes ? 0 : (physical - kSlotsBytes) / frameBytes();
  bytes = physical < kSealedRecordBytes ? 0 : kPlainHeaderBytes;
  bytes += static_cast<sqlite3_int64>(frames * (kPlainFrameHeaderBytes + sealer_.pageBytes()));
  return SQLITE_OK;
}

std::set<std::uint32_t> WalFile::pagesIn(File& file, PageSealer& sealer, std::uint32_t frames) {
  std::set<std::uint32_t> pages;
  std::vector<std::uint8_t> bytes(kSealedRecordBytes + sealer.pageBytes());
  for (std::uint32_t number = 0; number < frames; number++) {
    WalRecord frame;
    if (file.readAt(kSlotsBytes + number * std::uint64_t{bytes.size()}, bytes) == IoStatus::ok &&
        sealer.openFrameHeader(number, bytes.data() + bytes.size() - crypto::kSealBytes, bytes.data(), frame))
      pages.insert(pageOfFrame(frame));
  }
  return pages;
}

IoStatus WalFile::vouchedFrames(File& file, PageSealer& sealer, std::uint32_t& frames) {
  frames = 0;
  std::optional<Header> header = currentHeader(file, sealer);
  std::uint64_t bytes = 0;
  if (IoStatus status = file.size(bytes); status != IoStatus::ok) return status;
  std::size_t frameBytes = kSealedRecordBytes + sealer.pageBytes();
  std::array<std::uint8_t, kSealedRecordBytes> sealed;
  std::array<std::uint8_t, crypto::kSealBytes> pageSeal;
  std::uint64_t at = kSlotsBytes;
  for (std::uint32_t number = 0; at + frameBytes <= bytes; number++, at += frameBytes) {
    if (file.readAt(at, sealed) == IoStatus::failed) continue;
    if (file.readAt(at + frameBytes - pageSeal.size(), pageSeal) == IoStatus::failed) continue;
    WalRecord frame;
    if (!sealer.openFrameHeader(number, pageSeal.data(), sealed.data(), frame)) continue;
    bool current = header && generationOfFrame(frame) == generationOfHeader(header->plain);
    bool later = !header || generationOfFrame(frame) > generationOfHeader(header->plain);
    if (current) frames = std::max(frames, durableFramesOfFrame(frame));
    if (later && durableFramesOfFrame(frame) > 0) frames = std::numeric_limits<std::uint32_t>::max();
  }
  return IoStatus::ok;
}

}  // namespace blazedb::storage
