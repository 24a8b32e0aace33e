// Randomness as an argument. Keys, nonces, ids and jitter all come from a Random, so that a simulation can be replayed.
#pragma once

#include <cstdint>
#include <span>

namespace blazedb::base {

class Random {
 public:
  virtual ~Random() = default;
  // Fills all of `out`. Thread-safe. Throws Error(IoError) if the system gives no randomness.
  virtual void fill(std::span<std::uint8_t> out) = 0;

  // 64 random bits. Thread-safe; throws as fill().
  std::uint64_t next64();
};

// Calls getrandom(2) each time: it has no buffer that a forked child could repeat.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace blazedb::base
