#include "topology/callback_thread.h"

#include <condition_variable>
#include <deque>

#include "base/contain.h"
#include "base/mutex.h"

namespace blazedb::topology {

struct CallbackThread::Queue {
  base::Mutex mutex;
  std::condition_variable_any wake;
  std::deque<std::function<void()>> waiting GUARDED_BY(mutex);
  std::uint64_t posted GUARDED_BY(mutex) = 0;
  std::uint64_t done GUARDED_BY(mutex) = 0;
  bool stopping GUARDED_BY(mutex) = false;
};

CallbackThread::CallbackThread() : queue_(std::make_shared<Queue>()), thread_([queue = queue_] { run(queue); }) {}

CallbackThread::~CallbackThread() {
  {
    base::Lock lock(queue_->mutex);
    queue_->stopping = true;
    queue_->wake.notify_all();
  }
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

void CallbackThread::post(std::function<void()> callback) {
  base::Lock lock(queue_->mutex);
  queue_->waiting.push_back(std::move(callback));
  queue_->posted++;
  queue_->wake.notify_all();
}

void CallbackThread::drain() {
  if (thread_.get_id() == std::this_thread::get_id()) return;
  base::Lock lock(queue_->mutex);
  std::uint64_t before = queue_->posted;
  while (queue_->done < before) queue_->wake.wait(lock);
}

void CallbackThread::run(const std::shared_ptr<Queue>& queue) {
  base::Lock lock(queue->mutex);
  for (;;) {
    while (!queue->stopping && queue->waiting.empty()) queue->wake.wait(lock);
    if (queue->waiting.empty()) return;
    std::function<void()> callback = std::move(queue->waiting.front());
    queue->waiting.pop_front();
    lock.unlock();
    base::contain(callback);
    callback = nullptr;
    lock.lock();
    queue->done++;
    queue->wake.notify_all();
  }
}

}  // namespace blazedb::topology
