// Randomness and time of a simulation: everything from one seed.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/random.h"

namespace blazedb::sim {

// SplitMix64 (Steele, Lea, Flood, 2014).
class Dice final : public base::Random {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t roll() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  // 0 to n - 1.
  std::uint64_t below(std::uint64_t n) { return roll() % n; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
  }
  bool percent(std::uint64_t chance) { return below(100) < chance; }

  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(roll());
  }

 private:
  std::uint64_t state_;
};

// One replica's clock: the world's time plus this clock's error.
class SkewedClock final : public base::Clock {
 public:
  explicit SkewedClock(const std::int64_t& worldMs) : worldMs_(worldMs) {}
  std::int64_t wallMs() override { return 1'763'800'000'000 + worldMs_ + skewMs; }
  std::int64_t monotonicUs() override { return worldMs_ * 1000; }
  std::int64_t skewMs = 0;

 private:
  const std::int64_t& worldMs_;
};

}  // namespace blazedb::sim
