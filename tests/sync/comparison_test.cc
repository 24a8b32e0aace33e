// The cost of a comparison: the tests count rows, frames, steps and pauses, never time.
#include "sync/comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>

#include "sync/session_test.h"

namespace blazedb::sync {
namespace {

// A store with given differences: its records are an id and a hash.
class CountingStore : public PassingStore {
 public:
  using PassingStore::PassingStore;
  bool holds(const std::string& collection) const override { return collections.contains(collection); }
  HashedRun hashes(const std::string& collection, const UUID& from, const UUID& to,
                   std::size_t rowsMax) const override {
    reads++;
    HashedRun run{{}, to};
    auto known = collections.find(collection);
    if (known == collections.end()) return run;
    for (auto at = known->second.lower_bound(from); at != known->second.end() && at->first <= to; ++at) {
      run.records.emplace_back(at->first, at->second);
      rows++;
      if (run.records.size() < rowsMax) continue;
      run.to = at->first;
      break;
    }
    largest = std::max(largest, run.records.size());
    return run;
  }
  std::size_t readRecords(std::span<const RecordKey> keys, const Agreement&, std::size_t bytesWanted, BatchWriter& out,
                          std::vector<RecordKey>& gone) override {
    std::size_t answered = 0;
    while (answered < keys.size() && out.bytes() < bytesWanted) {
      const RecordKey& key = keys[answered++];
      if (!collections[key.collection].contains(key.id)) {
        gone.push_back(key);
        continue;
      }
      Change change;
      change.collection = key.collection;
      change.id = key.id;
      change.complete = true;
      change.fields = base::ByteView(payload);
      out.add(change);
      sent++;
    }
    return answered;
  }

  std::map<std::string, std::map<UUID, Hash128>> collections;
  base::Bytes payload = base::Bytes(50, 1);
  mutable std::size_t reads = 0, rows = 0, largest = 0;
  std::size_t sent = 0;
};

Digest digestOf(const std::map<UUID, Hash128>& records) {
  Digest digest;
  for (const auto& [id, hash] : records) digest.add(hash);
  return digest;
}

std::vector<DigestLine> linesOf(const CountingStore& store) {
  std::vector<DigestLine> lines;
  for (const auto& [name, records] : store.collections)
    if (!records.empty()) lines.push_back({name, records.size(), digestOf(records)});
  return lines;
}

class ComparisonTest : public SessionTest {
 protected:
  ComparisonTest() : asker(*a.engine), answerer(*b.engine) {}

  void fill(std::size_t records, const std::string& collection = "c") {
    for (std::size_t i = 0; i < records; i++)
      asker.collections[collection][uuidOf(7 * i)] = answerer.collections[collection][uuidOf(7 * i)] = {i + 1, i};
  }

  // Runs a whole comparison that one end asks for. The records that it sends arrive at the other end.
  void compare() {
    frames.clear();
    asking.begin(linesOf(asker), linesOf(answerer), now);
    run();
  }
  void run() {
    for (int steps = 0; steps < 100'000; steps++) {
      carry();
      auto due = asking.nextStepMs(), otherDue = answering.nextStepMs();
      if (!due && !otherDue) return;
      now = std::max(now, std::min(due.value_or(INT64_MAX), otherDue.value_or(INT64_MAX)));
      asking.step(now);
      answering.step(now);
    }
    FAIL() << "no end";
  }
  void carry() {
    while (!towardsAnswerer.empty()) {
      base::Bytes frame = std::move(towardsAnswerer.front());
      towardsAnswerer.pop_front();
      if (*typeOf(frame) == FrameType::buckets) {
        ASSERT_TRUE(answering.onBuckets(*decodeBuckets(frame), now));
        continue;
      }
      std::optional<Rows> rows = decodeRows(frame);
      for (const Change& change : rows->changes) {
        RecordKey key{std::string(change.collection), change.id};
        EXPECT_TRUE(answering.expects(key));
        answerer.collections[key.collection][key.id] = asker.collections[key.collection][key.id];
      }
    }
    while (!towardsAsker.empty()) {
      base::Bytes frame = std::move(towardsAsker.front());
      towardsAsker.pop_front();
      ASSERT_TRUE(asking.onInventory(*decodeInventory(frame), now));
    }
  }

