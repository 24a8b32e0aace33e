#include "topology/callback_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/contain.h"

namespace blazedb::topology {

struct CallbackThread::Queue {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> waiting;
  std::uint64_t posted = 0, done = 0;
  bool stopping = false;
};

CallbackThread::CallbackThread() : queue_(std::make_shared<Queue>()), thread_([queue = queue_] { run(queue); }) {}

CallbackThread::~CallbackThread() {
  {
    std::lock_guard lock(queue_->mutex);
    queue_->stopping = true;
    queue_->wake.notify_all();
  }
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

void CallbackThread::post(std::function<void()> callback) {
  std::lock_guard lock(queue_->mutex);
  queue_->waiting.push_back(std::move(callback));
  queue_->posted++;
  queue_->wake.notify_all();
}

void CallbackThread::drain() {
  if (thread_.get_id() == std::this_thread::get_id()) return;
  std::unique_lock lock(queue_->mutex);
  queue_->wake.wait(lock, [&, before = queue_->posted] { return queue_->done >= before; });
}

void CallbackThread::run(const std::shared_ptr<Queue>& queue) {
  std::unique_lock lock(queue->mutex);
  for (;;) {
    queue->wake.wait(lock, [&] { return queue->stopping || !queue->waiting.empty(); });
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
