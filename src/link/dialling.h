// Connects with the first address of a host that answers.
//
// An address that says nothing, as that of a broken IPv6 or of a machine that is gone, must not use up the time of the
// others: each has an equal share of what is left, and a second at least.
#pragma once

#include <cstddef>  // what Asio takes the standard library to have depends on which headers came before it

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/contain.h"
#include "link/io.h"

namespace blazedb::link {

// Shared by its owner and by what waits for its socket. All on the strand.
class Dialling : public std::enable_shared_from_this<Dialling> {
 public:
  // The socket that is connected, or none and why. Throws nothing.
  using Done = std::function<void(std::optional<asio::ip::tcp::socket> socket, const std::string& failure)>;

  Dialling(Io& io, Strand strand, std::vector<asio::ip::tcp::endpoint> endpoints,
           asio::steady_timer::time_point deadline);
  // Calls `done` once, unless it is stopped before.
  void begin(Done done);
  void stop();

 private:
  // A handler for the address that is being tried: what is said of one after the next has been tried is not heard.
  template <class Body>
  auto ofThisTry(Body body) {
    return onStrand(strand_, [self = shared_from_this(), tried = tried_, body](asio::error_code error) {
      if (!self->done_ || self->tried_ != tried) return;
      if (!base::contain([&] { body(*self, error); }) && self->done_) self->finish(std::nullopt, "no memory");
    });
  }
  void tryNext(const std::string& failure);
  void finish(std::optional<asio::ip::tcp::socket> socket, const std::string& failure);

  Strand strand_;
  std::vector<asio::ip::tcp::endpoint> endpoints_;
  asio::steady_timer::time_point deadline_;
  std::size_t tried_ = 0;  // of these
  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  Done done_;
};

}  // namespace blazedb::link
