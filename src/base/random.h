// Randomness as an argument. Keys, nonces, ids and jitter all come from a Random, so that a simulation can be replayed.
#pragma once

#include <cstdint>
#include <span>

namespace blazedb::base {

class Random {
 public:
  virtual ~Random() = default;
  // Fills all of `out`. Thread-safe. Throws Error(IoError) where the system has none to give.
  virtual void fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t next64();
};

// getrandom(2) at each call: no buffer that a fork could repeat.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace blazedb::base
