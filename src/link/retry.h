// When a link that broke tries again: exponential backoff with jitter, from 100 ms to 30 s, on one machine to 1 s.
//
// The jitter is what keeps five hundred clients of a hub that was restarted from coming back in the same moment.
#pragma once

#include <cstdint>
#include <exception>

#include "base/random.h"
#include "blazedb/error.h"
#include "sync/frames.h"

namespace blazedb::link {

// Errors that can pass without anything being changed at this end.
bool worthRetrying(ErrorCode code);

// What went wrong at this end, as the reason of an end.
sync::Bye failureOf(const std::exception& error);

inline constexpr std::int64_t kLastRetryMs = 30'000;
inline constexpr std::int64_t kLastLocalRetryMs = 1'000;

class Retry {
 public:
  explicit Retry(std::int64_t lastMs = kLastRetryMs) : lastMs_(lastMs) {}

  // How long to wait now. Between half of the present delay and all of it; the next one is twice as long.
  std::int64_t nextDelayMs(base::Random& random);
  // The link has come up: the next delay is a short one again.
  void reset() { failures_ = 0; }

 private:
  std::int64_t lastMs_;
  int failures_ = 0;
};

}  // namespace blazedb::link
