// Turns std::bad_alloc into Error(OutOfMemory) at the public API. Public functions throw only blazedb::Error, but the
// standard library throws std::bad_alloc anywhere when memory runs out. So each public function that may allocate calls
// its implementation through typed(), and nothing below has to care. A user's function may run inside; any other
// exception of it goes on as it is.
#pragma once

#include <functional>
#include <new>
#include <utility>

#include "blazedb/error.h"

namespace blazedb::base {

// Throws Error(OutOfMemory) without taking memory.
[[noreturn]] void throwOutOfMemory();

// As std::invoke, but throws Error(OutOfMemory) in place of std::bad_alloc.
template <class Function, class... Arguments>
decltype(auto) typed(Function&& function, Arguments&&... arguments) {
  try {
    return std::invoke(std::forward<Function>(function), std::forward<Arguments>(arguments)...);
  } catch (const std::bad_alloc&) {
    throwOutOfMemory();
  }
}

}  // namespace blazedb::base
