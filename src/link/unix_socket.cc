// Connecting to a path, and listening at one: the lock on the folder, removing a stale name, then bind, listen and
// chmod, in this order.
#include "link/unix_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "blazedb/error.h"

namespace blazedb::link {
namespace {

using base::Descriptor;

// A process that makes or removes a socket holds the lock on the folder only for a moment.
constexpr std::chrono::milliseconds kTurnAgain{2};
constexpr int kTurnTries = 1000;

std::string words(int error) { return std::strerror(error); }

sockaddr_un addressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

// A path to an open file that stays valid whatever happens to its name.
std::string heldPath(const Descriptor& file) { return "/proc/self/fd/" + std::to_string(file.get()); }

Descriptor makeSocket() { return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

std::string whyNotConnected(int error) {
  switch (error) {
    case ENOENT:
      return "no process listens there; it has not started, or it has ended";
    case ECONNREFUSED:
      return "no process listens there any more";
    case EAGAIN:
      return "too many processes wait for an answer there";
    case EACCES:
      return "this user may not";
    default:
      return words(error);
  }
}

}  // namespace

std::string Credentials::text() const { return "pid " + std::to_string(pid) + " (uid " + std::to_string(uid) + ")"; }

std::optional<Credentials> credentialsOf(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid == static_cast<uid_t>(-1))
    return std::nullopt;
  Credentials found{peer.pid, peer.uid, peer.gid};
  // Without room the call returns the size that it needs.
  socklen_t bytes = 0;
  ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, nullptr, &bytes);
  found.groups.resize(bytes / sizeof(std::uint32_t));
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, found.groups.data(), &bytes) != 0) found.groups.clear();
  return found;
}

std::optional<sync::Bye> refuseStranger(const Credentials& listener) {
  if (listener.uid == ::geteuid() || listener.uid == 0) return std::nullopt;
  return sync::Bye{ErrorCode::NotAllowed, "a process of another user listens there, " + listener.text() +
                                              "; check which users may write in that folder"};
}

Dialled dial(const std::string& path) {
  auto failed = [](int error, std::string why) { return Dialled{Descriptor(), error, std::move(why)}; };
  Descriptor file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return failed(errno, whyNotConnected(errno));
  struct stat is {};
  if (::fstat(file.get(), &is) != 0) return failed(errno, words(errno));
  if (S_ISLNK(is.st_mode)) return failed(ENOTSOCK, "it is a symbolic link, which is not followed");
  if (!S_ISSOCK(is.st_mode)) return failed(ENOTSOCK, "it is not a socket");
  Descriptor socket = makeSocket();
  sockaddr_un to = addressOf(heldPath(file));
  if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    return failed(errno, whyNotConnected(errno));
  return {std::move(socket)};
}

// Other listeners wait as long as this object exists. If the process dies, the kernel ends the lock.
class SocketFile::Turn {
 public:
  explicit Turn(const Descriptor& folder) : folder_(folder.get()) {
    for (int i = 0; i < kTurnTries && !mine_; i++) {
      mine_ = ::flock(folder_, LOCK_EX | LOCK_NB) == 0;
      if (!mine_ && errno != EWOULDBLOCK && errno != EINTR) return;
      if (!mine_) std::this_thread::sleep_for(kTurnAgain);
    }
  }
  ~Turn() {
    if (mine_) ::flock(folder_, LOCK_UN);
  }
  Turn(const Turn&) = delete;
  bool mine() const { return mine_; }

 private:
  int folder_;
  bool mine_ = false;
};

SocketFile::SocketFile(const std::string& path, std::uint32_t mode)
    : path_(path),
      name_(std::filesystem::path(path).filename().string()),
      folder_(
          ::open(path.substr(0, path.size() - name_.size()).append("./").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  int noFolder = errno;
  if (path.size() > kSocketPathBytesMax)
    throw Error(ErrorCode::InvalidArgument, "the path of a socket has at most " + std::to_string(kSocketPathBytesMax) +
                                                " bytes, and this one has " + std::to_string(path.size()) +
                                                "; choose a shorter folder, as /run/user/UID: " + path);
  if (name_.empty() || name_ == "." || name_ == ".." || path.find('\0') != std::string::npos)
    throw Error(ErrorCode::InvalidArgument, "'" + path + "' is not the path of a socket: it needs a name in a folder");
  if (!folder_) fail("the folder", noFolder);
  Turn turn(folder_);
  if (!turn.mine())
    throw Error(ErrorCode::IoError, "cannot listen at " + path_ + ": another process has locked its folder; try again");
  makeRoom();
  bindAndListen(mode);
}

void SocketFile::fail(const char* doing, int error) const {
  throw Error(ErrorCode::IoError, "cannot listen at " + path_ + ": " + doing + ": " + words(error));
}

// Removes a socket that a dead process left behind, and nothing else.
void SocketFile::makeRoom() const {
  struct stat is {};
  if (::fstatat(folder_.get(), name_.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno != ENOENT) fail("what is there", errno);
    return;
  }
  if (!S_ISSOCK(is.st_mode))
    throw Error(ErrorCode::AlreadyExists,
                "cannot listen at " + path_ + ": there is a file that is not a socket; choose another path");
  Dialled other = dial(path_);
  if (other.socket) {
    std::optional<Credentials> owner = credentialsOf(other.socket.get());
    throw Error(ErrorCode::IoError,
                "cannot listen at " + path_ + ": it is in use by " + (owner ? owner->text() : "another process"));
  }
  if (other.error == EAGAIN) throw Error(ErrorCode::IoError, "cannot listen at " + path_ + ": it is in use");
  if (other.error != ECONNREFUSED && other.error != ENOENT) fail("what is there", other.error);
  if (::unlinkat(folder_.get(), name_.c_str(), 0) != 0 && errno != ENOENT) fail("removing a stale socket", errno);
}

void SocketFile::bindAndListen(std::uint32_t mode) {
  Descriptor made = makeSocket();
  if (!made) fail("a socket", errno);
  if (::fchmod(made.get(), mode & 0600) != 0) fail("its mode", errno);
  sockaddr_un at = addressOf(path_);
  if (::bind(made.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) fail("its name", errno);
  Descriptor file(::openat(folder_.get(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat is {};
  if (!file || ::fstat(file.get(), &is) != 0) fail("its file", errno);
  device_ = is.st_dev;
  inode_ = is.st_ino;
  int failed = ::listen(made.get(), SOMAXCONN) != 0 ? errno : 0;
  // Also tells watchers of the folder (folder_watch.h) that the socket listens now: it did not when the name appeared.
  if (failed == 0 && ::chmod(heldPath(file).c_str(), mode) != 0) failed = errno;
  if (failed != 0) {
    ::unlinkat(folder_.get(), name_.c_str(), 0);
    fail("listening", failed);
  }
  socket_ = std::move(made);
}

SocketFile::~SocketFile() {
  if (inode_ == 0) return;
  Turn turn(folder_);
  struct stat is {};
  if (!turn.mine() || ::fstatat(folder_.get(), name_.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0) return;
  // If it cannot be removed, the next listener finds it stale and removes it.
  if (is.st_dev == device_ && is.st_ino == inode_) ::unlinkat(folder_.get(), name_.c_str(), 0);
}

}  // namespace blazedb::link
