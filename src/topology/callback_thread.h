// One thread that runs callbacks, in the order in which they were posted. What a callback throws is ignored.
#pragma once

#include <functional>
#include <memory>
#include <thread>

namespace blazedb::topology {

class CallbackThread {
 public:
  CallbackThread();
  // Runs what was posted, then ends. May be called on the thread itself, by a callback that drops the last handle.
  ~CallbackThread();
  CallbackThread(const CallbackThread&) = delete;

  void post(std::function<void()> callback);
  // Returns when everything posted before has run; at once on the thread itself.
  void drain();

 private:
  struct Queue;
  static void run(const std::shared_ptr<Queue>& queue);
  std::shared_ptr<Queue> queue_;  // with the thread, which may outlive this
  std::thread thread_;
};

}  // namespace blazedb::topology
