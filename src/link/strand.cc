#include "link/strand.h"

#include <asio/defer.hpp>
#include <asio/post.hpp>
#include <utility>

#include "base/contain.h"

namespace blazedb::link {

Strand::Queue::~Queue() {
  while (first_) first_ = std::move(first_->next);  // one by one: a long list must not recurse
}

void Strand::Queue::post(std::unique_ptr<Task> task) {
  {
    base::Lock lock(mutex_);
    Task* added = task.get();
    (last_ ? last_->next : first_) = std::move(task);
    last_ = added;
    if (std::exchange(called_, true)) return;
  }
  // Without the lock: the worker that this wakes takes the lock at once.
  try {
    asio::post(workers_, [self = shared_from_this()] { self->runNext(); });
  } catch (...) {
    withdrawFirst();
    throw;
  }
}

// There is no memory for the call. The first task is the one of this post(); others may have come behind it.
void Strand::Queue::withdrawFirst() {
  std::unique_ptr<Task> task;
  {
    base::Lock lock(mutex_);
    task = takeFirst();
    called_ = first_ != nullptr;
    if (!called_) return;
  }
  base::insist([this] { asio::post(workers_, [self = shared_from_this()] { self->runNext(); }); });
}

std::unique_ptr<Strand::Task> Strand::Queue::takeFirst() {
  std::unique_ptr<Task> task = std::move(first_);
  first_ = std::move(task->next);
  if (!first_) last_ = nullptr;
  return task;
}

void Strand::Queue::runNext() {
  do {
    std::unique_ptr<Task> task;
    {
      base::Lock lock(mutex_);
      task = takeFirst();
    }
    base::contain([&] { task->run(); });
    task.reset();
    base::Lock lock(mutex_);
    called_ = first_ != nullptr;
    if (!called_) return;
  } while (!base::contain([this] { asio::defer(workers_, [self = shared_from_this()] { self->runNext(); }); }));
}

}  // namespace blazedb::link
