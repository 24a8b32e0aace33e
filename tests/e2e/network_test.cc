// A hub and its clients on separate hosts, with a network between them that fails.
//
// An end whose network has gone notices after half a minute of silence (link/conversation.h); the test waits for that.
// With BLAZEDB_LONG_TESTS=1 the network stays away for a whole minute.
#include <signal.h>

#include <cstdlib>
#include <optional>

#include "e2e/hub_process.h"
#include "e2e/network_namespace.h"

namespace blazedb::e2e {
namespace {

using std::chrono::steady_clock;

class Network : public WithHubProcess {
 protected:
  // The hub is host 0, Ann host 1, Bob host 2.
  void SetUp() override {
    try {
      network_.emplace(3);
    } catch (const NoNamespaces& error) {
      GTEST_SKIP() << "network namespaces are not to be had here: " << error.what();
    }
    makeDatabase("hub.blazedb", SyncRole::server);
    makeDatabase("ann.blazedb");
    makeDatabase("bob.blazedb");
    host_ = SwitchedNetwork::addressOf(0);
    before_ = network_->onHost(0, {});
  }
  std::unique_ptr<Watch> watchOn(int host, const std::string& file) const {
    return std::make_unique<Watch>(network_->onHost(host, command(syncWords(file, {"--watch", "--json"}))),
                                   withToken(token(file_, {"--user", file})));
  }
  // Inserts a record at each of the three databases, through the process that has it open.
  void everybodyWrites() {
    for (const std::string& file : {file_, ann_, bob_})
      acknowledged_.push_back(UUID::parse(linesOf(succeed({"insert", file, R"({"n": 1})"})).at(0)).value());
  }

  const std::string ann_ = path("ann.blazedb"), bob_ = path("bob.blazedb");
  std::optional<SwitchedNetwork> network_;
  std::vector<UUID> acknowledged_;
};

TEST_F(Network, ALinkThatIsCutWhileAllWriteHealsByItself) {
  constexpr int kMany = 50'000;
  insertManyRecords(open("ann.blazedb"), kMany);
  insertManyRecords(open("hub.blazedb"), kMany);
  start({file_});
  std::unique_ptr<Watch> ann = watchOn(1, ann_), bob = watchOn(2, bob_);
  // The network is cut while much is on its way in both directions, so nothing slow may come before the cut.
  ann->untilState("catchingUp");
  bob->untilState("catchingUp");
  network_->lose(1);
  network_->unplug(2);
  const auto cut = steady_clock::now();
  EXPECT_LT(std::stoi(succeed({"count", bob_})), 2 * kMany) << "it was not cut in the middle";
  everybodyWrites();
  ann->untilState("offline");
  bob->untilState("offline");
  EXPECT_LT(steady_clock::now() - cut, std::chrono::seconds(50)) << "30 are promised, from the last sign of life";
  everybodyWrites();
  if (std::getenv("BLAZEDB_LONG_TESTS"))
    while (steady_clock::now() - cut < std::chrono::minutes(1)) everybodyWrites();

  network_->find(1);
  network_->plug(2);
  const auto healed = steady_clock::now();
  everybodyWrites();
  // Bob's system reports that the network is back. Ann must try again: at most 30 seconds apart, and a try takes 10.
  bob->untilVerified();
  const auto bobIsBack = steady_clock::now();
  ann->untilVerified();
  const auto annIsBack = steady_clock::now();
  EXPECT_LT(bobIsBack - healed, std::chrono::seconds(15));
  EXPECT_LT(annIsBack - healed, std::chrono::seconds(45));

  for (Watch* watch : {ann.get(), bob.get()}) {
    watch->send(SIGTERM);
    EXPECT_EQ(watch->wait().status, 0);
  }
  // The hub has everything now. Ann and Bob may still lack each other's latest records.
  for (const auto& [host, file] : {std::pair(1, ann_), std::pair(2, bob_)}) {
    Result last =
        Process(network_->onHost(host, command(syncWords(file))), withToken(token(file_, {"--user", file}))).wait();
    EXPECT_EQ(last.status, 0) << last.err;
  }
  stopHub();
  for (const std::string& file : {ann_, bob_}) succeed({"diff", file_, file});
  Database hub = open("hub.blazedb");
  EXPECT_EQ(hub.count(), acknowledged_.size() + 2 * kMany);
  for (const UUID& id : acknowledged_) EXPECT_TRUE(hub.fetch(id)) << id.toString();
}

}  // namespace
}  // namespace blazedb::e2e
