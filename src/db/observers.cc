#include "db/observers.h"

#include <chrono>
#include <map>
#include <utility>

#include "base/contain.h"
#include "base/mutex.h"

namespace blazedb::db {
namespace {

// What a reader sees in one transaction.
class FrozenSnapshot final : public Snapshot {
 public:
  FrozenSnapshot(ReadTables& tables, const Published& published, std::shared_ptr<const Indexes> indexes)
      : tables_(tables), published_(published), indexes_(std::move(indexes)) {}

  std::uint64_t count(const std::string& collection) const override { return countIn(tables_, collection); }
  std::shared_ptr<const Indexes> indexes() const override { return indexes_; }
  std::int64_t numberOf(const std::string& collection) const override {
    return published_.collectionNumber(collection);
  }

 private:
  void ask(const std::function<void(ReadTables&)>& question) const override { question(tables_); }

  ReadTables& tables_;
  const Published& published_;
  std::shared_ptr<const Indexes> indexes_;
};

}  // namespace

// One of `query` and `changes`.
struct Observers::Observer {
  std::string collection;
  std::unique_ptr<LiveQuery> query = nullptr;
  std::function<void(const QueryUpdate&)> tellUpdate = {};
  std::function<void(const std::vector<RecordChange>&)> tellChanges = {};
  std::uint64_t era = 0;
  bool isFresh = true;  // the next update is a first one

  void forget() {
    if (!query) return;
    query->forget();
    isFresh = true;
  }

  // What is new, as a call of the callback; empty if nothing is.
  std::function<void()> news(const Snapshot& snapshot, Date now, const std::vector<Seen>& touched) {
    if (query) {
      std::optional<QueryUpdate> update;
      if (isFresh)
        update = query->run(snapshot, now);
      else if (!touched.empty())
        update = query->follow(snapshot, now, touched);
      if (!update) return {};
      update->isFirst = std::exchange(isFresh, false);
      return [this, told = std::make_shared<QueryUpdate>(std::move(*update))] { tellUpdate(*told); };
    }
    auto told = std::make_shared<std::vector<RecordChange>>();
    for (const Seen& each : touched) {
      if (!each.was && !each.fields) continue;
      RecordChange change{RecordChange::Kind::changed, each.id, {}, each.peer};
      if (!each.was) change.kind = RecordChange::Kind::inserted;
      if (!each.fields) change.kind = RecordChange::Kind::removed;
      if (each.fields) change.record = replica::decoded(each.id, *each.fields);
      told->push_back(std::move(change));
    }
    if (told->empty()) return {};
    return [this, told] { tellChanges(*told); };
  }
};

// Its lock may be taken with that of the Watch held, and not the other way round.
struct Observers::List {
  explicit List(std::shared_ptr<Watch> of) : watch(std::move(of)) {}

