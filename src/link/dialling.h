// Connects to the first address of a host that answers.
//
// An address that does not answer (broken IPv6, a machine that is gone) must not use up the time of the others. Each
// address gets an equal share of the time that is left, and at least a second.
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

// Shared by its owner and by pending operations on its socket. Must be used on the strand only.
class Dialling : public std::enable_shared_from_this<Dialling> {
 public:
  // The connected socket, or none and the reason. Must not throw.
  using Done = std::function<void(std::optional<asio::ip::tcp::socket> socket, const std::string& failure)>;

  Dialling(Io& io, Strand strand, std::vector<asio::ip::tcp::endpoint> endpoints,
           asio::steady_timer::time_point deadline);
  // Calls `done` once, unless stop() comes first.
  void begin(Done done);
  void stop();

 private:
  // A handler for the address that is being tried. It ignores events of earlier addresses.
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
  std::size_t tried_ = 0;  // how many of these were tried
  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  Done done_;
};

}  // namespace blazedb::link
