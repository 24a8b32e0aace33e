// The seam to the disk: everything that storage asks of a file system, and nothing else.
//
// Under SQLite's C callbacks nothing may be thrown, so outcomes are values. PosixFileSystem is the real one; the tests
// have one in memory that loses, tears and garbles what was not synced, fills up and fails on demand. Paths are byte
// strings. A FileSystem may be used from several threads, a File from one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"

namespace blazedb::storage {

enum class IoStatus {
  ok,
  shortRead,  // the file ends before; the rest of the buffer is zeros
  noSpace,    // the disk or the quota is full
  absent,     // there is no such file
  exists,     // there is already such a file
  inUse,      // another handle has the lock
  noHandle,   // this process, or the system, has as many files open as it may
  denied,     // this user may not, or the file system is mounted for reading only
  unsafe,     // what has this name is not what we would have put there: no regular file, a link, somebody else's
  manyNames,  // it has several names (hard links), each of which would have a log of its own
  noRename,   // the file system can neither link nor rename without replacing
  failed,     // anything else
};

class File {
 public:
  virtual ~File() = default;
  virtual IoStatus readAt(std::uint64_t offset, std::span<std::uint8_t> out) = 0;
  // Writes all or says why not; after a failure any part may have been written. A gap before `offset` reads as zeros.
  virtual IoStatus writeAt(std::uint64_t offset, base::ByteView bytes) = 0;
  virtual IoStatus truncate(std::uint64_t bytes) = 0;
  // What was written there may go to the disk at once, so that a later sync() has less to wait for. Promises nothing.
  virtual void writeSoon(std::uint64_t /*offset*/, std::uint64_t /*bytes*/) {}
  // On return what was written is on the disk. After a failure nobody knows what is; do not try again.
  virtual IoStatus sync() = 0;
  virtual IoStatus size(std::uint64_t& bytes) = 0;
};

// Holds a lock until it dies. The system takes it away from a process that dies, however it dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// A file that has no name yet. Without publish() nothing remains of it.
class NewFile {
 public:
  virtual ~NewFile() = default;
  // For reading and writing, as often as wanted.
  virtual IoStatus open(std::unique_ptr<File>& file) = 0;
  // Gives it its name; `exists`, and nothing changes, where that is taken. Atomic. To be synced before.
  virtual IoStatus publish() = 0;
};

enum class Access { readWrite, readOnly };

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // One name for one file: absolute, symbolic links followed, so that a file and its log stay together.
  virtual std::string canonical(const std::string& path) = 0;

  // `absent` where there is none. A canonical path; what is no regular file is `unsafe`, and never waited for.
  virtual IoStatus open(const std::string& path, Access access, std::unique_ptr<File>& file) = 0;
  // A file that belongs to the one at `main`: also `unsafe` where it has a second name, or another owner than `main`,
  // this user, root, and a group that may write `main`.
  virtual IoStatus openBeside(const std::string& main, const std::string& path, Access access,
                              std::unique_ptr<File>& file) = 0;
  // Makes such a file, empty, for whoever may use `main`; `exists` where there is one.
  virtual IoStatus createBeside(const std::string& main, const std::string& path, std::unique_ptr<File>& file) = 0;
  // A file that is to be at `path`, and that only its owner may read (mode 0600).
  virtual IoStatus createNew(const std::string& path, std::unique_ptr<NewFile>& file) = 0;
  virtual bool exists(const std::string& path) = 0;
  virtual IoStatus remove(const std::string& path) = 0;
  // `exists`, and nothing changes, where `to` is taken. Atomic.
  virtual IoStatus rename(const std::string& from, const std::string& to) = 0;
  // What may still be written where `path` is; none where nobody knows.
  virtual std::optional<std::uint64_t> freeBytes(const std::string& path) = 0;
  // Makes names created, published and removed in the folder of `path` survive a power cut.
  virtual IoStatus syncFolder(const std::string& path) = 0;

  // The right to use a database file, in this process or another: one holder at a time, or several that only read.
  // `manyNames` where it has another name. Where it is taken: `inUse`, and `ownerPid` is who wrote that he holds it (0
  // where unknown).
  virtual IoStatus lock(const std::string& path, Access access, std::unique_ptr<FileLock>& lock,
                        std::int64_t& ownerPid) = 0;
};

}  // namespace blazedb::storage
