// Hubs and clients that are killed, are away, or come all at once: what was acknowledged is everywhere in the end.
#include <signal.h>
#include <sys/resource.h>

#include "blazedb/topology.h"
#include "e2e/hub_process.h"

namespace blazedb::e2e {
namespace {

class Outages : public WithHubProcess {
 protected:
  std::uint64_t count(const std::string& file) const { return std::stoull(succeed({"count", file})); }
  // Through its owner, where it has one. Gives the id: now it is acknowledged.
  std::string insert(const std::string& file, const std::string& record) const {
    return linesOf(succeed({"insert", file, record})).at(0);
  }
};

TEST_F(Outages, AnInitialSyncOutlivesTheDeathOfEitherEnd) {
  constexpr std::uint64_t kRecords = 200'000;
  insertManyRecords(makeDatabase("hub.blazedb", SyncRole::server), kRecords);
  const std::string client = path("client.blazedb");
  makeDatabase("client.blazedb");
  start({file_});
  std::string token = this->token(file_);
  // Until it has more than it had, but is not through.
  auto untilItHasMoreThan = [&](std::uint64_t before) {
    while (count(client) <= before) {
    }
  };

  std::unique_ptr<Watch> watch = this->watch(client, token);
  watch->untilState("catchingUp");
  untilItHasMoreThan(0);
  watch->send(SIGKILL);
  EXPECT_EQ(watch->wait().status, 128 + SIGKILL);
  std::uint64_t atItsDeath = count(client);
  EXPECT_LT(atItsDeath, kRecords) << "it was not killed in the middle";

  watch = this->watch(client, token);
  watch->untilState("catchingUp");
  untilItHasMoreThan(atItsDeath);
  killHub();
  watch->untilState("offline");
  std::uint64_t atTheHubsDeath = count(client);
  EXPECT_LT(atTheHubsDeath, kRecords) << "the hub was not killed in the middle";

  start({file_});
  std::int64_t moved = 0;
  watch->until([&](const Object& line) {
    moved = line.integer("done").value();
    return line.boolean("verified") == true;
  });
  EXPECT_LE(moved, static_cast<std::int64_t>(kRecords - atTheHubsDeath)) << "it has begun again";
  watch->send(SIGTERM);
  EXPECT_EQ(watch->wait().status, 0);
  stopHub();
  EXPECT_NE(succeed({"diff", file_, client}).find("equal: 200,000 records"), std::string::npos);
  succeed({"verify", client});
  succeed({"verify", file_});
}

TEST_F(Outages, WhatIsWrittenWhereNobodyHearsItMeetsInTheEnd) {
  const std::vector<std::string> files = {file_, path("ann.blazedb"), path("bob.blazedb")};
  std::string shared = makeDatabase("hub.blazedb", SyncRole::server).insert({{"by", "hub"}}).toString();
  start({file_});
  std::vector<std::unique_ptr<Watch>> watches;
  for (const char* name : {"ann", "bob"}) {
    makeDatabase(std::string(name) + ".blazedb");
    watches.push_back(watch(path(std::string(name) + ".blazedb"), token(file_)));
    watches.back()->untilVerified();
  }
  killHub();
  for (auto& each : watches) each->untilState("offline");

  // All three write: records of their own, and one that they share.
  std::vector<std::string> acknowledged = {shared};
  for (int round = 0; round < 5; round++)
    for (const std::string& file : files) {
      acknowledged.push_back(insert(file, R"({"round": )" + std::to_string(round) + "}"));
      succeed({"update", file, shared, R"({"by": ")" + file + R"("})"});
    }
  start({file_});
  for (auto& each : watches) each->untilVerified();
  // The first that was verified may not have had what the second one brought.
  std::string last = insert(files[0], R"({"round": "last"})");
  acknowledged.push_back(last);
  for (const std::string& file : {files[1], files[2]})
    while (run({"get", file, last}).status != 0) {
    }
  for (auto& each : watches) {
    each->send(SIGTERM);
    EXPECT_EQ(each->wait().status, 0);
  }
  stopHub();
  for (const std::string& file : {files[1], files[2]}) succeed({"diff", file_, file});
  for (const std::string& id : acknowledged) succeed({"get", file_, id});
  EXPECT_EQ(count(file_), acknowledged.size());
  EXPECT_EQ(parsed(succeed({"get", file_, shared})).string("by"), file_) << "the server wins";
}

TEST_F(Outages, TwoHundredClientsComeAtOnceAndComeToRest) {
  constexpr int kClients = 200, kOwn = 5, kHubs = 100;
  // What stands open here is some ten files for each.
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  makeDatabase("hub.blazedb", SyncRole::server).insertMany(std::vector<Record>(kHubs, Record{{"of", "hub"}}));
  start({file_});
  std::string token = this->token(file_);
  std::vector<Database> clients;
  Topology topology;
  std::vector<NodeId> nodes;
  for (int i = 0; i < kClients; i++) {
    std::string name = "client" + std::to_string(i);
    clients.push_back(makeDatabase(name + ".blazedb"));
    clients.back().insertMany(std::vector<Record>(kOwn, Record{{"of", name}}));
    nodes.push_back(topology.registerDatabase(clients.back(), name));
  }
  for (NodeId node : nodes) topology.connectRemote(node, hubNode(token), kReadableByTheHub);
  topology.synchronize(kBarrier);  // the hub has what each of them had,
  topology.synchronize(kBarrier);  // and each of them what the hub has
  for (Database& client : clients) ASSERT_EQ(client.count(), std::uint64_t{kHubs + kClients * kOwn});
  // At rest: nothing is on its way, and everybody has made sure.
  auto restless = [&] {
    std::vector<ConnectionStatus> connections = topology.connections();
    return std::count_if(connections.begin(), connections.end(), [](const ConnectionStatus& each) {
      return each.state != ConnectionState::live || !each.verified || each.pending > 0 || each.repaired > 0;
    });
  };
  auto deadline = std::chrono::steady_clock::now() + kBarrier;
  while (restless() > 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(restless(), 0);
  topology = Topology();
  stopHub();
  Database hub = open("hub.blazedb");
  for (Database& client : clients) ASSERT_TRUE(diff(hub, client).empty()) << client.name();
}

}  // namespace
}  // namespace blazedb::e2e
