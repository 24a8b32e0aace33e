// Indexes and observers of databases that are connected: what a merge does to them.
#include <condition_variable>
#include <mutex>

#include "blazedb/topology.h"
#include "db/open_database.h"

namespace blazedb {
namespace {

class ObservedTest : public FolderTest {
 protected:
  void connect(ConnectionMode mode = ConnectionMode::bidirectional, const ConnectOptions& options = {}) {
    connection = topology.connectLocal(a, b, mode, options);
    topology.synchronize();
  }

  Database first = open("first"), second = open("second");
  Topology topology;
  NodeId a = topology.registerDatabase(first, "first"), b = topology.registerDatabase(second, "second");
  ConnectionId connection;
};

TEST_F(ObservedTest, AMergeKeepsWhatAUniqueIndexWouldRefuse) {
  for (Database* each : {&first, &second}) each->createIndex("mail", {"mail"}, {.unique = true});
  UUID here = first.insert({{"mail", "ada@x.no"}}), there = second.insert({{"mail", "ada@x.no"}});
  UUID other = second.insert({{"mail", "bo@x.no"}});
  connect();
  for (Database* each : {&first, &second}) {
    EXPECT_EQ(each->count(), 3u);
    EXPECT_EQ(each->query("mail = 'ada@x.no'").count(), 2u);
    std::vector<Duplicate> same = each->duplicates("mail");
    ASSERT_EQ(same.size(), 1u);
    EXPECT_EQ(same[0].values, Array{Value("ada@x.no")});
    EXPECT_EQ(std::set<UUID>(same[0].records.begin(), same[0].records.end()), (std::set<UUID>{here, there}));
    EXPECT_TRUE(each->verify().problems.empty());
  }
  // What is twice already may be changed, and may not become more.
  first.updateFields(here, {{"n", 1}});
  EXPECT_ERROR(AlreadyExists, first.updateFields(other, {{"mail", "ada@x.no"}}));
  EXPECT_ERROR(AlreadyExists, first.insert({{"mail", "ada@x.no"}}));
  first.updateFields(there, {{"mail", "ada2@x.no"}});
  topology.synchronize();
  EXPECT_TRUE(first.duplicates("mail").empty());
  EXPECT_TRUE(second.duplicates("mail").empty());
}

TEST_F(ObservedTest, AnObserverLearnsWhichPeerHasChangedARecord) {
  std::mutex mutex;
  std::condition_variable told;
  std::map<UUID, RecordChange> changes;
  std::vector<Record> shown;
  std::map<UUID, std::optional<UUID>> peers;
  Subscription raw = second.observe([&](const std::vector<RecordChange>& all) {
    std::lock_guard lock(mutex);
    for (const RecordChange& each : all) changes[each.id] = each;
    told.notify_all();
  });
  Subscription live = second.query("n > 0").orderBy("n").observe([&](const QueryUpdate& update) {
    std::lock_guard lock(mutex);
    update.applyTo(shown);
    for (const auto& each : update.inserted) peers[*each.record.id()] = each.peer;
    for (const auto& each : update.removed) peers[each.id] = each.peer;
    told.notify_all();
  });
  auto waitFor = [&](const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    told.wait(lock, condition);
  };
  connect();
  UUID theirs = first.insert({{"n", 1}}), ours = second.insert({{"n", 2}});
  topology.synchronize();
  waitFor([&] { return changes.size() == 2 && shown.size() == 2; });
  UUID peer = first.info().replica;
  EXPECT_EQ(changes[theirs].peer, peer);
  EXPECT_EQ(changes[theirs].kind, RecordChange::Kind::inserted);
  EXPECT_FALSE(changes[ours].peer);
  EXPECT_EQ(peers[theirs], peer);
  EXPECT_FALSE(peers[ours]);

  first.remove(ours);
  waitFor([&] { return shown.size() == 1 && changes[ours].kind == RecordChange::Kind::removed; });
  EXPECT_EQ(changes[ours].peer, peer);
  EXPECT_EQ(peers[ours], peer);
}

TEST_F(ObservedTest, AnObserverSeesATransactionOfAPeerAtOnceAndWhatAPeerTakesAway) {
  std::mutex mutex;
  std::condition_variable told;
  std::vector<Record> shown;
  std::vector<std::size_t> counts;
  connect(ConnectionMode::bidirectional, {});
  Subscription live = second.query().observe([&](const QueryUpdate& update) {
    std::lock_guard lock(mutex);
    update.applyTo(shown);
    counts.push_back(update.count);
    told.notify_all();
  });
  first.transaction([](Transaction& transaction) {
    for (int i = 0; i < 3000; i++) transaction.insert({{"n", i}});
  });
  {
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return shown.size() == 3000; });
    EXPECT_EQ(counts, (std::vector<std::size_t>{0, 3000}));
  }
  // It becomes a replica of a third database, which replaces everything without a delete.
  Database third = open("third");
  third.insert({{"n", -1}});
  topology.disconnect(connection);
  topology.connectLocal(topology.registerDatabase(third, "third"), b, ConnectionMode::readOnly, {.adopt = true});
  std::unique_lock lock(mutex);
  told.wait(lock, [&] { return shown.size() == 1; });
  EXPECT_EQ(shown[0].integer("n"), -1);
}

}  // namespace
}  // namespace blazedb
