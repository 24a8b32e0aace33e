// Records that peers remove without a delete: they can be restored, and their number is limited.
#include <gtest/gtest.h>

#include <chrono>

#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

class RemovedTest : public SessionTest {
 protected:
  RemovedTest() {
    for (Replica* each : {&a, &b}) {
      each->options.tombstoneRetention = std::chrono::hours(1);
      each->reopen();
    }
  }
  // Both have `count` records, and A has deleted and forgotten `removed` of them.
  void apart(int count, int removed) {
    std::vector<UUID> ids;
    a->write([&](db::Changes& changes) {
      for (int i = 0; i < count; i++) ids.push_back(changes.insert("default", std::nullopt, {{"n", i}}));
    });
    synced();
    a->write([&](db::Changes& changes) {
      for (int i = 0; i < removed; i++) changes.remove("default", ids[static_cast<std::size_t>(i)]);
    });
    now += 2 * kHour;
    while (a->maintain()) {
    }
    first = ids.front();
  }
  Conversation talked(const SessionOptions& options = {}) {
    Conversation talk(a, b, now, {}, options);
    talk.start();
    talk.rest();
    return talk;
  }

  UUID first;
};

TEST_F(RemovedTest, WhatASweepTakesIsListedAndRestored) {
  apart(3, 1);
  ASSERT_TRUE(talked().verified());
  ASSERT_FALSE(b.fetch(first));
  std::vector<RemovedRecord> removed = b->journal().removed(0);
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].because, RemovedRecord::Because::swept);
  EXPECT_EQ(removed[0].peer, a->info().replica);
  EXPECT_EQ(removed[0].collection, "default");
  EXPECT_EQ(removed[0].record.id(), first);
  EXPECT_EQ(removed[0].record.integer("n"), 0);
  EXPECT_NEAR(static_cast<double>(removed[0].time.microseconds), static_cast<double>(b.clock.wallMs() * 1000), 60e6);
  EXPECT_TRUE(a->journal().removed(0).empty());

  b.reopen();
  b->journal().restoreRemoved(removed[0].id);
  EXPECT_TRUE(b->journal().removed(0).empty());
  ASSERT_TRUE(talked().verified());
  EXPECT_EQ(a.fetch(first)->integer("n"), 0) << "a write like any other";
  EXPECT_THROW(b->journal().restoreRemoved(removed[0].id), Error);
}

TEST_F(RemovedTest, WhoeverSweptTellsOthersOfItAfterARestartToo) {
  apart(3, 1);
  std::uint64_t before = b->purgeHorizon();
  ASSERT_TRUE(talked().verified());
  std::uint64_t after = b->purgeHorizon();
  ASSERT_GT(after, before);
  b.reopen();
  EXPECT_EQ(b->purgeHorizon(), after) << "a peer that is not behind it is told nothing";
}

TEST_F(RemovedTest, WhatLivesAgainIsNotRestoredOverIt) {
  apart(3, 1);
  talked();
  b.insert(first, {{"n", 7}});
  std::int64_t id = b->journal().removed(0).at(0).id;
  EXPECT_THROW(b->journal().restoreRemoved(id), Error);
  EXPECT_EQ(b.fetch(first)->integer("n"), 7);
  EXPECT_EQ(b->journal().removed(0).size(), 1u);
}

TEST_F(RemovedTest, TheListIsKeptAsLongAsDeletesAre) {
  apart(3, 1);
  talked();
  now += kHour / 2;
  b->maintain();
  EXPECT_EQ(b->journal().removed(0).size(), 1u);
  now += kHour;
  while (b->maintain()) {
  }
  EXPECT_TRUE(b->journal().removed(0).empty());
}

