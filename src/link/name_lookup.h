// Asks the system for the addresses of a host, without waiting for the answer.
//
// If no name server answers, the system takes up to a minute and cannot be stopped. Asio's resolver has one thread for
// all hosts, so one such host delays the others; and it joins that thread at the end, so the program waits too. Here
// each host has a thread of its own, which is never joined. The thread owns nothing but the question, so its NameLookup
// may be destroyed before the answer comes.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace blazedb::link {

// The addresses, or none and the reason.
struct Addresses {
  std::vector<asio::ip::tcp::endpoint> endpoints;
  std::string failure;
};

Addresses askSystem(const std::string& host, std::uint16_t port);

// For one host. Not thread-safe.
class NameLookup {
 public:
  // May take any time. Called on the thread of this lookup; there is at most one.
  using Ask = std::function<Addresses()>;
  // Called on that thread with a lock held. It may only pass the answer on.
  using Done = std::function<void(const Addresses& addresses)>;

  explicit NameLookup(Ask ask);
  ~NameLookup() { stop(); }
  NameLookup(const NameLookup&) = delete;

  // Calls `done` once, unless stop() comes first. If an earlier question still runs, `done` gets its answer. Throws
  // std::system_error if the system gives no thread.
  void begin(Done done);
  // When it returns, `done` is destroyed and will not be called.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the thread
};

}  // namespace blazedb::link
