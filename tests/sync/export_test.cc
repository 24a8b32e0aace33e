// An exporter's filter chooses what an importer holds: here A exports to B the records that are "open".
#include <gtest/gtest.h>

#include <set>

#include "blazedb/error.h"
#include "support/errors.h"
#include "support/read_record.h"
#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

std::shared_ptr<const ExportFilter> whereOpen(const std::string& id = "open") {
  auto filter = std::make_shared<ExportFilter>();
  filter->id = id;
  filter->matches = [](const std::string&, const Record& record) { return record.boolean("open") == true; };
  return filter;
}

class ExportTest : public SessionTest {
 protected:
  static SessionOptions exporter(std::shared_ptr<const ExportFilter> filter) {
    SessionOptions options;
    options.terms.relation = Relation::exporter;
    options.terms.writes.mayErase = false;
    options.terms.reads.filter = std::move(filter);
    return options;
  }
  static SessionOptions importer() {
    SessionOptions options;
    options.terms.relation = Relation::importer;
    return options;
  }
  Conversation linked() { return linked(a, b, exporter(filter), importer()); }
  Conversation linked(Replica& from, Replica& to, const SessionOptions& exports, const SessionOptions& imports) {
    Conversation talk(from, to, now, exports, imports);
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.live());
    return talk;
  }
  // How many changes another conversation brings to B.
  std::size_t changesAgain() { return linked().changesFrom(0); }
  // Every record that `from` has sent, in batches and answers.
  static std::set<UUID> toldOf(const Conversation& talk, int from) {
    std::set<UUID> ids;
    auto add = [&](const std::vector<Change>& changes) {
      for (const Change& change : changes) ids.insert(change.id);
    };
    for (const base::Bytes& frame : talk.said(from, FrameType::batch)) add(decodeBatch(frame).value().changes);
    for (const base::Bytes& frame : talk.said(from, FrameType::rows)) add(decodeRows(frame).value().changes);
    return ids;
  }

  std::shared_ptr<const ExportFilter> filter = whereOpen();
  Replica c{"C", now, 3};
};

TEST_F(ExportTest, OnlyWhatMatchesLeaves) {
  UUID open = a.insert({{"open", true}, {"n", 1}}), closed = a.insert({{"open", false}, {"n", 2}});
  Conversation talk = linked();
  a.updateFields(closed, {{"n", 3}});
  UUID gone = a.insert({{"open", false}});
  a.remove(gone);
  talk.rest();
  EXPECT_EQ(b.fetch(open)->integer("n"), 1);
  EXPECT_FALSE(b.fetch(closed));
  EXPECT_EQ(toldOf(talk, 0), std::set<UUID>{open}) << "not by id, nor by its delete";
  EXPECT_FALSE(talk.status(0).verified || talk.status(1).verified) << "two ends that hold different things";
  EXPECT_EQ(talk.said(0, FrameType::digest).size() + talk.said(1, FrameType::digest).size(), 0u);
}

TEST_F(ExportTest, WhatStopsMatchingLeavesAndWhatBeginsToArrivesWhole) {
  UUID id = a.insert({{"open", true}, {"n", 1}, {"text", "whole"}});
  Conversation talk = linked();
  a.updateFields(id, {{"open", false}});
  talk.rest();
  EXPECT_FALSE(b.fetch(id));
  EXPECT_EQ(b->snapshot().count("default"), 0u);
  a.updateFields(id, {{"n", 2}});
  talk.rest();
  EXPECT_FALSE(b.fetch(id));
  a.updateFields(id, {{"open", true}});
  talk.rest();
  ASSERT_TRUE(b.fetch(id));
  EXPECT_EQ(b.fetch(id)->integer("n"), 2);
  EXPECT_EQ(b.fetch(id)->string("text"), "whole");
  EXPECT_TRUE(a.fetch(id)) << "it never left here";
}

