// Looks after a listener's guests every quarter of a second, on a thread of its own, until it ends.
#pragma once

#include <condition_variable>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace blazedb::topology {

class Patrol {
 public:
  // If `round` throws, the next round tries again.
  explicit Patrol(std::function<void()> round);
  // Waits for the present round. Must not be called by it.
  ~Patrol();
  Patrol(const Patrol&) = delete;

 private:
  void walk();

  const std::function<void()> round_;
  base::Mutex mutex_;
  std::condition_variable_any wake_;
  bool ending_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace blazedb::topology
