// Counters, against a model that knows who had seen which increment.
#include "codec/counter.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "sim/random.h"
#include "sync/merge.h"
#include "sync/states.h"

namespace blazedb::sync {
namespace {

const UUID kId{};

// A replica that holds one record with one field. `seen` has the number of each operation that it knows.
struct Holder {
  std::uint64_t writer = 0;
  bool server = false;
  EncodedState stored;
  std::set<int> seen = {};

  RecordState state() const { return *decodeState(stored.stamps, stored.fields, 1); }
  void store(const RecordState& state) {
    EncodedState encoded;
    encodeState(state, 1, encoded);
    stored = std::move(encoded);
  }
  std::optional<Value> value() const { return state().counter("n").value(); }
};

// Types aside: a sum that comes out whole is a real if one of its increments was.
std::optional<double> number(const std::optional<Value>& value) {
  if (!value) return std::nullopt;
  const auto* integer = value->as<std::int64_t>();
  return integer ? static_cast<double>(*integer) : *value->as<double>();
}

struct Operation {
  enum Kind { increment, assignment, removal } kind = increment;
  Value value;
  Stamp stamp;
  std::set<int> seen = {};
};

class World {
 public:
  World(std::uint64_t seed, bool deletes) : dice_(seed), deletes_(deletes) {
    for (std::uint64_t i = 0; i < 3 + dice_.below(2); i++) holders_.push_back({i + 1, dice_.percent(30), {}});
    RecordState state;
    std::deque<base::Bytes> bytes;
    writeInsert(state, stampAt(holders_[0]), 1, bytes);
    holders_[0].store(state);
    for (Holder& each : holders_) each.stored = holders_[0].stored;
  }

  void step() {
    Holder& holder = holders_[dice_.below(holders_.size())];
    std::uint64_t what = dice_.below(100);
    if (what < 45) return add(holder);
    if (what < 55) return assign(holder, false);
    if (what < 60) return assign(holder, true);
    if (what < 65) holder.writer += 100;  // it is opened again
    if (deletes_ && what < 70) return insertOrRemove(holder);
    merge(holder, holders_[dice_.below(holders_.size())]);
  }

  void meetAll() {
    for (int round = 0; round < 2; round++)
      for (Holder& a : holders_)
        for (Holder& b : holders_) merge(a, b);
  }

  void check() const {
    if (deletes_) return;
    for (const Holder& holder : holders_) {
      auto [wanted, assigned] = expected(holder.seen);
      std::optional<double> value = number(holder.value());
      ASSERT_EQ(value.value_or(0), wanted) << "writer " << holder.writer;
      ASSERT_TRUE(value || !assigned);
    }
  }
  void checkSame() const {
    for (const Holder& holder : holders_) {
      ASSERT_EQ(holder.value(), holders_[0].value());
      ASSERT_EQ(hashOf(kId, holder.state()), hashOf(kId, holders_[0].state()));
    }
  }

 private:
  Stamp stampAt(const Holder& holder) {
    std::uint64_t time = ++time_, seen = 0;
    if (!holder.stored.stamps.empty()) seen = holder.state().authority();
    return {holder.server ? time : seen, time, holder.writer};
  }

  void add(Holder& holder) {
    RecordState state = holder.state();
    if (!state.alive()) return;
    Value by = dice_.percent(20) ? Value(0.5) : Value(static_cast<long>(dice_.between(-9, 9)));
    Stamp stamp = stampAt(holder);
    bool folds = dice_.percent(50);
    std::deque<base::Bytes> bytes;
    writeIncrement(
        state, "n", by, stamp, 1, [&](std::uint64_t writer) { return folds && writer % 100 == holder.writer % 100; },
        bytes);
    holder.store(state);
    note(holder, {Operation::increment, by, stamp});
  }

  void assign(Holder& holder, bool removes) {
    RecordState state = holder.state();
    if (!state.alive()) return;
    Value value(static_cast<long>(dice_.below(1000)));
    base::Bytes encoded;
    EXPECT_FALSE(codec::encodeValue(encoded, value));
    Stamp stamp = stampAt(holder);
    std::deque<base::Bytes> bytes;
    writeField(state, "n", removes ? codec::kRemoved : base::ByteView(encoded), stamp, 1, bytes);
    holder.store(state);
    note(holder, {removes ? Operation::removal : Operation::assignment, value, stamp, holder.seen});
  }

