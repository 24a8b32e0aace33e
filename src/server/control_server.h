// The owner's end of control sockets (control_wire.h): admits commands, and runs each on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "blazedb/database.h"
#include "crypto/secret_bytes.h"
#include "server/control_wire.h"
#include "sync/bye.h"

namespace blazedb::server {

struct ControlRequest {
  std::string folder;              // where the command was typed
  std::vector<std::string> words;  // the command and its arguments
};

// The process that sent the command, while it runs. For the thread that runs it.
class ControlCaller {
 public:
  explicit ControlCaller(ControlSocket& socket) : socket_(socket) {}

  // Sends what the process is to print. Returns false if it has gone.
  bool out(std::string_view text);
  bool error(std::string_view text);
  // The next part of the file that `word` of the command line names; "-" is the standard input of the process. An empty
  // part is the end. None: hasGone().
  std::optional<std::string> input(const std::string& word);
  // Waits until `fd` can be read. Returns false if it has gone, or wants the command to end.
  bool waitReadable(int fd) const;
  // Whether it has gone, or wants the command to end. It may still get output.
  bool hasGone() const;
  // Whether hasGone() says so because this process is about to end.
  bool isStopped() const { return socket_.hasStopped(); }

 private:
  ControlSocket& socket_;
};

class ControlServer {
 public:
  // Runs the command on the database and gives its exit status. Called from several threads; must not throw, and must
  // come to an end soon once the caller has gone.
  using Run = std::function<int(const Database& database, const ControlRequest& request, ControlCaller& caller)>;

  // A command was not run: whose it was ("process 123"), and why. Called from several threads; must not throw.
  using Refused = std::function<void(const Database& database, const std::string& who, const sync::Bye& why)>;

  // Listens for commands on each of the databases. `toAdmit` is how long a caller may take to say what it wants. Throws
  // Error(IoError) if a socket cannot be made.
  ControlServer(const std::vector<Database>& databases, Run run,
                std::chrono::milliseconds toAdmit = std::chrono::seconds(5), Refused refused = {});
  // Removes the sockets, lets commands that run end, and hangs up on those that take longer than a second or two.
  // Returns when none runs any more.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  struct Listener {
    Database database;
    std::string path;  // canonical: commands may have come by another name
    crypto::SecretBytes key;
    int fd = -1;
  };
  struct Conversation;

  void accept();
  void begin(const Listener& listener, int fd);
  void converse(const Listener& listener, ControlSocket& socket);
  std::optional<ControlRequest> request(const Listener& listener, ControlSocket& socket);
  void admit(const Listener& listener, ControlSocket& socket);
  base::Bytes receive(ControlSocket& socket, Kind kind, std::optional<std::size_t> bytes);
  void refuse(const Listener& listener, ControlSocket& socket, const sync::Bye& why);
  void close();

  Run run_;
  std::chrono::milliseconds toAdmit_;
  Refused refused_;
  std::atomic<bool> ending_{false};
  base::SystemRandom random_;
  std::vector<Listener> listeners_;
  int wake_ = -1;  // readable when it is time to end
  std::thread acceptor_;
  base::Mutex mutex_;  // for ended_: a conversation is over with the lock held
  std::condition_variable_any ended_;
  std::list<Conversation> conversations_;  // of the acceptor's thread; after its end, of the destructor
};

}  // namespace blazedb::server
