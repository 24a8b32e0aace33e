// `blazedb serve` as a separate process, and helpers for its clients.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "blazedb/blazedb.h"
#include "e2e/cli_test.h"

namespace blazedb::e2e {

// How long synchronize() and expected states may take.
inline constexpr std::chrono::seconds kBarrier{60};

// A process of `sync --watch --json`, whose output is read line by line.
class Watch : public Process {
 public:
  using Process::Process;

  // Reads until a line is `wanted`. The next call continues after that line.
  void until(const std::function<bool(const Object& line)>& wanted);
  void untilState(const std::string& state);
  // Until both ends hold the same.
  void untilVerified();

 private:
  std::size_t passed_ = 0;  // how many bytes of the output were read
};

class WithHubProcess : public CliTest {
 protected:
  using Words = std::vector<std::string>;

  // Starts the hub and reads where it listens. A restarted hub listens at the same port.
  void start(const Words& filesAndOptions);
  // Kills the hub, as a power cut would, except that the disk loses nothing.
  void killHub();
  // Stops the hub as its operator would. Returns its output.
  Result stopHub();

  std::uint16_t port() const { return static_cast<std::uint16_t>(said_.integer("port").value()); }
  // Creates a token and returns its secret.
  std::string token(const std::string& file, const Words& more = {}) const;

  // healthAnswer(): the response for this path, with its headers. health(): the content of the health page.
  std::string healthAnswer(const std::string& path) const;
  Object health() const;

  // The hub for a client in this process. `port` 0: the hub's port.
  RemoteNode hubNode(const std::string& token, const std::string& database = "hub", std::uint16_t port = 0) const;
  SyncEngine connect(Database& client, const std::string& token, const std::string& database = "hub") const;
  // The hub for a client in a separate process.
  Words syncWords(const std::string& file, const Words& more = {}) const;
  static ProcessOptions withToken(const std::string& token);
  std::unique_ptr<Watch> watch(const std::string& file, const std::string& token) const;

  const std::string file_ = path("hub.blazedb");
  std::string host_ = "127.0.0.1";
  Words before_;  // words to put before the hub's command, which run it in another environment
  std::unique_ptr<Process> hub_;
  Object said_;  // the hub's first line of output: where it listens
};

inline const SyncPolicy kReadableByTheHub{.encryptionMode = EncryptionMode::smartProxy};

}  // namespace blazedb::e2e
