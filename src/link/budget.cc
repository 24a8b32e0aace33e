// All counts are under one lock. serve() gives room to the waiting shares in their order.
#include "link/budget.h"

#include <algorithm>
#include <utility>

namespace blazedb::link {

Budget::Share::~Share() { giveUp(); }

bool Budget::Share::ask(std::size_t bytes) {
  base::Lock lock(budget_.mutex_);
  if (bytes <= held_) return true;
  // A frame larger than the whole pool, as with a small budget, gets it while no other share holds any.
  std::size_t more = common(bytes) - common(held_);
  std::size_t others = budget_.held_ - common(held_);
  bool fits = more == 0 || budget_.held_ + more <= budget_.bytesMax_ || others == 0;
  bool isItsTurn = more == 0 || budget_.queue_.empty() || budget_.queue_.front() == this || waiter_.expired();
  if (fits && isItsTurn) {
    if (more > 0 && std::exchange(waiting_, false)) budget_.queue_.remove(this);
    budget_.hold(*this, bytes);
    return true;
  }
  if (waiter_.expired()) {
    budget_.refused_ = true;
    return false;
  }
  wanted_ = bytes;
  if (!waiting_) budget_.queue_.push_back(this);
  waiting_ = true;
  return false;
}

void Budget::Share::set(std::size_t bytes) {
  {
    base::Lock lock(budget_.mutex_);
    budget_.hold(*this, bytes);
  }
  budget_.serve();
}

void Budget::Share::giveBack(std::size_t bytes) {
  {
    base::Lock lock(budget_.mutex_);
    budget_.hold(*this, held_ - std::min(held_, bytes));
  }
  budget_.serve();
}

void Budget::Share::shrinkTo(std::size_t bytes) {
  {
    base::Lock lock(budget_.mutex_);
    budget_.hold(*this, std::min(held_, bytes));
  }
  budget_.serve();
}

void Budget::Share::giveUp() {
  {
    base::Lock lock(budget_.mutex_);
    if (std::exchange(waiting_, false)) budget_.queue_.remove(this);
    budget_.hold(*this, 0);
  }
  budget_.serve();
}

bool Budget::Share::beyondItsOwn() const {
  base::Lock lock(budget_.mutex_);
  return held_ > kOwnBytes;
}

bool Budget::isScarce() const {
  base::Lock lock(mutex_);
  return refused_ || !queue_.empty();
}

std::size_t Budget::held() const {
  base::Lock lock(mutex_);
  return held_;
}

void Budget::hold(Share& share, std::size_t bytes) {
  share.budget_.mutex_.isHeld();  // it is this budget's
  held_ += common(bytes);
  held_ -= common(share.held_);
  share.held_ = bytes;
  if (held_ <= bytesMax_ / 2) refused_ = false;
}

// Serves the waiting shares whose turn it is. Tells the waiters without the lock: telling one may destroy it, and its
// shares then take the lock.
void Budget::serve() {
  for (;;) {
    std::weak_ptr<Waiter> told;
    {
      base::Lock lock(mutex_);
      if (queue_.empty()) return;
      Share& share = *queue_.front();
      share.budget_.mutex_.isHeld();  // it is this budget's
      std::size_t mine = common(share.held_);
      std::size_t wanted = std::max(common(share.wanted_), mine);
      if (held_ > mine && held_ - mine + wanted > bytesMax_) return;
      queue_.pop_front();
      share.waiting_ = false;
      hold(share, std::max(share.wanted_, share.held_));
      told = share.waiter_;
    }
    if (auto waiter = told.lock()) waiter->roomMade();
  }
}

}  // namespace blazedb::link
