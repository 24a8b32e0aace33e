// Subscription: a registered callback. The callback may be called until reset() returns or the Subscription is
// destroyed; both wait for a call that is running. A callback may end its own subscription: then nothing waits, and
// that call is the last. Movable, not copyable. Not thread-safe.
#pragma once

#include <functional>
#include <utility>

namespace blazedb {

class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
  Subscription(Subscription&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
  Subscription& operator=(Subscription&& other) noexcept {
    if (this != &other) {
      reset();
      cancel_ = std::exchange(other.cancel_, nullptr);
    }
    return *this;
  }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  ~Subscription() { reset(); }

  // Ends the subscription; does nothing if it has ended.
  void reset() {
    if (auto cancel = std::exchange(cancel_, nullptr)) cancel();
  }

 private:
  std::function<void()> cancel_;
};

}  // namespace blazedb
