// Live queries: what their callbacks are told, against the result of the query itself.
#include "blazedb/live.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "db/open_database.h"
#include "query/plain_order.h"

namespace blazedb {
namespace {

// Keeps what it is told. Waiting for a state ends with the test's own time limit.
class Watcher {
 public:
  void take(const QueryUpdate& update) {
    std::lock_guard lock(mutex_);
    update.applyTo(result_);
    last_ = update;
    calls_++;
    changed_.notify_all();
  }
  // Waits until it has been told so often.
  QueryUpdate call(int number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_ >= number; });
    EXPECT_EQ(calls_, number);
    return last_;
  }
  void waitFor(const std::vector<Record>& result) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return result_ == result; });
  }
  int calls() {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  std::vector<Record> result() {
    std::lock_guard lock(mutex_);
    return result_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Record> result_;
  QueryUpdate last_;
  int calls_ = 0;
};

class LiveTest : public FolderTest {
 protected:
  Subscription observe(const Query& query) {
    return query.observe([this](const QueryUpdate& update) { watcher.take(update); });
  }

  Watcher watcher;
  Database db = open("db");
};

TEST_F(LiveTest, TellsTheResultAndThenWhatChanges) {
  UUID a = db.insert({{"n", 1}}), b = db.insert({{"n", 5}}), c = db.insert({{"n", 9}});
  Subscription live = observe(db.query("n < 8").orderBy("n"));
  QueryUpdate first = watcher.call(1);
  EXPECT_TRUE(first.isFirst);
  ASSERT_EQ(first.inserted.size(), 2u);
  EXPECT_EQ(first.inserted[1].index, 1u);
  EXPECT_EQ(first.inserted[1].record.id(), b);
  EXPECT_EQ(first.count, 2u);

  UUID d = db.insert({{"n", 3}});
  QueryUpdate second = watcher.call(2);
  EXPECT_FALSE(second.isFirst);
  ASSERT_EQ(second.inserted.size(), 1u);
  EXPECT_EQ(second.inserted[0].index, 1u);
  EXPECT_EQ(second.inserted[0].record.id(), d);
  EXPECT_FALSE(second.inserted[0].peer);
  EXPECT_TRUE(second.removed.empty() && second.changed.empty() && second.moved.empty());

  db.updateFields(b, {{"n", 6}, {"text", "still the last"}});
  QueryUpdate third = watcher.call(3);
  ASSERT_EQ(third.changed.size(), 1u);
  EXPECT_EQ(third.changed[0].index, 2u);
  EXPECT_EQ(third.changed[0].record.integer("n"), 6);

  db.updateFields(b, {{"n", 0}});
  QueryUpdate fourth = watcher.call(4);
  ASSERT_EQ(fourth.moved.size(), 1u);
  EXPECT_EQ(fourth.moved[0].from, 2u);
  EXPECT_EQ(fourth.moved[0].to, 0u);

  db.transaction([&](Transaction& transaction) {
    transaction.remove(a);
    transaction.updateFields(c, {{"n", 7}});
    transaction.updateFields(d, {{"n", 8}});
    transaction.insert({{"n", 100}});
  });
  QueryUpdate fifth = watcher.call(5);
  ASSERT_EQ(fifth.removed.size(), 2u);
  EXPECT_EQ(fifth.removed[0].index, 1u);
  EXPECT_EQ(fifth.removed[0].id, a);
  EXPECT_EQ(fifth.removed[1].id, d);
  ASSERT_EQ(fifth.inserted.size(), 1u);
  EXPECT_EQ(fifth.inserted[0].record.id(), c);
  EXPECT_EQ(watcher.result(), db.query("n < 8").orderBy("n").all());
}

TEST_F(LiveTest, IsSilentWhereNothingChanges) {
  UUID id = db.insert({{"n", 1}});
  Subscription live = observe(db.query("n = 1"));
  watcher.call(1);
  db.insert({{"n", 2}});
  db.collection("other").insert({{"n", 1}});
  db.updateFields(id, {{"n", 1}});
  EXPECT_THROW(db.transaction([&](Transaction& transaction) {
    transaction.insert({{"n", 1}});
    throw std::logic_error("mine");
  }),
               std::logic_error);
  db.transaction([&](Transaction& transaction) {
    EXPECT_ERROR(AlreadyExists, transaction.insertMany({{{"n", 1}}, *db.fetch(id)}));
    UUID brief = transaction.insert({{"n", 1}});
    transaction.remove(brief);
  });
  db.insert({{"n", 1}, {"last", true}});
  EXPECT_TRUE(watcher.call(2).inserted[0].record.boolean("last").value_or(false));
}

TEST_F(LiveTest, AWindowIsKeptFull) {
  std::vector<UUID> ids;
  for (int i = 0; i < 10; i++) ids.push_back(db.insert({{"n", i}}));
  Query query = db.query().orderBy("n").limit(3).offset(1);
  Subscription live = observe(query);
  EXPECT_EQ(watcher.call(1).count, 3u);
  db.remove(ids[0]);
  QueryUpdate update = watcher.call(2);
  ASSERT_EQ(update.removed.size(), 1u);
  EXPECT_EQ(update.removed[0].id, ids[1]);
  EXPECT_EQ(update.inserted[0].index, 2u);
  EXPECT_EQ(update.inserted[0].record.id(), ids[4]);
  db.updateFields(ids[9], {{"n", 100}});  // far behind
  db.updateFields(ids[3], {{"text", "in it"}});
  EXPECT_EQ(watcher.call(3).changed[0].index, 1u);
  EXPECT_EQ(watcher.result(), query.all());
}

TEST_F(LiveTest, TellsOfTheRecordsOfACollection) {
  std::mutex mutex;
  std::condition_variable told;
  std::vector<std::vector<RecordChange>> calls;
  Collection notes = db.collection("notes");
  UUID old = notes.insert({{"n", 0}});
  Subscription live = notes.observe([&](const std::vector<RecordChange>& changes) {
    std::lock_guard lock(mutex);
    calls.push_back(changes);
    told.notify_all();
  });
  auto call = [&](std::size_t number) {
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return calls.size() >= number; });
    return calls[number - 1];
  };
  db.insert({{"n", 1}});  // of another collection
  UUID id = notes.insert({{"n", 1}});
  std::vector<RecordChange> first = call(1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].kind, RecordChange::Kind::inserted);
  EXPECT_EQ(first[0].id, id);
  EXPECT_EQ(first[0].record, *notes.fetch(id));
  db.transaction([&](Transaction& transaction) {
    Collection in = transaction.collection("notes");
    in.updateFields(id, {{"n", 2}});
    in.remove(old);
    in.remove(in.insert({{"n", 3}}));
    in.updateFields(id, {{"n", 3}});
  });
  std::vector<RecordChange> second = call(2);
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0].kind, RecordChange::Kind::changed);
  EXPECT_EQ(second[0].record.integer("n"), 3);
  EXPECT_EQ(second[1].kind, RecordChange::Kind::removed);
  EXPECT_EQ(second[1].id, old);
  EXPECT_TRUE(second[1].record.empty());
}

