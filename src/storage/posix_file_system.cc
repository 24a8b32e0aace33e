// Opening with the checks that posix_file_system.h explains, the lock with the note of its owner, and new files.
#include "storage/posix_file_system.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "base/descriptor.h"
#include "base/new_file.h"

namespace blazedb::storage {
namespace {

using base::Descriptor;

constexpr int kHow = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

IoStatus statusOf(int error) {
  switch (error) {
    case 0:
      return IoStatus::ok;
    case ENOSPC:
    case EDQUOT:
      return IoStatus::noSpace;
    case ENOENT:
    case ENOTDIR:
      return IoStatus::absent;
    case EEXIST:
      return IoStatus::exists;
    case EMFILE:
    case ENFILE:
      return IoStatus::noHandle;
    case EACCES:
    case EPERM:
    case EROFS:
      return IoStatus::denied;
    case EISDIR:
    case ELOOP:  // a symbolic link
    case ENXIO:  // a FIFO that nobody reads, a socket
    case ENODEV:
      return IoStatus::unsafe;
    case EOPNOTSUPP:
      return IoStatus::noRename;
    default:
      return IoStatus::failed;
  }
}

IoStatus statusOfErrno() { return statusOf(errno); }

class PosixFile final : public File {
 public:
  explicit PosixFile(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  IoStatus readAt(std::uint64_t offset, std::span<std::uint8_t> out) override {
    while (!out.empty()) {
      ssize_t got = ::pread(descriptor_.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return IoStatus::failed;
      if (got == 0) {
        std::memset(out.data(), 0, out.size());
        return IoStatus::shortRead;
      }
      offset += static_cast<std::uint64_t>(got);
      out = out.subspan(static_cast<std::size_t>(got));
    }
    return IoStatus::ok;
  }

  IoStatus writeAt(std::uint64_t offset, base::ByteView bytes) override {
    while (!bytes.empty()) {
      ssize_t put = ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return statusOfErrno();
      offset += static_cast<std::uint64_t>(put);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return IoStatus::ok;
  }

  IoStatus truncate(std::uint64_t bytes) override {
    return ::ftruncate(descriptor_.get(), static_cast<off_t>(bytes)) == 0 ? IoStatus::ok : statusOfErrno();
  }

  void writeSoon(std::uint64_t offset, std::uint64_t bytes) override {
    ::sync_file_range(descriptor_.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes), SYNC_FILE_RANGE_WRITE);
  }

  IoStatus sync() override { return ::fdatasync(descriptor_.get()) == 0 ? IoStatus::ok : IoStatus::failed; }

  IoStatus size(std::uint64_t& bytes) override {
    struct stat info = {};
    if (::fstat(descriptor_.get(), &info) != 0) return IoStatus::failed;
    bytes = static_cast<std::uint64_t>(info.st_size);
    return IoStatus::ok;
  }

 private:
  Descriptor descriptor_;
};

std::string ownerNote(const std::string& path) { return path + "-owner"; }

// A child made by fork() shares the open file, and with it the lock. So the process that took the lock releases it
// explicitly, and only that process: otherwise an idle child would keep the lock, or a child that exits would release
// the lock of its parent.
class PosixLock final : public FileLock {
 public:
  PosixLock(Descriptor descriptor, std::string note) : descriptor_(std::move(descriptor)), note_(std::move(note)) {}
  ~PosixLock() override {
    if (::getpid() != owner_) return;
    if (!note_.empty()) ::unlink(note_.c_str());
    ::flock(descriptor_.get(), LOCK_UN);
  }

 private:
  Descriptor descriptor_;
  std::string note_;
  pid_t owner_ = ::getpid();
};

// Names the machine and the pid namespace, in which a pid means something.
std::string pidSpace() {
  utsname machine{};
  struct stat space {};
  if (::uname(&machine) != 0 || ::stat("/proc/self/ns/pid", &space) != 0) return {};
  return std::string(machine.nodename) + " " + std::to_string(space.st_ino);
}

int flagsFor(Access access) { return access == Access::readOnly ? O_RDONLY : O_RDWR; }

// Opens a regular file, for which O_NONBLOCK has no effect.
IoStatus openRegular(const std::string& path, int flags, Descriptor& file, struct stat& info) {
  Descriptor opened(::open(path.c_str(), flags | kHow, 0600));
  if (!opened || ::fstat(opened.get(), &info) != 0) return statusOfErrno();
  if (!S_ISREG(info.st_mode)) return IoStatus::unsafe;
  file = std::move(opened);
  return IoStatus::ok;
}

// Whether a file beside `main`, with the stat `info`, has an owner that is trusted, and no second name. A group that
// may write the main file is trusted with the files beside it.
bool belongsTo(const std::string& main, const struct stat& info) {
  struct stat of;
  if (info.st_nlink != 1) return false;
  if (info.st_uid == ::geteuid() || info.st_uid == 0) return true;
  if (::stat(main.c_str(), &of) != 0) return false;
  return info.st_uid == of.st_uid || ((of.st_mode & S_IWGRP) != 0 && info.st_gid == of.st_gid);
}

// Looks several times: some file systems name a new file by a link, and remove its first name a moment later
// (base::renameNew).
bool hasManyNames(int file) {
  constexpr int kLooks = 10;
  constexpr std::chrono::milliseconds kBetweenLooks{10};
  struct stat info = {};
  for (int look = 0; look < kLooks; look++) {
    if (::fstat(file, &info) != 0 || info.st_nlink <= 1) return false;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return true;
}

// Only root can change the owner. Any other user can still set the group, if he is a member of it.
void giveTo(const std::string& main, int file) {
  struct stat of;
  if (::stat(main.c_str(), &of) != 0) return;
  if (::fchown(file, of.st_uid, of.st_gid) != 0 && ::fchown(file, static_cast<uid_t>(-1), of.st_gid) != 0) return;
  ::fchmod(file, (of.st_mode & 0660) | 0600);
}

// Returns 0 if the process is not one of this machine and namespace, or has ended: then a child of it has the lock.
std::int64_t readOwner(const std::string& note) {
  Descriptor file;
  struct stat info = {};
  if (openRegular(note, O_RDONLY, file, info) != IoStatus::ok) return 0;
  char text[512];
  ssize_t got = ::read(file.get(), text, sizeof text);
  if (got <= 0) return 0;
  pid_t pid = 0;
  const char* end = std::from_chars(text, text + got, pid).ptr;
  std::string_view space(end, static_cast<std::size_t>(text + got - end));
  bool isHere = space == "\n" || space == "\n" + pidSpace() + "\n";
  return isHere && pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM) ? pid : 0;
}

// If this fails, the error of a second opener lacks the pid, and nothing else is lost.
void writeOwner(const std::string& main, const std::string& note) {
  Descriptor file;
  struct stat info = {};
  if (openRegular(note, O_WRONLY | O_CREAT, file, info) != IoStatus::ok || !belongsTo(main, info)) return;
  giveTo(main, file.get());
  std::string text = std::to_string(::getpid()) + "\n" + pidSpace() + "\n";
  if (::ftruncate(file.get(), 0) != 0 || ::write(file.get(), text.data(), text.size()) < 0) return;
}

class PosixNewFile final : public NewFile {
 public:
  explicit PosixNewFile(const std::string& path) : file_(path) {}
  bool good() const { return file_.good(); }
  IoStatus open(std::unique_ptr<File>& file) override {
    Descriptor another(::fcntl(file_.descriptor(), F_DUPFD_CLOEXEC, 0));
    if (!another) return statusOfErrno();
    file = std::make_unique<PosixFile>(std::move(another));
    return IoStatus::ok;
  }
  IoStatus publish() override { return statusOf(file_.publish()); }

 private:
  base::NewFile file_;
};

}  // namespace

std::string PosixFileSystem::canonical(const std::string& path) {
  std::unique_ptr<char, void (*)(void*)> whole(::realpath(path.c_str(), nullptr), std::free);
  if (whole) return whole.get();
  // The file does not exist yet, but its folder does.
  std::unique_ptr<char, void (*)(void*)> folder(::realpath(base::folderOf(path).c_str(), nullptr), std::free);
  if (!folder) return path;
  std::string prefix = folder.get();
  if (prefix.back() != '/') prefix += '/';
  return prefix + path.substr(path.rfind('/') + 1);
}

IoStatus PosixFileSystem::open(const std::string& path, Access access, std::unique_ptr<File>& file) {
  Descriptor opened;
  struct stat info = {};
  IoStatus status = openRegular(path, flagsFor(access), opened, info);
  if (status == IoStatus::ok) file = std::make_unique<PosixFile>(std::move(opened));
  return status;
}

IoStatus PosixFileSystem::openBeside(const std::string& main, const std::string& path, Access access,
                                     std::unique_ptr<File>& file) {
  Descriptor opened;
  struct stat info = {};
  IoStatus status = openRegular(path, flagsFor(access), opened, info);
  if (status == IoStatus::ok && !belongsTo(main, info)) status = IoStatus::unsafe;
  if (status == IoStatus::ok) file = std::make_unique<PosixFile>(std::move(opened));
  return status;
}

IoStatus PosixFileSystem::createBeside(const std::string& main, const std::string& path, std::unique_ptr<File>& file) {
  Descriptor opened;
  struct stat info = {};
  IoStatus status = openRegular(path, O_RDWR | O_CREAT | O_EXCL, opened, info);
  if (status != IoStatus::ok) return status;
  giveTo(main, opened.get());
  file = std::make_unique<PosixFile>(std::move(opened));
  return IoStatus::ok;
}

IoStatus PosixFileSystem::createNew(const std::string& path, std::unique_ptr<NewFile>& file) {
  errno = 0;
  auto made = std::make_unique<PosixNewFile>(path);
  if (!made->good()) return statusOfErrno();
  file = std::move(made);
  return IoStatus::ok;
}

bool PosixFileSystem::exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

IoStatus PosixFileSystem::remove(const std::string& path) {
  return ::unlink(path.c_str()) == 0 ? IoStatus::ok : statusOfErrno();
}

IoStatus PosixFileSystem::rename(const std::string& from, const std::string& to) {
  return statusOf(base::renameNew(from, to));
}

std::optional<std::uint64_t> PosixFileSystem::freeBytes(const std::string& path) {
  struct statvfs info;
  if (::statvfs(base::folderOf(path).c_str(), &info) != 0) return std::nullopt;
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

IoStatus PosixFileSystem::syncFolder(const std::string& path) {
  Descriptor folder(::open(base::folderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return statusOfErrno();
  return ::fsync(folder.get()) == 0 ? IoStatus::ok : IoStatus::failed;
}

IoStatus PosixFileSystem::lock(const std::string& path, Access access, std::unique_ptr<FileLock>& lock,
                               std::int64_t& ownerPid) {
  Descriptor file;
  struct stat info = {};
  if (IoStatus status = openRegular(path, flagsFor(access), file, info); status != IoStatus::ok) return status;
  if (::flock(file.get(), (access == Access::readOnly ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return IoStatus::failed;
    ownerPid = readOwner(ownerNote(path));
    return IoStatus::inUse;
  }
  if (hasManyNames(file.get())) return IoStatus::manyNames;
  if (access == Access::readWrite) writeOwner(path, ownerNote(path));
  lock = std::make_unique<PosixLock>(std::move(file), access == Access::readWrite ? ownerNote(path) : "");
  return IoStatus::ok;
}

}  // namespace blazedb::storage
