#include "db/housekeeper.h"

#include <exception>
#include <vector>

#include "base/contain.h"
#include "base/mutex.h"

namespace blazedb::db {

struct Housekeeper::Shared {
  // What is told of one list.
  template <class Entry>
  struct Told {
    bool came = false;    // there are new ones
    bool unread = false;  // and reading them has failed: again with the next upkeep
    std::int64_t to = 0;  // the id of the last one that was told
    std::map<int, std::function<void(const Entry&)>> callbacks;
  };
  base::Mutex mutex;
  std::condition_variable_any wake;
  bool stopping GUARDED_BY(mutex) = false;
  Told<Conflict> conflicts GUARDED_BY(mutex);
  Told<RejectedChange> rejected GUARDED_BY(mutex);
  int next GUARDED_BY(mutex) = 1;
  int running GUARDED_BY(mutex) = 0;  // the callback that runs now
  std::thread::id thread GUARDED_BY(mutex);

  // A listener that says that there are new ones.
  template <class Entry>
  static std::function<void()> listener(const std::shared_ptr<Shared>& shared, Told<Entry> Shared::*told) {
    return [shared, told] {
      base::Lock lock(shared->mutex);
      ((*shared).*told).came = true;
      shared->wake.notify_all();
    };
  }
  template <class Entry>
  static Subscription add(const std::shared_ptr<Shared>& shared, Told<Entry> Shared::*told,
                          std::function<void(const Entry&)> callback) {
    base::Lock lock(shared->mutex);
    int id = shared->next++;
    ((*shared).*told).callbacks[id] = std::move(callback);
    return Subscription([shared, told, id] {
      base::Lock held(shared->mutex);
      ((*shared).*told).callbacks.erase(id);
      if (shared->thread == std::this_thread::get_id()) return;
      while (shared->running == id) shared->wake.wait(held);
    });
  }
  // Tells those that `after` gives. Returns false if a callback has ended the database.
  template <class Entry, class After>
  bool tell(Told<Entry> Shared::*member, After&& after);
};

template <class Entry, class After>
bool Housekeeper::Shared::tell(Told<Entry> Shared::*member, After&& after) {
  base::Lock lock(mutex);
  Told<Entry>& told = this->*member;
  bool came = std::exchange(told.came, false);
  if (!came && !told.unread) return true;
  told.unread = true;
  std::int64_t last = told.to;
  lock.unlock();
  std::vector<Entry> found = after(last);
  lock.lock();
  told.unread = false;
  for (const Entry& entry : found) {
    told.to = entry.id;
    for (int id = 0;;) {
      auto following = told.callbacks.upper_bound(id);
      if (following == told.callbacks.end()) break;
      id = following->first;
      auto callback = following->second;
      running = id;
      lock.unlock();
      base::contain(callback, entry);
      callback = nullptr;  // what it owns, which may be the database, ends with the subscription
      lock.lock();
      running = 0;
      wake.notify_all();
      if (stopping) return false;
    }
  }
  return true;
}

Housekeeper::Housekeeper(Engine& engine) : engine_(engine), shared_(std::make_shared<Shared>()) {
  for (const Conflict& conflict : engine_.journal().conflicts()) shared_->conflicts.to = conflict.id;
  for (const RejectedChange& change : engine_.refusedAfter(0)) shared_->rejected.to = change.id;
  engine_.listeners().setConflict(Shared::listener(shared_, &Shared::conflicts));
  engine_.listeners().setRejected(Shared::listener(shared_, &Shared::rejected));
  thread_ = std::thread([this] { run(); });
}

Housekeeper::~Housekeeper() {
  engine_.listeners().setConflict({});
  engine_.listeners().setRejected({});
  {
    base::Lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->wake.notify_all();
  }
  // A callback that has ended its own subscription may have held the last handle of the database.
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

Subscription Housekeeper::onConflict(std::function<void(const Conflict&)> callback) {
  return Shared::add(shared_, &Shared::conflicts, std::move(callback));
}
Subscription Housekeeper::onRejected(std::function<void(const RejectedChange&)> callback) {
  return Shared::add(shared_, &Shared::rejected, std::move(callback));
}

// While it is not stopping, this object lives.
void Housekeeper::run() {
  std::shared_ptr<Shared> shared = shared_;
  base::Lock lock(shared->mutex);
  shared->thread = std::this_thread::get_id();
  bool more = false;
  while (!shared->stopping) {
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (!more && !shared->stopping && !shared->conflicts.came && !shared->rejected.came)
      if (shared->wake.wait_until(lock, until) == std::cv_status::timeout) break;
    if (shared->stopping) return;
    lock.unlock();
    try {
      // A callback may end the database, and this object with it.
      bool lives = shared->tell(&Shared::conflicts, [&](std::int64_t id) { return engine_.journal().conflicts(id); }) &&
                   shared->tell(&Shared::rejected, [&](std::int64_t id) { return engine_.refusedAfter(id); });
      if (!lives) return;
      more = engine_.maintain();
      if (!more) engine_.checkpointIfIdle();
    } catch (const std::exception&) {
      more = false;  // a full or failing disk, no memory: the user's next write meets that too, and says so
    }
    lock.lock();
  }
}

}  // namespace blazedb::db
