// The two ways to make a file that has no name yet, O_TMPFILE and a locked temporary name, and the removal of what a
// dead process left of the second.
#include "base/new_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

namespace blazedb::base {
namespace {

constexpr std::string_view kNew = "-new-";
constexpr std::size_t kSuffixBytes = kNew.size() + 16;

std::string newName(const std::string& target) {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) number = static_cast<std::uint64_t>(::getpid());
  char suffix[kSuffixBytes + 1];
  std::snprintf(suffix, sizeof suffix, "-new-%016llx", static_cast<unsigned long long>(number));
  return target + suffix;
}

// Whether the entry is NAME-new-X, or was made beside such a file.
bool isLeftover(std::string_view entry, std::string_view name) {
  if (!entry.starts_with(name) || !entry.substr(name.size()).starts_with(kNew)) return false;
  std::string_view number = entry.substr(name.size() + kNew.size());
  if (number.size() < 16 || number.find_first_not_of("0123456789abcdef") < 16) return false;
  return number.size() == 16 || number.substr(16) == "-wal";
}

// Removes leftovers: regular files of this user that are not locked. Ignores those that cannot be removed.
void removeLeftovers(const std::string& target) {
  std::string folder = folderOf(target);
  std::string_view name = std::string_view(target).substr(target.rfind('/') + 1);
  std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
  if (!entries) return;
  while (const dirent* entry = ::readdir(entries.get())) {
    if (!isLeftover(entry->d_name, name)) continue;
    std::string path = folder + "/" + entry->d_name;
    Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    struct stat info;
    if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != ::geteuid()) continue;
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
  }
}

}  // namespace

std::string folderOf(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

int renameNew(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return errno;
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());  // if this fails, the file has a second name, which does no harm
    return 0;
  }
  return errno == EPERM || errno == ENOSYS ? EOPNOTSUPP : errno;
}

NewFile::NewFile(std::string target) : target_(std::move(target)) {
  removeLeftovers(target_);
  file_ = Descriptor(::open(folderOf(target_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  struct stat info;
  bool none = file_ ? ::stat(path().c_str(), &info) != 0  // without /proc the file could not get a name
                    : errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOSYS;
  if (none) {
    name_ = newName(target_);
    file_ = Descriptor(::open(name_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file_) name_.clear();
    if (file_) ::flock(file_.get(), LOCK_EX | LOCK_NB);
  }
  if (file_) ::fchmod(file_.get(), 0600);  // whatever the umask; may fail on a file system without modes
}

NewFile::~NewFile() {
  if (!name_.empty()) ::unlink(name_.c_str());
}

std::string NewFile::path() const { return name_.empty() ? "/proc/self/fd/" + std::to_string(file_.get()) : name_; }

int NewFile::publish() {
  int error = 0;
  if (!name_.empty())
    error = renameNew(name_, target_);
  else if (::linkat(AT_FDCWD, path().c_str(), AT_FDCWD, target_.c_str(), AT_SYMLINK_FOLLOW) != 0)
    error = errno == EPERM || errno == ENOSYS ? EOPNOTSUPP : errno;
  if (error == 0) named();
  return error;
}

int NewFile::replace() {
  if (name_.empty()) {  // linkat cannot replace a name, but rename can
    std::string name = newName(target_);
    if (::linkat(AT_FDCWD, path().c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) return errno;
    name_ = std::move(name);
  }
  if (::rename(name_.c_str(), target_.c_str()) != 0) return errno;
  named();
  return 0;
}

// The file has its name: from here on it is a file like any other.
void NewFile::named() {
  ::flock(file_.get(), LOCK_UN);
  name_.clear();
}

}  // namespace blazedb::base
