// Turns: how many threads one store may keep busy.
//
// Sessions call their store synchronously, and a store may answer slowly: its disk hangs, or it is a network away. So a
// conversation calls its store only while it has one of the store's turns. The others of that store wait in line, and
// keep no thread. Io (io.h) sees to it that a thread is left for the conversations of other stores.
//
// A place in the line is a part of what waits, so waiting takes no memory.
#pragma once

#include <functional>
#include <utility>

#include "base/mutex.h"

namespace blazedb::link {

// Thread-safe.
class Turns {
 public:
  // One merges while another one reads the feed or waits for its commit.
  static constexpr int kAtOnce = 2;

  // Must not be destroyed while it is in line or has a turn: leave() it.
  class Place {
   public:
    // `came`: called once the place has got a turn, by the thread that gives it up, with the line's lock. It must be
    // quick, must not throw, and must not use the line: another thread has to call take().
    explicit Place(std::function<void()> came) : came_(std::move(came)) {}
    Place(const Place&) = delete;

   private:
    friend class Turns;
    enum class State { none, waits, has };
    std::function<void()> came_;
    State state_ = State::none;
    Place* next_ = nullptr;
  };

  // `busy`: called with +1 before a turn begins and with -1 after one has ended.
  explicit Turns(std::function<void(int)> busy) : busy_(std::move(busy)) {}
  Turns(const Turns&) = delete;

  // Returns whether the place has a turn; else it is in line.
  bool take(Place& place);
  // Gives up the turn, or the place in the line, if it has any.
  void leave(Place& place);

 private:
  void append(Place& place) REQUIRES(mutex_);
  void remove(Place& place) REQUIRES(mutex_);

  const std::function<void(int)> busy_;
  base::Mutex mutex_;
  int taken_ GUARDED_BY(mutex_) = 0;
  Place* first_ GUARDED_BY(mutex_) = nullptr;
  Place* last_ GUARDED_BY(mutex_) = nullptr;
};

}  // namespace blazedb::link
