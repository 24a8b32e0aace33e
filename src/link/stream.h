// A connected socket as a stream of bytes, with or without TLS. Nothing here waits: the socket is non-blocking, and
// what cannot go on says for what it waits.
//
// Not Asio's ssl::stream: that holds 68 KiB of buffers for every connection, busy or not. Here OpenSSL reads from the
// socket itself and lets its buffers go when they are empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "sync/bye.h"

namespace blazedb::link {

enum class Outcome : std::uint8_t {
  done,
  wantRead,   // again when the socket is readable
  wantWrite,  // again when it is writable
  closed,     // the peer has ended the stream
  failed,     // failure() says why
};

struct StreamResult {
  Outcome outcome = Outcome::done;
  std::size_t bytes = 0;
};

// Not thread-safe. The socket must outlive it. Once something has closed or failed, nothing else is called.
class Stream {
 public:
  virtual ~Stream() = default;

  virtual StreamResult handshake() = 0;
  // At least one byte, where it is done.
  virtual StreamResult read(std::span<std::uint8_t> into) = 0;
  // A part may be written. What wants to be tried again must then begin with the same bytes.
  virtual StreamResult write(base::ByteView bytes) = 0;
  // Tells the peer that nothing more comes; as far as that goes without waiting.
  virtual void end() = 0;
  virtual sync::Bye failure() const = 0;
  // Whether a byte has come, be it of the handshake.
  virtual bool heard() const = 0;
};

// `fd` in the clear.
std::unique_ptr<Stream> plainStream(int fd);

// A child that this process starts must not hold the socket: the port would stay taken, the connection open.
void closeOnExec(int fd);

// The two calls that both kinds stand on: -1 with errno, and no SIGPIPE.
std::ptrdiff_t receiveSome(int fd, std::span<std::uint8_t> into);
std::ptrdiff_t sendSome(int fd, base::ByteView bytes);

}  // namespace blazedb::link
