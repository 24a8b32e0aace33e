// Pausing and resuming a connection within a process.
#include "blazedb/topology.h"
#include "db/open_database.h"
#include "topology/watched.h"

namespace blazedb {
namespace {

class PauseTest : public FolderTest {
 protected:
  Database first = open("first"), second = open("second");
  Topology topology;
  NodeId a = topology.registerDatabase(first, "first");
  NodeId b = topology.registerDatabase(second, "second");
  ConnectionId connection = topology.connectLocal(a, b, ConnectionMode::bidirectional);
  Watched watched{topology, connection};
};

TEST_F(PauseTest, APausedConnectionSendsNothingUntilItIsResumed) {
  topology.synchronize();
  topology.pause(connection);
  EXPECT_EQ(topology.status(connection).state, ConnectionState::paused) << "at once";
  watched.waitFor(ConnectionState::paused);
  UUID here = first.insert({{"n", 1}}), there = second.insert({{"n", 2}});
  EXPECT_ERROR(Offline, topology.synchronize());
  EXPECT_FALSE(second.fetch(here));
  EXPECT_FALSE(first.fetch(there));

  topology.resume(connection);
  topology.synchronize();
  EXPECT_TRUE(second.fetch(here));
  EXPECT_TRUE(first.fetch(there));
  watched.waitFor(ConnectionState::live);
}

// Local first, then in sync once in a while.
TEST_F(PauseTest, MayBeRepeated) {
  for (int round = 0; round < 20; round++) {
    topology.pause(connection);
    if (round % 2 == 0) watched.waitFor(ConnectionState::paused);
    UUID id = first.insert({{"round", round}});
    topology.resume(connection);
    topology.synchronize();
    ASSERT_TRUE(second.fetch(id)) << round;
  }
}

TEST_F(PauseTest, TwiceIsAsOnce) {
  topology.pause(connection);
  topology.pause(connection);
  watched.waitFor(ConnectionState::paused);
  topology.resume(connection);
  topology.resume(connection);
  topology.synchronize();
  watched.waitFor(ConnectionState::live);
}

TEST_F(PauseTest, APausedConnectionCanBeEnded) {
  topology.pause(connection);
  watched.waitFor(ConnectionState::paused);
  topology.disconnect(connection);
  EXPECT_ERROR(NotFound, topology.resume(connection));
}

}  // namespace
}  // namespace blazedb
