// The C callbacks that SQLite calls. Each hands the call to the MainFile or WalFile behind the handle, and lets no
// exception out.
#include "storage/encrypted_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

#include "storage/main_file.h"
#include "storage/wal_file.h"

namespace blazedb::storage {
namespace {

constexpr std::string_view kWalName = "database-wal";

// In memory: a log that no process needs on the disk, and SQLite's temporary files.
class MemoryFile final : public File {
 public:
  IoStatus readAt(std::uint64_t offset, std::span<std::uint8_t> out) override {
    std::size_t there = offset < bytes_.size() ? std::min<std::size_t>(out.size(), bytes_.size() - offset) : 0;
    if (there > 0) std::memcpy(out.data(), bytes_.data() + offset, there);
    std::memset(out.data() + there, 0, out.size() - there);
    return there < out.size() ? IoStatus::shortRead : IoStatus::ok;
  }
  IoStatus writeAt(std::uint64_t offset, base::ByteView bytes) override {
    if (bytes_.size() < offset + bytes.size()) bytes_.resize(offset + bytes.size());
    std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
    return IoStatus::ok;
  }
  IoStatus truncate(std::uint64_t bytes) override {
    bytes_.resize(bytes);
    return IoStatus::ok;
  }
  IoStatus sync() override { return IoStatus::ok; }
  IoStatus size(std::uint64_t& bytes) override {
    bytes = bytes_.size();
    return IoStatus::ok;
  }

 private:
  base::Bytes bytes_;
};

class TemporaryFile final : public SealedFile {
 public:
  int read(void* out, int bytes, sqlite3_int64 offset) override {
    std::span<std::uint8_t> place(static_cast<std::uint8_t*>(out), static_cast<std::size_t>(bytes));
    IoStatus status = file_.readAt(static_cast<std::uint64_t>(offset), place);
    return status == IoStatus::ok ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }
  int write(const void* in, int bytes, sqlite3_int64 offset) override {
    base::ByteView what(static_cast<const std::uint8_t*>(in), static_cast<std::size_t>(bytes));
    return writeCode(file_.writeAt(static_cast<std::uint64_t>(offset), what));
  }
  int truncate(sqlite3_int64 bytes) override { return writeCode(file_.truncate(static_cast<std::uint64_t>(bytes))); }
  int sync() override { return SQLITE_OK; }
  int size(sqlite3_int64& bytes) override {
    std::uint64_t size = 0;
    file_.size(size);
    bytes = static_cast<sqlite3_int64>(size);
    return SQLITE_OK;
  }

 private:
  MemoryFile file_;
};

// SQLite allocates this, zeroed or not, and calls the methods that xOpen put into it.
struct Handle : sqlite3_file {
  SealedFile* file;
};

// Runs `body` and turns an exception into a code, because none may cross into SQLite.
template <typename Body>
int guarded(Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return SQLITE_IOERR_NOMEM;
  } catch (...) {  // no randomness for a nonce, or no AES: the operation fails, without the message
    return SQLITE_IOERR;
  }
}

SealedFile& sealedFile(sqlite3_file* handle) { return *static_cast<Handle*>(handle)->file; }
MainFile& mainFile(sqlite3_file* handle) { return static_cast<MainFile&>(sealedFile(handle)); }

int closeFile(sqlite3_file* handle) {
  delete std::exchange(static_cast<Handle*>(handle)->file, nullptr);
  return SQLITE_OK;
}
int readFile(sqlite3_file* handle, void* out, int bytes, sqlite3_int64 offset) {
  return guarded([&] { return sealedFile(handle).read(out, bytes, offset); });
}
int writeFile(sqlite3_file* handle, const void* in, int bytes, sqlite3_int64 offset) {
  return guarded([&] { return sealedFile(handle).write(in, bytes, offset); });
}
int truncateFile(sqlite3_file* handle, sqlite3_int64 bytes) {
  return guarded([&] { return sealedFile(handle).truncate(bytes); });
}
int syncFile(sqlite3_file* handle, int) {
  return guarded([&] { return sealedFile(handle).sync(); });
}
int fileSize(sqlite3_file* handle, sqlite3_int64* bytes) {
  return guarded([&] { return sealedFile(handle).size(*bytes); });
}
int lockMain(sqlite3_file* handle, int level) {
  return guarded([&] { return mainFile(handle).lock(level); });
}
int unlockMain(sqlite3_file* handle, int level) {
  return guarded([&] { return mainFile(handle).unlock(level); });
}
int checkReservedLock(sqlite3_file* handle, int* taken) {
  return guarded([&] { return mainFile(handle).checkReservedLock(*taken); });
}
int controlMain(sqlite3_file* handle, int operation, void* argument) {
  return guarded([&] { return mainFile(handle).control(operation, argument); });
}
int sectorSize(sqlite3_file*) { return 4096; }
// Promises that a write never damages the bytes beside it, so SQLite pads no transaction to a whole sector.
int deviceCharacteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
int mapIndex(sqlite3_file* handle, int region, int bytes, int extend, void volatile** out) {
  return guarded([&] { return mainFile(handle).mapIndex(region, bytes, extend, out); });
}
int lockIndex(sqlite3_file* handle, int first, int count, int flags) {
  return guarded([&] { return mainFile(handle).lockIndex(first, count, flags); });
}
void fenceIndex(sqlite3_file* handle) { mainFile(handle).fenceIndex(); }
int unmapIndex(sqlite3_file* handle, int) {
  return guarded([&] { return mainFile(handle).unmapIndex(); });
}

// Version 2: with a WAL index, without memory mapping.
const sqlite3_io_methods kMainMethods = {
    2,          closeFile,         readFile,    writeFile,  truncateFile,          syncFile, fileSize,  lockMain,
    unlockMain, checkReservedLock, controlMain, sectorSize, deviceCharacteristics, mapIndex, lockIndex, fenceIndex,
    unmapIndex, nullptr,           nullptr};

int noLock(sqlite3_file*, int) { return SQLITE_OK; }
int neverReserved(sqlite3_file*, int* taken) {
  *taken = 0;
  return SQLITE_OK;
}
int noControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }

