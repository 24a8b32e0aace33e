// Connections within a process that carry some collections.
#include "blazedb/topology.h"
#include "db/open_database.h"

namespace blazedb {
namespace {

class LocalTest : public FolderTest {
 protected:
  ConnectionId connect(ConnectionMode mode, const ConnectOptions& options) {
    return topology.connectLocal(a, b, mode, options);
  }

  Database first = open("first"), second = open("second");
  Topology topology;
  NodeId a = topology.registerDatabase(first, "first"), b = topology.registerDatabase(second, "second");
};

TEST_F(LocalTest, TwoNamesAreTwoNamesWithEveryNumberOfBraces) {
  auto namesOf = [](const SyncPolicy& policy) { return policy.collections.value_or(std::vector<std::string>{"all"}); };
  const std::vector<std::string> both{"users", "posts"}, all{"all"};
  EXPECT_EQ(namesOf({.collections = {"users", "posts"}}), both);
  EXPECT_EQ(namesOf({.collections = {{"users", "posts"}}}), both);
  EXPECT_EQ(namesOf({.collections = both}), both);
  EXPECT_EQ(namesOf({.collections = {both}}), both);
  EXPECT_EQ(namesOf({.collections = {}}), all);
  EXPECT_EQ(namesOf({.collections = std::nullopt}), all);
  std::string one = "users";
  EXPECT_EQ(namesOf({.collections = {one}}), std::vector{one});
}

// A counter is copied with what each writer has added: it counts once when the two are connected later.
TEST_F(LocalTest, TransferAllCopiesCountersWithTheirParts) {
  UUID id = first.insert({{"stock", 100}}), sold = first.insert({{"n", 0}});
  first.increment(id, "stock", 5);
  first.increment(sold, "sold", 7);
  first.increment(sold, "weight", 0.5);
  second.insert(sold, {{"n", 0}, {"sold", 3}});
  second.increment(sold, "sold", 1);
  EXPECT_EQ(transferAll(first, second), 2u);
  EXPECT_EQ(second.fetchAll(), first.fetchAll());
  std::uint64_t end = second.info().feedEnd;
  EXPECT_EQ(transferAll(first, second), 2u);
  EXPECT_EQ(second.info().feedEnd, end) << "the second time there was nothing to write";

  first.increment(id, "stock", 1);
  second.increment(id, "stock", 10);
  connect(ConnectionMode::bidirectional, {});
  topology.synchronize();
  for (const Database& each : {first, second}) {
    EXPECT_EQ(each.fetch(id)->integer("stock"), 116);
    EXPECT_EQ(each.fetch(sold)->integer("sold"), 7);
    EXPECT_EQ(each.fetch(sold)->real("weight"), 0.5);
  }
  for (int i = 0; i < 20; i++) {
    first.increment(id, "stock", 1);
    transferAll(first, second);
  }
  topology.synchronize();
  EXPECT_EQ(first.fetch(id)->integer("stock"), 136);
  EXPECT_TRUE(diff(first, second).empty());
}

TEST_F(LocalTest, OnlyTheCollectionsThatAreNamedTravel) {
  UUID here = first.collection("users").insert({{"n", 1}}), there = second.collection("users").insert({{"n", 2}});
  first.collection("drafts").insert({{"n", 3}});
  ConnectionId connection = connect(ConnectionMode::bidirectional, {.collections = {"users"}});
  topology.synchronize();
  EXPECT_TRUE(second.collection("users").fetch(here));
  EXPECT_TRUE(first.collection("users").fetch(there));
  EXPECT_EQ(second.collection("drafts").count(), 0u);
  EXPECT_EQ(topology.status(connection).pending, 0u);
  EXPECT_FALSE(topology.status(connection).error);
  topology.disconnect(connection);
  connect(ConnectionMode::bidirectional, {});
  topology.synchronize();
  EXPECT_EQ(second.collection("drafts").count(), 1u);
}

TEST_F(LocalTest, AReplicaMayHoldAPart) {
  UUID user = first.collection("users").insert({{"n", 1}});
  first.collection("drafts").insert({{"n", 2}});
  connect(ConnectionMode::readOnly, {.collections = {"users"}});
  topology.synchronize();
  EXPECT_EQ(second.collection("drafts").count(), 0u);
  EXPECT_EQ(second.info().readOnlySource, first.info().replica);
  first.collection("users").remove(user);
  topology.synchronize();
  EXPECT_EQ(second.collection("users").count(), 0u);
}

// It would hold what its source does not have.
TEST_F(LocalTest, AReplicaTakesNothingOverConnectionsThatItHadBefore) {
  Database source = open("source");
  NodeId c = topology.registerDatabase(source, "source");
  source.insert({{"n", 1}});
  ConnectionId before = connect(ConnectionMode::bidirectional, {});
  topology.synchronize();
  topology.connectLocal(c, b, ConnectionMode::readOnly, {.adopt = true});
  UUID late = first.insert({{"n", 2}});
  EXPECT_ERROR(ReadOnlyReplica, topology.synchronize());
  EXPECT_EQ(topology.status(before).state, ConnectionState::stopped);
  EXPECT_FALSE(second.fetch(late));
  topology.disconnect(before);
  connect(ConnectionMode::writeOnly, {});
  topology.synchronize();
  EXPECT_TRUE(diff(source, second).empty());
  EXPECT_EQ(first.count(), 2u) << "it sends on what the source has";
}

TEST_F(LocalTest, NoCollectionAndNoNameAreRefused) {
  std::vector<std::string> none;
  EXPECT_ERROR(InvalidPolicy, connect(ConnectionMode::bidirectional, {.collections = std::optional(none)}));
  EXPECT_ERROR(InvalidPolicy, connect(ConnectionMode::bidirectional, {.collections = {"no/name"}}));
  EXPECT_TRUE(topology.connections().empty());
}

}  // namespace
}  // namespace blazedb
