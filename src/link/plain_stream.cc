#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "link/stream.h"

namespace blazedb::link {
namespace {

class PlainStream final : public Stream {
 public:
  explicit PlainStream(int fd) : fd_(fd) {}

  StreamResult handshake() override { return {}; }
  StreamResult read(std::span<std::uint8_t> into) override {
    std::ptrdiff_t got = receiveSome(fd_, into);
    if (got == 0) return {Outcome::closed, 0};
    heard_ |= got > 0;
    return result(got, Outcome::wantRead);
  }
  StreamResult write(base::ByteView bytes) override { return result(sendSome(fd_, bytes), Outcome::wantWrite); }
  void end() override {}
  sync::Bye failure() const override { return {ErrorCode::Offline, std::strerror(error_)}; }
  bool heard() const override { return heard_; }

 private:
  StreamResult result(std::ptrdiff_t count, Outcome wanted) {
    if (count > 0) return {Outcome::done, static_cast<std::size_t>(count)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {wanted, 0};
    error_ = errno;
    return {Outcome::failed, 0};
  }

  int fd_;
  int error_ = 0;
  bool heard_ = false;
};

}  // namespace

void closeOnExec(int fd) { fcntl(fd, F_SETFD, FD_CLOEXEC); }

std::unique_ptr<Stream> plainStream(int fd) { return std::make_unique<PlainStream>(fd); }

std::ptrdiff_t receiveSome(int fd, std::span<std::uint8_t> into) {
  for (;;) {
    std::ptrdiff_t got = ::recv(fd, into.data(), into.size(), 0);
    if (got >= 0 || errno != EINTR) return got;
  }
}

std::ptrdiff_t sendSome(int fd, base::ByteView bytes) {
  for (;;) {
    std::ptrdiff_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0 || errno != EINTR) return sent;
  }
}

}  // namespace blazedb::link
