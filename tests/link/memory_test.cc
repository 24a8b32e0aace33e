// Memory runs out on the threads of the links: at their first allocation, at the second, and so on, once or for a
// while. No thread ends the process, and when there is memory again the links recover by themselves.
#include <gtest/gtest.h>

#include <future>
#include <new>
#include <thread>

#include "blazedb/error.h"
#include "link/hub_fixture.h"
#include "link/local_link.h"
#include "link/strand.h"
#include "support/failing_memory.h"

namespace blazedb::link {
namespace {

using test::FailingMemory;

// Writes that share a commit fail together, so a write may fail because another thread had no memory.
void insertAnyway(test::Replica& replica, const Record& record) {
  while (true) {
    try {
      replica.insert(record);
      return;
    } catch (const std::bad_alloc&) {
      // Nothing of the failed write was stored.
    } catch (const Error& error) {
      if (error.code() != ErrorCode::OutOfMemory) throw;  // the file layer under SQLite had no memory
    }
  }
}

class LinkMemoryTest : public HubTest, public testing::WithParamInterface<std::int64_t> {
 protected:
  // Calls `cycle`, with other allocations failing each time, until none does.
  void failEach(const std::function<void()>& cycle) {
    for (std::int64_t first = 0; !HasFatalFailure(); first += 1 + first / 8) {
      SCOPED_TRACE(first);
      FailingMemory failing(FailingMemory::Of::otherThreads, first, GetParam());
      cycle();
      if (!failing.end()) return;
    }
  }
};

TEST_P(LinkMemoryTest, AHubAndItsClientGetOn) {
  Timing quick{.admitMs = 1000, .pingMs = 100, .deadMs = 1000};
  options.timing = quick;
  listen(nullptr);
  Client client(*this, 1);
  RemoteOptions remote = toHub();
  remote.tls = nullptr;
  remote.timing = quick;
  failEach([&] {
    insertAnyway(client.replica, {{"from", "client"}});
    client.connect(*this, remote);
    insertAnyway(hub, {{"from", "hub"}});
    ASSERT_TRUE(client.link->waitSynchronized(soonUs()));
    insertAnyway(client.replica, {{"from", "client"}, {"later", true}});
    insertAnyway(hub, {{"from", "hub"}, {"later", true}});
    ASSERT_TRUE(client.link->waitSynchronized(soonUs()));
    client.disconnect();
  });
  expectSame(client);
}

TEST_P(LinkMemoryTest, TwoDatabasesOfOneProcessGetOn) {
  test::Replica other("other", worldMs, 1);
  failEach([&] {
    insertAnyway(other, {{"from", "other"}});
    LocalLink link({*other.engine, {}}, {*hub.engine, {}}, clock, random, {});
    ASSERT_TRUE(link.waitSynchronized(soonUs()));
    insertAnyway(hub, {{"from", "hub"}});
    link.feedMoved();
    ASSERT_TRUE(link.waitSynchronized(soonUs()));
    link.end();
  });
  EXPECT_EQ(other->digests(), hub->digests());
}

TEST(StrandMemory, ATaskThatThereWasNoMemoryToPostDoesNotRunAndLaterOnesDo) {
  asio::io_context workers;
  Strand strand(workers);
  int refused = 0, ran = 0;
  for (std::int64_t first = 0; refused == first; first++) {
    FailingMemory failing(FailingMemory::Of::thisThread, first);
    try {
      strand.post([&] { ran++; });
    } catch (const std::bad_alloc&) {
      refused++;
    }
  }
  EXPECT_GE(refused, 2) << "one for the task, one for Asio";
  workers.run();
  EXPECT_EQ(ran, 1);
}

TEST(StrandMemory, TheNextTaskNeedsNone) {
  constexpr int kMany = 1000;
  asio::io_context workers;
  Strand strand(workers);
  std::promise<void> begun, more, all;
  strand.post([&] {
    begun.set_value();
    more.get_future().wait();
  });
  std::thread worker([&] { workers.run(); });
  begun.get_future().wait();
  int ran = 0;
  for (int i = 0; i < kMany; i++)
    strand.post([&] {
      if (++ran == kMany) all.set_value();
    });
  {
    FailingMemory failing(FailingMemory::Of::otherThreads, 0, FailingMemory::kAll);
    more.set_value();
    all.get_future().wait();
  }
  worker.join();
  EXPECT_EQ(ran, kMany);
}

INSTANTIATE_TEST_SUITE_P(, LinkMemoryTest, testing::Values(1, 3),
                         [](const auto& each) { return each.param == 1 ? "Once" : "ForAWhile"; });

}  // namespace
}  // namespace blazedb::link
