#include "server/transition.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <optional>

namespace blazedb::server {
namespace {

// In the abstract namespace: it begins with a 0.
struct Name {
  sockaddr_un address{};
  socklen_t bytes = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

std::optional<Name> nameOf(const std::string& file) {
  struct stat info;
  if (stat(file.c_str(), &info) != 0) return std::nullopt;
  std::string text = "blazedb-transition-" + std::to_string(info.st_dev) + "-" + std::to_string(info.st_ino);
  Name name;
  name.address.sun_family = AF_UNIX;
  std::memcpy(name.address.sun_path + 1, text.data(), text.size());
  name.bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  return name;
}

base::Descriptor newSocket() { return base::Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

}  // namespace

void Transition::begin() {
  end();
  for (const std::string& file : files_) {
    std::optional<Name> name = nameOf(file);
    if (!name) continue;
    base::Descriptor socket = newSocket();
    if (socket && bind(socket.get(), name->get(), name->bytes) == 0 && listen(socket.get(), SOMAXCONN) == 0)
      sockets_.push_back(std::move(socket));
  }
}

bool waitForTransition(const std::string& file, std::chrono::milliseconds timeMax) {
  std::optional<Name> name = nameOf(file);
  base::Descriptor socket = newSocket();
  if (!name || !socket) return false;
  // If very many wait, connecting waits too.
  timeval seconds{static_cast<time_t>(std::chrono::floor<std::chrono::seconds>(timeMax).count()) + 1, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &seconds, sizeof seconds);
  if (connect(socket.get(), name->get(), name->bytes) != 0) return errno == EAGAIN;
  // A process does not wait for itself, nor for another user, who may use the name as well.
  ucred owner{-1, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  socklen_t bytes = sizeof owner;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &owner, &bytes) != 0 || owner.uid != geteuid() ||
      owner.pid == getpid())
    return false;
  auto deadline = std::chrono::steady_clock::now() + timeMax;
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd ended{socket.get(), POLLIN, 0};
    int ready = left > 0 ? poll(&ended, 1, static_cast<int>(left)) : 0;
    if (ready >= 0 || errno != EINTR) return true;
  }
}

}  // namespace blazedb::server
