// Sockets that have a name in a folder of this machine, where the kernel says who is at the other end.
//
// The name is what has to be dealt with carefully. It stays when a process dies, so that a listener has to tell one
// that was left behind, which it removes, from one that is in use, and from a file that was never a socket, which it
// never touches. Two listeners that begin at once take turns by a lock on the folder; a lock file beside each socket
// would be one more thing that is left behind. A symbolic link in the place of the socket is not followed by either
// end.
//
// The socket has the mode that was asked for from its first moment, whatever the umask: bind() gives a file the mode of
// its socket. The umask belongs to the whole process, and changing it for a moment would change it for other threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "sync/bye.h"

namespace blazedb::link {

// What fits into an address of the kernel, without the zero at its end.
inline constexpr std::size_t kSocketPathBytesMax = 107;

// Whoever connected, or whoever listens, as the kernel knew it at that moment.
struct Credentials {
  std::int64_t pid = 0;  // 0: in another container
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups = {};  // the others that it is in

  // "pid 1234 (uid 1000)"
  std::string text() const;
};

// Absent where nobody is at the other end.
std::optional<Credentials> credentialsOf(int fd);

// Why not with this one: it is neither of our own user nor root.
std::optional<sync::Bye> refuseStranger(const Credentials& listener);

// A connected socket, or the errno and in words why there is none. Never waits.
struct Dialled {
  base::Descriptor socket;
  int error = 0;
  std::string failure = {};
};
Dialled dial(const std::string& path);

// The name of a listening socket, for as long as it listens.
class SocketFile {
 public:
  // Listens when it returns. Errors: InvalidArgument (a path that is too long), AlreadyExists (something else has the
  // name), IoError (somebody listens there; no such folder; no right to write in it).
  SocketFile(const std::string& path, std::uint32_t mode);
  // Removes the name, unless somebody else has it by now.
  ~SocketFile();
  SocketFile(const SocketFile&) = delete;

  // For whoever accepts from it. Non-blocking.
  base::Descriptor& socket() { return socket_; }

 private:
  class Turn;
  void makeRoom() const;
  void bindAndListen(std::uint32_t mode);
  [[noreturn]] void fail(const char* doing, int error) const;

  std::string path_, name_;
  base::Descriptor folder_;
  base::Descriptor socket_;
  std::uint64_t device_ = 0, inode_ = 0;  // of the file
};

}  // namespace blazedb::link