  CountingStore asker, answerer;
  std::vector<base::Bytes> frames;
  std::deque<base::Bytes> towardsAnswerer, towardsAsker;
  Agreement agreement;
  Comparison asking{asker, agreement, 500, [this](base::Bytes frame) {
                      frames.push_back(frame);
                      towardsAnswerer.push_back(std::move(frame));
                    }};
  Comparison answering{answerer, agreement, 500, [this](base::Bytes frame) {
                         frames.push_back(frame);
                         towardsAsker.push_back(std::move(frame));
                       }};
};

TEST_F(ComparisonTest, FindsOneRecordAmongManyWithOneWalkAtEachEnd) {
  fill(100'000);
  answerer.collections["c"].erase(uuidOf(7 * 54'321));
  compare();
  EXPECT_EQ(asker.collections, answerer.collections);
  EXPECT_EQ(asker.sent, 1u);
  EXPECT_LE(asker.rows, 100'000u + 1024);
  EXPECT_LE(answerer.rows, 100'000u + 4 * 1024);
  EXPECT_LE(std::max(asker.largest, answerer.largest), 512u) << "of a step";
  EXPECT_LE(frames.size(), 10u);
}

TEST_F(ComparisonTest, FindsWhateverDiffers) {
  for (int round = 0; round < 40; round++) {
    asker.collections.clear();
    answerer.collections.clear();
    fill(static_cast<std::size_t>(round) * 131);
    std::mt19937_64 random(static_cast<std::uint64_t>(round));
    for (int i = 0; i < round * 10; i++) {
      UUID id = uuidOf(random() % 5000);
      if (random() % 50 == 0) id.bytes.fill(0xFF);  // the largest id
      std::uint64_t what = random() % 3;
      if (what == 0) answerer.collections["c"].erase(id);
      if (what == 1) answerer.collections["c"][id] = asker.collections["c"][id] = {random(), 1};
      if (what == 2) asker.collections["c"][id] = {random(), 2};
    }
    compare();
    for (const auto& [id, hash] : asker.collections["c"]) ASSERT_EQ(answerer.collections["c"].at(id), hash) << round;
  }
}

TEST_F(ComparisonTest, OfNothingWithMuchTakesStepsOfABoundedSize) {
  fill(30'000);
  answerer.collections.clear();
  compare();
  EXPECT_EQ(asker.collections, answerer.collections);
  EXPECT_LE(asker.rows, 2 * 30'000u + 10 * 1024) << "one walk for the sums, one for the records";
  EXPECT_LE(asker.largest, 512u);
  for (const base::Bytes& frame : frames) EXPECT_LE(frame.size(), 1u << 20);
}

TEST_F(ComparisonTest, OfMuchWithLittleListsItInFramesOfABoundedSize) {
  fill(30'000);
  asker.collections["c"].clear();
  asker.collections["c"][uuidOf(1)] = {1, 1};
  compare();
  EXPECT_TRUE(answerer.collections["c"].contains(uuidOf(1)));
  EXPECT_LE(answerer.rows, 2 * 30'000u) << "a range that is cut is not read again";
  for (const base::Bytes& frame : frames) EXPECT_LE(frame.size(), 32 * kInventoryRecordsMax + 100);
}

TEST_F(ComparisonTest, SendsLargeRecordsAFewAtATime) {
  fill(40);
  answerer.collections["c"].clear();
  asker.payload.resize(300'000);
  compare();
  EXPECT_EQ(asker.sent, 40u);
  for (const base::Bytes& frame : frames) EXPECT_LE(frame.size(), 900'000u);
}

// A peer that names collections makes this end neither read nor remember them.
TEST_F(ComparisonTest, AsksOnlyAboutWhatIsKnownHere) {
  fill(10);
  std::vector<DigestLine> theirs = linesOf(asker);
  for (int i = 0; i < 150'000; i++) theirs.push_back({"d" + std::to_string(1'000'000 + i), 1, {1, 1}});
  asking.begin(linesOf(asker), theirs, now);
  EXPECT_FALSE(asking.asking());
  EXPECT_EQ(asking.nextStepMs(), std::nullopt);
  EXPECT_EQ(asker.reads, 0u);
  EXPECT_TRUE(frames.empty());
}

TEST_F(ComparisonTest, GoesThroughAllCollectionsThatDiffer) {
  for (int i = 0; i < 20; i++) fill(10, "c" + std::to_string(i));
  for (int i = 0; i < 20; i += 3) answerer.collections["c" + std::to_string(i)].clear();
  answerer.collections["only-there"][uuidOf(1)] = {1, 1};
  asker.collections["only-here"][uuidOf(1)] = {1, 1};
  compare();
  EXPECT_EQ(asker.sent, 7 * 10 + 1u);
  EXPECT_EQ(answerer.collections["only-here"].size(), 1u);
}

TEST_F(ComparisonTest, WaitsLongerAfterEachThatFoundDifferences) {
  fill(100);
  std::vector<std::int64_t> pauses;
  for (int round = 0; round < 9; round++) {
    answerer.collections["c"].erase(uuidOf(7));
    compare();
    pauses.push_back(asking.pausedUntilMs() - now);
  }
  EXPECT_EQ(pauses, (std::vector<std::int64_t>{500, 1000, 2000, 4000, 8000, 16'000, 30'000, 30'000, 30'000}));
  asking.foundEqual(now);
  answerer.collections["c"].erase(uuidOf(7));
  compare();
  EXPECT_EQ(asking.pausedUntilMs() - now, 500);
}

// A peer that keeps asking about the same place is answered more and more slowly.
TEST_F(ComparisonTest, AnswersAPeerThatStartsOverMoreAndMoreSlowly) {
  fill(100);
  Buckets lie{"c", {}, {{uuidOf(~0ull), {1, 1}}}};
  std::vector<std::int64_t> waited;
  for (int round = 0; round < 9; round++) {
    std::int64_t before = now;
    ASSERT_TRUE(answering.onBuckets(lie, now));
    EXPECT_FALSE(answering.onBuckets(lie, now)) << "before the answer";
    now = *answering.nextStepMs();
    answering.step(now);
    waited.push_back(now - before);
  }
  EXPECT_EQ(waited, (std::vector<std::int64_t>{0, 500, 1000, 2000, 4000, 8000, 16'000, 30'000, 30'000}));
  Buckets onward{"d", {}, {{uuidOf(1), {}}}};
  ASSERT_TRUE(answering.onBuckets(onward, now));
  EXPECT_EQ(answering.nextStepMs(), now) << "the same comparison";
}

TEST_F(ComparisonTest, TakesNoAnswerThatNobodyAskedForOrThatIsToAnotherQuestion) {
  fill(1000);
  UUID last;
  last.bytes.fill(0xFF);
  EXPECT_FALSE(asking.onInventory({"c", last, last, false, {}}, now));
  answerer.collections["c"].clear();
  asking.begin(linesOf(asker), linesOf(answerer), now);
  while (frames.empty()) asking.step(now);
  EXPECT_EQ(asking.nextStepMs(), std::nullopt) << "it waits for the answer";
  EXPECT_FALSE(asking.onInventory({"d", last, last, false, {}}, now));
  EXPECT_FALSE(asking.onInventory({"c", uuidOf(8), uuidOf(8), false, {}}, now)) << "no end of a range";
  EXPECT_FALSE(asking.onInventory({"c", {}, uuidOf(8), true, {}}, now))
      << "likewise, or it would sum up again for ever";
  EXPECT_TRUE(asking.onInventory({"c", last, last, false, {}}, now));
  EXPECT_FALSE(asking.onInventory({"c", last, last, false, {}}, now));
}

TEST_F(ComparisonTest, ThatWasDroppedForgetsItsQuestionAndBeginsAnew) {
  fill(1000);
  answerer.collections["c"].erase(uuidOf(7));
  asking.begin(linesOf(asker), linesOf(answerer), now);
  while (frames.empty()) asking.step(now);
  asking.drop(now);
  EXPECT_FALSE(asking.asking());
  compare();  // the answer to the first question comes before the second
  EXPECT_EQ(asker.collections, answerer.collections);
}

TEST_F(ComparisonTest, ExpectsRepairsOnlyOfWhatItHasAnswered) {
  fill(10);
  EXPECT_FALSE(answering.expects({"c", uuidOf(7)}));
  ASSERT_TRUE(answering.onBuckets({"c", {}, {{uuidOf(20), {1, 1}}}}, now));
  EXPECT_FALSE(answering.expects({"c", uuidOf(7)}));
  answering.step(now);
  EXPECT_TRUE(answering.expects({"c", uuidOf(7)}));
  EXPECT_FALSE(answering.expects({"c", uuidOf(21)}));
  EXPECT_FALSE(answering.expects({"d", uuidOf(7)}));
}

}  // namespace
}  // namespace blazedb::sync
