// The listeners of connections' statuses.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/contain.h"
#include "base/mutex.h"
#include "blazedb/topology.h"
#include "topology/callback_thread.h"

namespace blazedb::topology {

// Thread-safe. Shared by the network and the subscriptions.
class StatusListeners : public std::enable_shared_from_this<StatusListeners> {
 public:
  using Listener = std::function<void(const ConnectionStatus&)>;

  // `callbacks` is the thread on which tell() is called.
  Subscription add(Listener listener, const std::shared_ptr<CallbackThread>& callbacks) {
    base::Lock lock(mutex_);
    int number = next_++;
    all_[number] = std::move(listener);
    return Subscription([self = shared_from_this(), number, weak = std::weak_ptr<CallbackThread>(callbacks)] {
      self->remove(number);
      if (auto thread = weak.lock()) thread->drain();
    });
  }

  void tell(const ConnectionStatus& status) {
    std::vector<Listener> calls;
    {
      base::Lock lock(mutex_);
      for (const auto& [number, listener] : all_) calls.push_back(listener);
    }
    for (const Listener& call : calls) base::contain(call, status);
  }

 private:
  void remove(int number) {
    base::Lock lock(mutex_);
    all_.erase(number);
  }

  base::Mutex mutex_;
  int next_ GUARDED_BY(mutex_) = 1;
  std::map<int, Listener> all_ GUARDED_BY(mutex_);
};

}  // namespace blazedb::topology