// Of a log and of temporary files.
const sqlite3_io_methods kPlainMethods = {
    1,       closeFile,     readFile,  writeFile,  truncateFile,          syncFile, fileSize, noLock,
    noLock,  neverReserved, noControl, sectorSize, deviceCharacteristics, nullptr,  nullptr,  nullptr,
    nullptr, nullptr,       nullptr};

EncryptedVfs& owner(sqlite3_vfs* vfs) { return *static_cast<EncryptedVfs*>(vfs->pAppData); }

int openMain(EncryptedVfs& vfs, Handle& handle, bool mayWrite) {
  std::unique_ptr<File> file;
  SharedState& shared = vfs.shared();
  Access access = shared.readOnly ? Access::readOnly : Access::readWrite;
  IoStatus status =
      shared.newFile != nullptr ? shared.newFile->open(file) : shared.files.open(shared.path, access, file);
  if (status != IoStatus::ok) return SQLITE_CANTOPEN;
  handle.file = new MainFile(std::move(file), vfs.makeSealer(), vfs.shared(), mayWrite);
  handle.pMethods = &kMainMethods;
  return SQLITE_OK;
}

int openWal(EncryptedVfs& vfs, Handle& handle, sqlite3_filename name) {
  SharedState& shared = vfs.shared();
  MainFile& main = mainFile(sqlite3_database_file_object(name));
  std::unique_ptr<File> file;
  IoStatus status = IoStatus::ok;
  if (shared.logInMemory)
    file = std::make_unique<MemoryFile>();
  else
    status = shared.files.openBeside(shared.path, shared.walPath,
                                     shared.readOnly ? Access::readOnly : Access::readWrite, file);
  if (status == IoStatus::absent && main.mayWrite() && shared.mayWrite())
    status = shared.files.createBeside(shared.path, shared.walPath, file);
  if (status != IoStatus::ok) return status == IoStatus::noSpace ? SQLITE_FULL : SQLITE_CANTOPEN;
  handle.file = new WalFile(std::move(file), main);
  handle.pMethods = &kPlainMethods;
  return SQLITE_OK;
}

