// FileSystem: everything that storage needs of a file system.
//
// Nothing may be thrown inside SQLite's C callbacks, so outcomes are values. PosixFileSystem is the real one. The tests
// have one in memory that loses, tears and garbles what was not synced, fills up, and fails on demand. Paths are byte
// strings. Several threads may use a FileSystem, and one at a time a File.
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
  shortRead,  // the file ends earlier; the rest of the buffer is zeros
  noSpace,    // the disk or the quota is full
  absent,     // there is no such file
  exists,     // there is already such a file
  inUse,      // another handle has the lock
  noHandle,   // this process, or the system, has as many files open as it may
  denied,     // this user may not, or the file system is mounted for reading only
  unsafe,     // another user may have put the file there: it is not a regular file, or a link, or has another owner
  manyNames,  // it has several names (hard links), each of which would have a log of its own
  noRename,   // the file system can neither link nor rename without replacing
  failed,     // anything else
};

class File {
 public:
  virtual ~File() = default;
  virtual IoStatus readAt(std::uint64_t offset, std::span<std::uint8_t> out) = 0;
  // Writes all bytes. After a failure any part may have been written. A gap before `offset` reads as zeros.
  virtual IoStatus writeAt(std::uint64_t offset, base::ByteView bytes) = 0;
  virtual IoStatus truncate(std::uint64_t bytes) = 0;
  // A hint: these bytes may go to the disk at once, so that a later sync() has less to wait for.
  virtual void writeSoon(std::uint64_t /*offset*/, std::uint64_t /*bytes*/) {}
  // Puts everything that was written on the disk. After a failure the content of the disk is unknown: do not try again.
  virtual IoStatus sync() = 0;
  virtual IoStatus size(std::uint64_t& bytes) = 0;
};

// Holds a lock until it is destroyed. If the process dies, the system releases the lock.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// A file that has no name yet. Without publish() nothing remains of it.
class NewFile {
 public:
  virtual ~NewFile() = default;
  // Opens it for reading and writing. May be called several times.
  virtual IoStatus open(std::unique_ptr<File>& file) = 0;
  // Gives the file its name. If the name is taken, changes nothing and returns `exists`. Atomic. Sync the file before.
  virtual IoStatus publish() = 0;
};

enum class Access { readWrite, readOnly };

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // The one name of a file: absolute, with symbolic links followed, so that a file and its log stay together.
  virtual std::string canonical(const std::string& path) = 0;

  // Opens the file at a canonical path. `unsafe` if it is not a regular file; never waits for one.
  virtual IoStatus open(const std::string& path, Access access, std::unique_ptr<File>& file) = 0;
  // Opens a file that belongs to the one at `main`. Also `unsafe` if it has a second name, or if its owner is neither
  // this user, nor root, nor the owner of `main`, nor a member of a group that may write `main`.
  virtual IoStatus openBeside(const std::string& main, const std::string& path, Access access,
                              std::unique_ptr<File>& file) = 0;
  // Makes such a file, empty, with the owner, group and mode of `main`. `exists` if there is one.
  virtual IoStatus createBeside(const std::string& main, const std::string& path, std::unique_ptr<File>& file) = 0;
  // Makes a file without a name, for the path `path`, that only its owner may read (mode 0600).
  virtual IoStatus createNew(const std::string& path, std::unique_ptr<NewFile>& file) = 0;
  virtual bool exists(const std::string& path) = 0;
  virtual IoStatus remove(const std::string& path) = 0;
  // If `to` is taken, changes nothing and returns `exists`. Atomic.
  virtual IoStatus rename(const std::string& from, const std::string& to) = 0;
  // The free space where `path` is; none if it is unknown.
  virtual std::optional<std::uint64_t> freeBytes(const std::string& path) = 0;
  // Makes names that were created, published and removed in the folder of `path` survive a power cut.
  virtual IoStatus syncFolder(const std::string& path) = 0;

  // Takes the lock on a database file, against this process and others: for one holder, or for several that only read.
  // If the file has another name, returns `manyNames`. If the lock is taken, returns `inUse`, and `ownerPid` is the pid
  // that the holder wrote down (0 if unknown).
  virtual IoStatus lock(const std::string& path, Access access, std::unique_ptr<FileLock>& lock,
                        std::int64_t& ownerPid) = 0;
};

}  // namespace blazedb::storage
