// What the connections of a process may hold in memory together: what has come and is not yet looked at, or waits for
// something else of its peer; and, by itself, what was said and is not yet read.
//
// Each of them has a little of its own, whatever the others do, so that who asks for little goes on. What goes beyond
// that comes out of a common store. Where there is none left, who wants more waits: first come, first served, and for
// all of it at once, so that no two of them wait for each other's half. Whoever holds much, does not get on with it,
// and keeps others waiting, is ended by its owner (conversation.h).
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

namespace blazedb::link {

// In each direction: two of the largest frames, or a hundred of the usual ones.
inline constexpr std::size_t kLinkBytesMax = 48u << 20;
inline constexpr std::size_t kOwnBytes = 96u << 10;

class Budget {
 public:
  explicit Budget(std::size_t bytesMax = kLinkBytesMax) : bytesMax_(bytesMax) {}
  Budget(const Budget&) = delete;

  class Waiter {
   public:
    virtual ~Waiter() = default;
    // What a share of it has asked for is there. On any thread, with locks of others held: only to pass it on.
    virtual void roomMade() = 0;
  };

  // Of one connection, for one purpose. Thread-safe.
  class Share {
   public:
    explicit Share(Budget& budget) : budget_(budget) {}
    ~Share();
    Share(const Share&) = delete;

    // Before the first call of ask(). Without one nobody waits.
    void setWaiter(std::weak_ptr<Waiter> waiter) { waiter_ = std::move(waiter); }

    // May it hold so many bytes in all? True: it does from now on. False: it holds them when its waiter is told.
    bool ask(std::size_t bytes);
    // Holds so many from now on, asked or not.
    void set(std::size_t bytes);
    // So many at the most from now on: what came without having been asked for is not taken by that.
    void shrinkTo(std::size_t bytes);
    void giveBack(std::size_t bytes);
    // Holds nothing, and no longer waits.
    void giveUp();
    bool beyondItsOwn() const;

   private:
    friend class Budget;
    Budget& budget_;
    std::weak_ptr<Waiter> waiter_;
    // Guarded by the budget's lock.
    std::size_t held_ = 0;
    std::size_t wanted_ = 0;
    bool waiting_ = false;
  };

  // Somebody waits, or was sent away, for want of it.
  bool isScarce() const;
  // Of the common store.
  std::size_t held() const;

 private:
  static std::size_t common(std::size_t bytes) { return bytes > kOwnBytes ? bytes - kOwnBytes : 0; }
  void hold(Share& share, std::size_t bytes);
  void serve();

  const std::size_t bytesMax_;
  mutable std::mutex mutex_;
  std::size_t held_ = 0;
  bool refused_ = false;  // until half of it is there again
  std::list<Share*> queue_;
};

}  // namespace blazedb::link
