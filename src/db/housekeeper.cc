#include "db/housekeeper.h"

#include <exception>
#include <vector>

#include "base/contain.h"
#include "base/mutex.h"

namespace blazedb::db {

struct Housekeeper::Shared {
  base::Mutex mutex;
  std::condition_variable_any wake;
  bool stopping GUARDED_BY(mutex) = false;
  bool conflicts GUARDED_BY(mutex) = false;  // there are new ones
  bool unread GUARDED_BY(mutex) = false;     // and reading them has failed: again with the next upkeep
  std::int64_t reportedTo GUARDED_BY(mutex) = 0;
  int next GUARDED_BY(mutex) = 1;
  std::map<int, std::function<void(const Conflict&)>> callbacks GUARDED_BY(mutex);
  int running GUARDED_BY(mutex) = 0;  // the callback that runs now
  std::thread::id thread GUARDED_BY(mutex);
};

Housekeeper::Housekeeper(Engine& engine) : engine_(engine), shared_(std::make_shared<Shared>()) {
  for (const Conflict& conflict : engine_.journal().conflicts()) shared_->reportedTo = conflict.id;
  engine_.listeners().setConflict([shared = shared_] {
    base::Lock lock(shared->mutex);
    shared->conflicts = true;
    shared->wake.notify_all();
  });
  thread_ = std::thread([this] { run(); });
}

Housekeeper::~Housekeeper() {
  engine_.listeners().setConflict({});
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
  base::Lock lock(shared_->mutex);
  int id = shared_->next++;
  shared_->callbacks[id] = std::move(callback);
  return Subscription([shared = shared_, id] {
    base::Lock held(shared->mutex);
    shared->callbacks.erase(id);
    if (shared->thread == std::this_thread::get_id()) return;
    while (shared->running == id) shared->wake.wait(held);
  });
}

// While it is not stopping, this object lives.
void Housekeeper::run() {
  std::shared_ptr<Shared> shared = shared_;
  base::Lock lock(shared->mutex);
  shared->thread = std::this_thread::get_id();
  bool more = false;
  while (!shared->stopping) {
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (!more && !shared->stopping && !shared->conflicts)
      if (shared->wake.wait_until(lock, until) == std::cv_status::timeout) break;
    if (shared->stopping) return;
    lock.unlock();
    try {
      if (!reportConflicts()) return;
      more = engine_.maintain();
      if (!more) engine_.checkpointIfIdle();
    } catch (const std::exception&) {
      more = false;  // a full or failing disk, no memory: the user's next write meets that too, and says so
    }
    lock.lock();
  }
}

bool Housekeeper::reportConflicts() {
  std::shared_ptr<Shared> shared = shared_;  // a callback may end the database
  base::Lock lock(shared->mutex);
  bool came = std::exchange(shared->conflicts, false);
  if (!came && !shared->unread) return true;
  shared->unread = true;
  std::int64_t after = shared->reportedTo;
  lock.unlock();
  std::vector<Conflict> found = engine_.journal().conflicts(after);
  lock.lock();
  shared->unread = false;
  for (const Conflict& conflict : found) {
    shared->reportedTo = conflict.id;
    for (int id = 0;;) {
      auto next = shared->callbacks.upper_bound(id);
      if (next == shared->callbacks.end()) break;
      id = next->first;
      auto callback = next->second;
      shared->running = id;
      lock.unlock();
      base::contain(callback, conflict);
      callback = nullptr;  // what it owns, which may be the database, ends with the subscription
      lock.lock();
      shared->running = 0;
      shared->wake.notify_all();
      if (shared->stopping) return false;
    }
  }
  return true;
}

}  // namespace blazedb::db
