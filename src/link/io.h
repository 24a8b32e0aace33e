// The threads that all links to other processes share: one that waits for sockets and timers, and workers for the
// sessions. Io also has the memory budgets of all connections together.
//
// The socket thread never touches storage, so a slow disk does not delay a thousand connections. The workers never wait
// for a socket, so a slow peer does not delay a database. They do wait for stores: one store keeps at most two of them
// (turns.h). When the last worker that is in no store enters one, another worker is started, up to 64. So a slow store
// delays its own connections alone.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/contain.h"
#include "base/mutex.h"
#include "link/budget.h"
#include "link/network_watch.h"
#include "link/strand.h"
#include "link/turns.h"

namespace blazedb::link {

// A handler that runs `body` on the strand, even if there is no memory at first when it is due.
template <class Body>
auto onStrand(const Strand& strand, Body body) {
  return [strand, body](asio::error_code error) { base::insist([&] { strand.post([body, error] { body(error); }); }); };
}

class Io {
 public:
  explicit Io(unsigned workers = 2, std::size_t linkBytesMax = kLinkBytesMax);
  // All links and acceptors must be destroyed before.
  ~Io();
  Io(const Io&) = delete;

  asio::io_context& sockets() { return sockets_; }
  Strand makeStrand() { return Strand(sessions_); }
  // Those of a store, which all of its connections share. Any thread may call it.
  std::shared_ptr<Turns> turnsOf(const void* store);
  NetworkWatch& network() { return network_; }
  // Two budgets, so that two ends in one process do not wait for each other.
  Budget& incoming() { return incoming_; }
  Budget& outgoing() { return outgoing_; }

 private:
  using Busy = asio::executor_work_guard<asio::io_context::executor_type>;
  static constexpr std::size_t kWorkersMax = 64;

  static void run(asio::io_context& work);
  void addWorker() REQUIRES(mutex_);
  // A worker enters a store (1) or comes back from it (-1).
  void noteInStore(int change);

  Budget incoming_, outgoing_;
  asio::io_context sessions_;
  asio::io_context sockets_{1};
  NetworkWatch network_{sockets_};
  Busy sessionsBusy_{sessions_.get_executor()};
  Busy socketsBusy_{sockets_.get_executor()};
  std::thread thread_;             // of the sockets
  std::atomic<int> inStores_ = 0;  // workers that are in a store
  std::atomic<int> running_ = 0;   // workers
  base::Mutex mutex_;
  std::vector<std::thread> workers_ GUARDED_BY(mutex_);
  bool ending_ GUARDED_BY(mutex_) = false;
  std::map<const void*, std::weak_ptr<Turns>> turns_ GUARDED_BY(mutex_);  // by store
};

}  // namespace blazedb::link
