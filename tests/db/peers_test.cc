// What a database remembers of its peers is bounded, and forgotten in time.
#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/replica.h"

namespace blazedb::db {
namespace {

using test::Replica;
using test::uuidOf;

class PeersTest : public testing::Test {
 protected:
  std::int64_t token(const std::string& user = {}) { return a->tokens().create({.name = "t", .user = user}).token.id; }
  static sync::Scope scopeOf(std::uint64_t number, int names = 1) {
    std::vector<std::string> excluded;
    for (int i = 0; i < names; i++)
      excluded.push_back(std::to_string(number) + "-" + std::to_string(i) + std::string(100, 'x'));
    return sync::makeScope(std::nullopt, excluded);
  }
  // A peer that reads the feed here.
  void comes(std::int64_t token, const UUID& replica, const sync::Scope& scope, std::uint64_t incarnation = 5) {
    ASSERT_FALSE(a->tokens().admitReplica(token, replica, sync::encode(scope).size()));
    a->noteReader({replica, incarnation}, scope, 0);
  }
  std::int64_t rows(const std::string& table) { return count("SELECT count(*) FROM " + table); }
  std::int64_t count(const std::string& query) {
    a->maintain();  // saves the notes
    a.engine.reset();
    auto file =
        storage::DatabaseFile::open(a.files, a.random, Replica::kPath, storage::KeySource::rawKey(base::Bytes(32, 7)));
    std::int64_t result = -1;
    {
      storage::Statement select = file->writer().prepare(query);
      if (select.step()) result = select.integer(0);
    }
    file.reset();
    a.open();
    return result;
  }
  void longTimePasses() {
    now += 2 * a.options.tombstoneRetention.count();
    while (a->maintain()) {
    }
  }

