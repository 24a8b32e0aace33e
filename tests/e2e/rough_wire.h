// A bad network on loopback: a proxy that delays what it carries, cuts it into pieces, and resets connections at
// moments that a seed decides.
//
// One thread carries all connections. After the given number of resets it behaves as a good network.
#pragma once

#include <poll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <random>
#include <thread>
#include <vector>

#include "link/raw_socket.h"

namespace blazedb::e2e {

class RoughWire {
 public:
  // Carries connections from port() to `port`.
  RoughWire(std::uint16_t port, std::uint64_t seed, int resets);
  ~RoughWire();
  RoughWire(const RoughWire&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  // How many resets are still to come.
  int resetsLeft() const { return resetsLeft_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Piece {
    Time due;
    base::Bytes bytes;
  };
  // One direction of a connection.
  struct Stream {
    int from = -1, to = -1;
    std::deque<Piece> pieces;
    bool ended = false;  // the sender has closed it; what is on its way still arrives
  };
  struct Connection {
    link::RawSocket client, hub;
    std::array<Stream, 2> streams;
    std::int64_t bytesLeft;  // how many bytes it carries until its reset
  };

  void run();
  void accept();
  // These return false when the connection is over.
  bool carry(Connection& connection, Time now);
  bool take(Stream& stream, Connection& connection, Time now);
  static bool deliver(Stream& stream, Time now);
  static void reset(Connection& connection);
  std::size_t between(std::size_t least, std::size_t most) { return least + random_() % (most - least + 1); }

  const std::uint16_t hubPort_;
  link::RawSocket listener_ = link::RawSocket::listen();
  std::mt19937_64 random_;
  std::atomic<int> resetsLeft_;
  std::atomic<bool> ending_{false};
  std::list<Connection> connections_;
  std::thread thread_;
};

}  // namespace blazedb::e2e
