// sync with the database of a hub. The hub is in this process; its clients are separate processes.
#include <signal.h>

#include <map>
#include <optional>
#include <sstream>

#include "blazedb/topology.h"
#include "e2e/hub_process.h"

namespace blazedb::e2e {
namespace {

constexpr const char* kWrongPin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

// A hub that offers "Hub", and client.blazedb, which is closed.
class SyncWithHub : public CliTest {
 protected:
  SyncWithHub() : hub_(makeDatabase("hub.blazedb", SyncRole::server)), token_(makeToken({.name = "test"}).secret) {
    makeDatabase("client.blazedb");
    topology_.emplace();
    node_ = topology_->registerDatabase(hub_, "Hub");
    listen({.host = "127.0.0.1", .port = 0});
  }
  void listen(const ListenOptions& options) { listening_ = topology_->listen(node_, options); }
  void hubStops() { topology_->stopListening(listening_.id); }
  void hubReturns() { listen({.host = "127.0.0.1", .port = listening_.port}); }
  NewToken makeToken(const TokenOptions& options) { return hub_.createToken(options); }

  std::string address(const std::string& host = "127.0.0.1", const std::string& database = "Hub") const {
    return host + ":" + std::to_string(listening_.port) + "/" + database;
  }
  using Words = std::vector<std::string>;
  Words syncWords(const Words& more = {}) const {
    Words words = {"sync", client_, address(), "--encryption", "smartProxy", "--pin", listening_.pin};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static ProcessOptions with(const std::string& token, ProcessOptions options = withPassword()) {
    options.environment["BLAZEDB_TOKEN"] = token;
    return options;
  }
  std::string sync(const Words& more = {}) const {
    Result result = run(syncWords(more), with(token_));
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "");
    return result.out;
  }
  // Checks the code of the error and a part of its advice.
  static void expectRefusal(const Result& result, const std::string& code, const std::string& advice) {
    expectFailure(result, 1, "blazedb: " + code + ": ");
    EXPECT_NE(result.err.find(advice), std::string::npos) << result.err;
  }

