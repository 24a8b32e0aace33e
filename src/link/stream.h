// Stream: a connected socket as a stream of bytes, with or without TLS. Nothing here waits: the socket is non-blocking,
// and a call that cannot go on returns what to wait for.
//
// Rejected: Asio's ssl::stream, which holds 68 KiB of buffers for every connection, busy or not. Here OpenSSL reads
// from the socket itself and frees its buffers when they are empty.
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
  wantRead,   // call again when the socket is readable
  wantWrite,  // call again when the socket is writable
  closed,     // the peer has ended the stream
  failed,     // failure() says why
};

struct StreamResult {
  Outcome outcome = Outcome::done;
  std::size_t bytes = 0;
};

// Not thread-safe. The socket must outlive it. After an outcome closed or failed no further call may be made.
class Stream {
 public:
  virtual ~Stream() = default;

  virtual StreamResult handshake() = 0;
  // With the outcome done it has read at least one byte.
  virtual StreamResult read(std::span<std::uint8_t> into) = 0;
  // May write a part. After wantRead or wantWrite the next call must begin with the same bytes.
  virtual StreamResult write(base::ByteView bytes) = 0;
  // Tells the peer that nothing more comes, if that is possible without waiting.
  virtual void end() = 0;
  virtual sync::Bye failure() const = 0;
  // Whether a byte has come, those of the handshake included.
  virtual bool heard() const = 0;
};

// A stream without TLS.
std::unique_ptr<Stream> plainStream(int fd);

// A child of this process must not inherit the socket: the port would stay taken, or the connection open.
void closeOnExec(int fd);

// Both kinds of stream use these. They return -1 with errno set, and raise no SIGPIPE.
std::ptrdiff_t receiveSome(int fd, std::span<std::uint8_t> into);
std::ptrdiff_t sendSome(int fd, base::ByteView bytes);

}  // namespace blazedb::link
