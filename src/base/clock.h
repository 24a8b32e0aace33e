// Time as an argument. Everything that needs the time takes a Clock, so that the simulation runs on a virtual one.
#pragma once

#include <cstdint>

namespace blazedb::base {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970 UTC. May jump in either direction.
  virtual std::int64_t wallMs() = 0;
  // Microseconds since an arbitrary point. Never goes back.
  virtual std::int64_t monotonicUs() = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t wallMs() override;
  std::int64_t monotonicUs() override;
};

}  // namespace blazedb::base
