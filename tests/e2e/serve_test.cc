// blazedb serve, as its clients, its operator and its supervisor use it.
#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>

#include "e2e/hub_process.h"
#include "link/authority.h"
#include "support/errors.h"
#include "topology/signing_key.h"

namespace blazedb::e2e {
namespace {

class Serve : public WithHubProcess {
 protected:
  Serve() { makeDatabase("hub.blazedb", SyncRole::server).collection("notes").insert({{"n", 1}}); }

  // The error of synchronize(); nothing if it succeeds.
  static std::optional<ErrorCode> refusalOf(SyncEngine sync) {
    return test::errorOf([&] { sync.synchronize(kBarrier); });
  }
  // Expects that the command fails with this error, after lines of the log.
  static void expectOneError(const std::vector<std::string>& words, const std::string& what) {
    Result result = run(words);
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(result.out, "");
    std::string last = linesOf(result.err).back();
    EXPECT_TRUE(last.starts_with("blazedb: ")) << last;
    EXPECT_NE(last.find(what), std::string::npos) << last;
  }
  std::vector<Object> warningsUntilItStops() {
    std::vector<Object> warnings;
    for (const std::string& line : linesOf(stopHub().err))
      if (Object event = parsed(line); event.string("level") == "warning") warnings.push_back(event);
    return warnings;
  }
};

TEST_F(Serve, AClientWithATokenAndThePinSyncs) {
  start({file_});
  Database client = makeDatabase("client.blazedb");
  SyncEngine sync = connect(client, token(file_, {"--name", "laptop"}));
  sync.synchronize(kBarrier);
  EXPECT_EQ(client.collection("notes").count(), 1u);
  UUID id = client.insert({{"from", "client"}});
  sync.synchronize(kBarrier);
  // A command through the hub reads what has arrived; what it writes reaches the client.
  EXPECT_EQ(parsed(succeed({"get", file_, id.toString(), "--json"})).string("from"), "client");
  UUID other = UUID::parse(linesOf(succeed({"insert", file_, R"({"from": "hub"})"})).at(0)).value();
  sync.synchronize(kBarrier);
  EXPECT_EQ(client.fetch(other)->string("from"), "hub");
}

TEST_F(Serve, AHubSharesWithAppsOfTheMachineToo) {
  const Words group = {"--group", "apps", "--root", path("groups")};
  start({file_, "--share", "apps", "--root", path("groups"), "--collections", "notes", "--read-write"});
  EXPECT_EQ(said_.array("databases")->at(0).as<Object>()->string("attachCommand"),
            "blazedb attach FILE --group apps --root " + path("groups") + " --database hub");
  Database client = makeDatabase("client.blazedb");
  SyncEngine sync = connect(client, token(file_));
  client.collection("notes").insert({{"from", "client"}});
  client.collection("private").insert({{"from", "client"}});
  sync.synchronize(kBarrier);
  makeDatabase("app.blazedb").collection("notes").insert({{"from", "app"}});
  Words attach = {"attach", path("app.blazedb"), "--database", "hub"};
  attach.insert(attach.end(), group.begin(), group.end());
  succeed(attach);
  sync.synchronize(kBarrier);
  EXPECT_EQ(client.collection("notes").count(), 3u);
  Database app = open("app.blazedb");
  EXPECT_EQ(app.collection("notes").count(), 3u);
  EXPECT_EQ(app.collection("private").count(), 0u);
  // The hub runs the command that it is asked for, but another process cannot share its file.
  Words share = {"share", file_};
  share.insert(share.end(), group.begin(), group.end());
  fail(share, "a hub shares the file itself, if it is started as blazedb serve " + file_ + " --share apps --root " +
                  path("groups"));
  stopHub();
  EXPECT_EQ(succeed({"groups", "apps", "--root", path("groups")}), "nothing is shared in apps\n");
}

TEST_F(Serve, WithoutAGoodTokenNothingIsGiven) {
  start({file_});
  Database client = makeDatabase("client.blazedb");
  EXPECT_EQ(refusalOf(connect(client, "")), ErrorCode::WrongToken);
  EXPECT_EQ(refusalOf(connect(client, "blz_wrong")), ErrorCode::WrongToken);
  EXPECT_EQ(refusalOf(connect(client, token(file_), "nowhere")), ErrorCode::UnknownDatabase);
  EXPECT_EQ(client.collection("notes").count(), 0u);
}

TEST_F(Serve, ARevokedTokenEndsItsConnectionWithinASecondOrTwo) {
  start({file_});
  Database client = makeDatabase("client.blazedb");
  SyncEngine sync = connect(client, token(file_));
  std::string kept = token(file_);
  sync.synchronize(kBarrier);
  std::promise<std::chrono::steady_clock::time_point> ended;
  std::atomic<bool> told{false};
  Subscription listener = sync.onStatus([&](const ConnectionStatus& status) {
    if (status.state == ConnectionState::stopped && status.error == ErrorCode::WrongToken && !told.exchange(true))
      ended.set_value(std::chrono::steady_clock::now());
  });
  succeed({"token", "revoke", file_, "1"});
  auto revoked = std::chrono::steady_clock::now();
  std::future<std::chrono::steady_clock::time_point> end = ended.get_future();
  ASSERT_EQ(end.wait_for(kBarrier), std::future_status::ready);
  EXPECT_LT(end.get() - revoked, std::chrono::seconds(2));  // the promise is one second, but this machine is shared
  // Clients with another token go on.
  Database second = makeDatabase("second.blazedb");
  connect(second, kept).synchronize(kBarrier);
  EXPECT_EQ(second.collection("notes").count(), 1u);
}

TEST_F(Serve, SeveralDatabasesArePrivateToTheirTokens) {
  makeDatabase("other.blazedb", SyncRole::server).insert({{"n", 2}});
  start({file_, path("other.blazedb")});
  Database client = makeDatabase("client.blazedb");
  std::string token = this->token(path("other.blazedb"));
  EXPECT_EQ(refusalOf(connect(client, token, "hub")), ErrorCode::WrongToken);
  connect(client, token, "other").synchronize(kBarrier);
  EXPECT_EQ(client.count(), 1u);
  EXPECT_EQ(client.collection("notes").count(), 0u);
}

TEST_F(Serve, ThePinSurvivesARestartAndTheClientReturns) {
  start({file_});
  std::string pin = said_.string("pin").value();
  Database client = makeDatabase("client.blazedb");
  SyncEngine sync = connect(client, token(file_));
  sync.synchronize(kBarrier);
  killHub();
  UUID id = client.insert({{"written", "while it was away"}});
  start({file_});
  EXPECT_EQ(said_.string("pin"), pin);
  sync.synchronize(kBarrier);
  EXPECT_EQ(parsed(succeed({"get", file_, id.toString(), "--json"})).string("written"), "while it was away");
}

TEST_F(Serve, SighupTakesANewCertificate) {
  start({file_});
  std::string before = said_.string("pin").value();
  std::string token = this->token(file_);
  // The operator replaces the certificate that is in use.
  makeDatabase("elsewhere.blazedb");
  {
    Topology topology;
    Database other = open("elsewhere.blazedb");
    std::string pin = topology.listen(topology.registerDatabase(other, "new"), {.host = "127.0.0.1", .port = 0}).pin;
    EXPECT_NE(pin, before);
    std::filesystem::copy(path("new.hub-cert.pem"), path("hub.hub-cert.pem"),
                          std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy(path("new.hub-key.pem"), path("hub.hub-key.pem"),
                          std::filesystem::copy_options::overwrite_existing);
    hub_->send(SIGHUP);
    said_.set("pin", pin);
  }
  // The hub handles the signal a little later; until then a new connection sees the old key.
  std::optional<ErrorCode> refused = ErrorCode::WrongPin;
  Database client = makeDatabase("client.blazedb");
  for (int tries = 0; tries < 1000 && refused == ErrorCode::WrongPin; tries++)
    refused = refusalOf(connect(client, token));
  EXPECT_EQ(refused, std::nullopt);
  EXPECT_EQ(client.collection("notes").count(), 1u);
}

TEST_F(Serve, UsersOfAnIssuerSyncAndSighupTakesItsNewKeys) {
  test::SigningKey key = test::SigningKey::rsa(), next = test::SigningKey::ed25519();
  auto write = [&](const std::vector<Object>& keys) {
    std::ofstream(path("keys.json")) << test::SigningKey::set(keys);
  };
  auto token = [&](const test::SigningKey& by) {
    long now = static_cast<long>(Date::now().microseconds / 1'000'000);
    return by.token(
        Object{{"iss", "login"}, {"aud", Array{"notes"}}, {"sub", "ann"}, {"iat", now}, {"exp", now + 600}});
  };
  write({key.jwk()});
  start({file_, "--issuer-keys", path("keys.json"), "--issuer", "login", "--audience", "notes"});
  makeDatabase("client.blazedb");
  std::ofstream(path("TOKEN")) << token(key) << "\n";
  succeed(syncWords(path("client.blazedb"), {"--token-file", path("TOKEN")}));
  EXPECT_EQ(open("client.blazedb").collection("notes").count(), 1u);
  Object listed = parsed(linesOf(succeed({"token", "list", file_, "--json"})).at(0));
  EXPECT_EQ(listed.string("user"), "ann");
  EXPECT_EQ(listed.string("issuer"), "login");
  EXPECT_NE(succeed({"token", "list", file_}).find("user ann of login"), std::string::npos);

  Database client = open("client.blazedb");
  EXPECT_EQ(refusalOf(connect(client, token(next))), ErrorCode::WrongToken);
  write({next.jwk()});
  hub_->send(SIGHUP);
  std::optional<ErrorCode> refused = ErrorCode::WrongToken;
  for (int tries = 0; tries < 1000 && refused == ErrorCode::WrongToken; tries++)
    refused = refusalOf(connect(client, token(next)));
  EXPECT_EQ(refused, std::nullopt);
  succeed({"token", "revoke", file_, "ann"});
  EXPECT_EQ(refusalOf(connect(client, token(next))), ErrorCode::WrongToken);
  EXPECT_EQ(stopHub().err.find(token(key).substr(0, 40)), std::string::npos) << "the log has no tokens";
}

TEST_F(Serve, TheOptionsOfAnIssuerGoTogether) {
  for (const Words& words : {Words{"--issuer-keys", "keys.json"}, Words{"--issuer", "login", "--audience", "notes"},
                             Words{"--issuer-keys", "keys.json", "--issuer", "login"}}) {
    Words all = {"serve", file_};
    all.insert(all.end(), words.begin(), words.end());
    Result result = run(all);
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.err.find("--issuer-keys, --issuer and --audience go together"), std::string::npos) << result.err;
  }
  expectOneError(
      {"serve", file_, "--port", "0", "--issuer-keys", path("gone.json"), "--issuer", "login", "--audience", "notes"},
      "there is no file " + path("gone.json"));
}

TEST_F(Serve, ItsCertificateIsMadeAgainForTheSameKeyWhenItIsGone) {
  start({file_});
  std::string pin = said_.string("pin").value();
  stopHub();
  std::filesystem::remove(path("hub.hub-cert.pem"));
  start({file_});
  EXPECT_EQ(said_.string("pin"), pin);
  Database client = makeDatabase("client.blazedb");
  connect(client, token(file_)).synchronize(kBarrier);
  EXPECT_NE(stopHub().err.find("made again, for the same key"), std::string::npos);
}

TEST_F(Serve, TheEndOfACertificateThatWasGivenIsAnnounced) {
  std::string certificate = path("given.pem"), key = path("given.key");
  link::Authority::selfSign(certificate, key, "DNS:localhost", 10);
  start({file_, "--cert", certificate, "--key", key});
  EXPECT_EQ(health().string("status"), "ok");
  EXPECT_TRUE(health().string("warning"));
  EXPECT_NE(stopHub().err.find("it ends in 9 days"), std::string::npos);
  link::Authority::selfSign(certificate, key, "DNS:localhost", -1);
  start({file_, "--cert", certificate, "--key", key});
  EXPECT_TRUE(healthAnswer("/healthz").starts_with("HTTP/1.1 503"));
  EXPECT_NE(stopHub().err.find("no client can connect"), std::string::npos);
}

TEST_F(Serve, SigtermSaysGoodbyeAndLeavesNothingBehind) {
  start({file_});
  Database client = makeDatabase("client.blazedb");
  SyncEngine sync = connect(client, token(file_));
  sync.synchronize(kBarrier);
  std::promise<void> ended;
  std::atomic<bool> told{false};
  Subscription listener = sync.onStatus([&](const ConnectionStatus& status) {
    if (status.error == ErrorCode::HubStopping && !told.exchange(true)) ended.set_value();
  });
  hub_->send(SIGTERM);
  Result result = hub_->wait();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(ended.get_future().wait_for(kBarrier), std::future_status::ready);
  EXPECT_FALSE(std::filesystem::exists(file_ + "-control"));
  EXPECT_FALSE(std::filesystem::exists(file_ + "-wal"));
  EXPECT_EQ(open("hub.blazedb").collection("notes").count(), 1u);
  for (const std::string& line : linesOf(result.err)) EXPECT_TRUE(parsed(line).string("event")) << line;
  EXPECT_EQ(parsed(linesOf(result.err).back()).string("event"), "stopping");
}

TEST_F(Serve, ItsHealthIsOnLoopback) {
  start({file_});
  Object health = this->health();
  EXPECT_EQ(health.string("status"), "ok");
  EXPECT_EQ(health.integer("databases"), 1);
  EXPECT_EQ(health.integer("clients"), 0);
  Database client = makeDatabase("client.blazedb");
  SyncEngine sync = connect(client, token(file_));
  sync.synchronize(kBarrier);
  EXPECT_EQ(this->health().integer("clients"), 1);
  EXPECT_TRUE(healthAnswer("/").starts_with("HTTP/1.1 404"));
}

TEST_F(Serve, AHubOfRoleClientSaysWhatFollowsAndHowToChangeIt) {
  start({file_});
  EXPECT_EQ(stopHub().err.find("role client"), std::string::npos) << "this one is a server";
  const std::string other = path("other.blazedb");
  makeDatabase("other.blazedb");
  start({file_, other});
  std::vector<Object> warnings = warningsUntilItStops();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].string("database"), "other");
  EXPECT_NE(warnings[0].string("event")->find("do not win"), std::string::npos);
  EXPECT_EQ(warnings[0].string("change"), "blazedb stop " + other + " && blazedb set " + other + " --role server");
}

