// Catching up takes several batches: a record that was skipped at one place of the feed comes whole at a later one.
#include <gtest/gtest.h>

#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

class CatchUpTest : public SessionTest {
 protected:
  // A changes one field of a record that B has, then writes enough for several batches, then changes another field.
  void SetUp() override {
    small.batchBytes = 200;
    id = a.insert({{"x", 1}, {"y", 1}});
    synced();
    a.updateFields(id, {{"x", 2}});
    for (int i = 0; i < 40; i++) a.insert({{"n", i}});
    a.updateFields(id, {{"y", 2}});
  }
  void expectBoth() {
    EXPECT_EQ(b.fetch(id)->integer("x"), 2);
    EXPECT_EQ(b.fetch(id)->integer("y"), 2);
  }
  Conversation talking() {
    Conversation talk(a, b, now, small, small);
    talk.start();
    return talk;
  }
  // Delivers to both until B has applied a batch and not the last one.
  void untilTheMiddle(Conversation& talk) {
    while (talk.said(1, FrameType::ack).empty()) ASSERT_TRUE(talk.deliverBoth());
    ASSERT_GT(talk.said(0, FrameType::batch).size(), 1u);
    ASSERT_EQ(b.fetch(id)->integer("y"), 1);
  }

  SessionOptions small;
  UUID id;
};

TEST_F(CatchUpTest, ARecordThatMovedOnBringsItsEarlierChangesToo) {
  Conversation talk = talking();
  talk.settle();
  ASSERT_GT(talk.said(0, FrameType::batch).size(), 1u);
  expectBoth();
  talk.rest();
  EXPECT_EQ(talk.status(0).repaired + talk.status(1).repaired, 0u);
}

TEST_F(CatchUpTest, AlsoAfterAnInterruption) {
  {
    Conversation talk = talking();
    untilTheMiddle(talk);
  }
  b.reopen();
  Cursor cursor = b->cursorOn(a->info().replica, {});
  EXPECT_LT(cursor.complete, cursor.position);
  Conversation talk = talking();
  talk.settle();
  EXPECT_GT(decodeWelcome(talk.said(0, FrameType::welcome)[0])->from, cursor.complete) << "it goes on where it was";
  expectBoth();
  EXPECT_EQ(b->cursorOn(a->info().replica, {}).complete, a->feedEnd());
}

TEST_F(CatchUpTest, AlsoWhereTheLatestChangeIsThePeersOwn) {
  Conversation talk = talking();
  untilTheMiddle(talk);
  b.updateFields(id, {{"z", 3}});
  talk.settle();
  expectBoth();
  EXPECT_EQ(a.fetch(id)->integer("z"), 3);
}

TEST_F(CatchUpTest, AfterItAChangeOfOneFieldTravelsAsThatField) {
  Conversation talk = talking();
  talk.settle();
  a.updateFields(id, {{"x", 3}});
  talk.settle();
  base::Bytes last = talk.said(0, FrameType::batch).back();
  std::optional<Batch> batch = decodeBatch(last);
  ASSERT_EQ(batch->changes.size(), 1u);
  EXPECT_EQ(batch->reach, batch->to);
  EXPECT_FALSE(batch->changes[0].complete);
  EXPECT_EQ(decodeState(batch->changes[0].stamps, batch->changes[0].fields, 0)->cells.size(), 1u);
}

}  // namespace
}  // namespace blazedb::sync
