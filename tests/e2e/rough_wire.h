// The worst of networks, on loopback: a proxy that delays what it carries, tears it to pieces, and resets connections,
// at moments that a seed decides.
//
// One thread carries every connection. It resets so many times as it was told, and is a good network from then on.
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
  // From port() to `port`.
  RoughWire(std::uint16_t port, std::uint64_t seed, int resets);
  ~RoughWire();
  RoughWire(const RoughWire&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  // That are still to come.
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
    bool ended = false;  // at its source; what is on its way still arrives
  };
  struct Connection {
    link::RawSocket client, hub;
    std::array<Stream, 2> streams;
    std::int64_t bytesLeft;  // until its reset
  };

  void run();
  void accept();
  // Both: false when the connection is over.
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
