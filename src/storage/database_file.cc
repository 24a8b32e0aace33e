// Making a file, opening it with its log, and what an open file offers. A new file is built without a name, and gets
// its name when it is complete (Making).
#include "storage/database_file.h"

#include <sqlite3.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <optional>
#include <set>
#include <utility>

#include "blazedb/error.h"
#include "storage/page_sealer.h"
#include "storage/wal_file.h"

namespace blazedb::storage {
namespace {

constexpr std::uint64_t kCheckpointBytes = 64 << 20;
constexpr std::uint64_t kAskEveryBytes = 256 << 10;
constexpr std::int64_t kWalFileBytesKept = 128 << 20;  // a longer WAL is cut when its next filling begins
constexpr int kBackupStepPages = 256;
constexpr std::size_t kProblemsMax = 100;     // SQLite's integrity check stops there as well
constexpr std::uint64_t kLockByte = 1 << 30;  // SQLite never uses the page that holds it

[[noreturn]] void raiseIo(IoStatus status, const std::string& path, const std::string& what) {
  if (status == IoStatus::noSpace) throw Error(ErrorCode::DiskFull, path + ": no space left; free some and try again");
  if (status == IoStatus::exists) throw Error(ErrorCode::AlreadyExists, path + ": there is a file already");
  if (status == IoStatus::unsafe)
    throw Error(ErrorCode::IoError, path + " " + what + ": it is a folder, a link or another user's, or no regular " +
                                        "file; move it away, or name another file");
  if (status == IoStatus::absent)
    throw Error(ErrorCode::IoError, path + " " + what + ": there is no such file or folder");
  if (status == IoStatus::denied)
    throw Error(ErrorCode::IoError, path + " " + what + ": this user may not do so, or the file system is " +
                                        "read-only; check the rights on the file and its folder");
  if (status == IoStatus::noRename)
    throw Error(ErrorCode::NotSupported, path + ": this file system can neither link nor rename without replacing; " +
                                             "make the file on another one and move it there");
  throw Error(ErrorCode::IoError, path + " " + what + "; check the disk, and the rights on the file and its folder");
}

void require(IoStatus status, const std::string& path, const char* what) {
  if (status != IoStatus::ok) raiseIo(status, path, what);
}

std::string randomSuffix(const char* kind, base::Random& random) {
  char suffix[40];
  std::snprintf(suffix, sizeof suffix, "-%s-%016llx", kind, static_cast<unsigned long long>(random.next64()));
  return suffix;
}

// Renames a log that cannot be used, because its commits may be in no other file. Returns the new name.
std::string setAside(FileSystem& files, base::Random& random, const std::string& walPath) {
  std::string unused = walPath + randomSuffix("unused", random);
  require(files.rename(walPath, unused), walPath, "cannot be renamed");
  return unused;
}

std::unique_ptr<EncryptedVfs> makeVfs(FileSystem& files, base::Random& random, const std::string& path,
                                      const KeyHeader& header) {
  return std::make_unique<EncryptedVfs>(files, random, path, header.cipher, header.dataKey.view(), header.pageBytes);
}

// A database that is being made for the path `target`. Nothing of it remains unless it is published.
class Making {
 public:
  Making(FileSystem& files, base::Random& random, std::string target)
      : files_(files), random_(random), target_(std::move(target)) {
    if (files_.exists(target_)) raiseIo(IoStatus::exists, target_, "");
    require(files_.createNew(target_, file_), target_, "cannot be created");
  }

  // Writes the header, and no page yet. The log stays in memory, because no other process can open the file yet.
  std::unique_ptr<EncryptedVfs> begin(const KeyHeader& header) {
    std::unique_ptr<File> file;
    require(file_->open(file), target_, "cannot be opened");
    require(file->writeAt(0, encodeHeader(header, random_)), target_, "cannot be written");
    auto vfs = makeVfs(files_, random_, target_, header);
    vfs->shared().newFile = file_.get();
    vfs->shared().logInMemory = true;
    return vfs;
  }

  void publish() {
    std::unique_ptr<File> file;
    require(file_->open(file), target_, "cannot be opened");
    require(file->sync(), target_, "cannot be synced");
    // A WAL that an earlier database of this name left behind does not belong to this one.
    if (files_.exists(target_ + "-wal")) setAside(files_, random_, target_ + "-wal");
    require(file_->publish(), target_, "cannot be given its name");
    require(files_.syncFolder(target_), target_, "is in a folder that cannot be synced");
  }