TEST_F(ExportTest, ADeleteOfWhatMatchedIsADelete) {
  UUID id = a.insert({{"open", true}});
  Conversation talk = linked();
  a.remove(id);
  talk.rest();
  EXPECT_FALSE(b.fetch(id));
  EXPECT_TRUE(b.stored(id).tomb.present());
}

TEST_F(ExportTest, WhatLeftWhileTheImporterWasAwayLeavesWhenItReturns) {
  UUID left = a.insert({{"open", true}}), stays = a.insert({{"open", true}});
  linked();
  a.updateFields(left, {{"open", false}});
  a.reopen();
  b.reopen();
  Conversation talk = linked();
  EXPECT_FALSE(b.fetch(left));
  EXPECT_TRUE(b.fetch(stays));
  EXPECT_EQ(toldOf(talk, 0), std::set<UUID>{left});
}

TEST_F(ExportTest, IsSaidAgainUntilTheImporterHasHeardIt) {
  UUID id = a.insert({{"open", true}});
  Conversation talk = linked();
  a.updateFields(id, {{"open", false}});
  talk.feedsMoved();  // sent, and lost
  a.reopen();
  linked();
  EXPECT_FALSE(b.fetch(id));
  EXPECT_EQ(changesAgain(), 0u) << "and then it is over";
}

TEST_F(ExportTest, AnotherFilterIsGoneThroughOnce) {
  UUID open = a.insert({{"open", true}, {"red", false}}), red = a.insert({{"open", false}, {"red", true}});
  linked();
  auto other = std::make_shared<ExportFilter>();
  other->id = "red";
  other->matches = [](const std::string&, const Record& record) { return record.boolean("red") == true; };
  filter = other;
  linked();
  EXPECT_FALSE(b.fetch(open));
  EXPECT_TRUE(b.fetch(red));
  EXPECT_EQ(changesAgain(), 0u);
  filter = nullptr;
  linked();
  EXPECT_TRUE(b.fetch(open));
  EXPECT_EQ(changesAgain(), 0u);
  filter = whereOpen();
  linked();
  EXPECT_TRUE(b.fetch(open));
  EXPECT_FALSE(b.fetch(red)) << "it had been given everything";
}

TEST_F(ExportTest, WhatAnImporterWritesAndDoesNotMatchIsHandedOver) {
  UUID closed = b.insert({{"open", false}, {"n", 1}}), open = b.insert({{"open", true}});
  Conversation talk = linked();
  EXPECT_TRUE(a.fetch(closed) && a.fetch(open) && b.fetch(open));
  EXPECT_FALSE(b.fetch(closed));
  EXPECT_FALSE(toldOf(talk, 0).contains(open)) << "it knows that";
  a.updateFields(closed, {{"open", true}});
  talk.rest();
  EXPECT_EQ(b.fetch(closed)->integer("n"), 1);
}

TEST_F(ExportTest, AlsoWhereItsChangeChangesNothing) {
  UUID id = a.insert({{"open", true}, {"n", 1}});
  linked();
  synced(b, c);
  b.updateFields(id, {{"n", 2}});
  synced(b, c);
  a.updateFields(id, {{"open", false}});
  a.clock.skewMs = 1000;
  a.updateFields(id, {{"n", 3}});  // this write wins
  linked();
  EXPECT_FALSE(b.fetch(id));
  synced(b, c);
  linked();
  EXPECT_EQ(a.fetch(id)->integer("n"), 3);
  EXPECT_FALSE(b.fetch(id)) << "C has brought it back with a change that was B's";
}

TEST_F(ExportTest, AChangeThatTheExporterDoesNotHaveIsSentBeforeTheRecordLeaves) {
  UUID id = a.insert({{"open", true}, {"n", 1}});
  { Conversation talk = linked(); }
  a.updateFields(id, {{"open", false}});
  b.updateFields(id, {{"n", 2}});
  linked();
  EXPECT_FALSE(b.fetch(id));
  EXPECT_EQ(a.fetch(id)->integer("n"), 2) << "not lost";
}

