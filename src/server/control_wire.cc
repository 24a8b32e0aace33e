#include "server/control_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "crypto/hash.h"
#include "crypto/key_derivation.h"

namespace blazedb::server {
namespace {

constexpr std::size_t kHeadBytes = 5;
constexpr std::size_t kFileNameBytesMax = 60;
constexpr int kWaiting = 16;  // connections that are not accepted yet

// The address of a path. A socket's address has room for 107 bytes; a longer path goes through a descriptor of the
// folder.
class Address {
 public:
  explicit Address(const std::string& path) {
    std::size_t slash = path.rfind('/');
    std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    std::string file = nameFor(path.substr(slash + 1));
    path_ = shown_ = folder + (folder == "." ? "/" : "") + file;
    address_.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address_.sun_path) {
      folder_ = open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
      path_ = "/proc/self/fd/" + std::to_string(folder_) + "/" + file;
    }
    std::memcpy(address_.sun_path, path_.c_str(), std::min(path_.size() + 1, sizeof address_.sun_path - 1));
  }
  ~Address() {
    if (folder_ >= 0) close(folder_);
  }
  Address(const Address&) = delete;
  Address& operator=(const Address&) = delete;

  // As people write it.
  const std::string& shown() const { return shown_; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t size() const { return sizeof address_; }
  void remove() const {
    struct stat info;
    if (lstat(path_.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) unlink(path_.c_str());
  }

 private:
  static std::string nameFor(const std::string& file) {
    if (file.size() <= kFileNameBytesMax) return file + "-control";
    static constexpr const char* kDigits = "0123456789abcdef";
    std::string name = "blazedb-";
    for (std::uint8_t byte : crypto::hash256(base::viewOf(file))) name += {kDigits[byte >> 4], kDigits[byte & 15]};
    return name.substr(0, 40) + "-control";
  }

  std::string path_, shown_;
  sockaddr_un address_{};
  int folder_ = -1;
};

bool sendAll(int fd, base::ByteView bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

int keepingErrno(int fd) {
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

ControlSocket::~ControlSocket() {
  if (fd_ >= 0) close(fd_);
}

bool ControlSocket::send(Kind kind, base::ByteView payload) {
  base::Bytes head = {static_cast<std::uint8_t>(kind)};
  for (int shift = 0; shift < 32; shift += 8) head.push_back(static_cast<std::uint8_t>(payload.size() >> shift));
  return sendAll(fd_, head) && sendAll(fd_, payload);
}

// Waits until there is something to receive, or the end; false at the deadline.
bool ControlSocket::waitForMore() const {
  if (!deadline_) return true;
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - std::chrono::steady_clock::now()).count();
    pollfd wait{fd_, POLLIN, 0};
    int ready = left > 0 ? poll(&wait, 1, static_cast<int>(left)) : 0;
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

bool ControlSocket::receiveAll(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    if (!waitForMore()) return false;
    ssize_t got = ::recv(fd_, out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

std::optional<ControlFrame> ControlSocket::receive() {
  std::array<std::uint8_t, kHeadBytes> head;
  if (!receiveAll(head)) return std::nullopt;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < 4; i++) bytes |= std::size_t{head[1 + i]} << (8 * i);
  if (bytes > kControlFrameBytesMax) return std::nullopt;
  ControlFrame frame{static_cast<Kind>(head[0]), base::Bytes(bytes)};
  if (!receiveAll(frame.payload)) return std::nullopt;
  return frame;
}

std::optional<base::Bytes> ControlSocket::receive(Kind kind, std::size_t bytes) {
  std::optional<ControlFrame> frame = receive();
  if (!frame || frame->kind != kind || frame->payload.size() != bytes) return std::nullopt;
  return std::move(frame->payload);
}

bool ControlSocket::peerHasGone() const {
  pollfd wait{fd_, POLLRDHUP, 0};
  return poll(&wait, 1, 0) > 0 && (wait.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool ControlSocket::waitReadable(int fd) const {
  for (;;) {
    pollfd waits[] = {{fd, POLLIN, 0}, {fd_, POLLRDHUP, 0}};
    if (poll(waits, 2, -1) < 0 && errno != EINTR) return false;
    if (peerHasGone()) return false;
    if (waits[0].revents != 0) return true;
  }
}

void ControlSocket::stopListening() {
  stopped_ = true;
  shutdown(fd_, SHUT_RD);
}
void ControlSocket::stopSending() { shutdown(fd_, SHUT_WR); }
void ControlSocket::shutDown() { shutdown(fd_, SHUT_RDWR); }

ControlSocket::Peer ControlSocket::peer() const {
  ucred credentials{-1, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  socklen_t bytes = sizeof credentials;
  getsockopt(fd_, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes);
  return {credentials.pid, credentials.uid};
}

int listenBeside(const std::string& path) {
  Address address(path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  address.remove();  // left by a killed process: the holder of the lock on the file is alone
  // Before bind(): the name appears with these permissions, and never with others.
  if (fchmod(fd, 0600) != 0 || bind(fd, address.get(), address.size()) != 0 || listen(fd, kWaiting) != 0)
    return keepingErrno(fd);
  return fd;
}

std::string whatIsBeside(const std::string& path) {
  Address address(path);
  struct stat info;
  if (lstat(address.shown().c_str(), &info) != 0) return {};
  std::string kind = S_ISDIR(info.st_mode)    ? "a folder"
                     : S_ISLNK(info.st_mode)  ? "a symbolic link"
                     : S_ISSOCK(info.st_mode) ? "a socket of the user " + std::to_string(info.st_uid)
                     : S_ISREG(info.st_mode)  ? "a file"
                                              : "no file and no socket";
  return address.shown() + " is " + kind;
}

int connectBeside(const std::string& path) {
  Address address(path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  return connect(fd, address.get(), address.size()) == 0 ? fd : keepingErrno(fd);
}

void removeSocketBeside(const std::string& path) { Address(path).remove(); }

crypto::SecretBytes controlProof(base::ByteView controlKey, const char* purpose, const Nonce& command,
                                 const Nonce& owner) {
  base::Bytes nonces(command.begin(), command.end());
  base::append(nonces, owner);
  return crypto::deriveSubkey(controlKey, purpose, nonces);
}

}  // namespace blazedb::server
