// Asks the system for the addresses of a host, and does not wait for the answer.
//
// Where no name server answers, the system takes up to a minute, and cannot be told to stop. Asio's resolver asks on
// one thread for all hosts, so that such a one keeps the others waiting, and joins it at the end, so that the program
// waits too. Here each has a thread of its own, which nobody waits for: it holds on to nothing but the question, and
// whoever has asked may be gone when it has the answer.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace blazedb::link {

// The addresses, or none and why.
struct Addresses {
  std::vector<asio::ip::tcp::endpoint> endpoints;
  std::string failure;
};

Addresses askSystem(const std::string& host, std::uint16_t port);

// For one host. Not thread-safe.
class NameLookup {
 public:
  // May take as long as it likes; called on a thread of its own, of which there is one at a time.
  using Ask = std::function<Addresses()>;
  // Called on that thread, with a lock held: passes the answer on.
  using Done = std::function<void(const Addresses& addresses)>;

  explicit NameLookup(Ask ask);
  ~NameLookup() { stop(); }
  NameLookup(const NameLookup&) = delete;

  // Calls `done` once, unless it is stopped before. A question that is still being asked is not asked again. Throws
  // std::system_error where there can be no thread more.
  void begin(Done done);
  // Once it returns, `done` is not called any more, and gone.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the thread
};

}  // namespace blazedb::link
