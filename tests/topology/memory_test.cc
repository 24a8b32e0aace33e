// Memory runs out in the functions that connect databases: at the first allocation, at the second, and so on.
#include <functional>

#include "blazedb/blazedb.h"
#include "db/open_database.h"
#include "support/failing_memory.h"

namespace blazedb {
namespace {

class TopologyMemoryTest : public FolderTest {
 protected:
  // Calls until there is enough memory.
  static void failEach(const std::function<void()>& call) {
    for (std::int64_t n = 0; !HasFailure(); n += 1 + n / 16) {
      test::FailingMemory failing(test::FailingMemory::Of::thisThread, n);
      try {
        call();
      } catch (const Error& error) {
        failing.end();
        EXPECT_EQ(error.code(), ErrorCode::OutOfMemory) << "allocation " << n << ": " << error.what();
      }
      if (failing.end()) continue;
      EXPECT_GT(n, 0);
      return;
    }
  }
};

TEST_F(TopologyMemoryTest, ConnectingWithoutMemorySaysSoAndCanBeDoneAgain) {
  Database a = open("a"), b = open("b");
  a.insert({{"n", 1}});
  std::string first = "a-node-with-a-long-name", second = "another-node-with-a-long-name";
  failEach([&] {
    Topology topology;
    NodeId from = topology.registerDatabase(a, first);
    NodeId to = topology.registerDatabase(b, second);
    ConnectionId connection = topology.connectLocal(from, to, ConnectionMode::bidirectional);
    Subscription heard = topology.onStatus(connection, [](const ConnectionStatus&) {});
    topology.synchronize();
    (void)topology.status(connection);
    (void)topology.graph();
    topology.disconnect(connection);
  });
  EXPECT_EQ(b.count(), 1u);
}

TEST_F(TopologyMemoryTest, ListeningWithoutMemorySaysSoAndCanBeDoneAgain) {
  Database hub = open("hub"), client = open("client");
  std::string token = hub.createToken({.name = "a client"}).secret;
  client.insert({{"n", 1}});
  ListenOptions options;
  options.host = "127.0.0.1";
  options.port = 0;
  options.useTLS = false;
  SyncPolicy policy;
  policy.encryptionMode = EncryptionMode::smartProxy;
  RemoteNode remote;
  remote.host = "127.0.0.1";
  remote.database = "hub";
  remote.authToken = token;
  remote.useTLS = false;
  std::string name = "hub";
  failEach([&] {
    Topology topology;
    ListenerInfo listener = topology.listen(topology.registerDatabase(hub, name), options);
    remote.port = listener.port;
    SyncEngine engine = client.enableSync(remote, policy);
    engine.synchronize();
    (void)engine.status();
    (void)topology.connections();
    topology.stopListening(listener.id);
  });
  EXPECT_EQ(hub.count(), 1u);
}

}  // namespace
}  // namespace blazedb
