// Callbacks on BlazeDB's threads: what one throws is discarded, and the other callbacks still run.
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "blazedb/topology.h"
#include "db/open_database.h"
#include "topology/callback_thread.h"

namespace blazedb {
namespace {

class ListenersTest : public FolderTest {
 protected:
  ConnectionId connect() { return topology.connectLocal(a, b, ConnectionMode::bidirectional); }
  // One more conflict that `first` loses.
  void makeConflict() {
    topology.disconnect(connection);
    n++;
    first.updateFields(id, {{"n", n}});
    second.updateFields(id, {{"n", -n}});
    connection = connect();
    topology.synchronize();
  }

  Database first = open("first"), second = open("second");
  Topology topology;
  NodeId a = topology.registerDatabase(first, "first");
  NodeId b = topology.registerDatabase(second, "second", {.role = SyncRole::server});
  UUID id = first.insert({{"n", 0}});
  ConnectionId connection = connect();
  int n = 0;
};

TEST(CallbackThreadTest, GoesOnAfterACallbackThatThrew) {
  topology::CallbackThread thread;
  bool ran = false;
  thread.post([] { throw std::runtime_error("not today"); });
  thread.post([&] { ran = true; });
  thread.drain();
  EXPECT_TRUE(ran);
}

TEST_F(ListenersTest, AStatusListenerThatThrowsIsCalledAgainAndOthersAreToo) {
  std::atomic<int> thrown = 0;
  Subscription throws = topology.onStatus(connection, [&](const ConnectionStatus&) {
    thrown++;
    throw std::runtime_error("not today");
  });
  Subscription throwsAnything = topology.onStatus(connection, [](const ConnectionStatus&) { throw 42; });
  std::promise<int> verified;
  std::atomic<bool> told = false;
  Subscription listens = topology.onStatus(connection, [&](const ConnectionStatus& status) {
    if (status.verified && !told.exchange(true)) verified.set_value(thrown);
  });
  EXPECT_GE(verified.get_future().get(), 1);
  int before = thrown;
  std::promise<void> again;
  Subscription waits = topology.onStatus(connection, [&, done = false](const ConnectionStatus& status) mutable {
    if (!status.verified && !std::exchange(done, true)) again.set_value();
  });
  first.insert({{"n", 1}});
  again.get_future().get();
  EXPECT_GT(thrown, before);
  throws.reset();
}

TEST_F(ListenersTest, AConflictListenerThatThrowsIsCalledAgainAndOthersAreToo) {
  topology.synchronize();
  std::atomic<int> thrown = 0;
  Subscription throws = first.onConflict([&](const Conflict&) {
    thrown++;
    throw std::runtime_error("not today");
  });
  Subscription throwsAnError =
      first.onConflict([](const Conflict&) { throw Error(ErrorCode::NotFound, "not today either"); });
  for (int round = 1; round <= 2; round++) {
    std::promise<Conflict> found;
    Subscription listens = first.onConflict([&](const Conflict& conflict) { found.set_value(conflict); });
    makeConflict();
    EXPECT_EQ(*found.get_future().get().lost.as<std::int64_t>(), round);
    EXPECT_EQ(thrown, round);
  }
  throws.reset();
  EXPECT_EQ(first.conflicts().size(), 2u);
}

TEST_F(ListenersTest, TheLastHandleMayGoInItsListener) {
  struct Held {
    Database one, two;
    Topology topology;
  };
  auto held = std::make_unique<Held>(Held{open("one"), open("two"), {}});
  ConnectionId link =
      held->topology.connectLocal(held->topology.registerDatabase(held->one, "one"),
                                  held->topology.registerDatabase(held->two, "two"), ConnectionMode::bidirectional);
  std::promise<void> ready;
  std::shared_future<void> isReady = ready.get_future().share();
  auto gone = std::make_shared<std::promise<std::optional<ErrorCode>>>();  // the listener, too, may still use it
  Subscription listens = held->topology.onStatus(link, [this, &held, isReady, gone](const ConnectionStatus&) {
    isReady.wait();
    if (!held) return;
    held.reset();
    gone->set_value(test::errorOf([&] {  // nothing uses the files any more
      open("one");
      open("two");
    }));
  });
  held->one.insert({{"n", 1}});
  ready.set_value();
  EXPECT_EQ(gone->get_future().get(), std::nullopt);
}

TEST_F(ListenersTest, AConflictListenerMayEndItselfAndTheLastHandle) {
  topology.synchronize();
  std::promise<void> ready, called;
  std::shared_future<void> isReady = ready.get_future().share();
  auto own = std::make_shared<Subscription>();
  *own = first.onConflict([own, owned = first, isReady, &called](const Conflict&) {
    isReady.wait();
    own->reset();
    called.set_value();
  });
  own.reset();
  makeConflict();
  topology = Topology();
  first = second;
  ready.set_value();
  called.get_future().wait();
  while (test::errorOf([&] { open("first"); }) == ErrorCode::DatabaseInUse) std::this_thread::yield();
  EXPECT_EQ(open("first").count(), 1u);
}

}  // namespace
}  // namespace blazedb
