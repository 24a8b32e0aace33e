// A part came of what is not held whole.
#include <gtest/gtest.h>

#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

// A record that B deleted and whose values it has thrown away, and that A, who did not hear of it, has changed since.
class NeedTest : public SessionTest {
 protected:
  void SetUp() override {
    id = a.insert({{"kept", "from the beginning"}, {"n", 1}});
    synced();
    ASSERT_TRUE(b.purge(id));
    ASSERT_FALSE(b.stored(id).whole);
    now += 1000;
    a.updateFields(id, {{"n", 2}});
  }
  UUID id;
};

TEST_F(NeedTest, AsksForAWholeRecordWhereOnlyAPartOfItCame) {
  Conversation talk = synced();
  ASSERT_EQ(talk.said(1, FrameType::need).size(), 1u);
  EXPECT_EQ(decodeNeed(talk.said(1, FrameType::need)[0])->keys, (std::vector<RecordKey>{{"default", id}}));
  ASSERT_EQ(talk.said(0, FrameType::rows).size(), 1u);
  for (Replica* each : {&a, &b}) {
    ASSERT_TRUE(each->fetch(id));
    EXPECT_EQ(each->fetch(id)->string("kept"), "from the beginning");
    EXPECT_EQ(each->fetch(id)->integer("n"), 2);
  }
}

TEST_F(NeedTest, MovesNeitherTheCursorNorAnythingElseBeforeTheAnswer) {
  UUID other;
  a->write([&](db::Changes& changes) {
    other = changes.insert("default", std::nullopt, {{"n", 3}});
    changes.updateFields("default", id, {{"n", 4}});
  });
  Conversation talk(a, b, now);
  talk.start();
  Cursor before = b->cursorOn(a->info().replica, {});
  while (talk.said(1, FrameType::need).empty()) ASSERT_TRUE(talk.deliver(1) | talk.deliver(0));
  EXPECT_EQ(b->cursorOn(a->info().replica, {}), before);
  EXPECT_FALSE(b.fetch(other)) << "the same transaction";
  EXPECT_FALSE(b.fetch(id));
  talk.rest();
  EXPECT_TRUE(b.fetch(other));
  EXPECT_EQ(b.fetch(id)->integer("n"), 4);
}

TEST_F(NeedTest, AppliesInOrderWhatComesWhileItWaits) {
  Conversation talk(a, b, now);
  talk.start();
  while (talk.said(1, FrameType::need).empty()) ASSERT_TRUE(talk.deliver(1) | talk.deliver(0));
  UUID later = a.insert({{"n", 3}});
  talk.feedsMoved();
  a.updateFields(id, {{"n", 5}});
  talk.feedsMoved();
  while (talk.deliver(1)) {
  }
  EXPECT_FALSE(b.fetch(later)) << "it is behind the one that waits";
  talk.rest();
  EXPECT_TRUE(b.fetch(later));
  EXPECT_EQ(b.fetch(id)->integer("n"), 5);
  EXPECT_TRUE(talk.verified());
}

TEST_F(NeedTest, GoesOnWithoutARecordThatIsGone) {
  struct Forgetful : PassingStore {
    using PassingStore::PassingStore;
    bool readRecord(const RecordKey&, const Scope&, const Importer*, BatchWriter&) override { return false; }
  } store(*a.engine);
  UUID other;
  a->write([&](db::Changes& changes) {
    changes.updateFields("default", id, {{"n", 4}});
    other = changes.insert("default", std::nullopt, {{"n", 3}});
  });
  std::uint64_t end = a->feedEnd();
  SessionOptions silent;  // A does not hear of the delete, and has no reason to send it all by itself
  silent.sends = false;
  Conversation talk(a, store, b, *b.engine, now, {}, silent);
  talk.start();
  talk.settle();
  EXPECT_EQ(talk.said(1, FrameType::need).size(), 1u);
  EXPECT_FALSE(talk[1].stopped());
  EXPECT_FALSE(b.fetch(id));
  EXPECT_TRUE(b.fetch(other));
  EXPECT_GE(b->cursorOn(a->info().replica, {}).position, end);
}

// Who has asked for much takes it a frame at a time: the other end keeps none of it waiting.
TEST_F(NeedTest, AsksAgainForWhatDidNotFitTheAnswer) {
  constexpr std::size_t kEach = 300'000;
  std::vector<UUID> ids;
  for (int i = 0; i < 12; i++) ids.push_back(a.insert({{"payload", blazedb::Bytes(kEach, 1)}}));
  synced();
  for (const UUID& each : ids) ASSERT_TRUE(b.purge(each));
  now += 1000;
  a->write([&](db::Changes& changes) {
    for (const UUID& each : ids) changes.updateFields("default", each, {{"n", 2}});
  });
  Conversation talk = synced();
  std::vector<Bytes> answers = talk.said(0, FrameType::rows);
  EXPECT_EQ(talk.said(1, FrameType::need).size(), answers.size());
  EXPECT_GE(answers.size(), ids.size() / 2);
  for (const Bytes& answer : answers) EXPECT_LE(answer.size(), 2 * kEach + 1000);
  for (const UUID& each : ids) EXPECT_EQ(b.fetch(each)->integer("n"), 2);
}

TEST_F(NeedTest, RefusesAnAnswerToSomethingElse) {
  Conversation talk(a, b, now);
  talk.start();
  while (talk.said(1, FrameType::need).empty()) ASSERT_TRUE(talk.deliver(1) | talk.deliver(0));
  talk[1].receive(BatchWriter().finishRows(true, {{"default", UUID{}}}), now);
  ASSERT_TRUE(talk[1].stopped());
  EXPECT_EQ(talk.status(1).ended->code, ErrorCode::ProtocolError);
}

}  // namespace
}  // namespace blazedb::sync
