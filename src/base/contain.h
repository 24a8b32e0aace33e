// Calling, on a thread of ours, what a user has registered. What it throws has nobody to go to: it ends here, and the
// thread goes on.
#pragma once

#include <utility>

namespace blazedb::base {

template <class Callback, class... Arguments>
void contain(const Callback& callback, Arguments&&... arguments) noexcept {
  try {
    callback(std::forward<Arguments>(arguments)...);
  } catch (...) {
  }
}

}  // namespace blazedb::base
