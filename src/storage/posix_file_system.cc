#include "storage/posix_file_system.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/descriptor.h"

namespace blazedb::storage {
namespace {

using base::Descriptor;

IoStatus statusOfErrno() {
  switch (errno) {
    case ENOSPC:
    case EDQUOT:
      return IoStatus::noSpace;
    case ENOENT:
      return IoStatus::absent;
    case EEXIST:
      return IoStatus::exists;
    case EMFILE:
    case ENFILE:
      return IoStatus::noHandle;
    default:
      return IoStatus::failed;
  }
}

std::string folderOf(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

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
    struct stat info;
    if (::fstat(descriptor_.get(), &info) != 0) return IoStatus::failed;
    bytes = static_cast<std::uint64_t>(info.st_size);
    return IoStatus::ok;
  }

 private:
  Descriptor descriptor_;
};

std::string ownerNote(const std::string& path) { return path + "-owner"; }

// A child made by fork() shares the open file, and with it the lock. So it is given up by name, and only by the process
// that took it: else an idle child would keep it, or one that ends in an orderly way would take it from its parent.
class PosixLock final : public FileLock {
 public:
  PosixLock(Descriptor descriptor, std::string note) : descriptor_(std::move(descriptor)), note_(std::move(note)) {}
  ~PosixLock() override {
    if (::getpid() != owner_) return;
    ::unlink(note_.c_str());
    ::flock(descriptor_.get(), LOCK_UN);
  }

 private:
  Descriptor descriptor_;
  std::string note_;
  pid_t owner_ = ::getpid();
};

// Where a pid means something: on one machine, and in one namespace of it.
std::string pidSpace() {
  utsname machine{};
  struct stat space {};
  if (::uname(&machine) != 0 || ::stat("/proc/self/ns/pid", &space) != 0) return {};
  return std::string(machine.nodename) + " " + std::to_string(space.st_ino);
}

// 0 where that process is none of here, or has ended: then a child of it has the lock.
std::int64_t readOwner(const std::string& note) {
  Descriptor file(::open(note.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  char text[512];
  ssize_t got = file ? ::read(file.get(), text, sizeof text) : 0;
  if (got <= 0) return 0;
  pid_t pid = 0;
  const char* end = std::from_chars(text, text + got, pid).ptr;
  std::string_view space(end, static_cast<std::size_t>(text + got - end));
  bool isHere = space == "\n" || space == "\n" + pidSpace() + "\n";
  return isHere && pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM) ? pid : 0;
}

// Failing to write it down costs a second opener the pid in his message, nothing else.
void writeOwner(const std::string& note) {
  Descriptor file(::open(note.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  std::string text = std::to_string(::getpid()) + "\n" + pidSpace() + "\n";
  if (!file || ::write(file.get(), text.data(), text.size()) < 0) return;
}

IoStatus openAt(const std::string& path, int flags, std::unique_ptr<File>& file) {
  Descriptor descriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0600));
  if (!descriptor) return statusOfErrno();
  file = std::make_unique<PosixFile>(std::move(descriptor));
  return IoStatus::ok;
}

}  // namespace

std::string PosixFileSystem::canonical(const std::string& path) {
  std::unique_ptr<char, void (*)(void*)> whole(::realpath(path.c_str(), nullptr), std::free);
  if (whole) return whole.get();
  // A file that is yet to be made: its folder, at least, exists.
  std::unique_ptr<char, void (*)(void*)> folder(::realpath(folderOf(path).c_str(), nullptr), std::free);
  if (!folder) return path;
  std::string prefix = folder.get();
  if (prefix.back() != '/') prefix += '/';
  return prefix + path.substr(path.rfind('/') + 1);
}

IoStatus PosixFileSystem::open(const std::string& path, std::unique_ptr<File>& file) { return openAt(path, 0, file); }

IoStatus PosixFileSystem::create(const std::string& path, std::unique_ptr<File>& file) {
  return openAt(path, O_CREAT | O_EXCL, file);
}

bool PosixFileSystem::exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

IoStatus PosixFileSystem::remove(const std::string& path) {
  return ::unlink(path.c_str()) == 0 ? IoStatus::ok : statusOfErrno();
}

// link(2) and not rename(2): rename replaces what is there.
IoStatus PosixFileSystem::publish(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0) return statusOfErrno();
  ::unlink(from.c_str());  // should it fail, the file has a second name, and that is all
  return IoStatus::ok;
}

IoStatus PosixFileSystem::syncFolder(const std::string& path) {
  Descriptor folder(::open(folderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return statusOfErrno();
  return ::fsync(folder.get()) == 0 ? IoStatus::ok : IoStatus::failed;
}

IoStatus PosixFileSystem::lock(const std::string& path, std::unique_ptr<FileLock>& lock, std::int64_t& ownerPid) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return statusOfErrno();
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return IoStatus::failed;
    ownerPid = readOwner(ownerNote(path));
    return IoStatus::inUse;
  }
  writeOwner(ownerNote(path));
  lock = std::make_unique<PosixLock>(std::move(file), ownerNote(path));
  return IoStatus::ok;
}

}  // namespace blazedb::storage
