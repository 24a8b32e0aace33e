// Engines when the disk fails in the middle of a transaction, and when a replica gives up everything.
#include "db/engine.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <tuple>
#include <vector>

#include "db/query_plan.h"
#include "db/reader_pool.h"
#include "db/schema.h"
#include "support/conversation.h"
#include "support/errors.h"

namespace blazedb::db {
namespace {

using test::Replica;
using test::SimFileSystem;
using test::uuidOf;

// SQLite rolls a transaction back by itself when it cannot read a page. The writes that follow must not run outside of
// any transaction.
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

// A query may choose an index that its reader does not see: one that was dropped a moment ago.
TEST(EngineTest, AQueryGoesOnWithoutAnIndexThatIsNotInItsSnapshot) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  for (std::uint64_t i = 1; i <= 1000; i++) a.insert(uuidOf(i), {{"age", static_cast<std::int64_t>(i % 100)}});
  std::int64_t collection = a->snapshot().numberOf("default");
  a.engine.reset();
  auto file =
      storage::DatabaseFile::open(a.files, a.random, Replica::kPath, storage::KeySource::rawKey(base::Bytes(32, 7)));
  ReaderPool readers(*file);
  Published published;
  auto catalog = std::make_shared<replica::Catalog>();
  catalog->numbers["default"] = collection;
  published.setCatalog(catalog);
  auto announced = std::make_shared<Indexes>();
  for (std::int64_t number : {98, 99})
    announced->sorted.push_back(
        std::make_shared<const Index>(number, collection, IndexInfo{std::to_string(number), {"age"}}));
  announced->texts.push_back(
      std::make_shared<const TextIndex>(97, collection, IndexInfo{"texts", {"age"}, false, "", true}));
  published.setIndexes(announced);
  CommittedSnapshot snapshot(published, readers);

  QueryPlan plan;
  plan.collection = "default";
  plan.where = bound("age >= 30", {});
  plan.at = {&snapshot, {}};
  EXPECT_EQ(Scan(plan).count(), 700u);
  // One that gives nothing but the order is given up after some records, and the other way has no such bound.
  plan.where = bound("age % 2 = 0", {});
  plan.sorts.push_back({bound("age", {}), true});
  plan.limit = 450;
  EXPECT_EQ(Scan(plan).ids().size(), 450u);
  plan.where = nullptr;
  plan.sorts.clear();
  plan.search = QueryPlan::Search{"texts", "5"};
  EXPECT_ERROR(NotFound, Scan(plan).count());
}

// Otherwise the next try would find a file and be refused.
TEST(EngineTest, ADatabaseForWhichThereIsNoRoomLeavesNothing) {
  const std::int64_t now = 0;
  test::WorldClock clock(now);
  test::SeededRandom random(1);
  EngineOptions options;
  options.name = "a";
  int refused = 0;
  for (std::uint64_t room = 0;; room += 1000, refused++) {
    SimFileSystem files;
    files.setCapacity(room);
    auto open = [&] {
      return Engine::open({files, clock, random}, "/a.blazedb", storage::KeySource::rawKey(base::Bytes(32, 7)),
                          options);
    };
    try {
      open();
      break;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::DiskFull) << room;
      EXPECT_TRUE(files.list().empty()) << room << ": " << files.list().front();
      files.setCapacity(1 << 30);
      EXPECT_EQ(open()->name(), "a");
    }
  }
  EXPECT_GT(refused, 50);
}

// The number of collection names is limited, and a peer that may write can make as many as it likes.
TEST(EngineTest, ACollectionIsForgottenWithItsLastDelete) {
  std::int64_t now = 0;
  Replica a("a", now, 1), b("b", now, 2);
  auto insert = [&](const std::string& collection) {
    UUID id;
    a->write([&](Changes& changes) { id = changes.insert(collection, std::nullopt, {{"n", 1}}); });
    return id;
  };
  auto names = [](const Replica& replica) {
    std::vector<std::string> found;
    for (const CollectionInfo& info : replica->collections()) found.push_back(info.name);
    return found;
  };
  auto longTimePasses = [&] {
    now += 2 * a.options.tombstoneRetention.count();
    while (a->maintain()) {
    }
  };
  auto synced = [&] {
    test::Conversation talk(a, b, now);
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.verified());
  };
  for (const char* name : {"first", "kept", "last"}) {
    UUID id = insert(name);
    if (name != std::string("kept")) a->write([&](Changes& changes) { changes.remove(name, id); });
  }
  EXPECT_EQ(names(a).size(), 3u);
  synced();
  longTimePasses();
  EXPECT_EQ(names(a), (std::vector<std::string>{"kept", "last"})) << "whose number is the highest";
  synced();
  insert("first");
  synced();
  EXPECT_EQ(b->snapshot().count("first"), 1u);
  EXPECT_EQ(b->snapshot().count("kept"), 1u);
  longTimePasses();
  EXPECT_EQ(names(a), (std::vector<std::string>{"first", "kept"}));
  a.reopen();
  EXPECT_EQ(names(a), (std::vector<std::string>{"first", "kept"}));
  EXPECT_TRUE(a->verify({}).problems.empty());
}

