// Engines: what they do when the disk fails in the middle of a transaction, and how they give everything up.
#include "db/engine.h"

#include <gtest/gtest.h>

#include "support/conversation.h"
#include "support/errors.h"

namespace blazedb::db {
namespace {

using test::Replica;
using test::SimFileSystem;
using test::uuidOf;

// SQLite takes a transaction back by itself when a page of it cannot be read. What comes then must not be written
// outside of any transaction.
TEST(EngineTest, ATransactionWhoseOperationMetAFailingDiskIsLostAlsoWhenThatIsCaught) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  for (std::uint64_t i = 1; i <= 2000; i++) a.insert(uuidOf(i), {{"text", std::string(1000, 'x')}});
  a.reopen();
  a.insert(uuidOf(3000), {{"n", 1}});
  std::uint64_t before = a->feedEnd();
  EXPECT_ERROR(IoError, a->write([&](Changes& changes) {
    changes.operation([&] { return changes.insert("default", uuidOf(3001), {{"n", 2}}); });
    a.files.failAt(SimFileSystem::Operation::read, 1, storage::IoStatus::failed, true);
    EXPECT_ERROR(IoError, changes.operation([&] { return changes.fetch("default", uuidOf(1000)); }));
    a.files.clearFaults();
    EXPECT_ERROR(IoError, changes.operation([&] { return changes.insert("default", uuidOf(3002), {{"n", 3}}); }));
    EXPECT_ERROR(IoError, changes.forEach("default", [](const Record&) { return true; }));
  }));
  for (std::uint64_t i = 3001; i <= 3002; i++) EXPECT_FALSE(a.fetch(uuidOf(i))) << i;
  EXPECT_EQ(a->feedEnd(), before);
  EXPECT_EQ(a.count(), 2001u);
  a.insert(uuidOf(3003), {{"n", 4}});
  EXPECT_TRUE(a->verify({}).problems.empty());
}

// A peer that knows of the delete may still have a write in its feed that belongs to the record.
TEST(EngineTest, ADeleteIsRememberedUntilWhatThePeerHadThenHasArrived) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  a.insert(uuidOf(1), {{"n", 1}});
  a.remove(uuidOf(1));
  std::uint64_t end = a->feedEnd();
  sync::Peer peer{uuidOf(77), 5};
  sync::Scope everything;
  now += 2 * a.options.tombstoneRetention.count();
  a->noteAcknowledged(peer, everything, {0, end, end, end}, sync::Store::PeerFeed{10, 9});
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), 0u);
  a->noteAcknowledged(peer, everything, {0, end, end, end}, sync::Store::PeerFeed{20, 9});
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), 0u);
  a->noteAcknowledged(peer, everything, {0, end, end, end}, sync::Store::PeerFeed{20, 10});
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), end) << "the end of then, not that of now";
}

// Seed 55132: what a peer has read in one scope says nothing about another.
TEST(EngineTest, ADeleteIsRememberedUntilThePeerHasReadItsScope) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  a.insert(uuidOf(1), {{"n", 1}});
  a.remove(uuidOf(1));
  std::uint64_t end = a->feedEnd();
  sync::Peer peer{uuidOf(77), 5};
  sync::Scope people = sync::makeScope(std::vector<std::string>{"people"}, {});
  sync::Scope records = sync::makeScope(std::vector<std::string>{"default"}, {});
  now += 2 * a.options.tombstoneRetention.count();
  a->noteReader(peer, records);
  a->noteAcknowledged(peer, people, {0, end, end, end}, std::nullopt);
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), 0u);
  a.reopen();
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), 0u) << "known by the file too";
  a->noteAcknowledged(peer, records, {0, end, end, end}, std::nullopt);
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), end);
}

TEST(EngineTest, AScopeThatThePeerHasLeftIsForgottenInTime) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  sync::Peer peer{uuidOf(77), 5};
  a->noteReader(peer, sync::makeScope(std::vector<std::string>{"people"}, {}));
  a.insert(uuidOf(1), {{"n", 1}});
  a.remove(uuidOf(1));
  std::uint64_t end = a->feedEnd();
  now += a.options.tombstoneRetention.count();
  a->noteAcknowledged(peer, sync::Scope(), {0, end, end, end}, std::nullopt);
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), 0u);
  now += 1;
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), end);
}

// One that only ever sends has nothing to acknowledge.
TEST(EngineTest, APeerIsKnownAsLongAsItSends) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  sync::Peer peer{uuidOf(77), 5};
  sync::Scope everything;
  a->noteReader(peer, everything);
  a.insert(uuidOf(1), {{"n", 1}});
  a.remove(uuidOf(1));
  for (int i = 0; i < 3; i++) {
    now += a.options.tombstoneRetention.count() * 3 / 4;
    sync::Incoming nothing(everything);
    nothing.from = peer;
    a->apply(nothing);
    a->maintain();
  }
  EXPECT_EQ(a->purgeHorizon(), 0u);
}

TEST(EngineTest, ADeleteNeedNotBeRememberedForAPeerThatSendsNothing) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  a.insert(uuidOf(1), {{"n", 1}});
  a.remove(uuidOf(1));
  sync::Peer peer{uuidOf(77), 5};
  now += 2 * a.options.tombstoneRetention.count();
  a->noteAcknowledged(peer, sync::Scope(), {}, sync::Store::PeerFeed{10, 9});
  a->noteAcknowledged(peer, sync::Scope(), {0, a->feedEnd(), a->feedEnd(), a->feedEnd()}, std::nullopt);
  a->noteAcknowledged(peer, sync::Scope(), {0, a->feedEnd(), a->feedEnd(), a->feedEnd()}, std::nullopt);
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), a->feedEnd());
}

TEST(EngineTest, WhoAdoptsHoldsNothingOfItsOwnAnyMore) {
  std::int64_t now = 0;
  Replica a("a", now, 1), b("b", now, 2);
  for (std::uint64_t i = 1; i <= 100; i++) a.insert(uuidOf(i), {{"n", 1}});
  a->write([&](Changes& changes) { changes.insert("notes", uuidOf(1), {{"n", 1}}); });
  a.remove(uuidOf(7));
  std::uint64_t end = a->feedEnd();
  UUID source = uuidOf(77);
  EXPECT_ERROR(HasOwnWrites, a->bindTo(source, false));
  EXPECT_EQ(a.count(), 99u);
  a->bindTo(source, true);
  for (int round = 0; round < 2; round++) {
    EXPECT_EQ(a.count(), 0u);
    EXPECT_EQ(a->count("notes"), 0u);
    EXPECT_FALSE(a.stored(uuidOf(7)).held);
    EXPECT_TRUE(a->digests().empty());
    EXPECT_TRUE(a->verify({}).problems.empty());
    EXPECT_EQ(a->source(), source);
    EXPECT_EQ(a->feedEnd(), end + 1) << "positions go on from where they were";
    EXPECT_EQ(a->purgeHorizon(), end + 1) << "peers must learn that it is gone";
    a.reopen();
  }
  a->releaseSource();
  a.insert(uuidOf(1), {{"n", 2}});
  test::Conversation talk(a, b, now);
  talk.start();
  talk.rest();
  EXPECT_TRUE(talk.verified());
  EXPECT_EQ(b.count(), 1u);
  EXPECT_EQ(b.fetch(uuidOf(1))->integer("n"), 2);
}

}  // namespace
}  // namespace blazedb::db
