// A sync over a network that breaks again and again, while both ends write.
#include "e2e/rough_wire.h"

#include "e2e/hub_process.h"

namespace blazedb::e2e {
namespace {

// Text that cannot be compressed.
std::vector<Record> noise(std::mt19937_64& random, int count) {
  std::vector<Record> records;
  for (int i = 0; i < count; i++) {
    std::string text;
    for (int n = 0; n < 20; n++) text += std::to_string(random());
    records.push_back({{"text", text}});
  }
  return records;
}

class SyncOverARoughWire : public WithHubProcess, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(SyncOverARoughWire, LosesNothing) {
  constexpr int kResets = 40, kBefore = 2'000;
  constexpr std::uint64_t kUnsentMax = 1'000;  // changes
  std::mt19937_64 random(GetParam());
  makeDatabase("hub.blazedb", SyncRole::server).insertMany(noise(random, kBefore));
  Database client = makeDatabase("client.blazedb");
  client.insertMany(noise(random, kBefore));
  start({file_});
  const std::string token = this->token(file_);
  RoughWire wire(port(), GetParam(), kResets);
  SyncEngine sync = client.enableSync(hubNode(token, "hub", wire.port()), kReadableByTheHub);
  // Does not wait for the next automatic try.
  Subscription impatient = sync.onStatus([&](const ConnectionStatus& status) {
    if (status.state == ConnectionState::offline) sync.resume();
  });

  std::vector<UUID> acknowledged;
  std::size_t rounds = 0;
  for (; wire.resetsLeft() > 0; rounds++) {
    std::vector<UUID> written = client.insertMany(noise(random, 50));
    acknowledged.insert(acknowledged.end(), written.begin(), written.end());
    client.updateFields(written[random() % written.size()], {{"round", static_cast<std::int64_t>(rounds)}});
    // The hub's writes come from a separate process.
    if (rounds % 4 == 0)
      acknowledged.push_back(UUID::parse(linesOf(succeed({"insert", file_, R"({"by": "the hub"})"})).at(0)).value());
    // Where the wire is slow, the writers wait: what is lost is the wire's.
    waitFor("the wire", [&] { return wire.resetsLeft() == 0 || sync.pendingChanges().count < kUnsentMax; });
  }
  sync.synchronize(kBarrier);
  EXPECT_EQ(sync.status().state, ConnectionState::live);
  EXPECT_EQ(sync.pendingChanges().count, 0u);
  EXPECT_EQ(sync.status().repaired, 0u) << "it was lost, and found again by comparing";
  stopHub();
  Database hub = open("hub.blazedb");
  EXPECT_TRUE(diff(hub, client).empty());
  EXPECT_EQ(hub.count(), acknowledged.size() + 2 * kBefore);
  for (const UUID& id : acknowledged) ASSERT_TRUE(hub.fetch(id));
}

INSTANTIATE_TEST_SUITE_P(Seeds, SyncOverARoughWire, testing::Values(1, 2));

}  // namespace
}  // namespace blazedb::e2e
