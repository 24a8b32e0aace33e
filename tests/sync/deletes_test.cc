// Deletes, and replicas that have not got them: newcomers, and those that were away for very long.
#include <gtest/gtest.h>

#include <chrono>

#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

class DeletesTest : public SessionTest {
 protected:
  // The number of deleted records among the changes that `from` has sent.
  static std::size_t deletesFrom(const Conversation& talk, int from) {
    std::size_t deletes = 0;
    for (const Bytes& frame : talk.said(from, FrameType::batch)) {
      std::optional<Batch> batch = decodeBatch(frame);
      for (const Change& change : batch.value().changes)
        deletes += decodeState(change.stamps, change.fields, 0)->alive() ? 0 : 1;
    }
    return deletes;
  }
  Conversation talked(Replica& first, Replica& second, const SessionOptions& options = {}) {
    Conversation talk(first, second, now, options, options);
    talk.start();
    talk.rest();
    return talk;
  }
  void deleteSome(Replica& replica, int count) {
    for (int i = 0; i < count; i++) replica.remove(replica.insert({{"n", i}}));
  }

  Replica c{"C", now, 3};
};

TEST_F(DeletesTest, ANewcomerIsNotToldOfThem) {
  UUID kept = a.insert({{"n", 1}});
  deleteSome(a, 20);
  Conversation talk = synced();
  EXPECT_TRUE(b.fetch(kept));
  EXPECT_EQ(deletesFrom(talk, 0), 0u);
  UUID later = a.insert({{"n", 2}});
  talk.rest();
  a.remove(later);
  talk.rest();
  EXPECT_FALSE(b.fetch(later));
  EXPECT_EQ(deletesFrom(talk, 0), 1u) << "of those that come later it is";
}

TEST_F(DeletesTest, ANewcomerGetsWhatAFileThatWasPutBackHoldsAgain) {
  for (const Scope& scope : {Scope{}, makeScope({{"default"}}, {}), makeScope(std::nullopt, {"secret"})}) {
    Replica x("X", now, 20), y("Y", now, 30);
    SessionOptions options;
    options.terms.scope = scope;
    UUID id = x.insert({{"n", 1}});
    Replica::Files copy = x.copy();
    x.remove(id);
    x.insert({{"n", 2}});
    talked(x, y, options);
    x.putBack(copy);
    ASSERT_TRUE(x.fetch(id));
    talked(x, y, options);
    EXPECT_TRUE(x.fetch(id) && y.fetch(id));
    expectSame(x, y);
  }
}

TEST_F(DeletesTest, WhoHoldsSomethingIs) {
  b.insert({{"n", 1}});
  deleteSome(a, 3);
  EXPECT_EQ(deletesFrom(synced(), 0), 3u);
}

TEST_F(DeletesTest, ANewcomerThatGetsTheRecordElsewhereHearsOfItsDelete) {
  UUID id = a.insert({{"n", 1}});
  synced(a, c);
  a.remove(id);
  synced(a, b);
  ASSERT_FALSE(b.stored(id).held);
  synced(b, c);  // C does not know of the delete
  ASSERT_TRUE(b.fetch(id));
  Conversation talk = talked(a, b);
  EXPECT_EQ(talk.status(0).repaired + talk.status(1).repaired, 0u);
  EXPECT_FALSE(a.fetch(id) || b.fetch(id));
  synced(b, c);
  EXPECT_FALSE(c.fetch(id));
}

TEST_F(DeletesTest, AlsoWhereItGetsItInTheMiddle) {
  UUID id = a.insert({{"n", 1}});
  synced(a, c);
  a.remove(id);
  Conversation withA(a, b, now);
  withA.start();
  withA.deliver(0);  // A learns that B holds nothing
  withA.deliver(1);
  withA.deliver(0);
  synced(b, c);
  ASSERT_TRUE(b.fetch(id));
  withA.rest();
  EXPECT_EQ(withA.status(0).repaired + withA.status(1).repaired, 0u);
  EXPECT_FALSE(a.fetch(id) || b.fetch(id));
}

TEST_F(DeletesTest, WhoIsPastTheHorizonKeepsWhatItHasWrittenOffline) {
  for (Replica* each : {&a, &b}) {
    each->options.tombstoneRetention = std::chrono::hours(1);
    each->reopen();
  }
  UUID edited = a.insert({{"n", 1}, {"text", "whole"}}), gone = a.insert({{"n", 2}, {"text", "whole"}}),
       deleted = a.insert({{"n", 3}});
  synced();
  b.updateFields(edited, {{"n", 10}});
  b.updateFields(gone, {{"n", 20}});
  now += 1000;
  UUID made = b.insert({{"n", 40}});
  a.remove(deleted);
  a.remove(gone);
  now += 1000;
  b.updateFields(gone, {{"n", 21}});  // after the delete, which B has not seen
  now += 2 * kHour;
  while (a->maintain()) {
  }
  ASSERT_FALSE(a.stored(gone).held);
  for (int tries = 0; tries < 3 && !talked(a, b).verified(); tries++) {
  }
  for (Replica* each : {&a, &b}) {
    EXPECT_EQ(each->fetch(edited)->integer("n"), 10);
    EXPECT_EQ(each->fetch(edited)->string("text"), "whole");
    ASSERT_TRUE(each->fetch(gone)) << "written after the delete";
    EXPECT_EQ(each->fetch(gone)->integer("n"), 21);
    EXPECT_EQ(each->fetch(gone)->string("text"), "whole");
    EXPECT_EQ(each->fetch(made)->integer("n"), 40);
    EXPECT_FALSE(each->fetch(deleted));
  }
  expectSame(a, b);
}

TEST_F(DeletesTest, AnOperationThatChangesNothingTakesNoPlaceInTheFeed) {
  UUID id = a.insert({{"n", 1}}), gone = a.insert({{"n", 2}});
  a.remove(gone);
  synced();
  std::uint64_t end = a->feedEnd(), itsEnd = b->feedEnd();
  EXPECT_FALSE(a.remove(gone));
  EXPECT_FALSE(a.remove(uuidOf(99)));
  a.updateFields(id, {});
  a->write([](db::Changes&) {});
  a->maintain();
  EXPECT_THROW(a.insert(id, {{"n", 3}}), Error);
  EXPECT_EQ(a->feedEnd(), end);
  synced();
  EXPECT_EQ(b->feedEnd(), itsEnd);
}

}  // namespace
}  // namespace blazedb::sync
