// `blazedb serve` in a process of its own, and what is needed to be a client of it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "blazedb/blazedb.h"
#include "e2e/cli_test.h"

namespace blazedb::e2e {

// For synchronize(), and for states that have to come.
inline constexpr std::chrono::seconds kBarrier{60};

// `sync --watch --json`: what it says, line by line.
class Watch : public Process {
 public:
  using Process::Process;

  // Reads on until a line says what is wanted. It and those before it are passed over the next time.
  void until(const std::function<bool(const Object& line)>& wanted);
  void untilState(const std::string& state);
  // Both hold the same.
  void untilVerified();

 private:
  std::size_t passed_ = 0;  // bytes of what it has said
};

class WithHubProcess : public CliTest {
 protected:
  using Words = std::vector<std::string>;

  // Starts the hub, and reads where it listens: where it did before, if it did.
  void start(const Words& filesAndOptions);
  // As a power cut would, but for the disk.
  void killHub();
  // As its operator would. Gives what it has said.
  Result stopHub();

  std::uint16_t port() const { return static_cast<std::uint16_t>(said_.integer("port").value()); }
  // Its secret.
  std::string token(const std::string& file, const Words& more = {}) const;

  // What its page of this path answers, with its head; and what the one about its health says.
  std::string healthAnswer(const std::string& path) const;
  Object health() const;

  // The hub, to a client of this process. `port` 0: its own.
  RemoteNode hubNode(const std::string& token, const std::string& database = "hub", std::uint16_t port = 0) const;
  SyncEngine connect(Database& client, const std::string& token, const std::string& database = "hub") const;
  // And to one in a process of its own.
  Words syncWords(const std::string& file, const Words& more = {}) const;
  static ProcessOptions withToken(const std::string& token);
  std::unique_ptr<Watch> watch(const std::string& file, const std::string& token) const;

  const std::string file_ = path("hub.blazedb");
  std::string host_ = "127.0.0.1";
  Words before_;  // the command that runs the hub, where that is another one
  std::unique_ptr<Process> hub_;
  Object said_;  // by the hub, when it began to listen
};

inline const SyncPolicy kReadableByTheHub{.encryptionMode = EncryptionMode::smartProxy};

}  // namespace blazedb::e2e
