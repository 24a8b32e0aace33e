// Clients that harm a hub: they send nothing, send nonsense, do not read, or have no certificate.
#include <signal.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "e2e/hub_process.h"
#include "link/authority.h"
#include "link/raw_socket.h"

namespace blazedb::e2e {
namespace {

using std::chrono::steady_clock;

class Hostile : public WithHubProcess {
 protected:
  Hostile() { makeDatabase("hub.blazedb", SyncRole::server).insert({{"n", 1}}); }

  // Lets a new client sync as if nothing had happened. Returns how long that took.
  steady_clock::duration serveSomebody() {
    std::string name = "somebody" + std::to_string(++served_);
    Database client = makeDatabase(name + ".blazedb");
    std::string token = this->token(file_);
    auto begin = steady_clock::now();
    connect(client, token).synchronize(kBarrier);
    EXPECT_GE(client.count(), 1u);
    return steady_clock::now() - begin;
  }
  // The hub ends when it is asked to, and every line that it printed is a line of its log.
  void expectASoberEnd() {
    Result result = stopHub();
    for (const std::string& line : linesOf(result.err)) EXPECT_TRUE(parsed(line).string("event")) << line;
  }
  // The hub's memory in MiB: now ("VmRSS") or at its peak ("VmHWM").
  std::uint64_t memory(const std::string& which) const {
    std::ifstream status("/proc/" + std::to_string(hub_->pid()) + "/status");
    for (std::string word; status >> word;)
      if (word == which + ":") {
        std::uint64_t kiB = 0;
        status >> kiB;
        return kiB / 1024;
      }
    throw std::runtime_error("no " + which);
  }

 private:
  int served_ = 0;
};

TEST_F(Hostile, ThoseWhoSayNothingTakeNothingFromTheOthers) {
  constexpr int kSilent = 1'500;
  before_ = {"/usr/bin/prlimit", "--nofile=256:256"};  // so few that the silent ones could take them all
  start({file_});
  auto begin = steady_clock::now();
  std::vector<link::RawSocket> silent;
  for (int i = 0; i < kSilent; i++) silent.push_back(link::RawSocket::connect(port()));
  EXPECT_LT(serveSomebody(), std::chrono::seconds(3)) << "it had to wait for the silent ones";
  for (link::RawSocket& each : silent) each.receiveAll();  // ends only if the hub ends it
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10)) << "5 are promised";
  expectASoberEnd();
}

TEST_F(Hostile, IdleVisitorsOfItsHealthTakeNothingFromTheOthers) {
  before_ = {"/usr/bin/prlimit", "--nofile=256:256"};
  start({file_});
  auto healthPort = static_cast<std::uint16_t>(said_.integer("healthzPort").value());
  std::vector<link::RawSocket> idle;
  for (int i = 0; i < 300; i++) idle.push_back(link::RawSocket::connect(healthPort));
  EXPECT_EQ(health().string("status"), "ok");
  serveSomebody();
  succeed({"backup", file_, path("copy.blazedb")});
  for (link::RawSocket& each : idle) each.receiveAll();  // ends only if the hub ends it
  expectASoberEnd();
}

TEST_F(Hostile, WithTooFewFilesForItsDatabasesAHubDoesNotStart) {
  std::vector<std::string> words = command({"serve", file_, "--port", "0"});
  words.insert(words.begin(), {"/usr/bin/prlimit", "--nofile=128:128"});
  Result result = Process(words, withPassword()).wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("raise the limit"), std::string::npos) << result.err;
}

TEST_F(Hostile, AHubMayHaveAllTheFilesThatItsUserMay) {
  before_ = {"/usr/bin/prlimit", "--nofile=256:"};
  start({file_});
  rlimit files{};
  ASSERT_EQ(prlimit(hub_->pid(), RLIMIT_NOFILE, nullptr, &files), 0);
  EXPECT_EQ(files.rlim_cur, files.rlim_max);
}

