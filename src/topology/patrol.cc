#include "topology/patrol.h"

#include <utility>

#include "base/contain.h"

namespace blazedb::topology {

Patrol::~Patrol() { end(); }

void Patrol::begin(std::function<void()> round) {
  round_ = std::move(round);
  thread_ = std::thread([this] { walk(); });
}

void Patrol::wake() {
  base::Lock lock(mutex_);
  woken_ = true;
  wake_.notify_all();
}

void Patrol::end() {
  if (!thread_.joinable()) return;
  {
    base::Lock lock(mutex_);
    ending_ = true;
    wake_.notify_all();
  }
  thread_.join();
}

void Patrol::walk() {
  base::Lock lock(mutex_);
  for (;;) {
    auto next = std::chrono::steady_clock::now() + pause_;
    while (!ending_ && !woken_ && wake_.wait_until(lock, next) == std::cv_status::no_timeout) continue;
    if (ending_) return;
    woken_ = false;
    lock.unlock();
    base::contain(round_);
    lock.lock();
  }
}

}  // namespace blazedb::topology
