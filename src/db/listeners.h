// The listeners of commits. Thread-safe.
//
// A listener runs on the thread that commits, with the writer's lock: it must be quick and must not call the engine.
// What it throws is ignored.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "base/contain.h"
#include "base/mutex.h"

namespace blazedb::db {

class Listeners {
 public:
  using Listener = std::function<void()>;

  // Runs after each commit. Returns the number that removes it.
  int addFeed(Listener listener) {
    base::Lock lock(mutex_);
    feed_[next_] = std::move(listener);
    return next_++;
  }
  void removeFeed(int id) {
    base::Lock lock(mutex_);
    feed_.erase(id);
  }
  // Runs after each commit that has added to the journal of conflicts.
  void setConflict(Listener listener) {
    base::Lock lock(mutex_);
    conflict_ = std::move(listener);
  }
  // Runs after each commit that has taken a rejected change out of its record.
  void setRejected(Listener listener) {
    base::Lock lock(mutex_);
    rejected_ = std::move(listener);
  }

  void callFeed() {
    base::Lock lock(mutex_);
    for (const auto& [id, listener] : feed_) base::contain(listener);
  }
  void callConflict() {
    base::Lock lock(mutex_);
    if (conflict_) base::contain(conflict_);
  }
  void callRejected() {
    base::Lock lock(mutex_);
    if (rejected_) base::contain(rejected_);
  }

 private:
  base::Mutex mutex_;
  std::map<int, Listener> feed_ GUARDED_BY(mutex_);
  Listener conflict_ GUARDED_BY(mutex_), rejected_ GUARDED_BY(mutex_);
  int next_ GUARDED_BY(mutex_) = 1;
};

}  // namespace blazedb::db
