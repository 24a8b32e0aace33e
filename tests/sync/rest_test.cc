// At rest: digests, and repairs where they differ.
#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

TEST_F(SessionTest, AtRestBothEndsProveThatTheyHoldTheSame) {
  a.insert({{"n", 1}});
  Conversation talk(a, b, now);
  talk.start();
  talk.settle();
  EXPECT_TRUE(talk.live());
  EXPECT_FALSE(talk.status(0).verified) << "being up to date is not yet a proof";
  talk.rest();
  EXPECT_TRUE(talk.verified());
  a.insert({{"n", 2}});
  talk.settle();
  EXPECT_FALSE(talk.status(0).verified) << "something has changed since";
  EXPECT_FALSE(talk.status(1).verified);
  talk.rest();
  EXPECT_TRUE(talk.verified());
  EXPECT_EQ(talk.status(0).repaired + talk.status(1).repaired, 0u);
}

TEST_F(SessionTest, AtRestNothingIsSaidAnyMore) {
  a.insert({{"n", 1}});
  Conversation talk = synced();
  talk.crossed.clear();
  now += kHour;
  for (int end = 0; end < 2; end++) talk[end].tick(now);
  talk.rest();
  EXPECT_TRUE(talk.crossed.empty());
}

// Does as if a change had been merged, and loses it.
struct LosingStore : PassingStore {
  using PassingStore::PassingStore;
  ApplyResult apply(const Incoming& incoming) override {
    Incoming rest = incoming;
    std::erase_if(rest.changes, [&](const Change& change) { return losing && change.id == *losing; });
    if (rest.changes.size() != incoming.changes.size()) losing.reset();
    return PassingStore::apply(rest);
  }
  std::optional<UUID> losing;
};

class RepairTest : public SessionTest {
 protected:
  // Changes at A; the change of `id` gets lost at B. Expects that both ends are the same in the end.
  std::pair<std::uint64_t, std::uint64_t> repairedAfter(const UUID& id, const std::function<void()>& change) {
    LosingStore store(*b.engine);
    Conversation talk(a, *a.engine, b, store, now);
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.verified());
    store.losing = id;
    change();
    talk.settle();
    EXPECT_FALSE(store.losing);
    EXPECT_FALSE(a->digests() == b->digests()) << "there must be something to repair";
    talk.rest();
    EXPECT_TRUE(talk.verified());
    EXPECT_FALSE(talk.said(0, FrameType::buckets).empty());
    expectSame(a, b);
    return {talk.status(0).repaired, talk.status(1).repaired};
  }
};

TEST_F(RepairTest, BringsARecordThatIsMissing) {
  for (int i = 0; i < 300; i++) a.insert({{"n", i}});
  auto [atA, atB] = repairedAfter(uuidOf(77), [&] {
    a.insert(uuidOf(77), {{"n", 77}});
    a.insert({{"n", 78}});
  });
  EXPECT_EQ(atA, 1u);
  EXPECT_EQ(atB, 0u);
  EXPECT_EQ(b.fetch(uuidOf(77))->integer("n"), 77);
}

TEST_F(RepairTest, BringsAFieldThatDiffers) {
  UUID id = a.insert({{"n", 1}, {"m", 1}});
  auto [atA, atB] = repairedAfter(id, [&] { a.updateFields(id, {{"n", 2}}); });
  EXPECT_EQ(atA, 1u);
  EXPECT_EQ(atB, 1u) << "who is right is not known before";
  EXPECT_EQ(b.fetch(id)->integer("n"), 2);
}

TEST_F(RepairTest, BringsADelete) {
  UUID id = a.insert({{"n", 1}});
  repairedAfter(id, [&] { a.remove(id); });
  EXPECT_FALSE(a.fetch(id));
  EXPECT_FALSE(b.fetch(id));
}

TEST_F(RepairTest, BringsManyInOneGo) {
  struct LosingAll : PassingStore {
    using PassingStore::PassingStore;
    ApplyResult apply(const Incoming& incoming) override {
      Incoming rest = incoming;
      if (losing) rest.changes.clear();
      return PassingStore::apply(rest);
    }
    bool losing = true;
  } store(*b.engine);
  for (int i = 0; i < 1000; i++) a.insert({{"n", i}});
  Conversation talk(a, *a.engine, b, store, now);
  talk.start();
  talk.settle();
  EXPECT_EQ(b.count(), 0u);
  store.losing = false;
  talk.rest();
  EXPECT_TRUE(talk.verified());
  EXPECT_EQ(talk.status(0).repaired, 1000u);
  expectSame(a, b);
}

}  // namespace
}  // namespace blazedb::sync
