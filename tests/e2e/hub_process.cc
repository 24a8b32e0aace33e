#include "e2e/hub_process.h"

#include <signal.h>

#include "link/raw_socket.h"

namespace blazedb::e2e {

void Watch::until(const std::function<bool(const Object&)>& wanted) {
  readUntil([&](const std::string& out) {
    for (std::size_t end; (end = out.find('\n', passed_)) != std::string::npos;) {
      std::string line = out.substr(passed_, end - passed_);
      passed_ = end + 1;
      if (wanted(parsed(line))) return true;
    }
    return false;
  });
}

void Watch::untilState(const std::string& state) {
  until([&](const Object& line) { return line.string("state") == state; });
}

void Watch::untilVerified() {
  until([](const Object& line) { return line.boolean("verified") == true; });
}

void WithHubProcess::start(const Words& filesAndOptions) {
  std::string port = std::to_string(said_.integer("port").value_or(0));
  Words words = {"serve", "--host", host_, "--port", port, "--healthz-port", "0", "--json"};
  words.insert(words.end(), filesAndOptions.begin(), filesAndOptions.end());
  words = command(words);
  words.insert(words.begin(), before_.begin(), before_.end());
  hub_ = std::make_unique<Process>(words, withPassword());
  std::string first;
  hub_->readUntil([&](const std::string& out) {
    first = out.substr(0, out.find('\n'));
    return first.size() < out.size();
  });
  said_ = parsed(first);
}

void WithHubProcess::killHub() {
  hub_->send(SIGKILL);
  hub_->wait();
}

Result WithHubProcess::stopHub() {
  hub_->send(SIGTERM);
  Result result = hub_->wait();
  EXPECT_EQ(result.status, 0) << result.err;
  return result;
}

std::string WithHubProcess::token(const std::string& file, const Words& more) const {
  Words words = {"token", "create", file};
  words.insert(words.end(), more.begin(), more.end());
  return linesOf(succeed(words)).at(0);
}

std::string WithHubProcess::healthAnswer(const std::string& path) const {
  auto socket = link::RawSocket::connect(static_cast<std::uint16_t>(said_.integer("healthzPort").value()));
  socket.send(base::viewOf("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  return std::string(base::textOf(socket.receiveAll()));
}

Object WithHubProcess::health() const {
  std::string answer = healthAnswer("/healthz");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  return parsed(answer.substr(answer.find("\r\n\r\n") + 4));
}

RemoteNode WithHubProcess::hubNode(const std::string& token, const std::string& database, std::uint16_t port) const {
  return {.host = host_,
          .port = port ? port : this->port(),
          .database = database,
          .authToken = token,
          .pinning = CertificatePinningConfig::fromSpki(said_.string("pin").value())};
}

SyncEngine WithHubProcess::connect(Database& client, const std::string& token, const std::string& database) const {
  return client.enableSync(hubNode(token, database), kReadableByTheHub);
}

WithHubProcess::Words WithHubProcess::syncWords(const std::string& file, const Words& more) const {
  Words words = {"sync",
                 file,
                 host_ + ":" + std::to_string(port()) + "/hub",
                 "--encryption",
                 "smartProxy",
                 "--pin",
                 said_.string("pin").value()};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

ProcessOptions WithHubProcess::withToken(const std::string& token) {
  ProcessOptions options = withPassword();
  options.environment["BLAZEDB_TOKEN"] = token;
  return options;
}

std::unique_ptr<Watch> WithHubProcess::watch(const std::string& file, const std::string& token) const {
  return std::make_unique<Watch>(command(syncWords(file, {"--watch", "--json"})), withToken(token));
}

}  // namespace blazedb::e2e
