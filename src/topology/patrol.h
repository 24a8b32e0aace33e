// Looks after a listener's guests again and again, and when it is woken, on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <thread>

#include "base/mutex.h"

namespace blazedb::topology {

class Patrol {
 public:
  // `pause`: between two rounds.
  explicit Patrol(std::chrono::milliseconds pause) : pause_(pause) {}
  // Calls end().
  ~Patrol();
  Patrol(const Patrol&) = delete;

  // To be called once. If `round` throws, the next round tries again.
  void begin(std::function<void()> round);
  // The next round begins now. Quick; from any thread.
  void wake();
  // Waits for the present round; there is no other. Must not be called by a round. A second call does nothing.
  void end();

 private:
  void walk();

  const std::chrono::milliseconds pause_;
  std::function<void()> round_;
  base::Mutex mutex_;
  std::condition_variable_any wake_;
  bool woken_ GUARDED_BY(mutex_) = false;
  bool ending_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace blazedb::topology
