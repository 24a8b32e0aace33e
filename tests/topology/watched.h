// The statuses of a connection so far, and the wait for later ones.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "blazedb/topology.h"

namespace blazedb {

constexpr auto kPatience = std::chrono::seconds(30);

// Polls, for events that no callback reports.
inline bool comes(const std::function<bool()>& reached) {
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!reached()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class Watched {
 public:
  explicit Watched(SyncEngine& engine) {
    watch([&engine] { return engine.status(); }, [&engine](auto listener) { return engine.onStatus(listener); });
  }
  Watched(Topology& topology, ConnectionId id) {
    watch([&topology, id] { return topology.status(id); },
          [&topology, id](auto listener) { return topology.onStatus(id, listener); });
  }
  ConnectionStatus waitFor(ConnectionState state) {
    return waitUntil([&](const ConnectionStatus& status) { return status.state == state; });
  }
  ConnectionStatus waitUntil(const std::function<bool(const ConnectionStatus&)>& reached) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return reached(last_); }))
        << "it is " << static_cast<int>(last_.state) << " " << last_.message;
    return last_;
  }

 private:
  template <class Status, class OnStatus>
  void watch(const Status& status, const OnStatus& onStatus) {
    last_ = status();
    subscription_ = onStatus([this](const ConnectionStatus& now) {
      std::lock_guard lock(mutex_);
      last_ = now;
      changed_.notify_all();
    });
    // The status may have changed before the subscription.
    std::lock_guard lock(mutex_);
    last_ = status();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  ConnectionStatus last_;
  Subscription subscription_;
};

}  // namespace blazedb
