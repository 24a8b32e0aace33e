// A progress bar on stderr. It draws only if stderr is a terminal, at most ten times a second. At the end it erases its
// line, so the screen keeps only what a log would have.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace blazedb::cli {

// One thread at a time may use it.
class ProgressBar {
 public:
  // `label` names the work ("importing"), `unit` the things counted ("records").
  ProgressBar(std::string label, std::string unit);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `fraction`: 0 to 1, how much of the work is done; less than 0: unknown. `count`: the units done so far.
  void show(double fraction, std::uint64_t count);
  void show(std::uint64_t done, std::uint64_t total);
  // `bytes`: how many have crossed the link so far.
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
