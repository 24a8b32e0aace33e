#include "server/control_client.h"

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/random.h"
#include "blazedb/error.h"
#include "crypto/hash.h"
#include "storage/database_file.h"
#include "storage/posix_file_system.h"
#include "sync/frames.h"

namespace blazedb::server {
namespace {

Error hungUp(const std::string& path) {
  return Error(ErrorCode::Offline,
               "the process that has " + path + " open has hung up without a word, as one that ends; try again");
}

Error anotherUser(const std::string& path) {
  return Error(ErrorCode::NotAllowed,
               path + " is open in a process of another user, who alone may give it commands; run this as that user");
}

// The owner's reason why the command is not run. The owner is a process of this user.
void throwIfRefused(const ControlFrame& frame) {
  if (frame.kind != Kind::refused) return;
  if (std::optional<sync::Bye> why = sync::decodeBye(frame.payload)) throw Error(why->code, why->text);
}

}  // namespace

std::optional<ControlClient> ControlClient::connect(const std::string& path) {
  ControlClient client(storage::PosixFileSystem().canonical(path));
  if (!client.dial()) return std::nullopt;
  client.socket_.reset();  // see authenticate()
  return client;
}

// Returns false if no process listens.
bool ControlClient::dial() {
  int fd = connectBeside(path_);
  if (fd < 0 && errno == EACCES) throw anotherUser(path_);
  if (fd < 0) return false;
  socket_.emplace(fd);
  if (socket_->peer().user != geteuid()) throw anotherUser(path_);
  return true;
}

// Deriving the key takes seconds on a busy machine, and the owner does not wait for long. So the conversation begins
// when the key is there.
void ControlClient::authenticate(const std::string& password) {
  base::SystemRandom random;
  storage::PosixFileSystem files;
  std::unique_ptr<storage::File> file;
  if (files.open(path_, storage::Access::readOnly, file) != storage::IoStatus::ok)
    throw Error(ErrorCode::IoError, path_ + " cannot be opened");
  crypto::SecretBytes key = storage::DatabaseFile::controlKeyOf(
      storage::readHeader(*file, path_, storage::KeySource::password(password), random));
  if (!dial()) throw hungUp(path_);
  Nonce ours, theirs;
  random.fill(ours);
  base::Bytes hello = {kControlVersion};
  base::append(hello, ours);
  socket_->send(Kind::hello, hello);
  base::Bytes answer = receive(Kind::nonce, theirs.size());
  std::copy(answer.begin(), answer.end(), theirs.begin());
  crypto::SecretBytes expected = controlProof(key.view(), kOwnerProof, ours, theirs);
  socket_->send(Kind::proof, controlProof(key.view(), kCommandProof, ours, theirs).view());
  if (!crypto::equalInConstantTime(receive(Kind::welcome, expected.size()), expected.view())) throw hungUp(path_);
}

// Reads the answer even if sending failed: the owner may have said why before it closed.
base::Bytes ControlClient::receive(Kind kind, std::size_t bytes) {
  std::optional<ControlFrame> frame = socket_->receive();
  if (frame) throwIfRefused(*frame);
  if (!frame || frame->kind != kind || frame->payload.size() != bytes) throw hungUp(path_);
  return std::move(frame->payload);
}

int ControlClient::run(const std::string& folder, const std::vector<std::string>& words,
                       const ControlStreams& streams) {
  base::Bytes command;
  base::appendSized(command, base::viewOf(folder));
  for (const std::string& word : words) base::appendSized(command, base::viewOf(word));
  if (command.size() > kControlFrameBytesMax)
    throw Error(ErrorCode::TooLarge, "a command line for a database that is in use has up to 1 MiB; use - and input");
  socket_->send(Kind::command, command);
  bool ending = false;
  auto end = [&] {
    ending = true;
    socket_->stopSending();
  };
  for (;;) {
    if (!ending && !streams.wait(socket_->fd())) end();
    std::optional<ControlFrame> frame = socket_->receive();
    if (!frame) throw hungUp(path_);
    switch (frame->kind) {
      case Kind::out:
        streams.out(base::textOf(frame->payload));
        break;
      case Kind::error:
        streams.error(base::textOf(frame->payload));
        break;
      case Kind::input:
        if (!ending && !answer(std::string(base::textOf(frame->payload)), words, streams)) end();
        break;
      case Kind::exit:
        if (frame->payload.size() == 1) return frame->payload[0];
        throw hungUp(path_);
      default:
        throwIfRefused(*frame);
        throw hungUp(path_);
    }
  }
}

// Returns false if the command is to end.
bool ControlClient::answer(const std::string& path, const std::vector<std::string>& words,
                           const ControlStreams& streams) {
  if (std::find(words.begin(), words.end(), path) == words.end()) throw hungUp(path_);
  std::optional<std::string> part = streams.input(path);
  if (part) socket_->send(Kind::input, base::viewOf(*part));
  return part.has_value();
}

void ControlClient::waitForEnd() {
  auto process = static_cast<int>(syscall(SYS_pidfd_open, socket_->peer().pid, 0));
  if (process < 0) return;  // it has ended
  pollfd wait{process, POLLIN, 0};
  while (poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  close(process);
}

}  // namespace blazedb::server