TEST_F(LiveTest, ASlowCallbackGetsTheCombinedDifference) {
  std::mutex gate;
  gate.lock();
  Subscription live = db.query().observe([&](const QueryUpdate& update) {
    watcher.take(update);
    std::lock_guard wait(gate);
  });
  watcher.call(1);
  UUID first = db.insert({{"n", 0}});
  for (int i = 1; i < 500; i++) db.insert({{"n", i}});
  db.remove(first);
  gate.unlock();
  watcher.waitFor(db.fetchAll());
  EXPECT_EQ(watcher.calls(), 2);
}

// Another observer is slow, so that what came before is not told yet when this one begins.
TEST_F(LiveTest, AnObserverOfACollectionIsToldOfWhatComesAfterIt) {
  std::mutex gate;
  gate.lock();
  std::vector<RecordChange> first, second;
  std::promise<void> called;
  UUID id = db.insert({{"n", 0}});
  Subscription slow = db.observe([&](const std::vector<RecordChange>& changes) {
    if (first.empty()) called.set_value();
    first.insert(first.end(), changes.begin(), changes.end());
    std::lock_guard wait(gate);
  });
  db.insert({{"n", 1}});
  called.get_future().wait();
  db.updateFields(id, {{"n", 2}});
  std::promise<void> told;
  Subscription late = db.observe([&](const std::vector<RecordChange>& changes) {
    second = changes;
    told.set_value();
  });
  db.remove(id);
  gate.unlock();
  told.get_future().wait();
  slow.reset();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].kind, RecordChange::Kind::removed);
  ASSERT_EQ(first.size(), 2u);  // what came before and after the other is one difference
  EXPECT_EQ(first[1].id, id);
  EXPECT_EQ(first[1].kind, RecordChange::Kind::removed);
}

TEST_F(LiveTest, ASubscriptionEndsAtOnceAndMayOutliveTheDatabase) {
  std::atomic<int> calls{0};
  Subscription live = db.query().observe([&](const QueryUpdate&) { calls++; });
  live.reset();
  int before = calls;
  db.insert({{"n", 1}});
  Subscription second = observe(db.query());
  watcher.call(1);
  EXPECT_EQ(calls, before);
  db = open("other");  // closes the first
  EXPECT_EQ(open("db").count(), 1u);
  second.reset();
}

