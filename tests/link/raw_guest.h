// A guest of a hub that sends what the test wants, without TLS, after a correct beginning.
#pragma once

#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/limits.h"
#include "link/framing.h"
#include "link/handshake.h"
#include "link/raw_socket.h"
#include "support/replica.h"
#include "sync/frames.h"

namespace blazedb::link {

class RawGuest {
 public:
  explicit RawGuest(std::uint16_t port, int receiveBuffer = 0) : socket_(RawSocket::connect(port, receiveBuffer)) {}

  // A guest that is admitted, as the replica with this number.
  RawGuest(std::uint16_t port, std::uint64_t replica, base::Clock& clock, int receiveBuffer = 0,
           std::uint64_t capabilities = 0)
      : RawGuest(port, receiveBuffer) {
    knock("secret", capabilities);
    sync::Hello hello;
    hello.identity = {test::uuidOf(replica), 1, sync::Role::client, "raw"};
    hello.wallMs = clock.wallMs();
    send(sync::encode(hello));
  }

  void knock(const std::string& token, std::uint64_t capabilities = 0) const {
    Knock knock;
    knock.database = "orders";
    knock.capabilities = capabilities;
    base::append(knock.token, base::viewOf(token));
    send(encode(knock));
  }
  void send(const base::Bytes& frame) const {
    Packer packer;
    base::Bytes packet;
    packer.pack(frame, packet);
    socket_.send(packet);
  }
  RawSocket& socket() { return socket_; }

  // The next frame of the hub; none if the hub has ended the connection.
  std::optional<base::Bytes> next() {
    for (;;) {
      if (std::optional<Packet> packet = splitter_.next()) return std::move(packet->payload);
      base::Bytes more = socket_.receive();
      if (more.empty()) return std::nullopt;
      splitter_.append(more);
    }
  }
  // Reads to the end and returns the hub's Bye.
  std::optional<sync::Bye> bye() {
    std::optional<sync::Bye> last;
    while (std::optional<base::Bytes> frame = next())
      if (auto bye = sync::decodeBye(*frame)) last = bye;
    return last;
  }

 private:
  RawSocket socket_;
  Splitter splitter_{base::kFrameBytesMax};
};

}  // namespace blazedb::link
