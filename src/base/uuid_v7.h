// Makes time-ordered ids (RFC 9562, version 7) from a given clock and randomness.
//
//   48 bits milliseconds | version 7 | 12 bits counter | variant | 62 bits random
//
// The counter is method 1 of section 6.2. It starts each millisecond at a random value below half its range, and counts
// up within the millisecond. If it overflows, or the clock goes back, the time runs ahead, so ids of one generator
// never go back. Randomness is drawn in blocks for 400 ids. A forked child discards its copy of the block: two
// processes that gave out the same ids would merge unrelated records. Not thread-safe.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/random.h"
#include "blazedb/uuid.h"

namespace blazedb::base {

class UuidV7 {
 public:
  UuidV7(Clock& clock, Random& random) : clock_(clock), random_(random) {}
  UUID next();

 private:
  Clock& clock_;
  Random& random_;
  std::uint64_t lastMs_ = 0;
  std::uint32_t counter_ = 0;
  int process_ = 0;  // the pid that filled the pool
  std::uint8_t pool_[4000];
  std::size_t used_ = sizeof pool_;
};

}  // namespace blazedb::base
