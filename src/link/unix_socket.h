// Sockets with a name in a folder of this machine. The kernel tells each end which process is at the other end.
//
// The name needs care, because it stays when a process dies. A listener removes a name that a dead process left behind,
// but not one that is in use, and never a file that is not a socket. Two listeners that start at once take turns by a
// lock on the folder; a lock file beside each socket would be one more thing to be left behind. Neither end follows a
// symbolic link in the place of the socket.
//
// The socket has its mode from the first moment, whatever the umask: bind() gives the file the mode of the socket.
// Changing the umask for a moment would change it for the other threads too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "sync/bye.h"

namespace blazedb::link {

// The longest path that the kernel's address holds, without the final zero.
inline constexpr std::size_t kSocketPathBytesMax = 107;

// The process at the other end, as the kernel knew it when it connected or started to listen.
struct Credentials {
  std::int64_t pid = 0;  // 0: a process of another container
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups = {};  // supplementary groups

  // "pid 1234 (uid 1000)"
  std::string text() const;
};

// Absent if there is no process at the other end.
std::optional<Credentials> credentialsOf(int fd);

// The reason to refuse a process that belongs to neither this user nor root; none for others.
std::optional<sync::Bye> refuseStranger(const Credentials& listener);

// Connects without waiting. The result is a connected socket, or the errno and the reason in words.
struct Dialled {
  base::Descriptor socket;
  int error = 0;
  std::string failure = {};
};
Dialled dial(const std::string& path);

// The name of a listening socket, for as long as it listens.
class SocketFile {
 public:
  // Starts listening: processes can connect when it returns. Throws Error: InvalidArgument (the path is too long, or
  // has no name), AlreadyExists (the name belongs to a file that is not a socket), IoError (another process listens
  // there; there is no such folder; this user may not write in it).
  SocketFile(const std::string& path, std::uint32_t mode);
  // Removes the name, unless it belongs to another socket by now.
  ~SocketFile();
  SocketFile(const SocketFile&) = delete;

  // The listening socket, non-blocking.
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
