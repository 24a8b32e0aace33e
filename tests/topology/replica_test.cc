// A hub serves every kind of replica, also one without a file.
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>

#include "blazedb/blazedb.h"
#include "db/open_database.h"
#include "topology/memory_replica.h"
#include "topology/network.h"
#include "topology/watched.h"

namespace blazedb::topology {
namespace {

class ReplicaTest : public FolderTest {
 protected:
  ReplicaTest() {
    for (const auto& each : {orders_, other_}) nodes_.push_back(network_.registerDatabase(each, each->name(), {}));
    laptop_ = orders_->addToken({.name = "laptop"});
  }

  void listen() { listening_ = network_.listen(nodes_, {.host = "127.0.0.1", .port = 0, .useTLS = false}); }
  SyncEngine connect(const Database& client, const std::string& database, const std::string& token) const {
    RemoteNode node;
    node.host = "127.0.0.1";
    node.port = listening_.port;
    node.database = database;
    node.authToken = token;
    node.useTLS = false;
    return client.enableSync(node, {.encryptionMode = EncryptionMode::smartProxy});
  }
  // Waits until the hub could have asked about the tokens of a replica several times.
  static void letTimePass(const test::MemoryReplica& replica) {
    int before = replica.looks();
    EXPECT_TRUE(comes([&] { return replica.looks() >= before + 3; }));
  }

  std::shared_ptr<test::MemoryReplica> orders_ = std::make_shared<test::MemoryReplica>("orders");
  std::shared_ptr<test::MemoryReplica> other_ = std::make_shared<test::MemoryReplica>("other");
  Network network_;
  std::vector<NodeId> nodes_;
  std::int64_t laptop_ = 0;
  ListenerInfo listening_;
};

TEST_F(ReplicaTest, ClientsSyncThroughAHubThatHasNoFile) {
  listen();
  Database a = open("a"), b = open("b");
  UUID first = a.insert({{"n", 1}}), second = b.insert({{"n", 2}});
  SyncEngine ofA = connect(a, "orders", "laptop"), ofB = connect(b, "orders", "laptop");
  Watched watchedA(ofA), watchedB(ofB);
  auto sync = [&] {
    for (SyncEngine* each : {&ofA, &ofB, &ofA}) each->synchronize(kPatience);
  };
  sync();
  EXPECT_EQ(a.fetch(second)->integer("n"), 2);
  EXPECT_EQ(b.fetch(first)->integer("n"), 1);
  b.updateFields(first, {{"n", 3}});
  a.remove(second);
  sync();
  sync();
  EXPECT_EQ(a.fetch(first)->integer("n"), 3);
  EXPECT_FALSE(b.fetch(second));
  EXPECT_TRUE(diff(a, b).empty());
  for (Watched* each : {&watchedA, &watchedB})
    each->waitUntil([](const ConnectionStatus& now) { return now.verified; });
  EXPECT_EQ(network_.graph().nodes.at(0).records, 1u);
  EXPECT_EQ(network_.graph().connections.size(), 2u);
}

// Its disk fails, and the status is about the connection.
TEST_F(ReplicaTest, AStatusIsToldAlsoIfTheDatabaseCannotBeRead) {
  listen();
  network_.stopListening(listening_.id);  // until it is watched
  orders_->addToken({.name = "reader", .mayWrite = false});
  RemoteNode hub;
  hub.host = "127.0.0.1";
  hub.port = listening_.port;
  hub.database = "orders";
  hub.authToken = "reader";
  hub.useTLS = false;
  ConnectionId id = network_.connectRemote(nodes_[1], hub, {.encryptionMode = EncryptionMode::smartProxy});
  std::promise<void> live;
  bool told = false;
  Subscription watching = network_.onStatus(id, [&](const ConnectionStatus& now) {
    if (now.state == ConnectionState::live && !std::exchange(told, true)) live.set_value();
  });
  network_.listen(nodes_, {.host = "127.0.0.1", .port = listening_.port, .useTLS = false});
  EXPECT_EQ(live.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST_F(ReplicaTest, AHubWithoutAFileIsGivenItsCertificate) {
  std::string message = test::messageOf([&] { network_.listen(nodes_, {.host = "127.0.0.1", .port = 0}); });
  EXPECT_TRUE(message.starts_with("InvalidArgument")) << message;
  EXPECT_NE(message.find("name the files of a certificate"), std::string::npos) << message;
}

TEST_F(ReplicaTest, ATokenInUseIsAskedAboutWhenTokensHaveChangedAndNotBefore) {
  listen();
  for (const auto& each : {orders_, other_}) EXPECT_EQ(each->revisionListeners(), 1u) << "the change wakes the hub";
  Database client = open("client");
  SyncEngine sync = connect(client, "orders", "laptop");
  sync.synchronize(kPatience);
  letTimePass(*orders_);
  EXPECT_EQ(orders_->questions(), 0);

  orders_->addToken({.name = "another"});
  EXPECT_TRUE(comes([&] { return orders_->questions() > 0; }));
  letTimePass(*orders_);
  EXPECT_EQ(orders_->questions(), 1);
  EXPECT_EQ(sync.status().state, ConnectionState::live);

  Watched watched(sync);
  orders_->revoke(laptop_);
  EXPECT_EQ(watched.waitFor(ConnectionState::stopped).error, ErrorCode::WrongToken);
}

TEST_F(ReplicaTest, ADatabaseThatDoesNotAnswerDelaysNoRevocationOfAnother) {
  std::int64_t phone = other_->addToken({.name = "phone"});
  listen();
  Database a = open("a"), b = open("b");
  SyncEngine ofA = connect(a, "orders", "laptop"), ofB = connect(b, "other", "phone");
  for (SyncEngine* each : {&ofA, &ofB}) each->synchronize(kPatience);
  Watched watchedA(ofA), watchedB(ofB);
  orders_->setAnswers(false);
  orders_->revoke(laptop_);
  EXPECT_TRUE(comes([&] { return orders_->questions() > 0; }));
  other_->revoke(phone);
  EXPECT_EQ(watchedB.waitFor(ConnectionState::stopped).error, ErrorCode::WrongToken);
  EXPECT_EQ(ofA.status().state, ConnectionState::live);
  orders_->setAnswers(true);
  EXPECT_EQ(watchedA.waitFor(ConnectionState::stopped).error, ErrorCode::WrongToken);
}

TEST_F(ReplicaTest, ATokenWhoseTimeIsOverEndsItsConnections) {
  listen();
  base::SystemClock clock;
  orders_->addToken({.name = "short", .expires = Date{(clock.wallMs() + 1000) * 1000}});
  Database client = open("client");
  SyncEngine sync = connect(client, "orders", "short");
  Watched(sync).waitUntil([](const ConnectionStatus& now) { return now.error == ErrorCode::ExpiredToken; });
}

}  // namespace
}  // namespace blazedb::topology