// It ends where the last of its owners is: here, or on the thread that calls.
TEST_F(LiveTest, ACallbackMayOwnTheDatabase) {
  std::string file = path("owned");
  for (int round = 0; round < 20; round++) {
    std::atomic<int> calls{0};
    Database owned = open("owned");
    Subscription live = owned.query().observe([&calls, owned](const QueryUpdate&) { calls++; });
    owned.insert({{"n", round}});
    owned = db;
    live.reset();
    EXPECT_EQ(open("owned").count(), static_cast<std::uint64_t>(round) + 1);
  }
  std::promise<void> begun, ended;
  {
    Database owned = open("owned");
    auto own = std::make_shared<Subscription>();
    *own = owned.query().observe([own, owned, &begun, &ended](const QueryUpdate& update) {
      if (update.isFirst) return begun.set_value();
      own->reset();
      ended.set_value();
    });
    begun.get_future().wait();
    owned.insert({{"n", 100}});
  }
  ended.get_future().wait();
  while (test::errorOf([&] { open("owned"); }) == ErrorCode::DatabaseInUse) std::this_thread::yield();
}

TEST_F(LiveTest, ACallbackMayWriteObserveAndEndItself) {
  Subscription own, inner;
  std::promise<void> begun;  // a record that came before would be in the first update
  std::atomic<bool> ended{false};
  own = db.query("kind = 'a'").observe([&](const QueryUpdate& update) {
    if (update.isFirst) return begun.set_value();
    db.insert({{"kind", "b"}});
    inner = observe(db.query("kind = 'b'"));
    own.reset();
    ended = true;
    throw std::logic_error("discarded");
  });
  begun.get_future().wait();
  db.insert({{"kind", "a"}});
  EXPECT_EQ(watcher.call(1).count, 1u);
  EXPECT_TRUE(ended);
  db.insert({{"kind", "b"}});
  EXPECT_EQ(watcher.call(2).count, 2u);
}

TEST_F(LiveTest, BelongsToNoTransaction) {
  db.transaction([&](Transaction& transaction) {
    EXPECT_ERROR(Misuse, observe(transaction.query()));
    EXPECT_ERROR(Misuse, static_cast<void>(transaction.observe([](const auto&) {})));
    EXPECT_ERROR(Misuse, observe(db.query()));
  });
  EXPECT_ERROR(InvalidArgument,
               observe(db.query().orderBy("n").fields({"m"}).after(db.fetch(db.insert({{"m", 1}})).value())));
}

TEST_F(LiveTest, ObserversComeAndGoWhileOthersAreTold) {
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; i++) db.insert({{"n", i}});
  });
  std::atomic<int> calls{0};
  for (int round = 0; round < 20; round++) {
    std::vector<Subscription> some;
    for (int i = 0; i < 50; i++)
      some.push_back(db.query("n % 50 = $i", {{"i", i}}).observe([&](const QueryUpdate&) { calls++; }));
    int before = calls;
    while (calls == before) std::this_thread::yield();
  }
  Subscription last = observe(db.query());
  stop = true;
  writer.join();
  watcher.waitFor(db.fetchAll());
}

TEST_F(LiveTest, EveryQueryIsFollowedExactly) {
  query::Dice dice(7);
  const Query queries[] = {db.query(),
                           db.query("n > 2"),
                           db.query("n > 2").orderBy("m"),
                           db.query().orderBy("m", Order::descending).orderBy("n"),
                           db.query("m IS VALUED").orderBy("n").limit(5),
                           db.query().orderBy("n", Order::descending).limit(4).offset(3),
                           db.query("n < 4").limit(6)};
  constexpr std::size_t kQueries = std::size(queries);
  std::vector<Watcher> watchers(kQueries);
  std::vector<Subscription> live;
  for (std::size_t i = 0; i < kQueries; i++)
    live.push_back(queries[i].observe([&, i](const QueryUpdate& update) { watchers[i].take(update); }));
  std::vector<UUID> ids;
  for (int round = 0; round < 150; round++) {
    db.transaction([&](Transaction& transaction) {
      for (auto left = dice.below(6) + 1; left > 0; left--) {
        Record record{{"n", static_cast<std::int64_t>(dice.below(7))}};
        if (dice.below(3) > 0) record.set("m", static_cast<std::int64_t>(dice.below(4)));
        if (ids.empty() || dice.below(3) == 0) {
          ids.push_back(transaction.insert(record));
        } else if (dice.below(3) == 0) {
          transaction.remove(ids[dice.below(ids.size())]);
        } else {
          transaction.upsert(ids[dice.below(ids.size())], record);
        }
      }
    });
    if (round % 10 == 9)  // otherwise several commits add up
      for (std::size_t i = 0; i < kQueries; i++) watchers[i].waitFor(queries[i].all());
  }
}

}  // namespace
}  // namespace blazedb
