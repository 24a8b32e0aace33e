// Notices that the network of this machine has changed: a laptop woke up, a cable was plugged in, a VPN is up. A link
// that waits for its next try can then try at once.
//
// It uses Linux's netlink. If there is no netlink socket, links simply try again at their usual times.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <map>

#include "base/mutex.h"

namespace blazedb::link {

class NetworkWatch {
 public:
  explicit NetworkWatch(asio::io_context& sockets);
  NetworkWatch(const NetworkWatch&) = delete;

  // `listener` is called on the socket thread, once for changes that come together, and must be quick. It is not called
  // after remove(). Thread-safe.
  int add(std::function<void()> listener);
  void remove(int id);
  void stop();

 private:
  void wait();
  void tell();

  asio::posix::stream_descriptor netlink_;
  asio::steady_timer quiet_;
  base::Mutex mutex_;
  std::map<int, std::function<void()>> listeners_ GUARDED_BY(mutex_);
  int last_ GUARDED_BY(mutex_) = 0;
};

}  // namespace blazedb::link