TEST_F(RemovedTest, ASweepThatWouldTakeMuchIsRefusedUnlessThatIsAccepted) {
  apart(5000, 1001);
  Conversation talk = talked();
  ASSERT_TRUE(talk[1].stopped());
  EXPECT_EQ(talk.status(1).ended->code, ErrorCode::TooManyRemovals);
  EXPECT_NE(talk.status(1).ended->text.find("1001 of the 5000"), std::string::npos) << talk.status(1).ended->text;
  EXPECT_EQ(talk.status(0).ended->code, ErrorCode::TooManyRemovals) << "the peer hears it";
  EXPECT_EQ(b.count(), 5000u);
  EXPECT_TRUE(b->journal().removed(0).empty());
  SessionOptions accepts;
  accepts.acceptRemovals = true;
  EXPECT_TRUE(talked(accepts).verified());
  EXPECT_EQ(b.count(), 3999u);
  std::vector<RemovedRecord> page = b->journal().removed(0);
  ASSERT_EQ(page.size(), 1000u);
  EXPECT_EQ(b->journal().removed(page.back().id).size(), 1u);
}

TEST_F(RemovedTest, AThousandRecordsOrATenthAreNotMuch) {
  apart(1500, 1000);
  EXPECT_TRUE(talked().verified());
  EXPECT_EQ(b.count(), 500u);
}

TEST_F(RemovedTest, ATenthOfManyIsNotMuch) {
  apart(11'000, 1100);
  EXPECT_TRUE(talked().verified());
  EXPECT_EQ(b.count(), 9900u);
}

// A is an importer of C, and B an equal of A: what C takes back from A also leaves B, to which A had brought it.
TEST_F(RemovedTest, WhatAnEqualTakesBackIsListedTooAndNotWhatAnExporterDoes) {
  Replica c("C", now, 3);
  UUID id = c.insert({{"open", true}});
  SessionOptions exports, imports;
  auto filter = std::make_shared<ExportFilter>();
  filter->id = "open";
  filter->matches = [](const std::string&, const Record& record) { return record.boolean("open") == true; };
  exports.terms.reads.filter = filter;
  exports.terms.relation = Relation::exporter;
  imports.terms.relation = Relation::importer;
  exports.terms.writes.mayErase = false;
  Conversation withC(c, a, now, exports, imports);
  withC.start();
  withC.rest();
  ASSERT_TRUE(talked().verified());
  ASSERT_TRUE(b.fetch(id));
  c.updateFields(id, {{"open", false}});
  withC.rest();
  ASSERT_FALSE(a.fetch(id));
  EXPECT_TRUE(a->journal().removed(0).empty()) << "what an exporter gives and takes is its own";
  talked();
  ASSERT_FALSE(b.fetch(id));
  ASSERT_EQ(b->journal().removed(0).size(), 1u);
  EXPECT_EQ(b->journal().removed(0)[0].because, RemovedRecord::Because::takenBack);
  EXPECT_EQ(b->journal().removed(0)[0].record.boolean("open"), true);
}

// A field that the export leaves out is only where it was written.
TEST_F(RemovedTest, OfWhatAnExporterTakesBackTheFieldsThatItNeverHadAreListed) {
  Replica c("C", now, 3);
  UUID id = c.insert({{"open", true}}), other = c.insert({{"open", true}});
  SessionOptions exports, imports;
  auto filter = std::make_shared<ExportFilter>();
  filter->id = "open";
  filter->matches = [](const std::string&, const Record& record) { return record.boolean("open") == true; };
  exports.terms.reads.filter = filter;
  exports.terms.relation = Relation::exporter;
  exports.terms.scope.fields = {"open", "text"};
  imports.terms.relation = Relation::importer;
  exports.terms.writes.mayErase = false;
  Conversation withC(c, a, now, exports, imports);
  withC.start();
  withC.rest();
  a.updateFields(id, {{"mine", 7}, {"text", "for both"}});
  withC.rest();
  ASSERT_EQ(*c.fetch(id), (Record{{"open", true}, {"text", "for both"}}));
  for (const UUID& each : {id, other}) c.updateFields(each, {{"open", false}});
  withC.rest();
  ASSERT_FALSE(a.fetch(id));
  ASSERT_FALSE(a.fetch(other));
  std::vector<RemovedRecord> removed = a->journal().removed(0);
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].record.id(), id);
  EXPECT_EQ(removed[0].record, (Record{{"mine", 7}}));
}

}  // namespace
}  // namespace blazedb::sync
