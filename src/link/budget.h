// Bounds the memory that all connections of a process hold together. Incoming and outgoing data have a budget each:
// frames that have come and are not yet processed, and frames that were sent and that the peer has not read yet.
//
// Each connection has a little of its own, whatever the others do, so a connection that needs little always goes on.
// Memory beyond that comes from a common pool. If the pool is empty, a connection waits: first come, first served, and
// for all of its bytes at once, so that no two connections wait for each other's half. A connection that holds much, is
// slow with it and keeps others waiting is ended by its owner (conversation.h).
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "base/mutex.h"

namespace blazedb::link {

// The pool of each direction: two of the largest frames, or a hundred usual ones.
inline constexpr std::size_t kLinkBytesMax = 48u << 20;
inline constexpr std::size_t kOwnBytes = 96u << 10;

class Budget {
 public:
  explicit Budget(std::size_t bytesMax = kLinkBytesMax) : bytesMax_(bytesMax) {}
  Budget(const Budget&) = delete;

  class Waiter {
   public:
    virtual ~Waiter() = default;
    // The memory that one of its shares asked for is there. Called on any thread, with locks of other objects held: it
    // may only pass the news on.
    virtual void roomMade() = 0;
  };

  // The share of one connection in one direction. Thread-safe.
  class Share {
   public:
    explicit Share(Budget& budget) : budget_(budget) {}
    ~Share();
    Share(const Share&) = delete;

    // Must be called before the first ask(). Without a waiter the share never waits.
    void setWaiter(std::weak_ptr<Waiter> waiter) { waiter_ = std::move(waiter); }

    // Asks to hold `bytes` in all. Returns true if the share holds them from now on. If it returns false, the share
    // waits, and holds them once its waiter is told.
    bool ask(std::size_t bytes);
    // Holds `bytes` in all from now on, without asking.
    void set(std::size_t bytes);
    // Holds at most `bytes` from now on. Never holds more than before.
    void shrinkTo(std::size_t bytes);
    void giveBack(std::size_t bytes);
    // Holds nothing, and no longer waits.
    void giveUp();
    // Whether it holds memory of the pool.
    bool beyondItsOwn() const;

   private:
    friend class Budget;
    Budget& budget_;
    std::weak_ptr<Waiter> waiter_;
    std::size_t held_ GUARDED_BY(budget_.mutex_) = 0;
    std::size_t wanted_ GUARDED_BY(budget_.mutex_) = 0;
    bool waiting_ GUARDED_BY(budget_.mutex_) = false;
  };

  // Whether a share waits for memory, or was refused it lately.
  bool isScarce() const;
  // How much of the pool is held.
  std::size_t held() const;

 private:
  static std::size_t common(std::size_t bytes) { return bytes > kOwnBytes ? bytes - kOwnBytes : 0; }
  void hold(Share& share, std::size_t bytes) REQUIRES(mutex_);
  void serve();

  const std::size_t bytesMax_;
  mutable base::Mutex mutex_;
  std::size_t held_ GUARDED_BY(mutex_) = 0;
  bool refused_ GUARDED_BY(mutex_) = false;  // a share was refused; until half of the pool is free again
  std::list<Share*> queue_ GUARDED_BY(mutex_);
};

}  // namespace blazedb::link
