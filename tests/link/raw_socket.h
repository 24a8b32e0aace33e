// A peer that the test controls byte by byte: a blocking socket on loopback.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "base/bytes.h"

namespace blazedb::link {

class RawSocket {
 public:
  explicit RawSocket(int fd) : fd_(fd) {
    if (fd < 0) throw std::runtime_error("no socket");
  }
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~RawSocket() {
    if (fd_ >= 0) ::close(fd_);
  }

  static RawSocket connect(std::uint16_t port, int receiveBuffer = 0) {
    RawSocket made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receiveBuffer > 0)
      ::setsockopt(made.fd_, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, static_cast<socklen_t>(sizeof receiveBuffer));
    sockaddr_in to = loopback(port);
    if (::connect(made.fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("not connected");
    return made;
  }
  static RawSocket listen(int backlog = 8) {
    RawSocket made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at = loopback(0);
    if (::bind(made.fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || ::listen(made.fd_, backlog) != 0)
      throw std::runtime_error("not listening");
    return made;
  }
  RawSocket accept() const { return RawSocket(::accept(fd_, nullptr, nullptr)); }
  std::uint16_t port() const {
    sockaddr_in at{};
    socklen_t size = sizeof at;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    return ntohs(at.sin_port);
  }
  int fd() const { return fd_; }

  bool send(base::ByteView bytes) const {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // The next bytes; nothing at the end.
  base::Bytes receive() const {
    base::Bytes next(4096);
    ssize_t got = ::recv(fd_, next.data(), next.size(), 0);
    next.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return next;
  }
  // Everything until the other end closes the connection.
  base::Bytes receiveAll() const {
    base::Bytes all;
    for (;;) {
      base::Bytes next = receive();
      if (next.empty()) return all;
      base::append(all, next);
    }
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
  }
  int fd_;
};

}  // namespace blazedb::link
