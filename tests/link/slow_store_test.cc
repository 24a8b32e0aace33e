// A store that does not answer delays only its own connections.
#include <algorithm>
#include <deque>

#include "link/hub_fixture.h"
#include "link/raw_guest.h"
#include "support/conversation.h"

namespace blazedb::link {
namespace {

// Answers some questions only once it is released.
class SlowStore final : public test::PassingStore {
 public:
  using test::PassingStore::PassingStore;

  sync::FeedRead readFeed(const sync::FeedQuery& query, sync::BatchWriter& out) override {
    answer();
    return test::PassingStore::readFeed(query, out);
  }
  sync::ApplyResult apply(const sync::Incoming& incoming) override {
    answer();
    return test::PassingStore::apply(incoming);
  }

  void answer() {
    std::unique_lock lock(mutex_);
    asked_++;
    changed_.notify_all();
    changed_.wait(lock, [&] { return released_; });
  }
  // Waits until this many questions wait for their answer.
  bool waitUntilAsked(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, Heard::kLong, [&] { return asked_ >= count; });
  }
  void release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  int asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int asked_ = 0;
  bool released_ = false;
};

constexpr int kMany = 3 * static_cast<int>(Turns::kAtOnce);

// The hub offers "orders", which answers, and "slow".
class SlowStoreTest : public HubTest {
 protected:
  ~SlowStoreTest() override {
    store.release();
    links.clear();
    waiting.clear();
    stopListening();
  }

  void listenForBoth(std::shared_ptr<const TlsContext> tls) {
    options.address = "127.0.0.1";
    options.tls = std::move(tls);
    acceptor = std::make_unique<Acceptor>(
        io, clock, options,
        [this](const Knock& knock) -> const sync::Store* {
          if (knock.database == "slow") return &store;
          return served();
        },
        [this](const Knock& knock, const PeerInfo&) -> Admission {
          if (knock.database != "slow") return admit(knock);
          if (slowToAdmit) store.answer();
          return Guest{std::shared_ptr<sync::Store>(std::shared_ptr<void>(), &store), {}, {}};
        },
        [this](const Served& each) { hubHeard.note(each.status); },
        [this](const Served& each) { hubRefused.note(each.status); });
    hubListener = hub->addFeedListener([this] { acceptor->feedMoved(*hub.engine); });
  }
  RemoteOptions toSlow() {
    RemoteOptions remote = toHub();
    remote.database = "slow";
    return remote;
  }
  // More clients than the hub has threads at first, each with something to send and to get.
  void connectToSlow() {
    slow.insert({{"from", "hub"}});
    for (int i = 0; i < kMany; i++) {
      waiting.emplace_back(*this, 100 + i);
      waiting.back().replica.insert({{"n", i}});
      waiting.back().connect(*this, toSlow());
    }
  }
  // As many with the other database, which works as usual.
  void expectOthersSync() {
    std::deque<Client> others;
    for (int i = 0; i < kMany; i++) {
      others.emplace_back(*this, 1 + i);
      others.back().replica.insert({{"n", i}});
      others.back().connect(*this, toHub());
    }
    for (Client& each : others) {
      EXPECT_TRUE(each.heard.waitFor(LinkState::live));
      EXPECT_TRUE(each.link->waitSynchronized(soonUs()));
    }
    UUID last = hub.insert({{"last", true}});
    for (Client& each : others) {
      EXPECT_TRUE(each.link->waitSynchronized(soonUs()));
      EXPECT_TRUE(each.replica.fetch(last));
    }
    EXPECT_EQ(hub.count(), std::uint64_t{kMany + 1});
  }
  void expectWaitingSync() {
    store.release();
    for (Client& each : waiting) EXPECT_TRUE(each.link->waitSynchronized(soonUs()));
    EXPECT_EQ(slow.count(), std::uint64_t{kMany + 1});
  }

  test::Replica slow{"slow", worldMs, 2000};
  SlowStore store{*slow.engine};
  std::deque<Client> waiting;
  std::deque<RemoteLink> links;  // between the slow database and the hub
  bool slowToAdmit = false;
};

TEST_F(SlowStoreTest, KeepsNobodyElseWaitingWhileItIsReadAndWritten) {
  listenForBoth(hubTls());
  connectToSlow();
  ASSERT_TRUE(store.waitUntilAsked(Turns::kAtOnce));
  expectOthersSync();
  EXPECT_EQ(store.asked(), int{Turns::kAtOnce}) << "the others of that store are waiting in line";
  expectWaitingSync();
}

TEST_F(SlowStoreTest, KeepsNobodyElseWaitingWhileItIsAskedWhomToAdmit) {
  slowToAdmit = true;
  listenForBoth(hubTls());
  connectToSlow();
  ASSERT_TRUE(store.waitUntilAsked(Turns::kAtOnce));
  expectOthersSync();
  EXPECT_EQ(store.asked(), int{Turns::kAtOnce});
  expectWaitingSync();
}

// The slow store is at this end.
TEST_F(SlowStoreTest, OfOneLinkKeepsNoOtherLinkWaiting) {
  listen();
  hub.insert({{"from", "hub"}});
  for (int i = 0; i < kMany; i++) links.emplace_back(io, store, clock, random, toHub(), nullptr);
  ASSERT_TRUE(store.waitUntilAsked(Turns::kAtOnce));
  Client other(*this, 1);
  other.connect(*this, toHub());
  EXPECT_TRUE(other.heard.waitFor(LinkState::live));
  EXPECT_TRUE(other.link->waitSynchronized(soonUs()));
  EXPECT_EQ(other.replica.count(), 1u);
}

// The hub gives up a client that is not admitted within its time, even while it waits in line.
TEST_F(SlowStoreTest, IsNotAskedAboutClientsThatHaveGone) {
  slowToAdmit = true;
  options.timing.admitMs = 200;
  listenForBoth(nullptr);
  Knock knock;
  knock.database = "slow";
  std::deque<RawGuest> busy, inLine;
  auto knockAs = [&](std::deque<RawGuest>& guests, int count) {
    for (int i = 0; i < count; i++) {
      guests.emplace_back(acceptor->port());
      guests.back().send(encode(knock));
    }
  };
  knockAs(busy, Turns::kAtOnce);
  ASSERT_TRUE(store.waitUntilAsked(Turns::kAtOnce));
  knockAs(inLine, kMany);
  for (RawGuest& guest : inLine) {
    std::optional<sync::Bye> bye = guest.bye();
    ASSERT_TRUE(bye);
    EXPECT_EQ(bye->code, ErrorCode::Timeout);
  }
  store.release();
  stopListening();
  EXPECT_EQ(store.asked(), int{Turns::kAtOnce});
}

}  // namespace
}  // namespace blazedb::link