  const std::shared_ptr<Watch> watch;
  base::Mutex mutex;
  std::condition_variable_any done;
  std::map<int, std::shared_ptr<Observer>> observers GUARDED_BY(mutex);
  int next GUARDED_BY(mutex) = 1;
  int running GUARDED_BY(mutex) = 0;  // the observer that is being called
  bool stopping GUARDED_BY(mutex) = false;
  std::thread::id thread GUARDED_BY(mutex);
};

Observers::Observers(GroupCommit& writer, ReaderPool& readers, Shared& shared, base::Clock& clock, bool hasThread)
    : writer_(writer),
      readers_(readers),
      shared_(shared),
      clock_(clock),
      hasThread_(hasThread),
      list_(std::make_shared<List>(shared.watch)) {}

Observers::~Observers() {
  {
    base::Lock lock(list_->mutex);
    list_->stopping = true;
  }
  shared_.watch->wake();
  // A callback that has ended its own subscription may have held the last handle of the database.
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else if (thread_.joinable())
    thread_.join();
}

Subscription Observers::observe(QueryPlan plan, std::function<void(const QueryUpdate&)> callback) {
  auto observer = std::make_shared<Observer>();
  observer->collection = plan.collection;
  observer->query = std::make_unique<LiveQuery>(std::move(plan));
  observer->tellUpdate = std::move(callback);
  return add(observer);
}

Subscription Observers::observe(const std::string& collection,
                                std::function<void(const std::vector<RecordChange>&)> callback) {
  auto observer = std::make_shared<Observer>();
  observer->collection = collection;
  observer->tellChanges = std::move(callback);
  return add(observer);
}

Subscription Observers::add(const std::shared_ptr<Observer>& observer) {
  int id = 0;
  {
    GroupCommit::Alone alone(writer_);
    observer->era = shared_.watch->add(observer->collection);
    base::Lock lock(list_->mutex);
    id = list_->next++;
    list_->observers[id] = observer;
    if (hasThread_ && !thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  shared_.watch->wake();
  return Subscription([list = list_, id] {
    base::Lock lock(list->mutex);
    auto found = list->observers.find(id);
    if (found == list->observers.end()) return;
    std::shared_ptr<Observer> ended = std::move(found->second);
    list->observers.erase(found);
    bool isInCallback = list->thread == std::this_thread::get_id();
    while (list->running == id && !isInCallback) list->done.wait(lock);
    // The thread may hold the observer for a moment. What the callback owns, which may be the database, ends here.
    std::function<void(const QueryUpdate&)> update;
    std::function<void(const std::vector<RecordChange>&)> changes;
    if (!isInCallback) {
      update.swap(ended->tellUpdate);
      changes.swap(ended->tellChanges);
    }
    lock.unlock();
    list->watch->remove(ended->collection);
  });
}

// While it is not stopping, this object lives.
void Observers::run() {
  std::shared_ptr<List> list = list_;
  {
    base::Lock lock(list->mutex);
    list->thread = std::this_thread::get_id();
  }
  for (;;) {
    list->watch->wait();
    {
      base::Lock lock(list->mutex);
      if (list->stopping) return;
    }
    // A failing disk, or no memory: tried again, since nobody could be told.
    if (!base::contain([&] { tell(); })) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void Observers::tell() {
  std::map<int, std::shared_ptr<Observer>> observers;
  std::vector<std::pair<int, std::function<void()>>> calls;
  std::vector<Watch::Listed> listed;
  try {
    ReaderPool::Lease reader = readers_.lease();
    ReadTables::OneSnapshot begun(*reader);
    std::shared_ptr<const Indexes> indexes;
    listed = shared_.watch->take([&] {
      reader->lastPosition();  // a snapshot begins with the first read
      indexes = shared_.published.indexes();
      base::Lock lock(list_->mutex);
      observers = list_->observers;
    });
    FrozenSnapshot snapshot(*reader, shared_.published, std::move(indexes));
    std::map<std::int64_t, std::vector<Seen>> seen;
    std::vector<replica::Key> keys;
    for (const Watch::Listed& each : listed) keys.push_back(each.touched.key);
    reader->find(keys, 0, [&](std::size_t i, const replica::Row* row) {
      const replica::Touched& touched = listed[i].touched;
      Seen& record =
          seen[keys[i].collection].emplace_back(Seen{keys[i].id, {}, touched.peer, touched.was, listed[i].era});
      if (row && row->alive()) record.fields.emplace(row->fields.begin(), row->fields.end());
      return true;
    });
    Date now{clock_.wallMs() * 1000};
    for (const auto& [id, observer] : observers) {
      const std::vector<Seen>& its = seen[snapshot.numberOf(observer->collection)];
      bool isMixed = !its.empty() && (its.front().era < observer->era || its.front().era != its.back().era);
      std::function<void()> call = observer->news(snapshot, now, isMixed ? since(observer->era, its) : its);
      if (call) calls.emplace_back(id, std::move(call));
    }
  } catch (...) {
    // Nobody has been told anything. A result that is known in part is not known.
    for (const auto& [id, observer] : observers) observer->forget();
    shared_.watch->giveBack(std::move(listed));
    throw;
  }
  std::shared_ptr<List> list = list_;  // a callback may end the database
  for (const auto& [id, call] : calls) {
    base::Lock lock(list->mutex);
    if (list->stopping) return;
    if (!list->observers.contains(id)) continue;
    list->running = id;
    lock.unlock();
    base::contain(call);
    lock.lock();
    list->running = 0;
    list->done.notify_all();
  }
}

}  // namespace blazedb::db
