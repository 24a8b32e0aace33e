// Hubs and clients that are killed, are away, or connect all at once: in the end, what was acknowledged is everywhere.
#include <signal.h>

#include <deque>

#include "e2e/hub_process.h"
#include "link/remote_link.h"
#include "storage/posix_file_system.h"
#include "support/replica.h"

namespace blazedb::e2e {
namespace {

class Outages : public WithHubProcess {
 protected:
  std::uint64_t count(const std::string& file) const { return std::stoull(succeed({"count", file})); }
  // Inserts through the process that has the file open, if there is one. Returns the id; the record is then
  // acknowledged.
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
  // Until it has more records than before, but not all.
  auto untilItHasMoreThan = [&](std::uint64_t before) {
    waitFor("more records", [&] { return count(client) > before; });
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
  // It gets the records that it lacks. It sends back at most those that it has, because the hub may have lost them.
  EXPECT_LE(moved, static_cast<std::int64_t>(kRecords)) << "it has begun again";
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

  // All three write new records, and all write to one shared record.
  std::vector<std::string> acknowledged = {shared};
  for (int round = 0; round < 2; round++)
    for (const std::string& file : files) {
      acknowledged.push_back(insert(file, R"({"round": )" + std::to_string(round) + "}"));
      succeed({"update", file, shared, R"({"by": ")" + file + R"("})"});
    }
  start({file_});
  for (auto& each : watches) each->untilVerified();
  // The first client that was verified may lack what the second one brought after that.
  std::string last = insert(files[0], R"({"round": "last"})");
  acknowledged.push_back(last);
  for (const std::string& file : {files[1], files[2]})
    waitFor("the last record", [&] { return run({"get", file, last}).status == 0; });
  for (auto& each : watches) {
    each->send(SIGTERM);
    EXPECT_EQ(each->wait().status, 0);
  }
  stopHub();
  for (const std::string& file : {files[1], files[2]}) succeed({"diff", file_, file});
  Database hub = open("hub.blazedb");
  for (const std::string& id : acknowledged) EXPECT_TRUE(hub.fetch(UUID::parse(id).value()));
  EXPECT_EQ(hub.count(), acknowledged.size());
  EXPECT_EQ(hub.fetch(UUID::parse(shared).value())->string("by"), file_) << "the server wins";
}

// A cheap client: its database is in memory and has no password.
struct LightClient {
  LightClient(std::uint64_t number, const std::int64_t& worldMs)
      : replica("client" + std::to_string(number), worldMs, number) {
    replica.insert({{"of", static_cast<std::int64_t>(number)}});
  }
  ~LightClient() { replica->removeFeedListener(listener); }
  void connect(link::Io& io, base::Clock& clock, base::Random& random, const link::RemoteOptions& hub) {
    link = std::make_unique<link::RemoteLink>(io, *replica, clock, random, hub, nullptr);
    listener = replica->addFeedListener([this] { link->feedMoved(); });
  }
  // Nothing is on its way, and both ends have compared digests.
  bool rests() const {
    link::LinkStatus status = link->status();
    return status.state == link::LinkState::live && status.ends[0].verified;
  }

  test::Replica replica;
  std::unique_ptr<link::RemoteLink> link;
  int listener = 0;
};

TEST_F(Outages, TwoHundredClientsComeAtOnceAndComeToRest) {
  constexpr int kClients = 200, kAtTheHub = 100;
  makeDatabase("hub.blazedb", SyncRole::server).insertMany(std::vector<Record>(kAtTheHub, Record{{"of", "hub"}}));
  start({file_});
  base::SystemClock clock;
  base::SystemRandom random;
  link::Io io;
  link::RemoteOptions options;
  options.host = host_;
  options.port = port();
  options.database = "hub";
  base::append(options.token, base::viewOf(token(file_)));
  link::TlsClientOptions trust;
  trust.pins = {said_.string("pin").value()};
  options.tls = link::TlsContext::forClient(trust);
  const std::int64_t worldMs = clock.wallMs() - test::WorldClock::kBeginningMs;
  std::deque<LightClient> clients;
  for (int i = 1; i <= kClients; i++) clients.emplace_back(i, worldMs);

  const std::int64_t deadline = clock.monotonicUs() + std::chrono::microseconds(kPatience).count();
  for (LightClient& client : clients) client.connect(io, clock, random, options);
  // First the hub gets what each client had, then each client gets what the hub has.
  for (int round = 0; round < 2; round++)
    for (LightClient& client : clients) ASSERT_TRUE(client.link->waitSynchronized(deadline));
  for (LightClient& client : clients) {
    waitFor("a client at rest", [&] { return client.rests(); });
    EXPECT_EQ(client.link->status().repaired, 0u);
    EXPECT_EQ(client.replica.count(), std::uint64_t{kAtTheHub + kClients});
  }
  for (LightClient& client : clients) client.link.reset();
  stopHub();
  storage::PosixFileSystem files;
  auto hub = db::Engine::open({files, clock, random}, file_, storage::KeySource::password(kPassword), {});
  for (LightClient& client : clients) EXPECT_EQ(client.replica->digests(), hub->digests());
}

}  // namespace
}  // namespace blazedb::e2e