  std::int64_t now = 0;
  Replica a{"a", now, 1};
};

// Nobody could mend it, and a hub would look unhealthy forever.
TEST_F(PeersTest, WhatWasRejectedIsNotListedOfWhoMayComeNoMore) {
  std::int64_t lost = token(), old = token("ann"), annsNext = token("ann");
  std::int64_t ends = a->tokens().create({.name = "t", .expires = Date{(a.clock.wallMs() + 1000) * 1000}}).token.id;
  sync::Rejected refused;
  refused.records.push_back({{"default", a.insert({{"n", 1}})}, sync::Bye{ErrorCode::TooLarge, "too large"}});
  comes(lost, uuidOf(1), {});
  comes(old, uuidOf(2), {});
  comes(annsNext, uuidOf(2), {});
  comes(ends, uuidOf(3), {});
  for (std::uint64_t peer = 1; peer <= 4; peer++)
    a->noteRejected(uuidOf(peer), {}, refused, false);  // 4: the hub of this one
  EXPECT_EQ(a->info().rejected, 4u);
  a->tokens().revoke(lost);
  a->tokens().revoke(old);
  now += 2000;
  EXPECT_EQ(a->info().rejected, 2u);
  ASSERT_EQ(a->rejectedChanges().size(), 2u);
  for (const RejectedChange& change : a->rejectedChanges())
    EXPECT_TRUE(change.peer == uuidOf(2) || change.peer == uuidOf(4));
  comes(token("ann"), uuidOf(2), {});
  a->tokens().revoke(annsNext);
  EXPECT_EQ(a->info().rejected, 2u) << "one token that is good is enough";
}

TEST_F(PeersTest, OneTokenBringsNoMoreThanSoManyReplicas) {
  std::int64_t first = token(), other = token();
  comes(other, uuidOf(1'000'000), scopeOf(0));
  for (std::uint64_t i = 1; i <= 400; i++) {
    now++;
    comes(first, uuidOf(i), scopeOf(i));
  }
  EXPECT_EQ(rows("cursors"), 257) << "256 of the one, and that of the other";
  EXPECT_EQ(rows("replicas"), 257);
}

TEST_F(PeersTest, NorMoreThanSoManyBytesOfScopes) {
  std::int64_t only = token();
  for (std::uint64_t i = 1; i <= 200; i++) {
    now++;
    comes(only, uuidOf(i), scopeOf(i, 70));
  }
  EXPECT_LE(count("SELECT sum(length(scope)) FROM cursors"), 1 << 20);
  for (std::uint64_t i = 1; i <= 200; i++) {
    now++;
    comes(only, uuidOf(1), scopeOf(i, 70));
  }
  EXPECT_LE(count("SELECT sum(length(scope)) FROM cursors"), 1 << 20) << "also where it is one replica's";
}

TEST_F(PeersTest, AReaderThatIsSeenNoMoreIsForgotten) {
  std::int64_t only = token();
  comes(only, uuidOf(1), scopeOf(1));
  comes(only, uuidOf(1), scopeOf(2));
  now += a.options.tombstoneRetention.count() * 3 / 4;
  comes(only, uuidOf(1), scopeOf(2));
  now += a.options.tombstoneRetention.count() / 2;
  EXPECT_EQ(rows("cursors"), 1) << "the scope that it uses no more";
  longTimePasses();
  EXPECT_EQ(rows("cursors"), 0);
  EXPECT_EQ(rows("peers"), 0);
  EXPECT_EQ(rows("replicas"), 0);
}

TEST_F(PeersTest, HowFarItsFeedWasReadIsNot) {
  comes(token(), uuidOf(1), {});
  sync::Agreement agreement;
  agreement.peer = {uuidOf(1), 5};
  sync::Incoming incoming(agreement);
  incoming.cursor = {5, 7, 7, 7};
  a->apply(incoming);
  longTimePasses();
  EXPECT_EQ(a->cursorOn(uuidOf(1), {}).position, 7u) << "or it would bring back what was deleted";
}

TEST_F(PeersTest, AReplicaBelongsToATokenWhileThatIsGood) {
  std::int64_t anns = token("ann"), annsNext = token("ann"), bobs = token("bob");
  EXPECT_FALSE(a->tokens().admitReplica(anns, uuidOf(1), 0));
  EXPECT_FALSE(a->tokens().admitReplica(annsNext, uuidOf(1), 0));
  ASSERT_TRUE(a->tokens().admitReplica(bobs, uuidOf(1), 0));
  EXPECT_EQ(a->tokens().admitReplica(bobs, uuidOf(1), 0)->code(), ErrorCode::DuplicateReplica);
  EXPECT_FALSE(a->tokens().admitReplica(bobs, uuidOf(2), 0));
  a->tokens().revoke(anns);
  EXPECT_TRUE(a->tokens().admitReplica(bobs, uuidOf(1), 0));
  a->tokens().revoke(annsNext);
  EXPECT_FALSE(a->tokens().admitReplica(bobs, uuidOf(1), 0));
}

TEST_F(PeersTest, TwoTokensThatNameNoUserHaveTwoOwners) {
  std::int64_t laptops = token(), phones = token();
  EXPECT_FALSE(a->tokens().admitReplica(laptops, uuidOf(1), 0));
  EXPECT_FALSE(a->tokens().admitReplica(laptops, uuidOf(1), 0)) << "which comes again";
  std::optional<Error> refused = a->tokens().admitReplica(phones, uuidOf(1), 0);
  ASSERT_TRUE(refused) << "or the phone could move the cursor on the laptop's feed, and writes would be passed over";
  EXPECT_EQ(refused->code(), ErrorCode::DuplicateReplica);
  EXPECT_FALSE(a->tokens().admitReplica(laptops, uuidOf(1), 0));
  a->tokens().revoke(laptops);
  EXPECT_FALSE(a->tokens().admitReplica(phones, uuidOf(1), 0));
}

TEST_F(PeersTest, IncarnationsOfWhichNothingIsLeftAreForgotten) {
  Replica b("b", now, 2);
  for (std::uint64_t incarnation = 1; incarnation <= 1500; incarnation++) {
    sync::BatchWriter rows;
    UUID id = b.insert({{"n", 1}});
    ASSERT_TRUE(test::readRecord(*b.engine, {"default", id}, {}, rows));
    base::Bytes frame = rows.finishRows(true, {});
    sync::Agreement agreement;
    agreement.peer = {uuidOf(9), incarnation};
    sync::Incoming incoming(agreement);
    incoming.changes = sync::decodeRows(frame)->changes;
    a->apply(incoming);
    if (incarnation % 2 == 0) a.remove(id);
  }
  longTimePasses();
  EXPECT_EQ(rows("origins"), 751) << "those of the records that are left, and the latest";
}

}  // namespace
}  // namespace blazedb::db