  const std::string client_ = path("client.blazedb");
  Database hub_;
  std::string token_;
  std::optional<Topology> topology_;
  NodeId node_;
  ListenerInfo listening_;
};

TEST_F(SyncWithHub, BringsWhatEachHasToTheOther) {
  UUID there = hub_.insert({{"n", 1}});
  UUID here = open("client.blazedb").collection("people").insert({{"name", "Ada"}});
  Object summary = parsed(sync({"--json"}));
  EXPECT_GT(summary.integer("records"), 0);
  EXPECT_GT(summary.integer("bytes"), 0);
  EXPECT_EQ(summary.integer("conflicts"), 0);
  EXPECT_EQ(open("client.blazedb").fetch(there)->integer("n"), 1);
  EXPECT_EQ(hub_.collection("people").fetch(here)->string("name"), "Ada");
  EXPECT_EQ(sync(), "in sync, nothing moved\n");
}

TEST_F(SyncWithHub, SaysThatAWriteWasOverridden) {
  UUID id = hub_.insert({{"n", 0}});
  sync();
  hub_.updateFields(id, {{"n", 1}});
  open("client.blazedb").updateFields(id, {{"n", 2}});
  EXPECT_NE(sync().find("1 write was overridden"), std::string::npos);
  EXPECT_EQ(hub_.fetch(id)->integer("n"), 1);
}

TEST_F(SyncWithHub, TheTokenMayStandInAFile) {
  hub_.insert({{"n", 1}});
  std::string file = writeFile("hub.token", token_ + "\n");
  succeed(syncWords({"--token-file", file}));
  EXPECT_EQ(open("client.blazedb").count(), 1u);
}

TEST_F(SyncWithHub, WhatAnEditorAddsToATokenDoesNotCount) {
  succeed(syncWords({"--token-file", writeFile("1.token", "\xef\xbb\xbf" + token_ + " \t\r\n")}));
  succeed(syncWords({"--token-file", writeFile("2.token", " " + token_)}));
}

TEST_F(SyncWithHub, TheTokenIsAskedForAtTheTerminalAndNotShown) {
  hub_.insert({{"n", 1}});
  Process process(command(syncWords()), onTerminal());
  process.readUntil("Token for Hub at 127.0.0.1: ");
  process.write(token_ + "\n");
  Result result = process.wait();
  EXPECT_EQ(result.status, 0) << result.out;
  EXPECT_EQ(result.out.find(token_), std::string::npos);
  EXPECT_NE(result.out.find("in sync"), std::string::npos) << result.out;
}

TEST_F(SyncWithHub, WithoutATokenItSaysWhereToPutOne) {
  Result result = Process({"/usr/bin/setsid", "-w", BLAZEDB_BINARY, "sync", client_, address(), "--pin", listening_.pin,
                           "--encryption", "smartProxy"},
                          withPassword())
                      .wait();
  expectRefusal(result, "NotFound",
                "there is no token, and no terminal to ask for one: set BLAZEDB_TOKEN or give --token-file");
  fail(syncWords({"--token-file", path("none")}), "cannot open the token file");
}

TEST_F(SyncWithHub, CollectionsAndFieldsMayBeLeftOut) {
  UUID id = hub_.insert({{"name", "Ann"}, {"password", "secret"}, {"pin", 7}});
  hub_.collection("logs").insert({{"n", 1}});
  hub_.collection("people").insert({{"n", 1}});
  sync();
  EXPECT_EQ(open("client.blazedb").collection("logs").count(), 1u);
  sync({"--collections", "default,people", "--exclude", "password,pin", "--remove-out-of-scope"});
  EXPECT_EQ(open("client.blazedb").fetch(id), (Record{{"name", "Ann"}}));
  EXPECT_EQ(open("client.blazedb").collection("logs").count(), 0u);
  EXPECT_EQ(hub_.fetch(id)->string("password"), "secret");
}

TEST_F(SyncWithHub, SeveralPinsAreForTheTimeWhenAKeyIsReplaced) {
  hub_.insert({{"n", 1}});
  sync({"--pin", kWrongPin});  // together with the right pin
  EXPECT_EQ(open("client.blazedb").count(), 1u);
}

TEST_F(SyncWithHub, EndToEndEncryptionIsTheDefaultAndRefusedInThisVersion) {
  Result result = run({"sync", client_, address(), "--pin", listening_.pin}, with(token_));
  expectRefusal(result, "NotSupported", "--encryption smartProxy");
  EXPECT_EQ(hub_.count(), 0u);
}

TEST_F(SyncWithHub, AHubThatIsNotTrustedIsNotToldTheToken) {
  Words noPin = {"sync", client_, address(), "--encryption", "smartProxy"};
  Result untrusted = run(noPin, with(token_));
  expectRefusal(untrusted, "UntrustedCertificate", "pass --pin with the pin that the hub printed");
  EXPECT_NE(untrusted.err.find(listening_.pin), std::string::npos) << untrusted.err;
  noPin.insert(noPin.end(), {"--pin", kWrongPin});
  Result wrong = run(noPin, with(token_));
  expectRefusal(wrong, "WrongPin", "if the hub shows this pin, pass it with --pin");
  EXPECT_NE(wrong.err.find(listening_.pin), std::string::npos) << wrong.err;
  noPin.back() = "sha1/abc";
  expectRefusal(run(noPin, with(token_)), "InvalidArgument", "'sha1/abc' is not a pin");
}

TEST_F(SyncWithHub, TheCertificateOfTheHubMayBeItsOwnAuthority) {
  hub_.insert({{"n", 1}});
  Words words = {"sync", client_, address(), "--encryption", "smartProxy", "--ca", path("Hub.hub-cert.pem")};
  Result result = run(words, with(token_));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(open("client.blazedb").count(), 1u);
}

TEST_F(SyncWithHub, WhoMayOnlyReadIsToldThatItsWritesStay) {
  hub_.insert({{"n", 1}});
  std::string readOnly = makeToken({.name = "reader", .mayWrite = false}).secret;
  EXPECT_EQ(run(syncWords(), with(readOnly)).status, 0);
  open("client.blazedb").insert({{"n", 2}});
  expectRefusal(run(syncWords(), with(readOnly)), "NotAllowed", "changes of 1 record cannot get to the hub");
  EXPECT_EQ(open("client.blazedb").count(), 2u);
  EXPECT_EQ(hub_.count(), 1u);
}

TEST_F(SyncWithHub, WhoMayOnlyReadMayKeepItsWritesOrBeginWithoutThem) {
  UUID theirs = hub_.insert({{"n", 1}});
  std::string readOnly = makeToken({.name = "reader", .mayWrite = false}).secret;
  UUID mine = open("client.blazedb").insert({{"n", 2}});
  expectRefusal(run(syncWords(), with(readOnly)), "NotAllowed", "--keep-own");
  Result kept = run(syncWords({"--keep-own"}), with(readOnly));
  EXPECT_EQ(kept.status, 0) << kept.err;
  EXPECT_NE(kept.out.find("changes of 1 record stay here"), std::string::npos) << kept.out;
  UUID later = hub_.insert({{"n", 3}});
  Result json = run(syncWords({"--keep-own", "--json"}), with(readOnly));
  EXPECT_EQ(parsed(json.out).integer("kept"), 1) << json.out << json.err;
  EXPECT_TRUE(open("client.blazedb").fetch(mine));
  EXPECT_TRUE(open("client.blazedb").fetch(later)) << "what the hub has comes all the same";
  EXPECT_FALSE(hub_.fetch(mine));
  // Starts again with a new database, as the help says.
  makeDatabase("anew.blazedb");
  Words words = syncWords();
  words[1] = path("anew.blazedb");
  EXPECT_EQ(run(words, with(readOnly)).status, 0);
  EXPECT_TRUE(open("anew.blazedb").fetch(theirs));
  Result difference = run({"diff", client_, path("anew.blazedb")});
  EXPECT_EQ(difference.status, 1);
  EXPECT_NE(difference.out.find(mine.toString()), std::string::npos) << difference.out;
  EXPECT_EQ(difference.out.find(theirs.toString()), std::string::npos) << difference.out;
  failAsWrongUsage(syncWords({"--keep-own", "--watch"}), "--watch goes on without it");
  failAsWrongUsage({"sync", client_, path("anew.blazedb"), "--keep-own"}, "is for the database of a hub");
}

TEST_F(SyncWithHub, WhatTheTokenDoesNotGrantIsSaidAndMayStay) {
  std::string some = makeToken({.name = "some", .collections = {"users"}}).secret;
  open("client.blazedb").collection("users").insert({{"n", 1}});
  open("client.blazedb").collection("drafts").insert({{"n", 2}});
  expectRefusal(run(syncWords(), with(some)), "NotAllowed", "does not grant the collection 'drafts'");
  EXPECT_EQ(hub_.collection("users").count(), 1u);
  Result kept = run(syncWords({"--keep-own"}), with(some));
  EXPECT_EQ(kept.status, 0) << kept.err;
  EXPECT_NE(kept.out.find("changes of 1 record stay here"), std::string::npos) << kept.out;
  EXPECT_EQ(run(syncWords({"--collections", "users"}), with(some)).status, 0);
}

TEST_F(SyncWithHub, TheModeDecidesWhichWayDataGoes) {
  hub_.insert({{"n", 1}});
  open("client.blazedb").insert({{"n", 2}});
  sync({"--write-only"});
  EXPECT_EQ(open("client.blazedb").count(), 1u);
  EXPECT_EQ(hub_.count(), 2u);
  open("client.blazedb").insert({{"n", 3}});
  expectRefusal(run(syncWords({"--read-only"}), with(token_)), "NotAllowed",
                "changes of 1 record cannot get to the hub");
  EXPECT_EQ(open("client.blazedb").count(), 3u);
  EXPECT_EQ(hub_.count(), 2u);
  EXPECT_NE(sync({"--read-only", "--keep-own"}).find("changes of 1 record stay here"), std::string::npos);
  sync();
  EXPECT_EQ(hub_.count(), 3u);
  EXPECT_TRUE(diff(hub_, open("client.blazedb")).empty());
  std::string readOnly = makeToken({.name = "reader", .mayWrite = false}).secret;
  expectRefusal(run(syncWords({"--write-only"}), with(readOnly)), "NotAllowed", "ask for a token that may write");
}

TEST_F(SyncWithHub, WhoIsNotLetInIsToldWhy) {
  hub_.insert({{"n", 1}});
  std::string wrong = token_;
  wrong.back() = wrong.back() == 'A' ? 'E' : 'A';
  expectRefusal(run(syncWords(), with(wrong)), "WrongToken", "blazedb token create");
  NewToken revoked = makeToken({.name = "revoked"});
  hub_.revokeToken(revoked.token.id);
  expectRefusal(run(syncWords(), with(revoked.secret)), "WrongToken", "revoked");
  Words words = syncWords();
  words[2] = address("127.0.0.1", "Other");
  expectRefusal(run(words, with(token_)), "UnknownDatabase", "the part after the /");
  std::string narrow = makeToken({.name = "narrow", .collections = {"notes"}}).secret;
  expectRefusal(run(syncWords({"--collections", "people"}), with(narrow)), "NotAllowed", "blazedb token list");
  EXPECT_EQ(open("client.blazedb").count(), 0u);
}

TEST_F(SyncWithHub, WithoutTlsOnlyThisMachineIsReached) {
  Words words = {"sync", client_, "192.0.2.1:8080/Hub", "--encryption", "smartProxy", "--no-tls"};
  expectRefusal(run(words, with(token_)), "PlaintextForbidden", "--allow-plaintext");
  words[2] = address();
  expectRefusal(run(words, with(token_)), "Offline", "closed the connection");  // this hub speaks TLS
  hub_.insert({{"n", 1}});
  hubStops();
  listen({.host = "127.0.0.1", .port = listening_.port, .useTLS = false});
  Result result = run(words, with(token_));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(open("client.blazedb").count(), 1u);
  words.pop_back();
  expectRefusal(run(words, with(token_)), "ProtocolError", "does not speak TLS");
}

TEST_F(SyncWithHub, AHubThatIsNotThereIsAnErrorAtOnce) {
  hubStops();
  Result result = run(syncWords(), with(token_));
  expectRefusal(result, "Offline", "--watch tries again by itself");
  EXPECT_NE(result.err.find("cannot connect to 127.0.0.1:" + std::to_string(listening_.port)), std::string::npos);
}

TEST_F(SyncWithHub, AnIPv6AddressStandsInBrackets) {
  hubStops();
  hub_.insert({{"n", 1}});
  try {
    listen({.host = "::1", .port = 0});
  } catch (const Error& error) {
    GTEST_SKIP() << "this machine has no IPv6: " << error.what();
  }
  Words words = syncWords();
  words[2] = address("[::1]");
  Result result = run(words, with(token_));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(open("client.blazedb").count(), 1u);
}

TEST_F(SyncWithHub, TheCommandThatServeShowsIsTheOneToType) {
  makeDatabase("served.blazedb", SyncRole::server).insert({{"n", 1}});
  Process daemon(command({"serve", path("served.blazedb"), "--host", "127.0.0.1", "--port", "0"}), withPassword());
  std::string shown;
  daemon.readUntil([&](const std::string& out) {
    std::size_t begin = out.find("blazedb sync FILE "), end = out.find('\n', begin);
    if (begin != std::string::npos && end != std::string::npos) shown = out.substr(begin, end - begin);
    return !shown.empty();
  });
  std::string tokenFile = writeFile("TOKEN", succeed({"token", "create", path("served.blazedb")}));
  std::map<std::string, std::string> meant = {{"FILE", client_}, {"TOKEN", tokenFile}};
  Words words;
  std::istringstream typed(shown);
  typed.ignore(8);  // "blazedb "
  for (std::string word; typed >> word;) words.push_back(meant.contains(word) ? meant[word] : word);
  EXPECT_NE(succeed(words).find("in sync: 1 record"), std::string::npos) << shown;
}

class WatchedSync : public SyncWithHub {
 protected:
  Watch watch_{command(syncWords({"--watch", "--json"})), with(token_)};
};

TEST_F(WatchedSync, SendsAndReceivesUntilASignalComes) {
  watch_.untilState("live");
  UUID there = hub_.insert({{"n", 1}});
  std::string here = linesOf(succeed({"insert", client_, R"({"n": 2})"})).at(0);
  succeed({"count", client_});
  topology_->synchronize(kPatience);
  EXPECT_EQ(hub_.fetch(UUID::parse(here).value())->integer("n"), 2);
  watch_.send(SIGINT);
  Result result = watch_.wait();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(open("client.blazedb").fetch(there));
}

TEST_F(WatchedSync, IsBackWhenTheHubIs) {
  watch_.untilState("live");
  hubStops();
  watch_.untilState("offline");
  std::string here = linesOf(succeed({"insert", client_, R"({"n": 1})"})).at(0);
  UUID there = hub_.insert({{"n", 2}});
  hubReturns();
  watch_.untilVerified();
  watch_.send(SIGTERM);
  EXPECT_EQ(watch_.wait().status, 0);
  EXPECT_TRUE(open("client.blazedb").fetch(there));
  EXPECT_TRUE(hub_.fetch(UUID::parse(here).value()));
}

TEST_F(WatchedSync, EndsWithTheReasonWhenTheTokenIsRevoked) {
  watch_.untilState("live");
  hub_.revokeToken(hub_.tokens().at(0).id);
  Result result = watch_.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(parsed(linesOf(result.out).back()).string("state"), "stopped") << result.out;
  EXPECT_TRUE(result.err.starts_with("blazedb: WrongToken: ")) << result.err;
}

TEST_F(SyncWithHub, AWatchThatIsRefusedAtOnceEndsToo) {
  Words words = syncWords({"--watch"});
  words[2] = address("127.0.0.1", "Other");
  Result result = run(words, with(token_));
  EXPECT_EQ(result.status, 1);
  EXPECT_TRUE(result.err.starts_with("blazedb: UnknownDatabase: ")) << result.err;
}

class LargeSyncWithHub : public SyncWithHub {
 protected:
  LargeSyncWithHub() { insertManyRecords(hub_); }

