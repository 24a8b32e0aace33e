#include "server/control_server.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/contain.h"
#include "blazedb/error.h"
#include "crypto/hash.h"
#include "db/access.h"
#include "link/failure.h"
#include "storage/posix_file_system.h"
#include "sync/frames.h"

namespace blazedb::server {
namespace {

constexpr std::chrono::seconds kPatienceAtTheEnd{2};
constexpr std::size_t kConversationsMax = 16;
// After a failure of the machine itself, most likely: no more file descriptors.
constexpr int kAcceptAgainMs = 100;

// It has ended by itself, and no process has to be told.
struct Gone {};

Error notUnderstood() {
  return Error(ErrorCode::ProtocolError,
               "what came was no command; use the blazedb of the same version as the process that has the file open");
}

ControlRequest parseRequest(base::ByteView payload) {
  base::Reader in(payload);
  ControlRequest request;
  request.folder = base::textOf(in.sized());
  while (in.ok() && !in.atEnd()) request.words.emplace_back(base::textOf(in.sized()));
  if (!in.ok() || request.words.empty()) throw notUnderstood();
  return request;
}

std::string nameOf(const ControlSocket& socket) {
  ControlSocket::Peer peer = socket.peer();
  std::string name = "process " + std::to_string(peer.pid);
  return peer.user == geteuid() ? name : name + " of the user " + std::to_string(peer.user);
}

}  // namespace

bool ControlCaller::out(std::string_view text) { return socket_.send(Kind::out, base::viewOf(text)); }
bool ControlCaller::error(std::string_view text) { return socket_.send(Kind::error, base::viewOf(text)); }

std::optional<std::string> ControlCaller::input(const std::string& word) {
  if (!socket_.send(Kind::input, base::viewOf(word))) return std::nullopt;
  std::optional<ControlFrame> frame = socket_.receive();
  if (!frame || frame->kind != Kind::input) return std::nullopt;
  return std::string(base::textOf(frame->payload));
}

bool ControlCaller::hasGone() const { return socket_.peerHasGone(); }
bool ControlCaller::waitReadable(int fd) const { return socket_.waitReadable(fd); }

struct ControlServer::Conversation {
  explicit Conversation(ControlSocket connected) : socket(std::move(connected)) {}

