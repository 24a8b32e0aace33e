#include "topology/patrol.h"

#include <chrono>
#include <utility>

#include "base/contain.h"

namespace blazedb::topology {
namespace {

constexpr std::chrono::milliseconds kPause{250};

}  // namespace

Patrol::Patrol(std::function<void()> round) : round_(std::move(round)), thread_([this] { walk(); }) {}

Patrol::~Patrol() {
  {
    base::Lock lock(mutex_);
    ending_ = true;
    wake_.notify_all();
  }
  thread_.join();
}

void Patrol::walk() {
  base::Lock lock(mutex_);
  while (!ending_) {
    if (wake_.wait_for(lock, kPause) == std::cv_status::no_timeout) continue;
    lock.unlock();
    base::contain(round_);
    lock.lock();
  }
}

}  // namespace blazedb::topology
