#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "terminal.h"
#include "text.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenDrawings{100};
constexpr std::size_t kBarColumns = 20;
constexpr const char* kEraseLine = "\r\033[K";

}  // namespace

ProgressBar::ProgressBar(std::string label, std::string unit)
    : label_(std::move(label)), unit_(std::move(unit)), enabled_(!visitor() && isTerminal(STDERR_FILENO)) {}

void ProgressBar::show(std::uint64_t done, std::uint64_t total) {
  show(total == 0 ? -1 : static_cast<double>(done) / static_cast<double>(total), done);
}

void ProgressBar::show(std::uint64_t done, std::uint64_t total, std::uint64_t bytes) {
  double fraction = total == 0 ? -1 : static_cast<double>(done) / static_cast<double>(total);
  draw(fraction, done, " of " + grouped(total) + ", " + sizeText(bytes));
}

void ProgressBar::show(double fraction, std::uint64_t count) { draw(fraction, count, " " + unit_); }

void ProgressBar::draw(double fraction, std::uint64_t count, const std::string& detail) {
  Clock::time_point now = Clock::now();
  if (!enabled_ || now < next_) return;
  next_ = now + kBetweenDrawings;
  std::string line = label_ + " ";
  if (fraction >= 0) {
    fraction = std::min(fraction, 1.0);
    auto filled = static_cast<std::size_t>(fraction * kBarColumns);
    line += "[" + std::string(filled, '=') + std::string(kBarColumns - filled, ' ') + "]";
    line += padLeft(fixed(fraction * 100, 0), 4) + "% ";
  }
  line += " " + grouped(count) + detail;
  double elapsed = seconds(now - start_);
  if (elapsed > 0.5) line += ", " + grouped(static_cast<std::uint64_t>(static_cast<double>(count) / elapsed)) + "/s";
  line.resize(std::min(line.size(), terminalColumns(STDERR_FILENO) - 1));
  std::fputs((kEraseLine + line).c_str(), stderr);
  drawn_ = true;
}

void ProgressBar::clear() {
  if (drawn_) std::fputs(kEraseLine, stderr);
  drawn_ = false;
  next_ = {};
}

}  // namespace blazedb::cli