// For a large sort, or the journal of a savepoint.
int openTemporary(Handle& handle) {
  handle.file = new TemporaryFile();
  handle.pMethods = &kPlainMethods;
  return SQLITE_OK;
}

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* outFlags) {
  auto& handle = static_cast<Handle&>(*file);
  handle.pMethods = nullptr;  // closeFile() is not called unless xOpen succeeds
  handle.file = nullptr;
  return guarded([&] {
    bool mayWrite = (flags & SQLITE_OPEN_READWRITE) != 0;
    int code = SQLITE_CANTOPEN;
    if (flags & SQLITE_OPEN_MAIN_DB) {
      code = openMain(owner(vfs), handle, mayWrite);
    } else if (flags & (SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TRANSIENT_DB | SQLITE_OPEN_TEMP_JOURNAL |
                        SQLITE_OPEN_SUBJOURNAL)) {
      code = openTemporary(handle);
    } else if (flags & SQLITE_OPEN_WAL) {
      // A reader gets its WAL read-only: SQLite then refuses to checkpoint through it.
      code = openWal(owner(vfs), handle, name);
      mayWrite = code == SQLITE_OK && mainFile(sqlite3_database_file_object(name)).mayWrite();
    }
    if (outFlags != nullptr)
      *outFlags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_READONLY)) |
                  (mayWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    return code;
  });
}

// SQLite only ever removes the WAL. The removal need not survive a crash: all its content is in the main file by then.
int removeFile(sqlite3_vfs* vfs, const char* name, int) {
  return guarded([&] {
    SharedState& shared = owner(vfs).shared();
    if (name != kWalName || shared.logInMemory) return SQLITE_OK;
    if (!shared.mayWrite()) return SQLITE_IOERR_DELETE;
    IoStatus status = shared.files.remove(shared.walPath);
    return status == IoStatus::ok || status == IoStatus::absent ? SQLITE_OK : SQLITE_IOERR_DELETE;
  });
}

int access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  return guarded([&] {
    SharedState& shared = owner(vfs).shared();
    *result = name == kWalName && !shared.logInMemory && shared.files.exists(shared.walPath) ? 1 : 0;
    return SQLITE_OK;
  });
}

int fullPathname(sqlite3_vfs*, const char* name, int bytes, char* out) {
  return std::snprintf(out, static_cast<std::size_t>(bytes), "%s", name) < bytes ? SQLITE_OK : SQLITE_CANTOPEN;
}

int randomness(sqlite3_vfs* vfs, int bytes, char* out) {
  return guarded([&] {
    owner(vfs).random().fill({reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(bytes)});
    return bytes;
  });
}

// The writer never meets a lock that is about to be released. A reader does: while the writer publishes a commit, or
// begins a new filling of the WAL, a reader that begins tries 100 times before SQLite gives up with SQLITE_PROTOCOL.
// Without these pauses all tries would be over before a writer that has lost the processor runs again.
int sleepFor(sqlite3_vfs*, int microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
  return microseconds;
}

// Fails, because our SQL must not ask for the time: it comes from a base::Clock.
int noTime(sqlite3_vfs*, double*) { return SQLITE_ERROR; }
int noTime64(sqlite3_vfs*, sqlite3_int64*) { return SQLITE_ERROR; }
int lastError(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

EncryptedVfs::EncryptedVfs(FileSystem& files, base::Random& random, std::string path, crypto::Cipher cipher,
                           base::ByteView dataKey, std::size_t pageBytes)
    : random_(random),
      shared_(files, std::move(path), pageBytes),
      cipher_(cipher),
      keys_(dataKey),
      pageBytes_(pageBytes),
      vfs_(std::make_unique<sqlite3_vfs>()) {
  char name[40];  // unique: the address of an object that lives as long as the registration
  std::snprintf(name, sizeof name, "blazedb-%p", static_cast<void*>(this));
  name_ = name;
  vfs_->iVersion = 2;
  vfs_->szOsFile = sizeof(Handle);
  vfs_->mxPathname = 64;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->xOpen = open;
  vfs_->xDelete = removeFile;
  vfs_->xAccess = access;
  vfs_->xFullPathname = fullPathname;
  vfs_->xRandomness = randomness;
  vfs_->xSleep = sleepFor;
  vfs_->xCurrentTime = noTime;
  vfs_->xGetLastError = lastError;
  vfs_->xCurrentTimeInt64 = noTime64;
  if (sqlite3_vfs_register(vfs_.get(), 0) != SQLITE_OK) throw std::bad_alloc();
}

EncryptedVfs::~EncryptedVfs() { sqlite3_vfs_unregister(vfs_.get()); }

std::unique_ptr<PageSealer> EncryptedVfs::makeSealer() const {
  return std::make_unique<PageSealer>(cipher_, keys_, pageBytes_, random_);
}

}  // namespace blazedb::storage
