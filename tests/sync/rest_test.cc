// At rest: digests, and repairs where they differ.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "support/read_record.h"
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

// Whatever a peer sends at rest, this end does a little of the work at once, and the rest after others have had their
// turn.
TEST_F(SessionTest, AnswersBucketsStepByStep) {
  for (int i = 0; i < 3000; i++) a.insert({{"n", i}});
  auto session = talking();
  session->takeFrames();
  Buckets lie{"default", {}, {}};
  for (std::uint64_t i = 0; i < 255; i++) lie.sums.push_back({uuidOf(i), {1, 1}});
  UUID last;
  last.bytes.fill(0xFF);
  lie.sums.push_back({last, {1, 1}});
  session->receive(encode(lie), now);
  EXPECT_TRUE(session->takeFrames().empty());
  int ticks = 0;
  std::vector<Bytes> said;
  for (; said.empty(); ticks++) {
    ASSERT_LE(session->nextTickMs(), now);
    session->tick(now);
    said = session->takeFrames();
  }
  EXPECT_GE(ticks, 6);
  ASSERT_EQ(said.size(), 1u);
  std::optional<Inventory> answer = decodeInventory(said[0]);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->records.size(), 3000u);
  expectProtocolError(*session, encode(*answer));
}

TEST_F(SessionTest, TakesNoMoreThanOneQuestionAtATime) {
  a.insert({{"n", 1}});
  auto session = talking();
  Bytes question = encode(Buckets{"default", {}, {{uuidOf(1), {}}}});
  session->receive(question, now);
  expectProtocolError(*session, question);
}

TEST_F(SessionTest, TakesNoRepairThatItHasNotAskedFor) {
  UUID id = b.insert({{"n", 1}});
  BatchWriter rows;
  ASSERT_TRUE(test::readRecord(*b.engine, {"default", id}, {}, rows));
  expectProtocolError(*talking(), rows.finishRows(false, {}));
  EXPECT_EQ(a.count(), 0u);
}

// A peer that names collections, as many as it likes, gets no answer and is not remembered.
TEST_F(SessionTest, DoesNothingAboutCollectionsThatItHasNeverHeld) {
  a.insert({{"n", 1}});
  auto session = talking();
  std::vector<Bytes> said = session->takeFrames();
  for (const Bytes& frame : said)
    if (auto batch = decodeBatch(frame)) session->receive(encode(Ack{batch->to, 0}), now);
  session->takeFrames();
  DigestFrame digest{0, a->feedEnd(), a->digests()};
  for (int i = 0; i < 10'000; i++) digest.collections.push_back({"e" + std::to_string(100'000 + i), 1, {1, 1}});
  session->receive(encode(digest), now);
  for (int i = 0; i < 100 && session->nextTickMs(); i++) session->tick(now = std::max(now, *session->nextTickMs()));
  said = session->takeFrames();
  ASSERT_EQ(said.size(), 1u) << "its own digest";
  EXPECT_EQ(*typeOf(said[0]), FrameType::digest);
  EXPECT_FALSE(session->status().verified);
}

// Acts as if it had merged a change, and loses it.
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
  // A changes records, and B loses the change of `id`. Expects that both ends hold the same in the end.
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
