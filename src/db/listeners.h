// Those who are told of what happens in a database. Thread-safe.
//
// A listener runs on the thread that makes it happen, which may hold the writer's lock: it must be quick and must not
// call the engine. What it throws is ignored.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "base/contain.h"
#include "base/mutex.h"

namespace blazedb::db {

using Listener = std::function<void()>;

class ListenerList {
 public:
  // Returns the number that removes it.
  int add(Listener listener) {
    base::Lock lock(mutex_);
    listeners_[next_] = std::move(listener);
    return next_++;
  }
  // Waits for a call that has begun.
  void remove(int id) {
    base::Lock lock(mutex_);
    listeners_.erase(id);
  }
  void call() {
    base::Lock lock(mutex_);
    for (const auto& [id, listener] : listeners_) base::contain(listener);
  }

 private:
  base::Mutex mutex_;
  std::map<int, Listener> listeners_ GUARDED_BY(mutex_);
  int next_ GUARDED_BY(mutex_) = 1;
};

// Of commits.
class Listeners {
 public:
  // Run after each commit.
  ListenerList& feed() { return feed_; }
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

  void callConflict() {
    base::Lock lock(mutex_);
    if (conflict_) base::contain(conflict_);
  }
  void callRejected() {
    base::Lock lock(mutex_);
    if (rejected_) base::contain(rejected_);
  }

 private:
  ListenerList feed_;
  base::Mutex mutex_;
  Listener conflict_ GUARDED_BY(mutex_), rejected_ GUARDED_BY(mutex_);
};

}  // namespace blazedb::db
