// A part arrives of a record that is not held whole.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

// B has deleted a record and dropped its values. A does not know of the delete and has changed the record since.
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
  while (talk.said(1, FrameType::need).empty()) ASSERT_TRUE(talk.deliverBoth());
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
  while (talk.said(1, FrameType::need).empty()) ASSERT_TRUE(talk.deliverBoth());
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
    std::size_t readRecords(std::span<const RecordKey> keys, const Agreement&, std::size_t, BatchWriter&,
                            std::vector<RecordKey>& gone) override {
      gone.insert(gone.end(), keys.begin(), keys.end());
      return keys.size();
    }
  } store(*a.engine);
  UUID other;
  a->write([&](db::Changes& changes) {
    changes.updateFields("default", id, {{"n", 4}});
    other = changes.insert("default", std::nullopt, {{"n", 3}});
  });
  std::uint64_t end = a->feedEnd();
  SessionOptions silent;  // A does not learn of the delete, so it has no reason to send the whole record by itself
  silent.terms.sends = false;
  Conversation talk(a, store, b, *b.engine, now, {}, silent);
  talk.start();
  talk.settle();
  EXPECT_EQ(talk.said(1, FrameType::need).size(), 1u);
  EXPECT_FALSE(talk[1].stopped());
  EXPECT_FALSE(b.fetch(id));
  EXPECT_TRUE(b.fetch(other));
  EXPECT_GE(b->cursorOn(a->info().replica, {}).position, end);
}

// An end that has asked for much gets it a frame at a time: the other end keeps no answers waiting in memory.
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

// Answers that are together larger than what an end keeps are merged as they come; the cursor waits for all of them.
TEST_F(NeedTest, KeepsAFewMegabytesOfAnswersAndMergesTheRestAtOnce) {
  constexpr std::size_t kEach = 1'000'000, kRecords = 24;
  std::vector<UUID> ids;
  for (std::size_t i = 0; i < kRecords; i++) ids.push_back(a.insert({{"payload", blazedb::Bytes(kEach, 1)}}));
  synced();
  for (const UUID& each : ids) ASSERT_TRUE(b.purge(each));
  now += 1000;
  a->write([&](db::Changes& changes) {
    for (const UUID& each : ids) changes.updateFields("default", each, {{"n", 2}});
  });
  Conversation talk(a, b, now);
  talk.start();
  Cursor before = b->cursorOn(a->info().replica, {});
  auto held = [&] {
    return std::count_if(ids.begin(), ids.end(), [&](const UUID& each) { return b.fetch(each).has_value(); });
  };
  bool early = false;
  while (b->cursorOn(a->info().replica, {}) == before) {
    early = early || held() > 0;
    ASSERT_LE(talk.said(0, FrameType::rows).size(), kRecords + 1);
    if (talk.said(0, FrameType::rows).size() < 8) {
      EXPECT_EQ(held(), 0) << "what can be kept is merged as a whole";
    }
    ASSERT_TRUE(talk.deliverBoth());
  }
  EXPECT_TRUE(early);
  talk.rest();
  EXPECT_TRUE(talk.verified());
  for (const UUID& each : ids) EXPECT_EQ(b.fetch(each)->integer("n"), 2);
}

TEST_F(NeedTest, AsksForAThousandRecordsAtOnce) {
  std::vector<UUID> ids;
  for (int i = 0; i < 1500; i++) ids.push_back(a.insert({{"kept", i}, {"n", 1}}));
  synced();
  for (const UUID& each : ids) ASSERT_TRUE(b.purge(each));
  now += 1000;
  a->write([&](db::Changes& changes) {
    for (const UUID& each : ids) changes.updateFields("default", each, {{"n", 2}});
  });
  Conversation talk = synced();
  std::vector<Bytes> asked = talk.said(1, FrameType::need);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(decodeNeed(asked[0])->keys.size(), base::kNeedKeysMax);
  for (const UUID& each : ids) EXPECT_TRUE(b.fetch(each)->integer("kept"));
}

TEST_F(NeedTest, RefusesAnAnswerThatHoldsMoreThanWasAskedFor) {
  auto answered = [&](const std::vector<UUID>& ids, const std::vector<RecordKey>& gone) {
    SessionOptions silent;  // A does not learn of the delete, so it has no reason to send the whole record
    silent.terms.sends = false;
    Conversation talk(a, *a.engine, b, *b.engine, now, {}, silent);
    talk.start();
    while (talk.said(1, FrameType::need).empty())
      if (!(talk.deliverBoth())) return ErrorCode::NotFound;
    BatchWriter rows;
    for (const UUID& each : ids) EXPECT_TRUE(test::readRecord(*a.engine, {"default", each}, {}, rows));
    talk[1].receive(rows.finishRows(true, gone), now);
    return talk[1].stopped() ? talk.status(1).ended->code : ErrorCode::Closed;
  };
  UUID other = a.insert({{"n", 3}});
  EXPECT_EQ(answered({id, other}, {}), ErrorCode::ProtocolError);
  EXPECT_EQ(answered({id}, {{"default", other}}), ErrorCode::ProtocolError);
  EXPECT_EQ(answered({id}, {{"default", id}}), ErrorCode::ProtocolError) << "it is there, or it is gone";
  EXPECT_EQ(answered({id, id}, {}), ErrorCode::ProtocolError);
  EXPECT_EQ(answered({}, {}), ErrorCode::ProtocolError);
  EXPECT_FALSE(b.fetch(id));
  EXPECT_EQ(answered({id}, {}), ErrorCode::Closed);
}

TEST_F(NeedTest, RefusesAnAnswerToSomethingElse) {
  Conversation talk(a, b, now);
  talk.start();
  while (talk.said(1, FrameType::need).empty()) ASSERT_TRUE(talk.deliverBoth());
  talk[1].receive(BatchWriter().finishRows(true, {{"default", UUID{}}}), now);
  ASSERT_TRUE(talk[1].stopped());
  EXPECT_EQ(talk.status(1).ended->code, ErrorCode::ProtocolError);
}

}  // namespace
}  // namespace blazedb::sync
