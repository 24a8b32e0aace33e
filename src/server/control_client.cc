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

namespace blazedb::server {
namespace {

Error hungUp(const std::string& path) {
  return Error(ErrorCode::Offline, "the process that has " + path + " open has hung up; see its log, and try again");
}

Error anotherUser(const std::string& path) {
  return Error(ErrorCode::NotAllowed,
               path + " is open in a process of another user, who alone may give it commands; run this as that user");
}

}  // namespace

std::optional<ControlClient> ControlClient::connect(const std::string& path) {
  std::string canonical = storage::PosixFileSystem().canonical(path);
  int fd = connectBeside(canonical);
  if (fd < 0 && errno == EACCES) throw anotherUser(canonical);
  if (fd < 0) return std::nullopt;
  ControlClient client(std::move(canonical), fd);
  if (client.socket_.peer().user != geteuid()) throw anotherUser(client.path_);
  return client;
}

void ControlClient::authenticate(const std::string& password) {
  base::SystemRandom random;
  storage::PosixFileSystem files;
  std::unique_ptr<storage::File> file;
  if (files.open(path_, storage::Access::readOnly, file) != storage::IoStatus::ok)
    throw Error(ErrorCode::IoError, path_ + ": cannot be opened");
  crypto::SecretBytes key = storage::DatabaseFile::controlKeyOf(
      storage::readHeader(*file, path_, storage::KeySource::password(password), random));
  Nonce ours, theirs;
  random.fill(ours);
  base::Bytes hello = {kControlVersion};
  base::append(hello, ours);
  std::optional<base::Bytes> answer;
  if (socket_.send(Kind::hello, hello)) answer = socket_.receive(Kind::nonce, theirs.size());
  if (!answer) throw hungUp(path_);
  std::copy(answer->begin(), answer->end(), theirs.begin());
  crypto::SecretBytes expected = controlProof(key.view(), kOwnerProof, ours, theirs);
  std::optional<base::Bytes> proof;
  if (socket_.send(Kind::proof, controlProof(key.view(), kCommandProof, ours, theirs).view()))
    proof = socket_.receive(Kind::welcome, expected.size());
  if (!proof || !crypto::equalInConstantTime(*proof, expected.view())) throw hungUp(path_);
}

int ControlClient::run(const std::string& folder, const std::vector<std::string>& words,
                       const ControlStreams& streams) {
  base::Bytes command;
  base::appendSized(command, base::viewOf(folder));
  for (const std::string& word : words) base::appendSized(command, base::viewOf(word));
  if (command.size() > kControlFrameBytesMax)
    throw Error(ErrorCode::TooLarge, "a command line for a database that is in use has up to 1 MiB; use - and input");
  socket_.send(Kind::command, command);
  while (std::optional<ControlFrame> frame = socket_.receive()) {
    switch (frame->kind) {
      case Kind::out:
        streams.out(base::textOf(frame->payload));
        break;
      case Kind::error:
        streams.error(base::textOf(frame->payload));
        break;
      case Kind::input:
        socket_.send(Kind::input, base::viewOf(streams.input()));
        break;
      case Kind::exit:
        if (frame->payload.size() == 1) return frame->payload[0];
        throw hungUp(path_);
      default:
        throw hungUp(path_);
    }
  }
  throw hungUp(path_);
}

void ControlClient::waitForEnd() {
  auto process = static_cast<int>(syscall(SYS_pidfd_open, socket_.peer().pid, 0));
  if (process < 0) return;  // it has ended
  pollfd wait{process, POLLIN, 0};
  while (poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  close(process);
}

}  // namespace blazedb::server
