// The file system of the machine: pread, pwrite, fdatasync, flock.
//
// The lock is flock(2) on the database file itself. It belongs to the open file: it ends with the process, works
// against a second handle in the same process, and follows the file through renames and links. flock does not tell
// which process holds it. So the holder writes its pid, with the machine and the namespace of that pid, into a file
// beside the database (`<path>-owner`), which means nothing while the lock is free. A process that only reads shares
// the lock and writes no such file.
//
// Another user who may write to the folder could put a link, a FIFO or a file of his own there. So this follows no
// link, never waits in open(), and checks an opened file before it is used. A file beside a database gets the
// database's owner, group and mode: a file that root leaves there must not keep the database's owner out.
#pragma once

#include "storage/file_system.h"

namespace blazedb::storage {

class PosixFileSystem final : public FileSystem {
 public:
  std::string canonical(const std::string& path) override;
  IoStatus open(const std::string& path, Access access, std::unique_ptr<File>& file) override;
  IoStatus openBeside(const std::string& main, const std::string& path, Access access,
                      std::unique_ptr<File>& file) override;
  IoStatus createBeside(const std::string& main, const std::string& path, std::unique_ptr<File>& file) override;
  IoStatus createNew(const std::string& path, std::unique_ptr<NewFile>& file) override;
  bool exists(const std::string& path) override;
  IoStatus remove(const std::string& path) override;
  IoStatus rename(const std::string& from, const std::string& to) override;
  std::optional<std::uint64_t> freeBytes(const std::string& path) override;
  IoStatus syncFolder(const std::string& path) override;
  IoStatus lock(const std::string& path, Access access, std::unique_ptr<FileLock>& lock,
                std::int64_t& ownerPid) override;
};

}  // namespace blazedb::storage