TEST_F(ExportTest, AlsoWhereTheExporterHasChangedAnotherFieldSince) {
  UUID id = a.insert({{"open", true}, {"n", 1}, {"m", 1}});
  {
    Conversation talk = linked();
    b.updateFields(id, {{"n", 2}});
    a.updateFields(id, {{"m", 2}});
    talk.feedsMoved();  // B's frames are lost
    while (talk.deliver(1)) {
    }
    ASSERT_EQ(b.fetch(id)->integer("m"), 2);
    a.updateFields(id, {{"open", false}});
    talk.feedsMoved();
    while (talk.deliver(1)) {
    }
  }
  linked();
  EXPECT_FALSE(b.fetch(id));
  EXPECT_EQ(a.fetch(id)->integer("n"), 2);
}

TEST_F(ExportTest, AnImporterIsNoAuthorityOnWhatIsMissing) {
  UUID open = a.insert({{"open", true}}), closed = a.insert({{"open", false}});
  linked();
  // The time after which B forgets deletes.
  UUID gone = b.insert({{"open", true}});
  b.remove(gone);
  now += 2 * b.options.tombstoneRetention.count();
  b->maintain();
  b->maintain();
  Conversation first(a, b, now, exporter(filter), importer());
  first.start();
  first.rest();
  EXPECT_EQ(first.status(0).ended->code, ErrorCode::Offline) << "B reads from 0 what it may have deleted";
  linked();
  EXPECT_TRUE(a.fetch(open) && b.fetch(open));
  EXPECT_TRUE(a.fetch(closed)) << "what B does not hold is not swept";
}

TEST_F(ExportTest, AfterARestoreOfTheExporterTheImporterSweeps) {
  UUID id = a.insert({{"open", true}});
  linked();
  Replica::Files copy = a.copy();
  UUID later = a.insert({{"open", true}});
  linked();
  a.putBack(copy);
  a.updateFields(id, {{"open", false}});
  Conversation talk = linked();
  EXPECT_TRUE(decodeWelcome(talk.said(0, FrameType::welcome)[0])->sweep);
  EXPECT_FALSE(b.fetch(id));
  EXPECT_TRUE(b.fetch(later)) << "B had it, and sent it back before it was told what there is";
  EXPECT_TRUE(a.fetch(later));
}

TEST_F(ExportTest, WhatLeftIsTakenOnFromWhoeverHadItFromThere) {
  UUID id = a.insert({{"open", true}, {"n", 1}});
  linked();
  // B exports everything to C.
  auto onward = [&] {
    Conversation talk(b, c, now, exporter(nullptr), importer());
    talk.start();
    talk.rest();
    EXPECT_TRUE(talk.live());
  };
  onward();
  c.updateFields(id, {{"n", 2}});
  onward();
  linked();
  EXPECT_EQ(a.fetch(id)->integer("n"), 2);
  a.updateFields(id, {{"open", false}});
  linked();
  onward();
  EXPECT_FALSE(b.fetch(id));
  EXPECT_FALSE(c.fetch(id)) << "although it has changed it";
  EXPECT_TRUE(a.fetch(id));
}

TEST_F(ExportTest, BetweenEqualsWhatSomebodyElseHasTouchedStays) {
  UUID id = a.insert({{"open", true}, {"n", 1}}), other = a.insert({{"open", true}});
  linked();
  synced(b, c);
  c.updateFields(id, {{"n", 2}});
  a.updateFields(id, {{"open", false}});
  a.updateFields(other, {{"open", false}});
  linked();
  synced(b, c);
  EXPECT_FALSE(c.fetch(other));
  EXPECT_TRUE(c.fetch(id)) << "C wrote it";
}

