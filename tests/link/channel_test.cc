// All connections share the thread of the sockets.
#include "link/channel.h"

#include <gtest/gtest.h>

#include <asio/post.hpp>
#include <atomic>
#include <future>

#include "link/raw_socket.h"

namespace blazedb::link {
namespace {

// Has nothing to read at first, and then always something, up to a gigabyte: as from a peer that sends faster than this
// end reads.
struct FloodStream final : Stream {
  StreamResult handshake() override { return {}; }
  StreamResult read(std::span<std::uint8_t> into) override {
    if (!floods) return {Outcome::wantRead};
    onRead(++reads);
    return reads < 65'536 ? StreamResult{Outcome::done, into.size()} : StreamResult{Outcome::closed};
  }
  StreamResult write(base::ByteView bytes) override {
    written.set_value();
    return {Outcome::done, bytes.size()};
  }
  void end() override {}
  sync::Bye failure() const override { return {}; }
  bool heard() const override { return true; }

  std::atomic<bool> floods = false;
  std::atomic<int> reads = 0;
  std::function<void(int)> onRead;
  std::promise<void> written;
};

TEST(Channel, WhoGoesOnSendingAfterTheEndLeavesTheOthersTheirTurn) {
  base::SystemClock clock;
  Io io;
  RawSocket listener = RawSocket::listen();
  RawSocket peer = RawSocket::connect(listener.port());
  Socket socket(io.sockets());
  socket.assign(asio::generic::stream_protocol(AF_INET, IPPROTO_TCP), ::accept(listener.fd(), nullptr, nullptr));
  auto made = std::make_unique<FloodStream>();
  FloodStream& stream = *made;
  std::promise<int> turn;  // how much was read before another task had its turn
  stream.onRead = [&](int reads) {
    if (reads == 1) asio::post(io.sockets(), [&] { turn.set_value(stream.reads); });
  };
  auto channel = std::make_shared<Channel>(io, clock, std::move(socket), [&](int) { return std::move(made); });
  channel->start([] {});
  channel->send({{1, 2, 3}});
  stream.written.get_future().wait();
  stream.floods = true;
  channel->close();
  peer.send(base::Bytes{0});
  EXPECT_LE(turn.get_future().get(), 64) << "of 16 KiB each";
  channel->abort();
}

}  // namespace
}  // namespace blazedb::link
