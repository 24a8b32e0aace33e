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

void Housekeeper::run() {
  base::Lock lock(shared_->mutex);
  shared_->thread = std::this_thread::get_id();
  bool more = false;
  while (!shared_->stopping) {
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (!more && !shared_->stopping && !shared_->conflicts)
      if (shared_->wake.wait_until(lock, until) == std::cv_status::timeout) break;
    if (shared_->stopping) return;
    lock.unlock();
    try {
      reportConflicts();
      more = engine_.maintain();
      if (!more) engine_.checkpointIfIdle();
    } catch (const std::exception&) {
      more = false;  // a full or failing disk, no memory: the user's next write meets that too, and says so
    }
    lock.lock();
  }
}

void Housekeeper::reportConflicts() {
  base::Lock lock(shared_->mutex);
  bool came = std::exchange(shared_->conflicts, false);
  if (!came && !shared_->unread) return;
  shared_->unread = true;
  std::int64_t after = shared_->reportedTo;
  lock.unlock();
  std::vector<Conflict> found = engine_.journal().conflicts(after);
  lock.lock();
  shared_->unread = false;
  for (const Conflict& conflict : found) {
    shared_->reportedTo = conflict.id;
    for (int id = 0;;) {
      auto next = shared_->callbacks.upper_bound(id);
      if (next == shared_->callbacks.end()) break;
      id = next->first;
      auto callback = next->second;
      shared_->running = id;
      lock.unlock();
      base::contain(callback, conflict);
      callback = nullptr;  // what it owns, which may be the database, ends with the subscription
      lock.lock();
      shared_->running = 0;
      shared_->wake.notify_all();
    }
  }
}

}  // namespace blazedb::db