// As when an application uses a record as a map whose keys come and go. The database must remember removed fields, for
// peers that may have changed them meanwhile. A delete covers all of them at once.
TEST(EngineTest, ARecordThatIsDeletedAndInsertedAgainForgetsTheFieldsThatItHad) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  UUID id = a.insert({{"n", 0}});
  for (int i = 0; i < 50; i++)
    a->write([&](Changes& changes) {
      changes.update("default", id, {{std::string(100, 'x') + std::to_string(i), i}});
    });
  auto bytes = [&] {
    sync::BatchWriter out;
    EXPECT_TRUE(test::readRecord(*a.engine, {"default", id}, {}, out));
    return out.bytes();
  };
  EXPECT_GT(bytes(), 5000u);
  a->write([&](Changes& changes) {
    changes.remove("default", id);
    changes.insert("default", id, {{"n", 1}});
  });
  EXPECT_LT(bytes(), 200u);
  EXPECT_EQ(*a.fetch(id), (Record{{"n", 1}}));
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
  a->noteReader(peer, everything, 0);
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

// Seed 55132: what a peer has read in one scope says nothing about another scope.
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
  a->noteReader(peer, records, 0);
  a->noteReader(peer, people, 0);
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
  a->noteReader(peer, sync::makeScope(std::vector<std::string>{"people"}, {}), 0);
  a.insert(uuidOf(1), {{"n", 1}});
  a.remove(uuidOf(1));
  std::uint64_t end = a->feedEnd();
  now += a.options.tombstoneRetention.count();
  a->noteReader(peer, sync::Scope(), 0);
  a->noteAcknowledged(peer, sync::Scope(), {0, end, end, end}, std::nullopt);
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), 0u);
  now += 1;
  a->maintain();
  EXPECT_EQ(a->purgeHorizon(), end);
}

