// The command's end of a control socket (control_wire.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/control_wire.h"

namespace blazedb::server {

// The streams of the command here. Each may throw; the conversation is over then.
struct ControlStreams {
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> error;
  // The next part of the file at `path`, "-" for standard input; empty at the end; none: the command is to end.
  std::function<std::optional<std::string>(const std::string& path)> input;
  // Waits until there is something to receive at `socket`. False: the command is to end.
  std::function<bool(int socket)> wait;
};

// For one thread.
class ControlClient {
 public:
  // Returns none if no process listens beside the file: it is not in use, or its owner takes no commands. Throws
  // Error(NotAllowed) if the owner is another user.
  static std::optional<ControlClient> connect(const std::string& path);

  // Proves that it knows the password, and lets the owner prove it. Takes as long as opening does. Throws
  // Error(WrongPassword), the other errors of reading a header, the owner's reason if it runs no command for this
  // process, and Offline if the owner hangs up.
  void authenticate(const std::string& password);

  // Runs the command at the owner and returns its exit status. Paths in `words` are relative to `folder`. If the
  // command is to end, lets the owner end it, and shows what it says. Throws Error(Offline) if the owner ends
  // meanwhile.
  int run(const std::string& folder, const std::vector<std::string>& words, const ControlStreams& streams);

  // Returns when the owner's process has ended.
  void waitForEnd();

 private:
  explicit ControlClient(std::string path) : path_(std::move(path)) {}

  bool dial();
  base::Bytes receive(Kind kind, std::size_t bytes);
  bool answer(const std::string& path, const std::vector<std::string>& words, const ControlStreams& streams);

  std::string path_;
  std::optional<ControlSocket> socket_;
};

}  // namespace blazedb::server
