// The file system of the machine: pread, pwrite, fdatasync, flock.
//
// The lock is flock(2) on the database file itself: it belongs to the open file, so that it vanishes with its process,
// holds against a second handle in the same process, and follows the file through renames and links. flock does not
// tell who holds it; the holder writes its pid, and where that means something, into a file beside it (`<path>-owner`),
// which means nothing while the lock is free.
#pragma once

#include "storage/file_system.h"

namespace blazedb::storage {

class PosixFileSystem final : public FileSystem {
 public:
  std::string canonical(const std::string& path) override;
  IoStatus open(const std::string& path, std::unique_ptr<File>& file) override;
  IoStatus create(const std::string& path, std::unique_ptr<File>& file) override;
  bool exists(const std::string& path) override;
  IoStatus remove(const std::string& path) override;
  IoStatus publish(const std::string& from, const std::string& to) override;
  IoStatus syncFolder(const std::string& path) override;
  IoStatus lock(const std::string& path, std::unique_ptr<FileLock>& lock, std::int64_t& ownerPid) override;
};

}  // namespace blazedb::storage
