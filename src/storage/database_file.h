// DatabaseFile: one encrypted database. It has the file, its keys, the one connection that writes, and those that read.
//
// A DatabaseFile owns its file alone (FileSystem::lock). The writer is the only connection that commits and the only
// one that checkpoints. Each reader sees a snapshot while the writer goes on. This also avoids SQLite's WAL-reset bug
// (fixed in 3.51.3), which needs one connection that commits while another one checkpoints.
//
// Threads: any thread may call create(), open(), openReader(), backup(), changePassword() and the getters. One thread
// at a time may use writer() and the functions that use it: setDurable(), useReserve(), checkpoint(), checkpointDue(),
// walBytes(), verifyPages(). A DatabaseFile must not be used across fork().
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
  std::optional<crypto::Cipher> cipher;         // absent: the one that is faster on this CPU
  crypto::KdfCost cost;                         // for a password; a raw key has none
};

struct OpenOptions {
  int writerCacheKiB = kWriterCacheKiBDefault;
  // Writes nothing, neither to the file nor beside it; commits in a log are visible. Several processes may have the
  // file open in this way. writer() then only reads, and calls that write throw OpenedReadOnly.
  bool readOnly = false;
};

class DatabaseFile {
 public:
  // Called now and then with the pages that are done and the total. Returning false cancels.
  using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

  // Makes the file and opens it. Calls `initialise` once, in a transaction, to make the tables. Atomic: after a crash
  // or an error there is the whole file or none. Throws Error(AlreadyExists, InvalidArgument, DiskFull, IoError, or
  // NotSupported if the file system cannot name a file atomically) and what `initialise` throws.
  static std::unique_ptr<DatabaseFile> create(FileSystem& files, base::Random& random, const std::string& path,
                                              const KeySource& key, const CreateOptions& options,
                                              const std::function<void(Connection&)>& initialise,
                                              const OpenOptions& openOptions = {});

  // Opens an existing file and recovers the commits that a crash left in the log. `files` and `random` must outlive the
  // result. Throws Error(NotFound, DatabaseInUse, WrongPassword, NotADatabase, NewerFormat, TruncatedFile, DamagedPage,
  // WrongLog, DiskFull, IoError).
  //
  // A log that belongs to another state of the file (file_header.h) is never applied. If it belongs to an earlier
  // state, or to another database, the file was used without it: it is renamed to NAME-wal-unused-X. If it belongs to a
  // state that this file never had, open() throws WrongLog, because its commits could be lost.
  static std::unique_ptr<DatabaseFile> open(FileSystem& files, base::Random& random, const std::string& path,
                                            const KeySource& key, const OpenOptions& options = {});

  // Checkpoints and removes the WAL, unless a sync has failed. All readers must be destroyed before.
  ~DatabaseFile();
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

  Connection& writer() { return *writer_; }

  // A connection that only reads. Each transaction on it sees one snapshot. Must not outlive this object.
  std::unique_ptr<Connection> openReader(int cacheKiB = kReaderCacheKiBDefault);

  // With true (the default) a commit is on the disk when it returns. With false a power cut may take back the last
  // commits, but never a part of one. Throws Error(Misuse) inside a transaction.
  void setDurable(bool durable);

  // Copies the WAL into the main file, as far as readers allow, so that the WAL can be filled from its beginning again.
  // Throws Error(Misuse) inside a transaction.
  void checkpoint();

  // Whether the next commits may use the space that is kept back on a small disk. For commits that delete, which make
  // room later. False at first.
  void useReserve(bool use);

  // Whether the WAL is long enough, or the disk full enough, for a checkpoint. Cheap.
  bool checkpointDue();

  // How many bytes of the WAL a checkpoint would have to copy, as of the last commit.
  std::uint64_t walBytes() const;

  // From now on `newKey` opens the file, and `oldKey` does not. Throws Error(WrongPassword) if `oldKey` does not open
  // it, InvalidArgument, DiskFull, IoError. After a crash one of the two opens the file.
  void changePassword(const KeySource& oldKey, const KeySource& newKey, const crypto::KdfCost& cost = {});

  // Writes one snapshot to a new file at `path`. The copy has a data key of its own, and the same password or key opens
  // it. Atomic as create(). `fixup` runs in a transaction of the copy before the copy gets its name. The writer goes on
  // meanwhile, and its WAL grows. Throws Error(AlreadyExists, Cancelled, DiskFull, IoError, DamagedPage) and what the
  // callbacks throw.
  void backup(const std::string& path, const std::function<void(Connection&)>& fixup = {},
              const Progress& progress = {});

  // Checkpoints, authenticates every page, and checks that their contents fit together. Returns the faults, one
  // sentence each, a few hundred at most; empty for a sound file. Throws Error(Cancelled, IoError, Misuse inside a
  // transaction).
  std::vector<std::string> verifyPages(const Progress& progress = {});

  // A key of the file. A process that knows the password can derive it, and so prove that to the process that has the
  // file open. It stays the same when the password changes.
  static crypto::SecretBytes controlKeyOf(const KeyHeader& header);
  base::ByteView controlKey() const { return controlKey_.view(); }

  // The present path of a log that opening found beside the file and did not apply; empty if there was none.
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
  std::uint64_t askAt_ = 0;  // ask the disk for its free space again when the WAL has this many bytes
};

}  // namespace blazedb::storage
