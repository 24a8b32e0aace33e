// A hub and its clients in one process, over TLS on loopback: the public API as the guide shows it.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <optional>

#include "blazedb/blazedb.h"
#include "db/open_database.h"
#include "topology/remote_fixture.h"

namespace blazedb {
namespace {

TEST_F(RemoteTest, BringsEverythingBothWays) {
  UUID there = hub_.insert({{"n", 1}});
  Database client = open("client");
  UUID here = client.insert({{"n", 2}});
  SyncEngine sync = client.enableSync(remote(token().secret), kReadable);
  sync.synchronize(kPatience);
  EXPECT_EQ(sync.status().done, 2u) << "one each way";
  EXPECT_EQ(sync.status().total, 2u);
  EXPECT_EQ(client.fetch(there)->integer("n"), 1);
  EXPECT_EQ(hub_.fetch(here)->integer("n"), 2);
  hub_.updateFields(there, {{"n", 3}});
  sync.synchronize(kPatience);
  EXPECT_EQ(client.fetch(there)->integer("n"), 3);
  EXPECT_TRUE(diff(hub_, client).empty());
}

TEST_F(RemoteTest, ARecordThatIsNotTakenHoldsUpNothingElseAndBothEndsSaySo) {
  UUID id = hub_.insert({{"title", "an album"}});
  std::vector<Database> devices;
  for (int i = 0; i < 3; i++) {
    devices.push_back(open("device" + std::to_string(i)));
    devices[i].enableSync(remote(token().secret), kReadable).synchronize(kPatience);
  }
  for (int i = 0; i < 3; i++)
    devices[i].updateFields(id, {{"picture of " + std::to_string(i), Bytes(8'300'000, std::uint8_t{1})}});
  for (int i = 0; i < 2; i++) devices[i].enableSync(remote(token().secret), kReadable).synchronize(kPatience);

  Database& last = devices[2];
  SyncEngine sync = last.enableSync(remote(token().secret), kReadable);
  sync.synchronize(kPatience);
  UUID small = last.insert({{"small", 1}}), back = hub_.insert({{"small", 2}});
  sync.synchronize(kPatience);
  EXPECT_TRUE(hub_.fetch(small));
  EXPECT_TRUE(last.fetch(back));
  ConnectionStatus here = sync.status(), there = topology_.connections().at(0);
  for (const ConnectionStatus& each : {here, there}) {
    EXPECT_EQ(each.state, ConnectionState::live);
    EXPECT_EQ(each.rejected, 2u) << "neither takes what the other has";
    EXPECT_EQ(each.rejection.find("TooLarge"), 0u) << each.rejection;
    EXPECT_FALSE(each.verified);
  }
  for (const Database* each : {&hub_, &last}) {
    std::vector<RejectedChange> all = each->rejectedChanges();
    ASSERT_EQ(all.size(), 2u);
    for (const RejectedChange& one : all) EXPECT_EQ(one.record, id);
  }

  last.updateFields(id, {{"picture of 2", "smaller"}});
  sync.synchronize(kPatience);
  sync.synchronize(kPatience);  // this end asks again for the record that it had set aside, now that it is smaller
  EXPECT_EQ(hub_.fetch(id)->string("picture of 2"), "smaller");
  EXPECT_TRUE(last.fetch(id)->contains("picture of 0"));
  EXPECT_TRUE(hub_.rejectedChanges().empty());
  EXPECT_TRUE(last.rejectedChanges().empty());
}

TEST_F(RemoteTest, FromClientToClientThroughTheHub) {
  Database a = open("a"), b = open("b");
  NewToken made = token();
  SyncEngine first = a.enableSync(remote(made.secret), kReadable);
  SyncEngine second = b.enableSync(remote(made.secret), kReadable);
  UUID id = a.insert({{"from", "a"}});
  first.synchronize(kPatience);
  second.synchronize(kPatience);
  EXPECT_EQ(b.fetch(id)->string("from"), "a");
}

TEST_F(RemoteTest, TellsWhatIsNotSentYetAndSendsItWhenTheHubIsBack) {
  Database client = open("client");
  UUID first = client.insert({{"n", 1}});
  SyncEngine sync = client.enableSync(remote(token().secret), kReadable);
  Watched watched(sync);
  sync.synchronize(kPatience);
  EXPECT_EQ(sync.pendingChanges().count, 0u);
  hubStops();
  ConnectionStatus offline = watched.waitFor(ConnectionState::offline);
  EXPECT_TRUE(offline.error);
  client.updateFields(first, {{"n", 2}});
  UUID second = client.insert({{"n", 3}});
  SyncEngine::Pending pending = sync.pendingChanges();
  EXPECT_EQ(pending.count, 2u);
  ASSERT_EQ(pending.changes.size(), 2u);
  EXPECT_EQ(pending.changes[0].record, first);
  EXPECT_EQ(pending.changes[1].record, second);
  EXPECT_EQ(sync.pendingChanges(1).changes.size(), 1u);
  hubReturns();
  sync.resume();
  sync.synchronize(kPatience);
  EXPECT_EQ(sync.pendingChanges().count, 0u);
  EXPECT_TRUE(diff(hub_, client).empty());
}

TEST_F(RemoteTest, WhatIsPendingIsKnownAfterAReopeningToo) {
  NewToken made = token();
  {
    Database client = open("client");
    SyncEngine sync = client.enableSync(remote(made.secret), kReadable);
    Watched watched(sync);
    client.insert({{"n", 1}});
    sync.synchronize(kPatience);
    watched.waitFor(ConnectionState::live);
  }
  hubStops();
  Database client = open("client");
  UUID id = client.insert({{"n", 2}});
  SyncEngine sync = client.enableSync(remote(made.secret), kReadable);
  SyncEngine::Pending pending = sync.pendingChanges();
  EXPECT_EQ(pending.count, 1u);
  EXPECT_EQ(pending.changes[0].record, id);
}

TEST_F(RemoteTest, PausesAndResumes) {
  Database client = open("client");
  SyncEngine sync = client.enableSync(remote(token().secret), kReadable);
  Watched watched(sync);
  sync.synchronize(kPatience);
  sync.pause();
  watched.waitFor(ConnectionState::paused);
  client.insert({{"n", 1}});
  EXPECT_ERROR(Offline, sync.synchronize(kPatience));
  EXPECT_EQ(hub_.count(), 0u);
  sync.resume();
  sync.synchronize(kPatience);
  EXPECT_EQ(hub_.count(), 1u);
}

TEST_F(RemoteTest, AHubThatIsUnknownOrUntrustedIsRefused) {
  Database client = open("client");
  NewToken made = token();
  RemoteNode wrongPin = remote(made.secret);
  wrongPin.pinning = CertificatePinningConfig::fromSpki("sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  EXPECT_EQ(refusal(client, wrongPin), ErrorCode::WrongPin);
  RemoteNode noPin = remote(made.secret);
  noPin.pinning = {};
  EXPECT_EQ(refusal(client, noPin), ErrorCode::UntrustedCertificate);
  RemoteNode unknown = remote(made.secret);
  unknown.database = "Other";
  EXPECT_EQ(refusal(client, unknown), ErrorCode::UnknownDatabase);
}

TEST_F(RemoteTest, TokensThatAreWrongExpiredOrRevokedLetNobodyIn) {
  Database client = open("client");
  hub_.insert({{"n", 1}});
  std::string wrong = token().secret;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(refusal(client, remote(wrong)), ErrorCode::WrongToken);
  EXPECT_EQ(refusal(client, remote("")), ErrorCode::WrongToken);
  NewToken revoked = token();
  hub_.revokeToken(revoked.token.id);
  EXPECT_EQ(refusal(client, remote(revoked.secret)), ErrorCode::WrongToken);
  EXPECT_EQ(client.count(), 0u);
}

TEST_F(RemoteTest, ATokenWithoutANameIsCalledByItsNumber) {
  NewToken made = token({});
  SyncEngine sync = open("client").enableSync(remote(made.secret), kReadable);
  sync.synchronize(kPatience);
  ASSERT_EQ(topology_.connections(node_).size(), 1u);
  EXPECT_EQ(topology_.connections(node_)[0].remote, "token " + std::to_string(made.token.id) + " at 127.0.0.1");
}

TEST_F(RemoteTest, RevocationEndsALiveConnection) {
  Database client = open("client"), other = open("other");
  NewToken made = token(), kept = token();
  SyncEngine sync = client.enableSync(remote(made.secret), kReadable);
  SyncEngine unconcerned = other.enableSync(remote(kept.secret), kReadable);
  Watched watched(sync);
  sync.synchronize(kPatience);
  unconcerned.synchronize(kPatience);
  hub_.revokeToken(made.token.id);
  EXPECT_EQ(watched.waitFor(ConnectionState::stopped).error, ErrorCode::WrongToken);
  hub_.insert({{"n", 1}});
  unconcerned.synchronize(kPatience);
  EXPECT_EQ(other.count(), 1u);
  EXPECT_EQ(client.count(), 0u);
}

TEST_F(RemoteTest, AReplicaIsConnectedOnce) {
  open("client").insert({{"n", 1}});
  std::filesystem::copy_file(path("client"), path("copy"));
  NewToken made = token();
  Database copy = open("copy");
  std::optional<SyncEngine> sync = open("client").enableSync(remote(made.secret), kReadable);
  sync->synchronize(kPatience);
  SyncEngine second = copy.enableSync(remote(made.secret), kReadable);
  Watched watched(second);
  watched.waitUntil([](const ConnectionStatus& status) { return status.error == ErrorCode::DuplicateReplica; });
  sync->synchronize(kPatience);
  EXPECT_EQ(sync->status().state, ConnectionState::live);
  sync.reset();
  second.synchronize(kPatience);
  EXPECT_TRUE(diff(hub_, copy).empty()) << "once the other one has gone";
}

TEST_F(RemoteTest, AReplicaBelongsToItsToken) {
  Database client = open("client");
  NewToken anns = token({.name = "ann", .user = "ann"}), bobs = token({.name = "bob", .user = "bob"});
  {
    SyncEngine sync = client.enableSync(remote(anns.secret), kReadable);
    sync.synchronize(kPatience);
  }
  {
    SyncEngine sync = client.enableSync(remote(bobs.secret), kReadable);
    Watched watched(sync);
    watched.waitUntil([](const ConnectionStatus& status) { return status.error == ErrorCode::DuplicateReplica; });
  }
  {
    SyncEngine sync = client.enableSync(remote(token({.name = "ann's next", .user = "ann"}).secret), kReadable);
    sync.synchronize(kPatience);
  }
  for (const Token& each : hub_.tokens())
    if (each.options.user == "ann") hub_.revokeToken(each.id);
  SyncEngine sync = client.enableSync(remote(bobs.secret), kReadable);
  sync.synchronize(kPatience);
}

TEST_F(RemoteTest, AScopeBeyondAllMeasureIsRefused) {
  SyncPolicy policy = kReadable;
  for (int i = 0; i < 200; i++) policy.excludeFields.push_back(std::to_string(i) + std::string(100, 'x'));
  EXPECT_EQ(refusal(open("client"), remote(token().secret), policy), ErrorCode::TooLarge);
}

TEST_F(RemoteTest, ATokenGrantsDirectionsCollectionsAndRole) {
  hub_.insert({{"n", 1}});
  hub_.collection("notes").insert({{"n", 1}});
  Database reader = open("reader"), writer = open("writer"), server = open("server");
  reader.collection("notes").insert({{"n", 2}});
  writer.insert({{"n", 3}});
  SyncEngine reading =
      reader.enableSync(remote(token({.name = "r", .mayWrite = false, .collections = {"notes"}}).secret), kReadable);
  EXPECT_ERROR(NotAllowed, reading.synchronize(kPatience));
  EXPECT_EQ(reader.collection("notes").count(), 2u);
  EXPECT_EQ(reader.count(), 0u);
  EXPECT_EQ(hub_.collection("notes").count(), 1u);
  SyncEngine writing = writer.enableSync(remote(token({.name = "w", .mayRead = false}).secret), kReadable);
  writing.synchronize(kPatience);
  EXPECT_EQ(hub_.count(), 2u);
  EXPECT_EQ(writer.count(), 1u);
  Topology elsewhere;
  elsewhere.registerDatabase(server, "server", {.role = SyncRole::server});
  EXPECT_EQ(refusal(server, remote(token().secret)), ErrorCode::NotAllowed);
  SyncEngine granted = server.enableSync(remote(token({.name = "s", .role = SyncRole::server}).secret), kReadable);
  granted.synchronize(kPatience);
  EXPECT_EQ(server.count(), 2u);
}

TEST_F(RemoteTest, BothEndsShowTheModeOfTheClient) {
  Database reader = open("reader"), writer = open("writer");
  std::map<ConnectionMode, Database> clients{{ConnectionMode::readOnly, reader}, {ConnectionMode::writeOnly, writer}};
  for (const auto& [mode, client] : clients) {
    SyncPolicy policy = kReadable;
    policy.mode = mode;
    SyncEngine sync = client.enableSync(remote(token({.name = client.name()}).secret), policy);
    sync.synchronize(kPatience);
    EXPECT_EQ(sync.status().mode, mode);
    EXPECT_EQ(sync.status().from, NodeId{}) << "the hub";
    EXPECT_TRUE(comes([&] {
      std::vector<ConnectionStatus> atHub = topology_.connections(node_);
      return atHub.size() == 1 && atHub[0].from == node_ && atHub[0].mode == policy.mode;
    }));
  }
}

TEST_F(RemoteTest, InWriteOnlyModeNothingComes) {
  hub_.insert({{"n", 1}});
  Database client = open("client");
  client.insert({{"n", 2}});
  SyncEngine sync = client.enableSync(remote(token().secret), kSends);
  sync.synchronize(kPatience);
  EXPECT_EQ(sync.pendingChanges().count, 0u);
  EXPECT_FALSE(sync.status().error);
  EXPECT_EQ(hub_.count(), 2u);
  EXPECT_EQ(client.count(), 1u);
}

TEST_F(RemoteTest, WhatAModeHeldBackTravelsOnceAnotherModeLetsIt) {
  NewToken made = token();
  std::optional<Database> client = open("client");
  auto connect = [&](const SyncPolicy& policy) { return client->enableSync(remote(made.secret), policy); };
  auto reopen = [&] {
    client.reset();
    client = open("client");
  };
  UUID first = hub_.insert({{"a", 1}, {"b", 1}}), second = hub_.insert({{"a", 1}}), third = hub_.insert({{"a", 1}});
  connect(kReceives).synchronize(kPatience);
  // Each end changes the record that the other changes too; the hub's part arrives, and the client's stays.
  client->updateFields(first, {{"a", 2}});
  client->remove(second);
  hub_.updateFields(first, {{"b", 2}});
  UUID own = client->insert({{"a", 3}});
  reopen();
  {
    SyncEngine sync = connect(kReceives);
    EXPECT_ERROR(NotAllowed, sync.synchronize(kPatience));
    EXPECT_EQ(*client->fetch(first), (Record{{"a", 2}, {"b", 2}}));
    EXPECT_EQ(sync.pendingChanges().count, 3u);
    EXPECT_EQ(sync.status().pending, 3u);
  }
  EXPECT_EQ(*hub_.fetch(first), (Record{{"a", 1}, {"b", 2}}));
  reopen();
  connect(kSends).synchronize(kPatience);
  EXPECT_EQ(*hub_.fetch(first), (Record{{"a", 2}, {"b", 2}}));
  EXPECT_FALSE(hub_.fetch(second));
  EXPECT_TRUE(hub_.fetch(own));
  // The other direction: what the hub has meanwhile does not come until it may.
  hub_.updateFields(own, {{"a", 4}});
  hub_.remove(third);
  UUID late = hub_.insert({{"a", 5}});
  client->updateFields(first, {{"a", 6}});
  reopen();
  connect(kSends).synchronize(kPatience);
  EXPECT_EQ(hub_.fetch(first)->integer("a"), 6);
  EXPECT_EQ(client->fetch(own)->integer("a"), 3);
  EXPECT_TRUE(client->fetch(third));
  EXPECT_FALSE(client->fetch(late));
  reopen();
  {
    SyncEngine sync = connect(kReadable);
    Watched watched(sync);
    sync.synchronize(kPatience);
    ConnectionStatus status = watched.waitUntil([](const ConnectionStatus& now) { return now.verified; });
    EXPECT_EQ(status.repaired, 0u) << "the cursors were right";
  }
  EXPECT_TRUE(diff(hub_, *client).empty());
  connect(kReceives).synchronize(kPatience);  // nothing stays: the hub has acknowledged it all
}

TEST_F(RemoteTest, AModeNarrowsATokenAndNeverWidensIt) {
  hub_.insert({{"n", 1}});
  Database client = open("client"), server = open("server");
  client.insert({{"n", 2}});
  RemoteNode reads = remote(token({.name = "r", .user = "ann", .mayWrite = false}).secret);
  RemoteNode writes = remote(token({.name = "w", .user = "ann", .mayRead = false}).secret);
  EXPECT_EQ(refusal(client, reads, kSends), ErrorCode::NotAllowed);
  EXPECT_EQ(refusal(client, writes, kReceives), ErrorCode::NotAllowed);
  EXPECT_EQ(client.count(), 1u);
  EXPECT_EQ(hub_.count(), 1u);
  // Who sends nothing claims no authority.
  Topology elsewhere;
  NodeId node = elsewhere.registerDatabase(server, "server", {.role = SyncRole::server});
  elsewhere.connectRemote(node, remote(token().secret), kReceives);
  elsewhere.synchronize(kPatience);
  EXPECT_EQ(server.count(), 1u);
}

TEST_F(RemoteTest, AReadOnlyReplicaMayOnlySendToAHub) {
  Database source = open("source"), replica = open("replica");
  Topology here;
  NodeId from = here.registerDatabase(source, "source"), to = here.registerDatabase(replica, "replica");
  UUID id = source.insert({{"n", 1}});
  here.connectLocal(from, to, ConnectionMode::readOnly);
  NewToken made = token();
  EXPECT_ERROR(ReadOnlyReplica, here.connectRemote(to, remote(made.secret), kReadable));
  EXPECT_ERROR(ReadOnlyReplica, here.connectRemote(to, remote(made.secret), kReceives));
  here.connectRemote(to, remote(made.secret), kSends);
  here.synchronize(kPatience);
  EXPECT_TRUE(hub_.fetch(id));
}

TEST_F(RemoteTest, AHubThatIsAReadOnlyReplicaTakesNothingOfItsClients) {
  Database source = open("source"), client = open("client");
  NodeId from = topology_.registerDatabase(source, "source");
  UUID there = source.insert({{"n", 1}}), here = client.insert({{"n", 2}});
  ConnectionId link = topology_.connectLocal(from, node_, ConnectionMode::readOnly);
  topology_.synchronize(kPatience);
  RemoteNode both = remote(token().secret);
  {
    SyncEngine sync = client.enableSync(both, kReadable);
    EXPECT_ERROR(NotAllowed, sync.synchronize(kPatience));
    EXPECT_NE(sync.status().message.find("or the hub is a read-only replica"), std::string::npos);
    EXPECT_EQ(topology_.connections(node_).back().mode, ConnectionMode::readOnly);
    source.updateFields(there, {{"n", 3}});
    topology_.synchronize(kPatience);
    EXPECT_ERROR(NotAllowed, sync.synchronize(kPatience));
    EXPECT_EQ(client.fetch(there)->integer("n"), 3);
  }
  EXPECT_EQ(refusal(client, both, kSends), ErrorCode::NotAllowed);
  EXPECT_EQ(refusal(client, remote(token({.name = "w", .user = "ann", .mayRead = false}).secret)),
            ErrorCode::ReadOnlyReplica);
  EXPECT_FALSE(hub_.fetch(here));
  topology_.disconnect(link);
  hub_.releaseReadOnly();
  client.enableSync(both, kReadable).synchronize(kPatience);
  EXPECT_TRUE(hub_.fetch(here));
}

TEST_F(RemoteTest, APolicyNarrowsWhatTravels) {
  UUID id = hub_.insert({{"name", "Ann"}, {"password", "secret"}});
  hub_.collection("logs").insert({{"n", 1}});
  Database client = open("client");
  NewToken made = token();
  SyncPolicy policy = kReadable;
  policy.collections = {{"default"}};
  policy.excludeFields = {"password"};
  {
    SyncEngine sync = client.enableSync(remote(made.secret), policy);
    sync.synchronize(kPatience);
    EXPECT_EQ(*client.fetch(id), (Record{{"name", "Ann"}}));
    EXPECT_EQ(client.collection("logs").count(), 0u);
  }
  {
    SyncEngine sync = client.enableSync(remote(made.secret), kReadable);
    sync.synchronize(kPatience);
    EXPECT_EQ(client.fetch(id)->string("password"), "secret");
    EXPECT_EQ(client.collection("logs").count(), 1u);
  }
  policy.removeOutOfScope = true;
  SyncEngine sync = client.enableSync(remote(made.secret), policy);
  sync.synchronize(kPatience);
  EXPECT_FALSE(client.fetch(id)->contains("password"));
  EXPECT_EQ(client.collection("logs").count(), 0u);
  EXPECT_EQ(hub_.collection("logs").count(), 1u);
}

TEST_F(RemoteTest, WhatThisVersionDoesNotDoIsRefusedAndNeverDoneOtherwise) {
  Database client = open("client");
  RemoteNode node = remote(token().secret);
  EXPECT_ERROR(NotSupported, (void)client.enableSync(node));
  EXPECT_ERROR(NotSupported, (void)client.enableSync(node, {.encryptionMode = EncryptionMode::e2eOnly}));
  EXPECT_NE(test::messageOf([&] { (void)client.enableSync(node); }).find("smartProxy"), std::string::npos);
  SyncPolicy none = kReadable;
  none.collections.emplace();
  EXPECT_ERROR(InvalidPolicy, (void)client.enableSync(node, none));
  SyncPolicy bad = kReadable;
  bad.collections = {{"no/name"}};
  EXPECT_ERROR(InvalidPolicy, (void)client.enableSync(node, bad));
  SyncPolicy phrase = kReadable;
  phrase.passphrase = "secret";
  EXPECT_ERROR(InvalidPolicy, (void)client.enableSync(node, phrase));
  RemoteNode plain = node;
  plain.useTLS = false;
  plain.host = "192.0.2.1";
  EXPECT_EQ(refusal(client, plain), ErrorCode::PlaintextForbidden);
  EXPECT_ERROR(InvalidArgument, CertificatePinningConfig::fromSpki("sha1/abc"));
  EXPECT_ERROR(InvalidArgument, CertificatePinningConfig::fromSpki(std::vector<std::string>{}));
}

TEST_F(RemoteTest, NodesThatAreLocalOnlyAreNeitherOfferedNorConnected) {
  Database local = open("local");
  NodeId id = topology_.registerDatabase(local, "local", {.syncMode = SyncMode::localOnly});
  EXPECT_ERROR(ModeForbids, topology_.listen(id, {.host = "127.0.0.1", .port = 0}));
  EXPECT_ERROR(ModeForbids, topology_.connectRemote(id, remote("x"), kReadable));
}

TEST_F(RemoteTest, TheHubListsItsClientsAndMayDismissThem) {
  Database client = open("client");
  SyncEngine sync = client.enableSync(remote(token({.name = "Ann's \"phone\""}).secret), kReadable);
  Watched watched(sync);
  sync.synchronize(kPatience);
  std::vector<ConnectionStatus> clients = topology_.connections(node_);
  ASSERT_EQ(clients.size(), 1u);
  EXPECT_EQ(clients[0].remote, "Ann's \"phone\" at 127.0.0.1");
  EXPECT_NE(topology_.graph().visualize().find("Ann's \"phone\""), std::string::npos);
  EXPECT_NE(topology_.graph().toDot().find("Ann's \\\"phone\\\""), std::string::npos);
  topology_.disconnect(clients[0].id);
  watched.waitFor(ConnectionState::offline);
  EXPECT_ERROR(NotFound, topology_.disconnect({clients[0].id.value + 1000}));
}

TEST_F(RemoteTest, TheCertificateThatIsMadeIsKept) {
  std::string pin = listening_.pin;
  hubStops();
  hubReturns();
  EXPECT_EQ(listening_.pin, pin);
  EXPECT_EQ(CertificatePinningConfig::fromFile((folder_ / "ServerDB.hub-cert.pem").string()).pins()[0], pin);
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(folder_ / "ServerDB.hub-key.pem").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_NO_THROW(topology_.reloadCertificate(listening_.id));
  EXPECT_ERROR(NotFound, topology_.reloadCertificate({99}));
}

TEST_F(RemoteTest, AHubAndLocalConnectionsFormOneGraph) {
  Database client = open("client"), besides = open("besides");
  Topology topology;
  NodeId a = topology.registerDatabase(client, "client"), b = topology.registerDatabase(besides, "besides");
  topology.connectRemote(a, remote(token().secret), kReadable);
  topology.connectLocal(a, b, ConnectionMode::bidirectional);
  UUID down = hub_.insert({{"n", 1}}), up = besides.insert({{"n", 2}});
  topology.synchronize(kPatience);
  EXPECT_TRUE(besides.fetch(down));
  EXPECT_TRUE(hub_.fetch(up));
  EXPECT_ERROR(AlreadyExists, topology.connectRemote(a, remote("x"), kReadable));
}

TEST_F(RemoteTest, TheLastHandleMayGoInItsListener) {
  // Shared with the listener, which runs forever if this fails.
  struct Held {
    std::optional<Database> client;
    std::optional<SyncEngine> sync;
    std::promise<void> ready;
    std::promise<std::optional<ErrorCode>> gone;
    Subscription listens;
  };
  auto held = std::make_shared<Held>();
  held->client = open("client");
  held->sync = held->client->enableSync(remote(token().secret), kReadable);
  std::shared_future<void> isReady = held->ready.get_future().share();
  held->listens = held->sync->onStatus([this, held, isReady](const ConnectionStatus& status) {
    isReady.wait();
    if (status.state != ConnectionState::live || !held->sync) return;
    held->client.reset();
    held->sync.reset();
    held->gone.set_value(test::errorOf([&] { open("client"); }));  // nothing uses it any more
  });
  held->client->insert({{"n", 1}});
  held->ready.set_value();
  auto gone = held->gone.get_future();
  ASSERT_EQ(gone.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(gone.get(), std::nullopt);
  held->listens.reset();
}

TEST_F(RemoteTest, AHandleMayGoWhileItsListenerRuns) {
  std::optional<Database> client = open("client");
  std::optional<SyncEngine> sync = client->enableSync(remote("wrong"), kReadable);
  std::promise<void> runs;
  std::atomic<bool> told = false, closed = false;
  Subscription listens = sync->onStatus([&](const ConnectionStatus& status) {
    if (status.state != ConnectionState::stopped || told.exchange(true)) return;
    runs.set_value();
    closed = comes([&] { return !test::errorOf([&] { open("client"); }); });  // nothing uses it any more
  });
  sync->resume();  // the connection may have stopped before
  runs.get_future().wait();
  client.reset();
  sync.reset();
  EXPECT_TRUE(closed);
}

TEST_F(RemoteTest, ADisconnectedLinkMovesNothingAndLetsGoOfWhoWaitsForIt) {
  Database a = open("a"), b = open("b");
  Topology topology;
  NodeId first = topology.registerDatabase(a, "a"), second = topology.registerDatabase(b, "b");
  ConnectionId local = topology.connectLocal(first, second, ConnectionMode::bidirectional);
  ConnectionId toHub = topology.connectRemote(first, remote(token().secret), kReadable);
  ConnectionId toNobody = topology.connectCrossApp(first, (folder_ / "nobody.sock").string());
  Watched(topology, toHub).waitUntil([](const ConnectionStatus& status) { return status.verified; });
  std::uint64_t atRest = topology.status(toHub).bytes;
  auto waits =
      std::async(std::launch::async, [&] { return test::errorOf([&] { topology.synchronize(2 * kPatience); }); });
  ASSERT_TRUE(comes([&] { return topology.status(toHub).bytes > atRest; }));  // the client has asked the hub
  topology.disconnect(local);
  for (std::uint64_t n = 1; n <= 5; n++) {
    a.insert({{"n", 1}});
    ASSERT_TRUE(comes([&] { return hub_.count() == n; }));
  }
  EXPECT_EQ(b.count(), 0u);
  topology.disconnect(toNobody);
  ASSERT_EQ(waits.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(waits.get(), ErrorCode::Timeout);
}

// The hub takes from a client no write that builds on a server's write which the hub does not have.
TEST_F(RemoteTest, WhatWasTransferredFromAnotherServerMayGoToTheHub) {
  UUID id = hub_.insert({{"n", 1}});
  Database client = open("client"), server = open("server", {.role = SyncRole::server});
  SyncEngine sync = client.enableSync(remote(token().secret), kReadable);
  sync.synchronize(kPatience);
  server.insert(id, {{"n", 1}});
  server.increment(id, "n", 5);
  transferAll(server, client);
  sync.synchronize(kPatience);
  EXPECT_EQ(sync.status().rejected, 0u) << sync.status().rejection;
  EXPECT_EQ(hub_.fetch(id)->integer("n"), 6);
}

}  // namespace
}  // namespace blazedb
