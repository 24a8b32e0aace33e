#include "link/strand.h"

#include <asio/post.hpp>

#include "base/contain.h"

namespace blazedb::link {

Strand::Queue::~Queue() {
  while (first_) first_ = std::move(first_->next);  // one by one: a long list must not recurse
}

void Strand::Queue::post(std::unique_ptr<Task> task) {
  base::Lock lock(mutex_);
  // The task joins the queue only after its call is on the way, which may fail; the call waits for the lock.
  asio::post(workers_, [self = shared_from_this()] { self->runNext(); });
  Task* added = task.get();
  (last_ ? last_->next : first_) = std::move(task);
  last_ = added;
}

void Strand::Queue::runNext() {
  base::Lock lock(mutex_);
  if (running_) {
    left_++;
    return;
  }
  running_ = true;
  for (;;) {
    std::unique_ptr<Task> task = std::move(first_);
    first_ = std::move(task->next);
    if (!first_) last_ = nullptr;
    lock.unlock();
    base::contain([&] { task->run(); });
    task.reset();
    lock.lock();
    if (left_ == 0) break;
    left_--;
  }
  running_ = false;
}

}  // namespace blazedb::link