  // `most`: the largest number of records that may then cross the link, in both directions.
  void expectTheRest(std::int64_t most) const {
    std::uint64_t had = open("client.blazedb").count();
    EXPECT_GT(had, 0u);
    EXPECT_LT(had, 100'000u) << "it was not ended in the middle";
    EXPECT_LE(parsed(sync({"--json"})).integer("records").value(), most) << "it has begun again";
    EXPECT_TRUE(diff(hub_, open("client.blazedb")).empty());
  }
};

TEST_F(LargeSyncWithHub, OneThatIsInterruptedSaysSoAndGoesOnWhereItWas) {
  {
    Process process(command(syncWords()), with(token_, onTerminal()));
    process.readUntil(isInTheMiddle);
    process.send(SIGINT);
    Result result = process.wait();
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.out.find("the next sync continues from there"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find(" of 100,000, "), std::string::npos) << result.out;
  }
  expectTheRest(99'999);
}

TEST_F(LargeSyncWithHub, AHubThatStopsInTheMiddleIsSaidAndTheNextSyncGoesOn) {
  {
    Process process(command(syncWords()), with(token_, onTerminal()));
    process.readUntil(isInTheMiddle);
    hubStops();
    Result result = process.wait();
    EXPECT_EQ(result.status, 1);
    EXPECT_NE(result.out.find("the next sync continues from there"), std::string::npos) << result.out;
  }
  hubReturns();
  // A hub that stops before it has noted what the client withholds gets those records back: the client had them from
  // the hub.
  expectTheRest(100'000);
}

}  // namespace
}  // namespace blazedb::e2e
