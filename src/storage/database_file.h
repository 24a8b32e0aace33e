// One encrypted database: its file, its keys, the one connection that writes and those that read.
//
// A DatabaseFile owns its file alone (FileSystem::lock). The writer is the only connection that commits and the only
// one that checkpoints; readers see a snapshot each, while it goes on. That is also what keeps clear of SQLite's
// WAL-reset bug (fixed in 3.51.3): it needs one connection that commits while another one checkpoints.
//
// Threads: create(), open(), openReader(), backup(), changePassword() and the getters may be called from any thread;
// writer() and what uses it (setDurable(), useReserve(), checkpoint(), checkpointDue(), walBytes(), verify()) from one
// thread at a time. Not to be used across fork().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "storage/connection.h"
#include "storage/encrypted_vfs.h"
#include "storage/file_header.h"
#include "storage/file_system.h"
#include "storage/key_header.h"
#include "storage/key_source.h"

namespace blazedb::storage {

inline constexpr std::uint32_t kPageBytesDefault = 4096;
inline constexpr int kWriterCacheKiBDefault = 16 * 1024;
inline constexpr int kReaderCacheKiBDefault = 4 * 1024;

struct CreateOptions {
  std::uint32_t pageBytes = kPageBytesDefault;  // a power of two, 1024 to 65536
  std::optional<crypto::Cipher> cipher;         // by default the faster one on this CPU
  crypto::KdfCost cost;                         // of a password; a raw key has none
};

struct OpenOptions {
  int writerCacheKiB = kWriterCacheKiBDefault;
  // Nothing is written, neither to the file nor beside it; what a log holds is seen all the same. Several may have the
  // file open so. writer() then reads, and what would write throws OpenedReadOnly.
  bool readOnly = false;
};

class DatabaseFile {
 public:
  // Called now and then with the work done and the work in all, in pages; false asks to stop.
  using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

  // Makes the file and opens it. `initialise` is called once, in a transaction, to lay out the tables. Atomic: after a
  // crash or an error there is the whole file or none. Throws Error(AlreadyExists, InvalidArgument, DiskFull, IoError;
  // NotSupported where the file system cannot give a file its name atomically) and what `initialise` throws.
  static std::unique_ptr<DatabaseFile> create(FileSystem& files, base::Random& random, const std::string& path,
                                              const KeySource& key, const CreateOptions& options,
                                              const std::function<void(Connection&)>& initialise,
                                              const OpenOptions& openOptions = {});

  // Opens what is there and recovers what a crash has left. `files` and `random` must outlive the result. Throws
  // Error(NotFound, DatabaseInUse, WrongPassword, NotADatabase, NewerFormat, TruncatedFile, DamagedPage, WrongLog,
  // DiskFull, IoError).
  //
  // A log that belongs to another state of the file (file_header.h) is never put upon it. One of an earlier state, or
  // of another database, gets another name, NAME-wal-unused-X: the file was used without it. One of a state that this
  // file has never had is WrongLog: what it holds is in danger.
  static std::unique_ptr<DatabaseFile> open(FileSystem& files, base::Random& random, const std::string& path,
                                            const KeySource& key, const OpenOptions& options = {});

  // Checkpoints and removes the WAL, unless a sync has failed. All readers must be gone.
  ~DatabaseFile();
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

  Connection& writer() { return *writer_; }

  // A connection that reads only; each transaction on it sees one snapshot. Must not outlive this.
  std::unique_ptr<Connection> openReader(int cacheKiB = kReaderCacheKiBDefault);

  // True (how a database opens): a commit is on the disk when it returns. False: a power cut may take the last commits
  // back, never a part of one. Throws Error(Misuse) inside a transaction.
  void setDurable(bool durable);

  // Copies what the WAL holds into the main file, as far as readers allow, so that the WAL can be filled from its
  // beginning again. Throws Error(Misuse) inside a transaction.
  void checkpoint();

  // Whether commits from now on may use what is kept back of a small disk: for those that delete, so that there will be
  // space again. False at first.
  void useReserve(bool use);

  // Whether the WAL is so long, or the disk so full, that it is time for one. Cheap.
  bool checkpointDue();

  // How much of the WAL is filled and not yet copied, as of the last commit: what a checkpoint would have to do.
  std::uint64_t walBytes() const;

  // From now on `newKey` opens the file, and `oldKey` does not. Throws Error(WrongPassword) where `oldKey` does not
  // open it, InvalidArgument, DiskFull, IoError. A crash leaves a file that one of the two opens.
  void changePassword(const KeySource& oldKey, const KeySource& newKey, const crypto::KdfCost& cost = {});

  // Writes one snapshot to a new file at `path`, with a data key of its own, opened by the same password or key; atomic
  // as create(). `fixup` runs in a transaction of the copy before it gets its name. The writer goes on meanwhile, and
  // its WAL grows. Throws Error(AlreadyExists, Cancelled, DiskFull, IoError, DamagedPage) and what the callbacks throw.
  void backup(const std::string& path, const std::function<void(Connection&)>& fixup = {},
              const Progress& progress = {});

  // Authenticates every page and checks that their content fits together. Returns what is wrong, in words, a few
  // hundred lines at most; empty for a sound file. Checkpoints first. Throws Error(Cancelled, IoError, Misuse inside a
  // transaction).
  std::vector<std::string> verifyPages(const Progress& progress = {});

  // A key of the file's own that proves, to a process that has it open, that somebody knows the password. The same
  // before and after a change of the password.
  static crypto::SecretBytes controlKeyOf(const KeyHeader& header);
  base::ByteView controlKey() const { return controlKey_.view(); }

  // Where the log is now that was found beside the file when it was opened and was of no use to it; empty where there
  // was none.
  const std::string& unusedLog() const { return unusedLog_; }

  const std::string& filePath() const { return path_; }
  std::uint32_t pageSize() const { return pageBytes_; }
  std::string_view cipherName() const { return crypto::cipherName(cipher_); }

 private:
  DatabaseFile(FileSystem& files, base::Random& random, std::string path, std::unique_ptr<FileLock> lock,
               std::unique_ptr<File> headerFile, KeyHeader header, const OpenOptions& options);

  void recover(int cacheKiB);
  bool belongs(File& wal, std::uint32_t vouched);
  void requireAllPages();
  void requireWritable() const;
  void verifyMainFile(const Progress& progress, std::vector<std::string>& problems);

  FileSystem& files_;
  base::Random& random_;
  const std::string path_;
  std::unique_ptr<FileLock> lock_;
  const std::uint32_t pageBytes_;
  const crypto::Cipher cipher_;
  crypto::SecretBytes controlKey_;
  std::unique_ptr<EncryptedVfs> vfs_;
  FileHeader header_;
  std::unique_ptr<Connection> writer_;
  const bool readOnly_;
  std::string unusedLog_;
  bool durable_ = true;
  std::uint32_t walFrames_ = 0;
  std::uint64_t askAt_ = 0;  // with so many bytes in the WAL the disk is asked again
};

}  // namespace blazedb::storage
