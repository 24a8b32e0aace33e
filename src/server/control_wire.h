// The control socket of a database: how a command reaches the process that has the file open.
//
// A process owns its file alone, and a hub runs for months. So the owner listens on a unix-domain socket beside the
// file (`<path>-control`, mode 0600). A command that finds the file in use sends its words there; the owner runs it,
// and the command shows what comes back. Rejected: a second protocol with an operation for each command, which would
// have to be written twice and kept the same.
//
// Each side checks that the other has the same user id (SO_PEERCRED). That is not enough: a program of that user that
// does not know the password must not get at the data because another program has the file open. So the command takes
// the data key out of the file's header with the password, as opening the file does, and both sides prove that they
// have a key derived from it. A proof is BLAKE2b with that key over a purpose and both nonces.
//
//   frame      | kind 1 byte | length, fixed32 | payload, at most 1 MiB |
//
//   who says     kind   payload
//   command      h      version 1 byte | nonce 32 bytes
//   owner        n      nonce 32 bytes
//   command      p      proof 32 bytes
//   owner        w      proof 32 bytes
//   command      c      working folder, then the words of the command line, each as sized bytes
//   owner        o, e   bytes for standard output; for standard error
//   owner        i      wants input: the word of the command line that names the file, - for standard input
//   command      i      the next bytes of that file, none at its end
//   owner        x      exit status 1 byte: the end
//   owner        r      Bye, as in sync/frames.h: why the command is not run: the end
//
// The process of the command reads the input, because a file may be there for it alone: /dev/fd/63, or one in its own
// /tmp. It gives an owner nothing that its command line does not name. One part is under way at a time, so a file of
// any size needs bounded memory. A command that is to end early (^C) ends its sending direction. The owner then ends
// the work, and still says what has come of it.
//
// The owner does not run a command that comes while 16 others run, has a wrong proof, has not sent its command line
// within 5 seconds, or sends anything else. Another user gets no answer.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "crypto/secret_bytes.h"

namespace blazedb::server {

inline constexpr std::uint8_t kControlVersion = 1;
inline constexpr std::size_t kControlFrameBytesMax = 1u << 20;
inline constexpr std::size_t kControlNonceBytes = 32;
inline constexpr const char* kCommandProof = "blazedb control command";
inline constexpr const char* kOwnerProof = "blazedb control owner";

enum class Kind : std::uint8_t {
  hello = 'h',
  nonce = 'n',
  proof = 'p',
  welcome = 'w',
  command = 'c',
  out = 'o',
  error = 'e',
  input = 'i',
  exit = 'x',
  refused = 'r',
};

struct ControlFrame {
  Kind kind = Kind::exit;
  base::Bytes payload;
};

// One end of a connection, blocking. Not thread-safe, except stopListening() and shutDown().
class ControlSocket {
 public:
  explicit ControlSocket(int fd) : fd_(fd) {}
  ~ControlSocket();
  ControlSocket(ControlSocket&& other) noexcept
      : fd_(other.fd_), stopped_(other.stopped_.load()), deadline_(other.deadline_) {
    other.fd_ = -1;
  }
  ControlSocket& operator=(ControlSocket&&) = delete;

  // These return false, or none, if the other end has gone, is too slow, or sends what it must not.
  bool send(Kind kind, base::ByteView payload);
  std::optional<ControlFrame> receive();
  // The payload of the next frame, if it is of this kind and has this size.
  std::optional<base::Bytes> receive(Kind kind, std::size_t bytes);

  // Until when receive() waits, however slowly the other end speaks; none: without an end.
  void setDeadline(std::optional<std::chrono::steady_clock::time_point> deadline) { deadline_ = deadline; }
  bool isLate() const { return deadline_ && std::chrono::steady_clock::now() >= *deadline_; }
  bool peerHasGone() const;
  // Waits until another descriptor can be read. Returns false once peerHasGone().
  bool waitReadable(int fd) const;
  // Lets receive() fail from now on, and peerHasGone() say so; what was begun may still be answered.
  void stopListening();
  bool hasStopped() const { return stopped_; }
  // The same at the other end.
  void stopSending();
  // Lets receive() and send() fail, also those that wait.
  void shutDown();
  struct Peer {
    std::int64_t pid = 0;
    std::uint32_t user = 0;
  };
  Peer peer() const;
  int fd() const { return fd_; }

 private:
  bool receiveAll(std::span<std::uint8_t> out);
  bool waitForMore() const;

  int fd_;
  std::atomic<bool> stopped_{false};
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

// Makes a socket that listens beside the file, or one that is connected with the process that listens there. `path` is
// canonical. Returns the file descriptor, or -1 with errno set.
int listenBeside(const std::string& path);
int connectBeside(const std::string& path);
// What has the name of the socket, in words ("PATH is a folder"), if listenBeside() finds it taken (EADDRINUSE).
std::string whatIsBeside(const std::string& path);
// Removes the name. Only the holder of the lock on the file may call it.
void removeSocketBeside(const std::string& path);

using Nonce = std::array<std::uint8_t, kControlNonceBytes>;
crypto::SecretBytes controlProof(base::ByteView controlKey, const char* purpose, const Nonce& command,
                                 const Nonce& owner);

}  // namespace blazedb::server
