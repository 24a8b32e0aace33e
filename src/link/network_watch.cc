#include "link/network_watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <asio/post.hpp>
#include <chrono>

#include "base/contain.h"

namespace blazedb::link {
namespace {

// An interface that comes up sends many messages in a row.
constexpr std::chrono::milliseconds kQuiet{200};

}  // namespace

NetworkWatch::NetworkWatch(asio::io_context& sockets) : netlink_(sockets), quiet_(sockets) {
  int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return;
  sockaddr_nl changes{};
  changes.nl_family = AF_NETLINK;
  changes.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&changes), sizeof changes) != 0) {
    ::close(fd);
    return;
  }
  netlink_.assign(fd);
  wait();
}

int NetworkWatch::add(std::function<void()> listener) {
  base::Lock lock(mutex_);
  listeners_[++last_] = std::move(listener);
  return last_;
}

void NetworkWatch::remove(int id) {
  base::Lock lock(mutex_);
  listeners_.erase(id);
}

void NetworkWatch::stop() {
  base::insist([this] {
    asio::post(netlink_.get_executor(), [this] {
      asio::error_code ignored;
      netlink_.close(ignored);
      quiet_.cancel();
    });
  });
}

void NetworkWatch::wait() {
  netlink_.async_wait(asio::posix::stream_descriptor::wait_read, [this](asio::error_code error) {
    if (error || !netlink_.is_open()) return;
    // What has changed does not matter, so it does not matter either if a full socket has lost messages.
    std::array<char, 8192> message;
    while (::recv(netlink_.native_handle(), message.data(), message.size(), 0) > 0) {
    }
    base::contain([this] {
      quiet_.expires_after(kQuiet);
      quiet_.async_wait([this](asio::error_code cancelled) {
        if (!cancelled) tell();
      });
    });
    base::insist([this] { wait(); });
  });
}

void NetworkWatch::tell() {
  base::Lock lock(mutex_);
  for (const auto& [id, listener] : listeners_) base::contain(listener);
}

}  // namespace blazedb::link