// A peer that only sends has nothing to acknowledge.
TEST(EngineTest, APeerIsKnownAsLongAsItSends) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  sync::Peer peer{uuidOf(77), 5};
  sync::Scope everything;
  a->noteReader(peer, everything, 0);
  a.insert(uuidOf(1), {{"n", 1}});
  a.remove(uuidOf(1));
  for (int i = 0; i < 3; i++) {
    now += a.options.tombstoneRetention.count() * 3 / 4;
    sync::Agreement agreement;
    agreement.peer = peer;
    sync::Incoming nothing(agreement);
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
  a->noteReader(peer, sync::Scope(), 0);
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
    EXPECT_EQ(a->snapshot().count("notes"), 0u);
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

// Runs each function in its own thread while a writer holds the lock. Releases the lock when all of them wait for it.
void allAtOnce(Replica& replica, const std::vector<std::function<void()>>& bodies) {
  std::vector<std::thread> threads;
  replica->write([&](Changes&) {
    for (const std::function<void()>& body : bodies) threads.emplace_back(body);
    while (replica->waitingWriters() < static_cast<int>(bodies.size())) std::this_thread::yield();
  });
  for (std::thread& thread : threads) thread.join();
}

// A database that was away for a month does both in its first second.
TEST(EngineTest, APurgeDoesNotTakeBackTheHorizonOfASweep) {
  std::int64_t now = 0;
  for (std::uint64_t i = 0; i < 20; i++) {
    Replica a("a", now, 10 + i);
    a.insert(uuidOf(1), {{"n", 1}});
    a.remove(uuidOf(1));
    for (std::uint64_t n = 2; n < 20; n++) a.insert(uuidOf(n), {{"n", 1}});
    now += 2 * a.options.tombstoneRetention.count();
    std::uint64_t end = a->feedEnd(), incarnation = a->identity().incarnation;
    sync::Sweep nothingMentioned;
    nothingMentioned.peerHasApplied = {incarnation, end, end, end};
    allAtOnce(a, {[&] {
                    a->finishSweep({uuidOf(77), 5}, {}, nothingMentioned, {5, 9, 9, 9});
                  },
                  [&] { a->maintain(); }});
    ASSERT_EQ(a.count(), 0u);
    EXPECT_GT(a->purgeHorizon(), end);
    a.reopen();
    EXPECT_GT(a->purgeHorizon(), end);
  }
}

TEST(EngineTest, WhoWaitedWhileItBecameAReadOnlyReplicaIsRefused) {
  std::int64_t now = 0;
  for (std::uint64_t i = 0; i < 20; i++) {
    Replica a("a", now, 10 + i);
    std::optional<ErrorCode> bound, wrote;
    allAtOnce(a, {[&] { bound = test::errorOf([&] { a->bindTo(uuidOf(77), false); }); },
                  [&] { wrote = test::errorOf([&] {
                          a.insert(uuidOf(5), {{"n", 1}});
                        }); }});
    EXPECT_TRUE(bound == ErrorCode::HasOwnWrites || wrote == ErrorCode::ReadOnlyReplica);
    EXPECT_EQ(a.fetch(uuidOf(5)).has_value(), !wrote);
  }
}

// Two threads change the same setting at once: memory and file must end with the same value.
TEST(EngineTest, WhatItKnowsOfItselfIsWhatItsFileSays) {
  std::int64_t now = 0;
  auto self = [](const Replica& a) { return std::tuple(a->info().replica, a->role(), a->source()); };
  for (std::uint64_t i = 0; i < 20; i++) {
    Replica a("a", now, 10 + i);
    a->bindTo(uuidOf(77), false);
    allAtOnce(a, {[&] { a->setRole(SyncRole::server); }, [&] { a->setRole(SyncRole::client); },
                  [&] { a->renewReplicaId(); }, [&] { a->renewReplicaId(); }, [&] { a->releaseSource(); }});
    auto before = self(a);
    a.reopen();
    EXPECT_EQ(self(a), before) << "in round " << i;
  }
}

// A write that waited behind a new setting works with what is stored by then, not with what it replaced.
TEST(EngineTest, WhoWaitedBehindANewSettingHasIt) {
  std::int64_t now = 0;
  for (std::uint64_t i = 0; i < 20; i++) {
    Replica a("a", now, 10 + i);
    a->bindTo(uuidOf(77), false);
    auto look = [&] {
      a->write([&](Changes& changes) {
        WriteTables& tables = changes.tables();
        bool isServer = tables.meta(kRole).value()[0] == static_cast<std::uint8_t>(sync::Role::server);
        EXPECT_EQ(changes.author().role == sync::Role::server, isServer) << "in round " << i;
        EXPECT_EQ(a->replicaId(), tables.metaId(kReplica)) << "in round " << i;
        EXPECT_EQ(changes.author().source, tables.metaId(kSource)) << "in round " << i;
        EXPECT_EQ(a->source(), tables.metaId(kSource)) << "in round " << i;
      });
    };
    allAtOnce(a, {[&] { a->setRole(SyncRole::server); }, look, [&] { a->renewReplicaId(); }, look,
                  [&] { a->releaseSource(); }, look});
    look();
  }
}

TEST(EngineTest, OneSourceAloneBindsIt) {
  std::int64_t now = 0;
  for (std::uint64_t i = 0; i < 20; i++) {
    Replica a("a", now, 10 + i);
    std::optional<ErrorCode> first, second;
    allAtOnce(a, {[&] { first = test::errorOf([&] { a->bindTo(uuidOf(77), false); }); },
                  [&] { second = test::errorOf([&] { a->bindTo(uuidOf(78), false); }); }});
    EXPECT_NE(first.has_value(), second.has_value());
    EXPECT_EQ(a->source(), first ? uuidOf(78) : uuidOf(77));
  }
}

TEST(EngineTest, ATransactionThatADiskTookBackLeavesNothingInMemory) {
  std::int64_t now = 0;
  Replica a("a", now, 1);
  for (std::uint64_t i = 1; i <= 2000; i++) a.insert(uuidOf(i), {{"text", std::string(1000, 'x')}});
  a.reopen();
  a->identity();
  EXPECT_ERROR(IoError, a->write([&](Changes& changes) {
    for (std::uint64_t i : {4000, 4005}) changes.insert("fresh", uuidOf(i), {{"n", 1}});
    a.files.failAt(SimFileSystem::Operation::read, 1, storage::IoStatus::failed, true);
    changes.fetch("default", uuidOf(1000));
  }));
  a.files.clearFaults();
  a->write([&](Changes& changes) { changes.insert("fresh", uuidOf(4001), {{"n", 1}}); });
  a.insert(uuidOf(4002), {{"n", 1}});
  EXPECT_TRUE(a->snapshot().fetch("fresh", uuidOf(4001)));
  EXPECT_FALSE(a->snapshot().fetch("fresh", uuidOf(4000)));
  EXPECT_EQ(a->verify({}).problems, std::vector<std::string>{});
  a.reopen();
  EXPECT_TRUE(a->snapshot().fetch("fresh", uuidOf(4001)));
  a->write([&](Changes& changes) { changes.insert("other", uuidOf(4003), {{"n", 1}}); });
  EXPECT_FALSE(a->snapshot().fetch("other", uuidOf(4001)));
}

}  // namespace
}  // namespace blazedb::db