TEST_F(Serve, AHubThatIsAReadOnlyReplicaSaysWhatFollows) {
  const std::string replica = path("replica.blazedb");
  makeDatabase("replica.blazedb");
  succeed({"sync", file_, replica, "--read-only"});
  start({replica});
  fail({"insert", replica, "{}"}, "ReadOnlyReplica");
  std::vector<Object> warnings = warningsUntilItStops();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].string("event")->find("its clients only receive"), std::string::npos);
  EXPECT_EQ(warnings[0].string("change"), "blazedb stop " + replica + " && blazedb release " + replica);
}

TEST_F(Serve, PeopleAreShownWhatAClientTypes) {
  Process hub(command({"serve", file_, "--host", "127.0.0.1", "--port", "0"}), withPassword());
  hub.readUntil("--encryption");
  std::string secret = token(file_);
  hub.send(SIGINT);
  Result result = hub.wait();
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.out.find("blazedb token create " + file_), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("/hub --token-file TOKEN --pin sha256/"), std::string::npos) << result.out;
  EXPECT_EQ((result.out + result.err).find(secret), std::string::npos);
  EXPECT_NE(result.err.find("listening"), std::string::npos) << result.err;
}

// The first file is open, and the hub asks for the password of the second.
TEST_F(Serve, ACommandThatComesWhileItStartsWaitsForIt) {
  const std::string other = path("other.blazedb");
  makeDatabase("other.blazedb", SyncRole::server, "another password");
  ProcessOptions terminal;
  terminal.hasTerminal = true;
  Process hub(command({"serve", file_, other, "--host", "127.0.0.1", "--port", "0"}), terminal);
  hub.readUntil("Password for " + file_);
  hub.write(std::string(kPassword) + "\n");
  hub.readUntil("Password for " + other);
  Process count(command({"count", file_, "-c", "notes"}), withPassword());
  struct stat info {};
  ASSERT_EQ(stat(file_.c_str(), &info), 0);
  std::string name = "@blazedb-transition-" + std::to_string(info.st_dev) + "-" + std::to_string(info.st_ino);
  waitFor("the command that waits", [&] {
    std::string sockets = readFile("/proc/net/unix");
    return sockets.find(name) != sockets.rfind(name);  // the listener and a connection
  });
  hub.write("another password\n");
  Result result = count.wait();
  EXPECT_EQ(result.out, "1\n");
  EXPECT_EQ(result.err, "");
  hub.readUntil("pin  sha256/");
  hub.send(SIGINT);
  EXPECT_EQ(hub.wait().status, 0);
}

TEST_F(Serve, WhatCannotBeServedIsSaid) {
  failAsWrongUsage({"serve", file_, "--cert", "x.pem"}, "go together");
  failAsWrongUsage({"serve", file_, "--port", "65536"}, "is not a port");
  failAsWrongUsage({"serve"}, "FILE");
  expectOneError({"serve", path("nowhere.blazedb")}, "NotFound");
  std::filesystem::copy(file_, path("copy.blazedb"));
  expectOneError({"serve", "--port", "0", file_, path("copy.blazedb")}, "AlreadyExists");
  expectOneError({"serve", "--port", "0", file_, path("copy.blazedb")}, "blazedb set FILE --name NAME");
  start({file_});
  expectOneError({"serve", file_}, "is open in process " + std::to_string(hub_->pid()));
  makeDatabase("other.blazedb");
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  expectOneError({"serve", path("other.blazedb"), "--cert", path("fifo"), "--key", path("fifo")}, "not a regular file");
  expectOneError({"serve", path("other.blazedb"), "--port", std::to_string(port()), "--host", "127.0.0.1"}, "IoError");
}

}  // namespace
}  // namespace blazedb::e2e
