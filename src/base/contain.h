// Calls on a thread of ours that nobody waits for: a user's callback, or work that is tried again by itself. No caller
// could catch what such a call throws (if memory runs out, any may throw), so it is discarded and the thread goes on.
#pragma once

#include <chrono>
#include <thread>
#include <utility>

namespace blazedb::base {

// Returns whether nothing was thrown.
template <class Callback, class... Arguments>
bool contain(Callback&& callback, Arguments&&... arguments) noexcept {
  try {
    std::forward<Callback>(callback)(std::forward<Arguments>(arguments)...);
    return true;
  } catch (...) {
    return false;
  }
}

// Repeats a step until there is memory for it. For the few steps without which something would wait for ever, such as
// the next attempt of a link. `step` may have been done in part when it is called again.
template <class Step>
void insist(const Step& step) noexcept {
  while (!contain(step)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace blazedb::base
