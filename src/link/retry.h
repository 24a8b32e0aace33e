// When a broken link tries again: exponential backoff with jitter, from 100 ms to 30 s; within one machine to 1 s.
//
// Success makes the delay short again, not the state `live`. A link may become live each time and break each time over
// the same record or the same full disk; it would otherwise try for ever at the pace of the first delay, with a
// handshake each time. Success is that something new has crossed the link and each end has everything that the other
// had when it became live; or that the link has been live for a minute.
//
// A client whose rights have changed has lost nothing but its connection: it tries again within 4 ms first.
//
// The jitter keeps the five hundred clients of a restarted hub from coming back at the same moment.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/random.h"
#include "blazedb/error.h"
#include "link/link.h"

namespace blazedb::link {

// Whether an error can pass without a change at this end.
bool worthRetrying(ErrorCode code);

inline constexpr std::int64_t kLastRetryMs = 30'000;
inline constexpr std::int64_t kLastLocalRetryMs = 1'000;

// Not thread-safe. The times come from a clock that does not go back.
class Retry {
 public:
  explicit Retry(std::int64_t lastMs = kLastRetryMs) : lastMs_(lastMs) {}

  // Call it when an attempt has failed, with the reason. Returns how long to wait: between half of the present delay
  // and all of it. The next delay is twice as long.
  std::int64_t nextDelayMs(ErrorCode why, base::Random& random, std::int64_t nowMs);
  // Notes the status of the present conversation, and where the feeds of this process's ends end.
  void note(const LinkStatus& status, const std::array<std::uint64_t, 2>& feedEnds, std::int64_t nowMs);
  // The obstacle may be gone: makes the next delay short again.
  void reset() { failures_ = 0; }

 private:
  struct Live {
    std::int64_t sinceMs = 0;
    std::array<std::uint64_t, 2> feedEnds{};  // at that time
  };

  std::int64_t lastMs_;
  int failures_ = 0;
  std::optional<Live> live_;  // since the present conversation became live
};

}  // namespace blazedb::link