TEST_F(ExportTest, AFilterThatThrowsMeansNotSentAndAnErrorThatSaysWhere) {
  auto broken = std::make_shared<ExportFilter>();
  broken->id = "broken";
  broken->matches = [](const std::string&, const Record&) -> bool { throw std::runtime_error("no such field"); };
  filter = broken;
  UUID id = a.insert({{"open", true}, {"secret", "s"}});
  Conversation talk(a, b, now, exporter(filter), importer());
  talk.start();
  try {
    talk.rest();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::FilterFailed);
    EXPECT_NE(std::string(error.what()).find(id.toString()), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("no such field"), std::string::npos) << error.what();
  }
  talk.collect();
  EXPECT_EQ(talk.changesFrom(0), 0u);
  EXPECT_EQ(b.count(), 0u);
  // Nor is it sent when a peer asks for it by its id.
  BatchWriter rows;
  Agreement asks;
  asks.reads.filter = filter;
  asks.peer.replica = b->info().replica;
  EXPECT_ERROR(FilterFailed, test::readRecord(*a.engine, {"default", id}, asks, rows));
  EXPECT_EQ(rows.changes(), 0u);
}

TEST_F(ExportTest, ABackupOfTheExporterHasNoImporters) {
  a.insert({{"open", true}});
  linked();
  EXPECT_EQ(a->deliveries().known(b->info().replica).filter, "open");
  a->renewReplicaId();
  EXPECT_FALSE(a->deliveries().known(b->info().replica).filter);
}

// The importer's file is restored to an earlier state: it holds a record again that was taken back, and no longer knows
// that.
TEST_F(ExportTest, AnImporterThatWasPutBackGivesUpWhatWasTakenBackSince) {
  for (bool readOnly : {false, true}) {
    SessionOptions exports = exporter(filter), imports = importer();
    exports.terms.receives = imports.terms.sends = !readOnly;
    Replica x("X", now, 20), y("Y", now, 30);
    UUID id = x.insert({{"open", true}});
    linked(x, y, exports, imports);
    Replica::Files copy = y.copy();
    x.updateFields(id, {{"open", false}});
    linked(x, y, exports, imports);
    ASSERT_FALSE(y.fetch(id));
    y.putBack(copy);
    ASSERT_TRUE(y.fetch(id));
    linked(x, y, exports, imports);
    EXPECT_FALSE(y.fetch(id));
  }
}

// The connection began after the record was deleted. The exporter is told of the delete all the same, and an importer
// that was put back to before it hears of it again.
TEST_F(ExportTest, AnImporterThatWasPutBackHearsOfItsOwnDeletes) {
  UUID id = b.insert({{"open", true}});
  Replica::Files copy = b.copy();
  b.remove(id);
  b.insert({{"open", true}});
  linked();
  b.putBack(copy);
  ASSERT_TRUE(b.fetch(id));
  linked();
  EXPECT_FALSE(a.fetch(id) || b.fetch(id));
  EXPECT_EQ(a.count(), 1u);
  EXPECT_EQ(b.count(), 1u);
}

// A is given nothing by its own exporter, whose filter leaves the record out, and holds nothing any more itself.
TEST_F(ExportTest, ADeleteReachesAnExporterThatHasLostItsData) {
  Replica::Files empty = a.copy();
  UUID id = b.insert({{"open", true}});
  linked();
  ASSERT_TRUE(a.fetch(id));
  b.remove(id);
  a.putBack(empty);
  linked();
  EXPECT_TRUE(a.stored(id).held) << "A may have brought the record to others";
  EXPECT_FALSE(a.stored(id).alive);
}

// Changes that the importer has acknowledged are not on its disk.
TEST_F(ExportTest, APowerCutOfTheImporterBringsNothingBack) {
  int brought = 0;
  for (std::uint64_t seed = 1; seed <= 20; seed++) {
    Replica x("X", now, 100 + seed), y("Y", now, 200 + seed);
    UUID id = x.insert({{"open", true}, {"n", 1}});
    linked(x, y, exporter(filter), importer());
    for (int i = 0; i < 2; i++) y->checkpointIfIdle();
    x.updateFields(id, {{"open", false}});
    linked(x, y, exporter(filter), importer());
    ASSERT_FALSE(y.fetch(id));
    y.powerCut(seed);
    y.open();
    brought += y.fetch(id) ? 1 : 0;
    linked(x, y, exporter(filter), importer());
    EXPECT_FALSE(y.fetch(id));
  }
  EXPECT_GT(brought, 0);
}