 private:
  FileSystem& files_;
  base::Random& random_;
  std::string target_;
  std::unique_ptr<NewFile> file_;
};

// Runs `body` in a transaction of the connection.
void inTransaction(Connection& connection, const std::function<void(Connection&)>& body) {
  connection.execute("BEGIN IMMEDIATE");
  try {
    body(connection);
    connection.execute("COMMIT");
  } catch (...) {
    if (connection.inTransaction()) sqlite3_exec(connection.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

// Tells SQLite, before it writes a page, the size of pages and how many of their bytes it must leave alone. Needs no
// journal, because no other process can open the file yet.
void prepareEmptyDatabase(Connection& connection, std::uint32_t pageBytes) {
  int reserved = static_cast<int>(crypto::kSealBytes);
  if (int code = sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved))
    connection.raise(code);
  connection.execute(("PRAGMA page_size=" + std::to_string(pageBytes)).c_str());
  connection.execute("PRAGMA journal_mode=OFF");
  connection.execute("PRAGMA synchronous=OFF");
}

// A running copy. Its destructor ends it, also after an exception of the progress callback.
class Copy {
 public:
  Copy(Connection& from, Connection& to)
      : to_(to), handle_(sqlite3_backup_init(to.handle(), "main", from.handle(), "main")) {
    if (handle_ == nullptr) to.raise(sqlite3_extended_errcode(to.handle()));
  }
  ~Copy() { sqlite3_backup_finish(handle_); }
  Copy(const Copy&) = delete;

  // Returns false when everything is copied.
  bool step() {
    int code = sqlite3_backup_step(handle_, kBackupStepPages);
    if (code != SQLITE_OK && code != SQLITE_DONE) to_.raise(code);
    return code == SQLITE_OK;
  }
  std::uint64_t total() const { return static_cast<std::uint64_t>(sqlite3_backup_pagecount(handle_)); }
  std::uint64_t done() const { return total() - static_cast<std::uint64_t>(sqlite3_backup_remaining(handle_)); }

 private:
  Connection& to_;
  sqlite3_backup* handle_;
};

void copyPages(Connection& from, Connection& to, const DatabaseFile::Progress& progress) {
  to.execute("PRAGMA cache_spill=ON");  // allowed without a WAL; otherwise the whole copy would stay in memory
  Copy copy(from, to);
  for (bool more = true; more;) {
    more = copy.step();
    if (progress && !progress(copy.done(), copy.total())) throw Error(ErrorCode::Cancelled, "the backup was stopped");
  }
}

std::unique_ptr<FileLock> lockFile(FileSystem& files, const std::string& path, Access access) {
  std::unique_ptr<FileLock> lock;
  std::int64_t owner = 0;
  IoStatus status = files.lock(path, access, lock, owner);
  if (status == IoStatus::absent) throw Error(ErrorCode::NotFound, path + ": there is no such file");
  if (status == IoStatus::inUse)
    throw Error(ErrorCode::DatabaseInUse, path + " is open in " +
                                              (owner ? "process " + std::to_string(owner)
                                                     : std::string("another process: in another container, on a "
                                                                   "machine that shares the folder, or a child of the "
                                                                   "process that opened it (see fuser " +
                                                                   path + ")")) +
                                              "; close it there, or connect to it");
  if (status == IoStatus::manyNames)
    throw Error(ErrorCode::IoError,
                path + " has another name as well (a hard link; find FOLDER -samefile " + path +
                    " lists them), and an opening by one name would miss the log of the other: keep one name, the one "
                    "with a -wal beside it if there is one, and remove the rest; for a copy, use backup");
  require(status, path, "cannot be opened");
  return lock;
}

}  // namespace

std::unique_ptr<DatabaseFile> DatabaseFile::create(FileSystem& files, base::Random& random, const std::string& path,
                                                   const KeySource& key, const CreateOptions& options,
                                                   const std::function<void(Connection&)>& initialise,
                                                   const OpenOptions& openOptions) {
  if (!std::has_single_bit(options.pageBytes) || options.pageBytes < kPageBytesMin || options.pageBytes > kPageBytesMax)
    throw Error(ErrorCode::InvalidArgument, "a page has 1024 to 65536 bytes, a power of two");
  std::string canonical = files.canonical(path);
  std::optional<Making> file(std::in_place, files, random, canonical);
  KeyHeader header;
  header.cipher = options.cipher.value_or(crypto::fastestCipher());
  header.pageBytes = options.pageBytes;
  header.protectWith(key, options.cost, random);
  header.dataKey = crypto::SecretBytes(crypto::kKeyBytes);
  random.fill(header.dataKey.span());
  header.state = header.logState = random.next64();
  {
    std::unique_ptr<EncryptedVfs> vfs = file->begin(header);
    Connection connection(*vfs, Connection::Role::writer, kWriterCacheKiBDefault);
    connection.checkpointOnClose();
    prepareEmptyDatabase(connection, header.pageBytes);
    connection.execute("PRAGMA journal_mode=WAL");
    inTransaction(connection, initialise);
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  file->publish();
  file.reset();  // NFS keeps a removed name as long as the file is open
  std::unique_ptr<FileLock> lock = lockFile(files, canonical, Access::readWrite);
  std::unique_ptr<File> headerFile;
  try {
    require(files.open(canonical, Access::readWrite, headerFile), canonical, "cannot be opened");
    std::unique_ptr<DatabaseFile> made(
        new DatabaseFile(files, random, canonical, nullptr, std::move(headerFile), std::move(header), openOptions));
    made->lock_ = std::move(lock);
    return made;
  } catch (...) {
    // The lock is still held, so no other process has used the file.
    files.remove(canonical);
    files.remove(canonical + "-wal");
    throw;
  }
}

std::unique_ptr<DatabaseFile> DatabaseFile::open(FileSystem& files, base::Random& random, const std::string& path,
                                                 const KeySource& key, const OpenOptions& options) {
  std::string canonical = files.canonical(path);
  Access access = options.readOnly ? Access::readOnly : Access::readWrite;
  std::unique_ptr<FileLock> lock = lockFile(files, canonical, access);
  std::unique_ptr<File> file;
  require(files.open(canonical, access, file), canonical, "cannot be opened");
  KeyHeader header = readHeader(*file, canonical, key, random);
  return std::unique_ptr<DatabaseFile>(
      new DatabaseFile(files, random, canonical, std::move(lock), std::move(file), std::move(header), options));
}

DatabaseFile::DatabaseFile(FileSystem& files, base::Random& random, std::string path, std::unique_ptr<FileLock> lock,
                           std::unique_ptr<File> headerFile, KeyHeader header, const OpenOptions& options)
    : files_(files),
      random_(random),
      path_(std::move(path)),
      lock_(std::move(lock)),
      pageBytes_(header.pageBytes),
      cipher_(header.cipher),
      controlKey_(controlKeyOf(header)),
      vfs_(makeVfs(files, random, path_, header)),
      header_(std::move(headerFile), path_, std::move(header), random),
      readOnly_(options.readOnly) {
  // In a file without a page SQLite would see a new database, and discard the WAL.
  std::uint64_t bytes = 0;
  require(header_.file().size(bytes), path_, "cannot be read");
  if (bytes < kHeaderBytes + pageBytes_)
    throw Error(ErrorCode::TruncatedFile, path_ + " ends before its first page; restore it from a backup");
  vfs_->shared().header = &header_;
  vfs_->shared().readOnly = readOnly_;
  recover(options.writerCacheKiB);
  if (readOnly_) {
    writer_->execute("PRAGMA query_only=ON");
    return;
  }
  header_.repair();
  writer_->checkpointOnClose();
  writer_->execute("PRAGMA synchronous=FULL");
  writer_->execute(("PRAGMA journal_size_limit=" + std::to_string(kWalFileBytesKept)).c_str());
  sqlite3_wal_hook(
      writer_->handle(),
      [](void* self, sqlite3*, const char*, int frames) {
        static_cast<DatabaseFile*>(self)->walFrames_ = static_cast<std::uint32_t>(frames);
        return SQLITE_OK;
      },
      this);
  // From here on SQL cannot change how the file is written (journal mode, schema bytes).
  sqlite3_db_config(writer_->handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
}

DatabaseFile::~DatabaseFile() = default;

crypto::SecretBytes DatabaseFile::controlKeyOf(const KeyHeader& header) {
  return crypto::deriveSubkey(header.dataKey.view(), "blazedb control socket");
}

// Lets SQLite recover the WAL with its first read, and checks that nothing is missing.
void DatabaseFile::recover(int cacheKiB) {
  const std::string& walPath = vfs_->shared().walPath;
  std::unique_ptr<File> wal;
  std::uint32_t vouched = 0;
  SharedState& shared = vfs_->shared();
  IoStatus status = files_.openBeside(path_, walPath, readOnly_ ? Access::readOnly : Access::readWrite, wal);
  shared.logInMemory = readOnly_ && status == IoStatus::absent;
  if (status == IoStatus::ok) status = WalFile::vouchedFrames(*wal, *vfs_->makeSealer(), vouched);
  if (status != IoStatus::ok && status != IoStatus::absent) raiseIo(status, walPath, "cannot be read");
  if (wal && !belongs(*wal, vouched)) {
    unusedLog_ = readOnly_ ? walPath : setAside(files_, random_, walPath);
    shared.logInMemory = readOnly_;
    vouched = 0;
  }
  try {
    writer_ = std::make_unique<Connection>(*vfs_, Connection::Role::writer, cacheKiB);
    writer_->execute("SELECT 1 FROM sqlite_schema");
  } catch (const Error& error) {
    if (error.code() == ErrorCode::DamagedPage) requireAllPages();
    throw;
  }
  walFrames_ = vfs_->shared().walIndex.committedFrames();
  const std::optional<LogBase>& base = shared.logBase;
  if (vouched > walFrames_ || (base && header_.lacksFrames(*base, walFrames_)))
    throw Error(ErrorCode::DamagedPage,
                walPath + " is damaged, and it has lost complete transactions; restore the database from a backup");
  if (walFrames_ == 0) requireAllPages();
}

// Checks, before SQLite sees the log, whether it belongs to the present state of the file. Returns false if it is
// unusable.
bool DatabaseFile::belongs(File& wal, std::uint32_t vouched) {
  const std::string& walPath = vfs_->shared().walPath;
  std::optional<LogBase> base = WalFile::baseOf(wal, *vfs_->makeSealer());
  if (!base) {
    // A log of a database with another key; or a log that had just begun when a crash came, which has no frame yet.
    std::uint64_t bytes = 0;
    require(wal.size(bytes), walPath, "cannot be read");
    return vouched > 0 || bytes <= WalFile::kSlotsBytes;
  }
  FileHeader::Fit fit = header_.match(*base);
  if (fit == FileHeader::Fit::foreign)
    throw Error(ErrorCode::WrongLog, walPath + " is the log of a later state than " + path_ +
                                         ", which seems to be an older copy: put the newer file back, or rename the "
                                         "log to go on without its commits");
  if (fit == FileHeader::Fit::fits) vfs_->shared().logBase = base;
  return fit == FileHeader::Fit::fits;
}

// Page 1 has the number of pages (the in-header database size; see sqlite.org/fileformat2.html). This does not report a
// damaged page 1: reading it will.
void DatabaseFile::requireAllPages() {
  std::vector<std::uint8_t> page(pageBytes_);
  std::uint64_t bytes = 0;
  require(header_.file().size(bytes), path_, "cannot be read");
  if (header_.file().readAt(kHeaderBytes, page) != IoStatus::ok) return;
  if (!vfs_->makeSealer()->openPage(1, page.data(), page.data())) return;
  std::uint64_t pages = 0;
  for (int i = 28; i < 32; i++) pages = pages << 8 | page[static_cast<std::size_t>(i)];
  if (bytes < kHeaderBytes + pages * pageBytes_)
    throw Error(ErrorCode::TruncatedFile, path_ + " ends before its last page; restore it from a backup");
}

std::unique_ptr<Connection> DatabaseFile::openReader(int cacheKiB) {
  return std::make_unique<Connection>(*vfs_, Connection::Role::reader, cacheKiB);
}

void DatabaseFile::requireWritable() const {
  if (readOnly_)
    throw Error(ErrorCode::OpenedReadOnly, path_ + " was opened for reading; open it without readOnly to write");
}

void DatabaseFile::setDurable(bool durable) {
  if (durable == durable_) return;
  if (writer_->inTransaction()) throw Error(ErrorCode::Misuse, "durability cannot change inside a transaction");
  writer_->execute(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  durable_ = durable;
}

void DatabaseFile::checkpoint() {
  requireWritable();
  if (writer_->inTransaction()) throw Error(ErrorCode::Misuse, "a checkpoint cannot run inside a transaction");
  int filled = 0, copied = 0;
  int code = sqlite3_wal_checkpoint_v2(writer_->handle(), "main", SQLITE_CHECKPOINT_PASSIVE, &filled, &copied);
  if (code != SQLITE_OK) writer_->raise(code);
  if (filled == copied) walFrames_ = 0;
  askAt_ = 0;
}

void DatabaseFile::useReserve(bool use) { vfs_->shared().usesReserve = use; }

// On a small disk the log has to stay small compared with the free space, or it would fill the disk.
bool DatabaseFile::checkpointDue() {
  std::uint64_t bytes = walBytes();
  if (bytes >= kCheckpointBytes) return true;
  if (bytes == 0 || bytes < askAt_) return false;
  std::uint64_t free = files_.freeBytes(path_).value_or(~std::uint64_t{0});
  bool due = bytes >= free / 4;
  askAt_ = due ? 0 : bytes + std::min(free / 16, kAskEveryBytes);
  return due;
}

std::uint64_t DatabaseFile::walBytes() const { return walFrames_ * std::uint64_t{kSealedRecordBytes + pageBytes_}; }

void DatabaseFile::changePassword(const KeySource& oldKey, const KeySource& newKey, const crypto::KdfCost& cost) {
  requireWritable();
  if (vfs_->shared().poisoned)
    throw Error(ErrorCode::NeedsReopen, path_ + ": a sync to disk has failed; close the database and open it again");
  try {
    header_.changePassword(oldKey, newKey, cost);
  } catch (const Error& error) {
    // Only opening the file again shows which of the two opens it.
    if (error.code() == ErrorCode::IoError || error.code() == ErrorCode::DiskFull) vfs_->shared().poisoned = true;
    throw;
  }
}

void DatabaseFile::backup(const std::string& path, const std::function<void(Connection&)>& fixup,
                          const Progress& progress) {
  std::string canonical = files_.canonical(path);
  Making file(files_, random_, canonical);
  KeyHeader header = header_.secretForCopy();
  header.dataKey = crypto::SecretBytes(crypto::kKeyBytes);
  random_.fill(header.dataKey.span());
  header.state = header.logState = random_.next64();
  std::unique_ptr<EncryptedVfs> vfs = file.begin(header);
  {
    std::unique_ptr<Connection> source = openReader();
    source->execute("BEGIN");
    source->prepare("SELECT 1 FROM sqlite_schema").step();  // takes the snapshot
    Connection target(*vfs, Connection::Role::writer, kReaderCacheKiBDefault);
    prepareEmptyDatabase(target, header.pageBytes);
    copyPages(*source, target, progress);
  }
  if (fixup) {
    Connection target(*vfs, Connection::Role::writer, kReaderCacheKiBDefault);
    target.checkpointOnClose();
    inTransaction(target, fixup);
    target.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  file.publish();
}

std::vector<std::string> DatabaseFile::verifyPages(const Progress& progress) {
  std::vector<std::string> problems;
  auto note = [&](const std::function<void()>& check) {
    try {
      check();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::DamagedPage && error.code() != ErrorCode::TruncatedFile) throw;
      problems.emplace_back(error.what());
    }
  };
  if (!readOnly_) note([&] { checkpoint(); });
  for (int copy : damagedHeaderCopies(header_.file()))
    problems.push_back("copy " + std::to_string(copy) + " of the header is damaged");
  verifyMainFile(progress, problems);
  if (!problems.empty()) return problems;  // SQLite would say of the same pages that it cannot read them
  note([&] {
    Statement check = writer_->prepare("PRAGMA integrity_check");
    while (check.step())
      if (check.text(0) != "ok") problems.emplace_back(check.text(0));
  });
  return problems;
}

// Also checks the pages that no query reads. After a checkpoint no page is half written. In a file that is open for
// reading there is no checkpoint: the recovery has then authenticated the log, and this skips the pages that it holds.
void DatabaseFile::verifyMainFile(const Progress& progress, std::vector<std::string>& problems) {
  auto sealer = vfs_->makeSealer();
  std::vector<std::uint8_t> page(pageBytes_);
  std::uint32_t lockPage = static_cast<std::uint32_t>(kLockByte / pageBytes_) + 1;
  std::uint64_t bytes = 0;
  require(header_.file().size(bytes), path_, "cannot be read");
  auto pages = static_cast<std::uint32_t>((bytes - kHeaderBytes) / pageBytes_);
  std::set<std::uint32_t> inLog;
  std::unique_ptr<File> wal;
  if (readOnly_ && walFrames_ > 0) {
    require(files_.openBeside(path_, vfs_->shared().walPath, Access::readOnly, wal), path_,
            "has a log that cannot be read");
    inLog = WalFile::pagesIn(*wal, *sealer, walFrames_);
  }
  for (std::uint32_t number = 1; number <= pages && problems.size() < kProblemsMax; number++) {
    if (progress && number % 256 == 0 && !progress(number, pages))
      throw Error(ErrorCode::Cancelled, "verify was stopped");
    if (number == lockPage || inLog.contains(number)) continue;
    std::uint64_t at = kHeaderBytes + std::uint64_t{number - 1} * pageBytes_;
    if (header_.file().readAt(at, page) != IoStatus::ok || !sealer->openPage(number, page.data(), page.data()))
      problems.push_back("page " + std::to_string(number) + " fails authentication");
  }
  if (progress && !progress(pages, pages)) throw Error(ErrorCode::Cancelled, "verify was stopped");
}

}  // namespace blazedb::storage
