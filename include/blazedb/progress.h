// Progress: a callback of long calls.
#pragma once

#include <cstdint>
#include <functional>

namespace blazedb {

// Called now and then during a long call, on its thread. `done` and `total` have the unit that the call names.
// Returning false cancels: the call throws Cancelled and leaves nothing behind, unless it says otherwise.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

}  // namespace blazedb
