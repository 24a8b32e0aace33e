// The threads that all links to other processes share: one that waits for sockets and timers, and a few that do the
// work of sessions. With them goes what all connections together may hold in memory.
//
// The first never touches storage, so that one slow disk does not keep a thousand connections waiting; the others never
// wait for a socket, so that one slow peer does not keep a database waiting.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <thread>

#include "link/budget.h"
#include "link/network_watch.h"

namespace blazedb::link {

using Strand = asio::strand<asio::thread_pool::executor_type>;

class Io {
 public:
  explicit Io(unsigned workers = 2, std::size_t linkBytesMax = kLinkBytesMax);
  // Links and acceptors have to go first.
  ~Io();
  Io(const Io&) = delete;

  asio::io_context& sockets() { return sockets_; }
  Strand makeStrand() { return asio::make_strand(workers_); }
  NetworkWatch& network() { return network_; }
  // Of what has come, and of what is to go: two, so that two ends within one process do not wait for each other.
  Budget& incoming() { return incoming_; }
  Budget& outgoing() { return outgoing_; }

 private:
  Budget incoming_, outgoing_;
  asio::thread_pool workers_;
  asio::io_context sockets_{1};
  NetworkWatch network_{sockets_};
  asio::executor_work_guard<asio::io_context::executor_type> busy_;
  std::thread thread_;
};

}  // namespace blazedb::link