TEST_F(Hostile, NonsenseDoesNoHarm) {
  start({file_});
  std::mt19937_64 random(7);
  for (int i = 0; i < 100; i++) {
    base::Bytes noise(1 + random() % 5'000);
    for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(random());
    link::RawSocket socket = link::RawSocket::connect(port());
    socket.send(noise);
    ::shutdown(socket.fd(), SHUT_WR);
    socket.receiveAll();
  }
  link::RawSocket browser = link::RawSocket::connect(port());
  browser.send(base::viewOf("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  browser.receiveAll();
  serveSomebody();
  expectASoberEnd();
}

TEST_F(Hostile, OtherPeoplesTlsIsHungUpOn) {
  if (!std::filesystem::exists("/usr/bin/openssl")) GTEST_SKIP() << "there is no openssl(1)";
  start({file_});
  const std::string at = "127.0.0.1:" + std::to_string(port());
  Result old = Process({"/usr/bin/openssl", "s_client", "-connect", at, "-tls1_2"}).wait();
  EXPECT_NE(old.err.find("alert protocol version"), std::string::npos) << old.err;
  Process browser({"/usr/bin/openssl", "s_client", "-connect", at, "-tls1_3", "-quiet"}, {.hasInput = true});
  browser.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  browser.wait();  // ends only if the hub ends it
  serveSomebody();
  expectASoberEnd();
}

TEST_F(Hostile, AClientThatDoesNotReadCostsAWindowAndHoldsNobodyUp) {
  constexpr int kRounds = 30;  // of 2 MB
  const std::string deafFile = path("deaf.blazedb");
  makeDatabase("deaf.blazedb");
  Database writer = makeDatabase("writer.blazedb");
  Database reader = makeDatabase("reader.blazedb");
  start({file_});
  SyncEngine writing = connect(writer, token(file_)), reading = connect(reader, token(file_));
  std::unique_ptr<Watch> deaf = watch(deafFile, token(file_));
  deaf->untilVerified();
  std::mt19937_64 random(5);
  auto writeSome = [&] {
    std::string text(100'000, ' ');
    for (char& each : text) each = static_cast<char>('!' + random() % 90);
    writer.insertMany(std::vector<Record>(20, Record{{"text", text}}));
    writing.synchronize(kBarrier);
    reading.synchronize(kBarrier);
  };
  for (int warm = 0; warm < 5; warm++) writeSome();
  [[maybe_unused]] std::uint64_t before = memory("VmRSS");
  deaf->send(SIGSTOP);
  auto begin = steady_clock::now();
  for (int round = 0; round < kRounds; round++) writeSome();
  EXPECT_EQ(reader.count(), writer.count());
#ifdef BLAZEDB_MEASURES_MEMORY
  // 8 MiB may be on their way to the client, plus the work on them, but not the 60 MiB that it has missed.
  EXPECT_LT(memory("VmHWM"), before + 30);
#endif
  if (std::getenv("BLAZEDB_LONG_TESTS")) {
    waitFor("the end of its connection", [&] { return health().integer("clients") == 2; });
    EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(60)) << "30 are promised, from the last it has taken";
  }
  deaf->send(SIGCONT);
  std::string all = std::to_string(reader.count()) + "\n";
  waitFor("what it has missed", [&] { return succeed({"count", deafFile}) == all; });
  expectASoberEnd();
}

TEST_F(Hostile, WithoutACertificateOfTheAuthorityNobodyIsServed) {
  link::Authority authority("ours"), stranger("another");
  for (const auto& [name, of] : {std::pair("ours", &authority), std::pair("another", &stranger)}) {
    of->write(path(std::string(name) + ".ca.pem"));
    of->issue(path(std::string(name) + ".pem"), path(std::string(name) + ".key"), "DNS:client");
  }
  makeDatabase("client.blazedb");
  const std::string client = path("client.blazedb");
  start({file_, "--client-ca", path("ours.ca.pem")});
  ProcessOptions options = withToken(token(file_));
  auto syncWith = [&](const std::string& name) {
    return run(syncWords(client, {"--client-cert", path(name + ".pem"), "--client-key", path(name + ".key")}), options);
  };
  for (const Result& refused : {run(syncWords(client), options), syncWith("another")}) {
    expectFailure(refused, 1, "UntrustedCertificate");
    EXPECT_NE(refused.err.find("--client-cert"), std::string::npos) << refused.err;
  }
  EXPECT_EQ(succeed({"count", client}), "0\n");
  Result served = syncWith("ours");
  EXPECT_EQ(served.status, 0) << served.err;
  EXPECT_EQ(succeed({"count", client}), "1\n");
  expectASoberEnd();
}

}  // namespace
}  // namespace blazedb::e2e
