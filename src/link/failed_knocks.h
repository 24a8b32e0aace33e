// Who has knocked with a wrong token, and how long they have to wait.
//
// A token has 256 bits and is not found by guessing. This keeps those who try anyway from costing more than a glance:
// after a few failures of an address, its knocks are refused unheard for a second, then two, up to a minute. What
// stands behind one address may be a whole office, so the failures of one of them are forgotten after ten quiet
// minutes.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace blazedb::link {

// Not thread-safe. Times are of a clock that does not go back.
class FailedKnocks {
 public:
  // 0, or for how long an address is not listened to.
  std::int64_t waitMs(const std::string& address, std::int64_t nowMs) const;
  void note(const std::string& address, std::int64_t nowMs);

 private:
  struct Failures {
    int count = 0;
    std::int64_t lastMs = 0;
    std::int64_t untilMs = 0;
  };
  std::map<std::string, Failures> failures_;
};

}  // namespace blazedb::link
