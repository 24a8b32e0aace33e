#include "topology/shared_note.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "base/names.h"
#include "blazedb/error.h"
#include "codec/json.h"
#include "codec/text.h"

namespace blazedb::topology {
namespace {

constexpr std::size_t kNoteBytesMax = 64u << 10;
constexpr std::string_view kEnding = ".json";
constexpr off_t kSharing = 0;
constexpr off_t kChanging = 1;
// A process that changes a note locks it for a moment only.
constexpr std::chrono::milliseconds kTurnAgain{1};
constexpr int kTurnTries = 1000;

using base::Descriptor;

struct flock byteAt(off_t byte, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return lock;
}

bool isTaken(const Descriptor& file, off_t byte) {
  struct flock lock = byteAt(byte, F_RDLCK);
  return fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK;
}

bool take(const Descriptor& file, off_t byte) {
  struct flock lock = byteAt(byte, F_WRLCK);
  return fcntl(file.get(), F_OFD_SETLK, &lock) == 0;
}

// Does not wait in the kernel: members of a unix group can lock what they can read, for as long as they like.
bool takeTurn(const Descriptor& file) {
  for (int i = 0; i < kTurnTries; i++) {
    if (take(file, kChanging)) return true;
    std::this_thread::sleep_for(kTurnAgain);
  }
  return false;
}

void letGo(const Descriptor& file, off_t byte) {
  struct flock lock = byteAt(byte, F_UNLCK);
  fcntl(file.get(), F_OFD_SETLK, &lock);
}

// Follows no link, and does not wait for the other end of a pipe.
Descriptor openNote(const AppGroupFolder& folder, const std::string& name, int flags) {
  std::string file = name + std::string(kEnding);
  return Descriptor(openat(folder.fd(), file.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
}

// Whether the open file is still the one that has the name.
bool isNamed(const AppGroupFolder& folder, const std::string& name, const Descriptor& file) {
  struct stat ours {
  }, named{};
  std::string path = name + std::string(kEnding);
  return fstat(file.get(), &ours) == 0 && fstatat(folder.fd(), path.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

void removeNote(const AppGroupFolder& folder, const std::string& name) {
  unlinkat(folder.fd(), (name + std::string(kEnding)).c_str(), 0);
}

// Removes the note of a dead process. Returns false if it belongs to another user, or another process is taking it.
bool removeLeftOver(const AppGroupFolder& folder, const std::string& name) {
  Descriptor file = openNote(folder, name, O_RDWR);
  struct stat note {
  }, socket{};
  if (!file || fstat(file.get(), &note) != 0 || note.st_uid != geteuid()) return false;
  if (!take(file, kChanging) || isTaken(file, kSharing) || !isNamed(folder, name, file)) return false;
  std::string beside = name + ".sock";
  if (fstatat(folder.fd(), beside.c_str(), &socket, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(socket.st_mode) &&
      socket.st_uid == note.st_uid)
    unlinkat(folder.fd(), beside.c_str(), 0);
  removeNote(folder, name);
  return true;
}

std::string programName() {
  std::error_code ignored;
  return codec::printable(std::filesystem::read_symlink("/proc/self/exe", ignored).filename().string());
}

std::optional<std::string> contentOf(const Descriptor& file) {
  std::string content(kNoteBytesMax + 1, '\0');
  ssize_t got = pread(file.get(), content.data(), content.size(), 0);
  if (got < 0 || static_cast<std::size_t>(got) > kNoteBytesMax) return std::nullopt;
  content.resize(static_cast<std::size_t>(got));
  return content;
}

// Reads what the note says, if it is well-formed.
void read(const std::string& content, SharedDatabase& shared) {
  Record note;
  try {
    note = codec::recordFromJson(content);
  } catch (const Error&) {
    return;
  }
  SharedDatabase said = shared;
  const Array* collections = note["collections"].as<Array>();
  if (!note.integer("pid") || !note.string("program") || !note.boolean("readOnly") || !collections) return;
  said.pid = *note.integer("pid");
  said.program = codec::printable(*note.string("program"));
  said.readOnly = *note.boolean("readOnly");
  for (const Value& collection : *collections) {
    const std::string* name = collection.as<std::string>();
    if (!name || !base::isName(*name)) return;
    said.collections.push_back(*name);
  }
  said.readable = true;
  shared = std::move(said);
}

std::optional<SharedDatabase> look(const AppGroupFolder& folder, const std::string& name) {
  Descriptor file = openNote(folder, name, O_RDONLY);
  struct stat is {};
  if (!file || fstat(file.get(), &is) != 0 || !S_ISREG(is.st_mode)) return std::nullopt;
  SharedDatabase shared;
  shared.name = name;
  shared.user = is.st_uid;
  shared.alive = isTaken(file, kSharing);
  if (!shared.alive && removeLeftOver(folder, name)) return std::nullopt;
  std::optional<std::string> content = contentOf(file);
  if (content && content->empty()) return std::nullopt;  // about to be shared
  if (content) read(*content, shared);
  return shared;
}

}  // namespace

SharedNote::SharedNote(AppGroupFolder folder, std::string name) : folder_(std::move(folder)), name_(std::move(name)) {
  std::string path = folder_.path() + "/" + name_ + std::string(kEnding);
  Error shared(ErrorCode::AlreadyExists, "a database '" + name_ + "' is shared in " + folder_.path() +
                                             " already, by another process or by this one; it is known there by its "
                                             "name, which rename() changes (blazedb set FILE --name NAME)");
  // First read-only: closing a file that was open for writing is an event for all watchers.
  if (Descriptor file = openNote(folder_, name_, O_RDONLY); file && isTaken(file, kSharing)) throw shared;
  for (;;) {
    Descriptor file = openNote(folder_, name_, O_RDWR | O_CREAT);
    int error = errno;
    struct stat is {};
    bool exists = faccessat(folder_.fd(), (name_ + std::string(kEnding)).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (!file && !exists)
      throw Error(error == ENOSPC   ? ErrorCode::DiskFull
                  : error == EACCES ? ErrorCode::NotAllowed
                                    : ErrorCode::IoError,
                  "cannot make " + path + ": " + std::strerror(error));
    if (!file || fstat(file.get(), &is) != 0 || !S_ISREG(is.st_mode) || is.st_uid != geteuid())
      throw Error(
          ErrorCode::UnsafeFolder,
          std::string(path).append(" is in the way, and is no note of this user's; have it removed: rm ").append(path));
    if (!takeTurn(file)) throw Error(ErrorCode::IoError, "somebody else has " + path + " locked; try again");
    if (!isNamed(folder_, name_, file)) continue;  // another process has just removed it
    if (!take(file, kSharing)) throw shared;
    letGo(file, kChanging);
    if (ftruncate(file.get(), 0) != 0)
      throw Error(ErrorCode::IoError, "cannot write " + path + ": " + std::strerror(errno));
    file_ = std::move(file);
    break;
  }
  // Whatever the umask.
  if (fchmod(file_.get(), 0600) != 0)
    throw Error(ErrorCode::IoError, "cannot change the mode of " + path + ": " + std::strerror(errno));
  if (std::optional<gid_t> members = folder_.members())
    if (fchown(file_.get(), static_cast<uid_t>(-1), *members) != 0 || fchmod(file_.get(), 0640) != 0)
      throw Error(ErrorCode::NotAllowed, "cannot give " + path + " to its unix group: " + std::strerror(errno) +
                                             "; its apps run as members of it");
}

SharedNote::~SharedNote() {
  if (isNamed(folder_, name_, file_)) removeNote(folder_, name_);
}

bool SharedNote::isInPlace() const {
  struct stat ours {
  }, named{}, socket{};
  return fstat(folder_.fd(), &ours) == 0 && lstat(folder_.path().c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
         ours.st_ino == named.st_ino && isNamed(folder_, name_, file_) &&
         fstatat(folder_.fd(), (name_ + ".sock").c_str(), &socket, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISSOCK(socket.st_mode);
}

void SharedNote::publish(const ExportPolicy& policy) {
  Array collections;
  for (const std::string& name : policy.collections) collections.emplace_back(name);
  std::string note = codec::recordToJson(Object{{"pid", static_cast<std::int64_t>(getpid())},
                                                {"program", programName()},
                                                {"collections", collections},
                                                {"readOnly", policy.readOnly}},
                                         std::nullopt);
  if (note.size() > kNoteBytesMax)
    throw Error(ErrorCode::TooLarge, "a policy for another app names collections of 64 KiB at most");
  if (pwrite(file_.get(), note.data(), note.size(), 0) != std::ssize(note))
    throw Error(errno == ENOSPC ? ErrorCode::DiskFull : ErrorCode::IoError,
                "cannot write " + folder_.path() + "/" + name_ + std::string(kEnding) + ": " + std::strerror(errno));
}

std::vector<SharedDatabase> sharedIn(const AppGroupFolder& folder) {
  std::vector<std::string> names;
  for (const std::string& file : folder.names()) {
    if (!file.ends_with(kEnding)) continue;
    std::string name = file.substr(0, file.size() - kEnding.size());
    if (isSharedName(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  std::vector<SharedDatabase> all;
  for (const std::string& name : names)
    if (std::optional<SharedDatabase> shared = look(folder, name)) all.push_back(std::move(*shared));
  return all;
}

}  // namespace blazedb::topology
