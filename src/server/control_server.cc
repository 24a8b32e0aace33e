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
#include <utility>

#include "blazedb/error.h"
#include "crypto/hash.h"
#include "db/engine.h"
#include "server/control_wire.h"
#include "storage/posix_file_system.h"

namespace blazedb::server {
namespace {

constexpr std::chrono::seconds kPatienceAtTheEnd{2};
constexpr std::size_t kConversationsMax = 16;
// After a failure of the machine itself, most likely: no more file descriptors.
constexpr int kAcceptAgainMs = 100;

std::optional<ControlRequest> parseRequest(base::ByteView payload) {
  base::Reader in(payload);
  ControlRequest request;
  request.folder = base::textOf(in.sized());
  while (in.ok() && !in.atEnd()) request.words.emplace_back(base::textOf(in.sized()));
  if (!in.ok() || request.words.empty()) return std::nullopt;
  return request;
}

}  // namespace

bool ControlCaller::out(std::string_view text) { return socket_.send(Kind::out, base::viewOf(text)); }
bool ControlCaller::error(std::string_view text) { return socket_.send(Kind::error, base::viewOf(text)); }

std::optional<std::string> ControlCaller::input() {
  if (!socket_.send(Kind::input, {})) return std::nullopt;
  std::optional<ControlFrame> frame = socket_.receive();
  if (!frame || frame->kind != Kind::input || frame->payload.empty()) return std::nullopt;
  return std::string(base::textOf(frame->payload));
}

bool ControlCaller::hasGone() const { return socket_.peerHasGone(); }

struct ControlServer::Conversation {
  explicit Conversation(ControlSocket connected) : socket(std::move(connected)) {}

  ControlSocket socket;
  std::atomic<bool> over{false};
  std::thread thread;
};

ControlServer::ControlServer(const std::vector<Database>& databases, Run run, std::chrono::milliseconds toAdmit)
    : run_(std::move(run)), toAdmit_(toAdmit) {
  for (const Database& database : databases) {
    std::string path = storage::PosixFileSystem().canonical(database.path());
    int fd = listenBeside(path);
    if (fd < 0) {
      int error = errno;
      close();
      throw Error(ErrorCode::IoError, "cannot listen for commands beside " + database.path() + ": " +
                                          std::strerror(error) + "; the folder has to allow sockets");
    }
    listeners_.push_back({database, path, crypto::SecretBytes(database.engine_->controlKey()), fd});
  }
  wake_ = eventfd(0, EFD_CLOEXEC);
  acceptor_ = std::thread([this] { accept(); });
}

ControlServer::~ControlServer() {
  std::uint64_t one = 1;
  while (write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  acceptor_.join();
  close();
  for (Conversation& conversation : conversations_) conversation.socket.stopListening();
  {
    std::unique_lock lock(mutex_);
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
      if (fd >= 0) begin(listeners_[i], fd);
      failed |= fd < 0;
    }
    // Who could not be accepted is still there, so that the next look would be at once.
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
  if (conversations_.size() >= kConversationsMax || socket.peer().user != geteuid()) return;
  Conversation& conversation = conversations_.emplace_back(std::move(socket));
  conversation.thread = std::thread([this, &listener, &conversation] {
    converse(listener, conversation.socket);
    conversation.socket.shutDown();
    std::lock_guard lock(mutex_);
    conversation.over = true;
    ended_.notify_all();
  });
}

void ControlServer::converse(const Listener& listener, ControlSocket& socket) {
  socket.setDeadline(std::chrono::steady_clock::now() + toAdmit_);
  if (!admit(listener, socket)) return;
  std::optional<ControlFrame> frame = socket.receive();
  if (!frame || frame->kind != Kind::command) return;
  std::optional<ControlRequest> request = parseRequest(frame->payload);
  if (!request) return;
  socket.setDeadline(std::nullopt);
  ControlCaller caller(socket);
  auto status = static_cast<std::uint8_t>(run_(listener.database, *request, caller));
  socket.send(Kind::exit, base::ByteView(&status, 1));
}

bool ControlServer::admit(const Listener& listener, ControlSocket& socket) {
  std::optional<base::Bytes> hello = socket.receive(Kind::hello, 1 + kControlNonceBytes);
  if (!hello || (*hello)[0] != kControlVersion) return false;
  Nonce theirs, ours;
  std::copy(hello->begin() + 1, hello->end(), theirs.begin());
  random_.fill(ours);
  if (!socket.send(Kind::nonce, ours)) return false;
  std::optional<base::Bytes> proof = socket.receive(Kind::proof, crypto::hash256({}).size());
  crypto::SecretBytes expected = controlProof(listener.key.view(), kCommandProof, theirs, ours);
  if (!proof || !crypto::equalInConstantTime(*proof, expected.view())) return false;
  return socket.send(Kind::welcome, controlProof(listener.key.view(), kOwnerProof, theirs, ours).view());
}

}  // namespace blazedb::server
