// Shared by the benchmarks of two connected databases.
#pragma once

#include <thread>

#include "measure.h"

namespace blazedb::bench {

// The value of a line of /proc/self/status, in MiB.
inline double memoryMiB(std::string_view name) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with(name)) return std::strtod(line.c_str() + name.size() + 1, nullptr) / 1024;
  return 0;
}

inline void fill(Database& database, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; i += 1000) database.insertMany(readings(first + i, 1000));
}

inline double insertRate(Database& database, std::uint64_t records) {
  double seconds = 0;
  for (std::uint64_t i = 0; i < records; i += 1000) {
    std::vector<Record> batch = readings(i, 1000);
    Stopwatch time;
    database.insertMany(batch);
    seconds += time.seconds();
  }
  return static_cast<double>(records) / seconds;
}

// How long a write takes until it is visible in the other database, in microseconds.
struct LiveTimes {
  std::vector<double> fromCommit, fromCall;
  std::uint64_t late = 0;

  std::string details() const {
    using Number = unsigned long long;
    return text("p99 %.0f us, 99.9 %.0f us; from the call %.0f / %.0f us; %llu of %llu late",
                percentile(fromCommit, 99), percentile(fromCommit, 99.9), median(fromCall), percentile(fromCall, 99),
                Number{late}, Number{fromCommit.size()});
  }
};

// One thread inserts into `a` at 1,000 a second and then asks `b` for the record until it is there. The measured time
// runs from the return of insert, which is the commit, to the return of the fetch that finds the record. The time from
// the call of insert is printed beside it. A write that starts late because the one before took too long is counted,
// not hidden.
inline LiveTimes measureLive(Database& a, Database& b) {
  constexpr auto kInterval = std::chrono::microseconds(1000);
  constexpr std::uint64_t kWarmUp = 500, kWrites = 5'000;
  LiveTimes times;
  auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < kWarmUp + kWrites; i++) {
    auto due = start + i * kInterval;
    if (std::chrono::steady_clock::now() > due) times.late += i >= kWarmUp;
    std::this_thread::sleep_until(due);
    Record record = reading(10'000 + i);
    Stopwatch whole;
    UUID id = a.insert(record);
    Stopwatch sinceCommit;
    while (!b.fetch(id)) std::this_thread::yield();  // on a busy machine the link may be waiting for this core
    if (i < kWarmUp) continue;
    times.fromCommit.push_back(sinceCommit.us());
    times.fromCall.push_back(whole.us());
  }
  return times;
}

}  // namespace blazedb::bench
