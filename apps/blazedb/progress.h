// A progress bar on stderr, for people: it draws only where stderr is a terminal, at most ten times a second, and takes
// its line away at the end, so that what stays on the screen is what a log would have.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace blazedb::cli {

// For use by one thread at a time.
class ProgressBar {
 public:
  // `label` says what is going on ("importing"), `unit` what is counted ("records").
  ProgressBar(std::string label, std::string unit);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `fraction`: 0 to 1, of the whole work; less than 0 where nobody knows. `count` in units, so far.
  void show(double fraction, std::uint64_t count);
  void show(std::uint64_t done, std::uint64_t total);
  // `bytes` have gone across a link meanwhile.
  void show(std::uint64_t done, std::uint64_t total, std::uint64_t bytes);
  void clear();

 private:
  void draw(double fraction, std::uint64_t count, const std::string& detail);

  using Clock = std::chrono::steady_clock;

  std::string label_;
  std::string unit_;
  bool enabled_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_;
};

}  // namespace blazedb::cli