TEST_F(ExportTest, APowerCutOfTheImporterDoesNotBringTheOldFilterBack) {
  int brought = 0;
  auto red = std::make_shared<ExportFilter>();
  red->id = "red";
  red->matches = [](const std::string&, const Record& record) { return record.boolean("red") == true; };
  for (std::uint64_t seed = 1; seed <= 20; seed++) {
    Replica x("X", now, 100 + seed), y("Y", now, 200 + seed);
    UUID open = x.insert({{"open", true}}), other = x.insert({{"open", false}, {"red", true}});
    linked(x, y, exporter(filter), importer());
    for (int i = 0; i < 2; i++) y->checkpointIfIdle();
    linked(x, y, exporter(red), importer());
    y.powerCut(seed);
    y.open();
    brought += y.fetch(other) ? 0 : 1;
    linked(x, y, exporter(red), importer());
    EXPECT_FALSE(y.fetch(open));
    EXPECT_TRUE(y.fetch(other));
  }
  EXPECT_GT(brought, 0);
}

// C has closed a record that B imports, and keeps it: A takes the record back from B, and C brings it again.
TEST_F(ExportTest, ComesToRestWhereAnEqualKeepsWhatWasTakenBack) {
  UUID id = a.insert({{"open", true}, {"n", 1}});
  linked();
  synced(b, c);
  c.updateFields(id, {{"open", false}});
  auto rounds = [&] {
    for (int i = 0; i < 6; i++) {
      now += 1000;
      linked();
      Conversation talk(b, c, now);
      talk.start();
      talk.rest();
    }
    return std::vector<std::uint64_t>{a->feedEnd(), b->feedEnd(), c->feedEnd()};
  };
  std::vector<std::uint64_t> rest = rounds();
  EXPECT_EQ(rounds(), rest);
  EXPECT_EQ(a.fetch(id)->boolean("open"), false);
}

// X imports r from A, Y imports s from E. Each has an unsent write to the record that is taken back from the other.
TEST_F(ExportTest, TwoEqualsDoNotWaitForEachOther) {
  Replica e("E", now, 4), &x = b, &y = c;
  UUID r = a.insert({{"open", true}, {"f1", 0}, {"f2", 0}}), s = e.insert({{"open", true}, {"g1", 0}, {"g2", 0}});
  linked(a, x, exporter(filter), importer());
  linked(e, y, exporter(filter), importer());
  synced(x, y);
  now += 1000;
  x.updateFields(r, {{"f2", 1}});
  x.updateFields(s, {{"g1", 1}});
  y.updateFields(s, {{"g2", 1}});
  y.updateFields(r, {{"f1", 1}});
  {
    // The first change of each end arrives, then the connection breaks.
    SessionOptions small;
    small.batchBytes = 1;
    Conversation talk(x, y, now, small, small);
    talk.start();
    int batches[2] = {0, 0};
    for (bool moved = true; moved;) {
      moved = false;
      for (int end : {0, 1}) {
        auto& waiting = talk.towards[static_cast<std::size_t>(end)];
        if (!waiting.empty() && typeOf(waiting.front()) == FrameType::batch && batches[end]++ > 0) waiting.clear();
        moved |= !waiting.empty() && talk.deliver(end);
      }
    }
    ASSERT_EQ(y.fetch(r)->integer("f2"), 1);
    ASSERT_EQ(x.fetch(r)->integer("f1"), 0);
  }
  a.updateFields(r, {{"open", false}});
  e.updateFields(s, {{"open", false}});
  linked(a, x, exporter(filter), importer());
  linked(e, y, exporter(filter), importer());
  ASSERT_FALSE(x.fetch(r) || y.fetch(s));
  UUID later = x.insert({{"n", 1}});
  Conversation talk(x, y, now);
  talk.start();
  talk.rest();
  EXPECT_TRUE(talk.live());
  EXPECT_TRUE(y.fetch(later));
}

}  // namespace
}  // namespace blazedb::sync