  ControlSocket socket;
  std::atomic<bool> over{false};
  std::thread thread;
};

ControlServer::ControlServer(const std::vector<Database>& databases, Run run, std::chrono::milliseconds toAdmit,
                             Refused refused)
    : run_(std::move(run)), toAdmit_(toAdmit), refused_(std::move(refused)) {
  for (const Database& database : databases) {
    std::string path = storage::PosixFileSystem().canonical(database.path());
    int fd = listenBeside(path);
    if (fd < 0) {
      int error = errno;
      close();
      if (error == EADDRINUSE)
        throw Error(ErrorCode::IoError, "commands for " + database.path() + " come by a socket beside it, and " +
                                            whatIsBeside(path) + "; move that away, or remove it");
      throw Error(ErrorCode::IoError, "cannot listen for commands beside " + database.path() + ": " +
                                          std::strerror(error) + "; the folder has to allow sockets");
    }
    listeners_.push_back({database, path, crypto::SecretBytes(db::Access::controlKeyOf(database)), fd});
  }
  wake_ = eventfd(0, EFD_CLOEXEC);
  acceptor_ = std::thread([this] { base::insist([this] { accept(); }); });
}

ControlServer::~ControlServer() {
  ending_ = true;
  std::uint64_t one = 1;
  while (write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  acceptor_.join();
  close();
  for (Conversation& conversation : conversations_) conversation.socket.stopListening();
  {
    base::Lock lock(mutex_);
    ended_.wait_for(lock, kPatienceAtTheEnd, [&] {
      auto over = [](const Conversation& conversation) { return conversation.over.load(); };
      return std::all_of(conversations_.begin(), conversations_.end(), over);
    });
  }
  for (Conversation& conversation : conversations_) conversation.socket.shutDown();
  for (Conversation& conversation : conversations_) conversation.thread.join();
  ::close(wake_);
}

void ControlServer::close() {
  for (const Listener& listener : listeners_) {
    removeSocketBeside(listener.path);
    ::close(listener.fd);
  }
}

void ControlServer::accept() {
  std::vector<pollfd> waits;
  for (const Listener& listener : listeners_) waits.push_back({listener.fd, POLLIN, 0});
  waits.push_back({wake_, POLLIN, 0});
  for (;;) {
    if (poll(waits.data(), waits.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (waits.back().revents != 0) return;
    bool failed = false;
    for (std::size_t i = 0; i < listeners_.size(); i++) {
      if ((waits[i].revents & POLLIN) == 0) continue;
      int fd = accept4(listeners_[i].fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) base::contain([&] { begin(listeners_[i], fd); });
      failed |= fd < 0;
    }
    // A connection that could not be accepted is still there, so poll() would return at once.
    if (failed) poll(&waits.back(), 1, kAcceptAgainMs);
  }
}

void ControlServer::begin(const Listener& listener, int fd) {
  conversations_.remove_if([](Conversation& conversation) {
    if (!conversation.over) return false;
    conversation.thread.join();
    return true;
  });
  ControlSocket socket(fd);
  if (conversations_.size() >= kConversationsMax)
    return refuse(
        listener, socket,
        {ErrorCode::TooManyAttempts, "the process that has the file open runs " + std::to_string(kConversationsMax) +
                                         " commands already; try again when one of them has ended"});
  if (socket.peer().user != geteuid())
    return refuse(listener, socket, {ErrorCode::NotAllowed, "commands are taken of the same user alone"});
  Conversation& conversation = conversations_.emplace_back(std::move(socket));
  try {
    conversation.thread = std::thread([this, &listener, &conversation] {
      base::contain([&] { converse(listener, conversation.socket); });
      conversation.socket.shutDown();
      base::Lock lock(mutex_);
      conversation.over = true;
      ended_.notify_all();
    });
  } catch (const std::exception&) {
    base::contain([&] {
      refuse(listener, conversation.socket,
             {ErrorCode::IoError,
              "no thread can be started for the command; end other programs, or allow more (ulimit -u, TasksMax=)"});
    });
    conversations_.pop_back();
  }
}

void ControlServer::converse(const Listener& listener, ControlSocket& socket) {
  std::optional<ControlRequest> wanted = request(listener, socket);
  if (!wanted) return;
  ControlCaller caller(socket);
  auto status = static_cast<std::uint8_t>(run_(listener.database, *wanted, caller));
  socket.send(Kind::exit, base::ByteView(&status, 1));
}

// Returns the command to run; none if it is refused, and its process was told.
std::optional<ControlRequest> ControlServer::request(const Listener& listener, ControlSocket& socket) {
  socket.setDeadline(std::chrono::steady_clock::now() + toAdmit_);
  try {
    admit(listener, socket);
    ControlRequest wanted = parseRequest(receive(socket, Kind::command, std::nullopt));
    socket.setDeadline(std::nullopt);
    return wanted;
  } catch (const Gone&) {
    return std::nullopt;
  } catch (const std::exception& error) {
    refuse(listener, socket, link::failureOf(error));
  }
  return std::nullopt;
}

void ControlServer::admit(const Listener& listener, ControlSocket& socket) {
  base::Bytes hello = receive(socket, Kind::hello, 1 + kControlNonceBytes);
  if (hello[0] != kControlVersion) throw notUnderstood();
  Nonce theirs, ours;
  std::copy(hello.begin() + 1, hello.end(), theirs.begin());
  random_.fill(ours);
  if (!socket.send(Kind::nonce, ours)) throw Gone{};
  base::Bytes proof = receive(socket, Kind::proof, crypto::hash256({}).size());
  crypto::SecretBytes expected = controlProof(listener.key.view(), kCommandProof, theirs, ours);
  if (!crypto::equalInConstantTime(proof, expected.view()))
    throw Error(ErrorCode::WrongPassword, "the proof of knowing the password is wrong");
  if (!socket.send(Kind::welcome, controlProof(listener.key.view(), kOwnerProof, theirs, ours).view())) throw Gone{};
}

// The payload of the next frame, which must have this kind and size.
base::Bytes ControlServer::receive(ControlSocket& socket, Kind kind, std::optional<std::size_t> bytes) {
  std::optional<ControlFrame> frame = socket.receive();
  if (frame && frame->kind == kind && frame->payload.size() == bytes.value_or(frame->payload.size()))
    return std::move(frame->payload);
  if (ending_) throw Error(ErrorCode::HubStopping, "the process that has the file open is ending; try again");
  if (!frame && socket.isLate())
    throw Error(ErrorCode::Timeout, "the command was not said within " + std::to_string(toAdmit_.count()) +
                                        " ms; try again, when the machine has less to do");
  if (!frame && socket.peerHasGone()) throw Gone{};
  throw notUnderstood();
}

void ControlServer::refuse(const Listener& listener, ControlSocket& socket, const sync::Bye& why) {
  base::contain([&] {
    if (refused_) refused_(listener.database, nameOf(socket), why);
    if (socket.peer().user == geteuid()) socket.send(Kind::refused, sync::encode(why));
  });
}

}  // namespace blazedb::server