  void insertOrRemove(Holder& holder) {
    RecordState state = holder.state();
    std::deque<base::Bytes> bytes;
    if (state.alive())
      writeRemove(state, stampAt(holder), 1);
    else
      writeInsert(state, stampAt(holder), 1, bytes);
    holder.store(state);
  }

  void merge(Holder& into, const Holder& from) {
    RecordState mine = into.state(), theirs = from.state();
    sync::merge(mine, theirs, 1, [](std::uint64_t) { return false; });
    into.store(mine);
    into.seen.insert(from.seen.begin(), from.seen.end());
  }

  void note(Holder& holder, Operation operation) {
    operations_.push_back(std::move(operation));
    holder.seen.insert(static_cast<int>(operations_.size()) - 1);
  }

  // The sum of the winning assignment and the increments that it had not seen, and whether the field must be there. If
  // the winner is a removal, and the increments make 0, it may be there or not.
  std::pair<double, bool> expected(const std::set<int>& seen) const {
    const Operation* last = nullptr;
    for (int i : seen) {
      const Operation& each = operations_[static_cast<std::size_t>(i)];
      if (each.kind != Operation::increment && (!last || each.stamp > last->stamp)) last = &each;
    }
    bool assigned = last && last->kind == Operation::assignment;
    double sum = assigned ? *number(last->value) : 0;
    for (int i : seen) {
      const Operation& each = operations_[static_cast<std::size_t>(i)];
      bool counts = each.kind == Operation::increment && !(last && last->seen.contains(i));
      if (counts) sum += *number(each.value);
    }
    return {sum, assigned};
  }

  sim::Dice dice_;
  bool deletes_;
  std::uint64_t time_ = 0;
  std::vector<Holder> holders_;
  std::vector<Operation> operations_;
};

void add(codec::Counter& counter, std::uint64_t writer, long sum, const codec::Sums& includes = {}) {
  counter.add(writer, codec::encodePart({sum, includes}));
}

TEST(Counter, APartThatOthersHaveTakenOverCountsOnceWhicheverWriterIsLower) {
  for (std::uint64_t taken : {2u, 4u, 6u}) {
    codec::Counter counter;
    add(counter, taken, 7);
    add(counter, 3, 10, {{taken, Value(7)}});
    add(counter, 5, 100, {{taken, Value(7)}});
    EXPECT_EQ(counter.value(), Value(117)) << taken;
    codec::Counter after;
    base::Bytes removed = codec::encodeAssigned(codec::kRemoved, counter.seen());
    after.assign(base::ByteView(removed));
    for (const auto& [writer, part] : counter.parts()) after.add(writer, codec::encodePart(part));
    EXPECT_EQ(after.value(), std::nullopt) << taken;
    EXPECT_EQ(after.seen(), counter.seen()) << taken;
  }
}

TEST(Counter, APartThatIsThereStaysListedHoweverManyAre) {
  codec::Counter counter;
  codec::Part part;
  for (std::uint64_t writer = 1; writer <= 100; writer++) {
    if (writer <= 50) add(counter, writer, 1);
    part.includes[writer] = std::int64_t{1};
  }
  counter.shorten(part);
  EXPECT_EQ(part.includes.size(), 64u);
  EXPECT_EQ(part.sum, Value(36));
  for (std::uint64_t writer = 1; writer <= 50; writer++) EXPECT_TRUE(part.includes.contains(writer)) << writer;
}

TEST(Counter, IncrementsAddUpAndAnAssignmentReplacesThoseThatItsWriterHadSeen) {
  for (std::uint64_t seed = 1; seed <= 3000; seed++) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, false);
    for (int i = 0; i < 40; i++) {
      world.step();
      world.check();
      if (testing::Test::HasFatalFailure()) return;
    }
    world.meetAll();
    world.check();
    world.checkSame();
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(Counter, AllReplicasComeToTheSameValueWithDeletesToo) {
  for (std::uint64_t seed = 1; seed <= 3000; seed++) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, true);
    for (int i = 0; i < 60; i++) world.step();
    world.meetAll();
    world.checkSame();
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace blazedb::sync
