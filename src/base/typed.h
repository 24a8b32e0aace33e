// What a user calls throws blazedb::Error. Where memory runs out the standard library throws something else, anywhere:
// each public function that may allocate calls what it stands for through this, and nothing below has to care. A
// function of the user's may run inside; what else it throws goes on as it is.
#pragma once

#include <functional>
#include <new>
#include <utility>

#include "blazedb/error.h"

namespace blazedb::base {

// Takes no memory.
[[noreturn]] void throwOutOfMemory();

// std::invoke of the same, with OutOfMemory for std::bad_alloc.
template <class Function, class... Arguments>
decltype(auto) typed(Function&& function, Arguments&&... arguments) {
  try {
    return std::invoke(std::forward<Function>(function), std::forward<Arguments>(arguments)...);
  } catch (const std::bad_alloc&) {
    throwOutOfMemory();
  }
}

}  // namespace blazedb::base
