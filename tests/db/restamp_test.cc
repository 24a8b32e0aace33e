// A database that wrote while its clock was far ahead: others refuse its writes, restamp() mends it, and then it syncs
// again.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "blazedb/error.h"
#include "support/conversation.h"
#include "support/errors.h"

namespace blazedb::db {
namespace {

using test::Conversation;
using test::Replica;
using test::SimFileSystem;
using test::uuidOf;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kYear = 365 * 24 * 60 * kMinute;

class RestampTest : public testing::Test {
 protected:
  void sync() {
    Conversation talk(a, b, now);
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.verified());
    EXPECT_EQ(a->digests(), b->digests());
  }
  void expectInThePresent(Replica& replica, const UUID& id) {
    Replica::Stored stored = replica.stored(id);
    ASSERT_TRUE(stored.held);
    std::int64_t latest = sync::HybridClock::toWall(std::max(stored.latest.time, stored.tomb.time));
    EXPECT_LE(latest, replica.clock.wallMs() + base::kClockSkewMsMax);
  }

  std::int64_t now = 0;
  Replica a{"a", now, 1}, b{"b", now, 2};
};

TEST_F(RestampTest, ADatabaseThatWroteInTheFutureIsRefusedMendedAndConverges) {
  UUID both = a.insert({{"x", 1}, {"y", 1}});
  UUID deleted = a.insert({{"x", 1}});
  UUID untouched = a.insert({{"x", 1}});
  sync();

  a.clock.skewMs = kYear;
  a.updateFields(both, {{"x", 2}});
  UUID inserted = a.insert({{"x", 3}});
  EXPECT_TRUE(a.remove(deleted));
  a.clock.skewMs = 0;
  now += kMinute;
  b.updateFields(both, {{"x", 9}, {"y", 9}});
  sync::Stamp before = a.stored(untouched).latest;

  Conversation refused(a, b, now);
  refused.start();
  refused.settle();
  EXPECT_TRUE(refused.live());
  for (int end = 0; end < 2; end++) {
    ASSERT_TRUE(refused.status(end).reason);
    EXPECT_EQ(refused.status(end).reason->code, ErrorCode::ClockSkew);
    EXPECT_NE(refused.status(end).reason->text.find("blazedb restamp FILE"), std::string::npos);
  }
  EXPECT_EQ(b->rejectedChanges().size(), 3u);
  EXPECT_FALSE(b.fetch(inserted));

  now += kMinute;
  EXPECT_EQ(a->restamp(), 3u);
  EXPECT_TRUE(a->verify({}).problems.empty());
  for (const UUID& id : {both, deleted, inserted}) expectInThePresent(a, id);
  EXPECT_EQ(a.stored(untouched).latest, before);
  sync();
  EXPECT_EQ(b.fetch(both)->integer("x"), 2) << "written now, after b";
  EXPECT_EQ(b.fetch(both)->integer("y"), 9) << "not written in the future";
  EXPECT_EQ(b.fetch(inserted)->integer("x"), 3);
  EXPECT_FALSE(b.fetch(deleted));
  ASSERT_EQ(b->journal().conflicts().size(), 1u) << "what b lost it can find";
  EXPECT_EQ(b->journal().conflicts()[0].field, "x");

  now += kMinute;
  b.updateFields(both, {{"x", 10}});
  b.insert(deleted, {{"x", 11}});
  sync();
  EXPECT_EQ(a.fetch(both)->integer("x"), 10) << "what comes later wins as ever";
  EXPECT_EQ(a.fetch(deleted)->integer("x"), 11);
}

TEST_F(RestampTest, WhatAServerWroteStillBeatsAClientThatHadNotSeenIt) {
  UUID id = a.insert({{"x", 1}});
  sync();
  a->setRole(SyncRole::server);
  a.clock.skewMs = kYear;
  a.updateFields(id, {{"x", 2}});
  a.clock.skewMs = 0;
  EXPECT_EQ(a->restamp(), 1u);
  now += kMinute;
  b.updateFields(id, {{"x", 3}});
  sync();
  EXPECT_EQ(b.fetch(id)->integer("x"), 2);
}

TEST_F(RestampTest, TheClockStaysBackAlsoAfterReopening) {
  a.clock.skewMs = kYear;
  UUID id = a.insert({{"x", 1}});
  a.clock.skewMs = 0;
  EXPECT_EQ(a->restamp(), 1u);
  a.reopen();
  expectInThePresent(a, a.insert({{"x", 3}}));
  a.updateFields(id, {{"x", 4}});
  EXPECT_EQ(a.fetch(id)->integer("x"), 4);
  expectInThePresent(a, id);
  std::uint64_t end = a->feedEnd();
  EXPECT_EQ(a->restamp(), 0u);
  EXPECT_EQ(a->feedEnd(), end) << "nothing to mend, nothing written";
}

TEST_F(RestampTest, AClockThatIsAheadAloneIsSetBackToo) {
  a.clock.skewMs = kYear;
  UUID id = a.insert({{"x", 1}});
  a.remove(id);
  a->maintain();
  a.clock.skewMs = 2 * kYear;
  a->maintain();  // forgets the delete
  ASSERT_FALSE(a.stored(id).held);
  a.clock.skewMs = 0;
  EXPECT_EQ(a->restamp(), 0u);
  expectInThePresent(a, a.insert({{"x", 2}}));
}

TEST_F(RestampTest, OneThatFailsHalfWayGoesOnTheNextTime) {
  constexpr std::uint64_t kRecords = 3500;
  a.clock.skewMs = kYear;
  a->write([&](Changes& changes) {
    for (std::uint64_t i = 1; i <= kRecords; i++) changes.insert("default", uuidOf(i), {{"n", 1}});
  });
  a.clock.skewMs = 0;
  // Two transactions of a thousand records succeed.
  a.files.failAt(SimFileSystem::Operation::sync, 3, storage::IoStatus::failed, true);
  EXPECT_TRUE(test::errorOf([&] { a->restamp(); }));
  a.files.clearFaults();
  a.powerCut(7);
  a.open();
  EXPECT_TRUE(a->verify({}).problems.empty());
  for (std::uint64_t i : {1, 3500}) {
    sync::Stamp before = a.stored(uuidOf(i)).latest;
    a.updateFields(uuidOf(i), {{"n", 2}});
    EXPECT_GT(a.stored(uuidOf(i)).latest, before) << "the clock must be ahead of what is not mended";
  }
  std::uint64_t rest = a->restamp();
  EXPECT_GT(rest, 1u);
  EXPECT_LT(rest, kRecords);
  for (std::uint64_t i = 1; i <= kRecords; i++) expectInThePresent(a, uuidOf(i));
  EXPECT_EQ(a.count(), kRecords);
  EXPECT_TRUE(a->verify({}).problems.empty());
  sync();
  EXPECT_EQ(b.fetch(uuidOf(3500))->integer("n"), 2);
}

TEST_F(RestampTest, AReadOnlyReplicaIsNotItsOwnToMend) {
  a->bindTo(uuidOf(1), true);
  EXPECT_ERROR(ReadOnlyReplica, a->restamp());
}

TEST_F(RestampTest, InsideATransactionItIsMisuse) {
  a->write([&](Changes&) { EXPECT_ERROR(Misuse, a->restamp()); });
}

}  // namespace
}  // namespace blazedb::db
