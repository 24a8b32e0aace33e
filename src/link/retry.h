// When a link that broke tries again: exponential backoff with jitter, from 100 ms to 30 s, on one machine to 1 s.
//
// What makes the delay short again is success, not a state: a link that reaches `live` each time, and breaks each time
// over the same record or the same full disk, would else try for ever at the pace of the first delay, with a handshake
// each. Success is that something new has crossed the link, and that each end has all that the other had when it became
// live; or a minute in which it was live and did not break.
//
// The jitter is what keeps five hundred clients of a hub that was restarted from coming back in the same moment.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/random.h"
#include "blazedb/error.h"
#include "link/link.h"

namespace blazedb::link {

// Errors that can pass without anything being changed at this end.
bool worthRetrying(ErrorCode code);

inline constexpr std::int64_t kLastRetryMs = 30'000;
inline constexpr std::int64_t kLastLocalRetryMs = 1'000;

// Times are of a clock that does not go back.
class Retry {
 public:
  explicit Retry(std::int64_t lastMs = kLastRetryMs) : lastMs_(lastMs) {}

  // An attempt has failed: how long to wait now. Between half of the present delay and all of it; the next one is twice
  // as long.
  std::int64_t nextDelayMs(base::Random& random, std::int64_t nowMs);
  // What the present conversation says of itself, and where the feeds of its ends of this process end.
  void note(const LinkStatus& status, const std::array<std::uint64_t, 2>& feedEnds, std::int64_t nowMs);
  // What stood in the way may be gone: the next delay is a short one again.
  void reset() { failures_ = 0; }

 private:
  struct Live {
    std::int64_t sinceMs = 0;
    std::array<std::uint64_t, 2> feedEnds{};  // as they were then
  };

  std::int64_t lastMs_;
  int failures_ = 0;
  std::optional<Live> live_;  // the present conversation, once it is
};

}  // namespace blazedb::link
