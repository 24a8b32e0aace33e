// Notices that the network of this machine is another one: a laptop has woken up, a cable was plugged in, a VPN is up.
//
// Whoever waits for its next try then need not wait any longer. Linux tells by a netlink socket; where there is none,
// nobody is told, and links try again when they would have anyway.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <mutex>

namespace blazedb::link {

class NetworkWatch {
 public:
  explicit NetworkWatch(asio::io_context& sockets);
  NetworkWatch(const NetworkWatch&) = delete;

  // Called on the thread of the sockets, once for changes that come together; has to be quick. Thread-safe. After
  // remove() it is not called any more.
  int add(std::function<void()> listener);
  void remove(int id);
  void stop();

 private:
  void wait();
  void tell();

  asio::posix::stream_descriptor netlink_;
  asio::steady_timer quiet_;
  std::mutex mutex_;
  std::map<int, std::function<void()>> listeners_;
  int last_ = 0;
};

}  // namespace blazedb::link
