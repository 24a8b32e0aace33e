#include "e2e/rough_wire.h"

#include <fcntl.h>
#include <netinet/tcp.h>

#include <algorithm>

namespace blazedb::e2e {
namespace {

constexpr std::size_t kPiecesMax = 64;  // on their way in one direction; with more it stops reading
constexpr std::chrono::milliseconds kLook{20};

void makeQuick(int fd) {
  int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(fd, F_SETFL, O_NONBLOCK);
}

}  // namespace

RoughWire::RoughWire(std::uint16_t port, std::uint64_t seed, int resets)
    : hubPort_(port), random_(seed), resetsLeft_(resets), thread_([this] { run(); }) {}

RoughWire::~RoughWire() {
  ending_ = true;
  thread_.join();
}

void RoughWire::run() {
  while (!ending_) {
    std::vector<pollfd> waits = {{listener_.fd(), POLLIN, 0}};
    Time now = std::chrono::steady_clock::now(), next = now + kLook;
    for (const Connection& connection : connections_)
      for (const Stream& stream : connection.streams) {
        if (!stream.ended && stream.pieces.size() < kPiecesMax) waits.push_back({stream.from, POLLIN, 0});
        if (stream.pieces.empty()) continue;
        if (stream.pieces.front().due <= now)
          waits.push_back({stream.to, POLLOUT, 0});
        else
          next = std::min(next, stream.pieces.front().due);
      }
    auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
    poll(waits.data(), waits.size(), static_cast<int>(wait));
    if (waits[0].revents != 0) accept();
    now = std::chrono::steady_clock::now();
    connections_.remove_if([&](Connection& connection) { return !carry(connection, now); });
  }
}

void RoughWire::accept() {
  link::RawSocket client = listener_.accept();
  try {
    link::RawSocket hub = link::RawSocket::connect(hubPort_);
    for (int fd : {client.fd(), hub.fd()}) makeQuick(fd);
    Stream up{client.fd(), hub.fd(), {}, false}, down{hub.fd(), client.fd(), {}, false};
    connections_.push_back(
        {std::move(client), std::move(hub), {up, down}, static_cast<std::int64_t>(between(1, 60'000))});
  } catch (const std::runtime_error&) {
    // No hub listens: the client's connection ends.
  }
}

bool RoughWire::carry(Connection& connection, Time now) {
  for (Stream& stream : connection.streams)
    if (!take(stream, connection, now) || !deliver(stream, now)) return false;
  return !std::ranges::all_of(connection.streams,
                              [](const Stream& stream) { return stream.ended && stream.pieces.empty(); });
}

bool RoughWire::take(Stream& stream, Connection& connection, Time now) {
  if (stream.ended || stream.pieces.size() >= kPiecesMax) return true;
  // Some pieces are tiny and some are late; the pieces behind them wait, as with TCP.
  base::Bytes bytes(between(0, 3) == 0 ? between(1, 9) : between(1, 16'384));
  ssize_t got = ::recv(stream.from, bytes.data(), bytes.size(), 0);
  if (got < 0) return errno == EAGAIN;
  if (got == 0) {
    stream.ended = true;
    return true;
  }
  bytes.resize(static_cast<std::size_t>(got));
  std::chrono::milliseconds late(between(0, 7) == 0 ? between(1, 5) : 0);
  stream.pieces.push_back({now + late, std::move(bytes)});
  connection.bytesLeft -= got;
  if (resetsLeft_ == 0 || connection.bytesLeft > 0) return true;
  resetsLeft_--;
  reset(connection);
  return false;
}

bool RoughWire::deliver(Stream& stream, Time now) {
  while (!stream.pieces.empty() && stream.pieces.front().due <= now) {
    base::Bytes& bytes = stream.pieces.front().bytes;
    ssize_t sent = ::send(stream.to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    bytes.erase(bytes.begin(), bytes.begin() + sent);
    if (bytes.empty()) stream.pieces.pop_front();
  }
  if (stream.ended && stream.pieces.empty()) ::shutdown(stream.to, SHUT_WR);
  return true;
}

// What is on its way is lost. Closing tells both ends: RST.
void RoughWire::reset(Connection& connection) {
  linger atOnce{.l_onoff = 1, .l_linger = 0};
  for (int fd : {connection.client.fd(), connection.hub.fd()})
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
}

}  // namespace blazedb::e2e
