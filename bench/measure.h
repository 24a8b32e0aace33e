// Shared by the benchmarks: the record that they all store, folders, percentiles, and the printing of a figure beside
// the required one.
//
// Other work on the machine disturbs every measurement. So a benchmark measures the things that it compares in the same
// run, a piece of each in turn, and takes the median of several pieces.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/blazedb.h"

namespace blazedb::bench {

// --records=N and --folder=PATH; other arguments belong to other programs.
struct Arguments {
  std::uint64_t records = 1'000'000;
  std::string folder = ".";

  Arguments(int argc, char** argv) {
    for (int i = 1; i < argc; i++) {
      std::string_view argument = argv[i];
      if (argument.starts_with("--records=")) records = std::strtoull(argv[i] + 10, nullptr, 10);
      if (argument.starts_with("--folder=")) folder = argument.substr(9);
    }
    records = std::max<std::uint64_t>(records / 10'000, 1) * 10'000;
  }
};

// A new folder in `parent`, removed with the object. `parent` should be on a disk: syncs to memory cost nothing.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& parent) : path_(parent + "/blazedb-bench-XXXXXX") {
    if (!mkdtemp(path_.data())) throw Error(ErrorCode::IoError, "cannot make the folder " + path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // a folder that cannot be removed stays
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::uint64_t splitmix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

template <class... Arguments>
std::string text(const char* format, Arguments... arguments) {
  char out[128];
  std::snprintf(out, sizeof out, format, arguments...);
  return out;
}

// Record i: ten fields, 213 bytes as JSON, 168 as CBOR.
inline Record reading(std::uint64_t i) {
  static constexpr const char* kCities[] = {"Oslo",    "Lima",    "Springfield", "Kyoto",
                                            "Nairobi", "Toronto", "Auckland",    "Porto"};
  using Number = unsigned long long;
  return {{"type", "reading"},
          {"seq", static_cast<std::int64_t>(i)},
          {"ts", static_cast<std::int64_t>(1763800000000000000 + i)},
          {"name", text("item-%08llu", Number{i})},
          {"owner", text("user-%05llu", Number{i * 7919 % 100'000})},
          {"city", kCities[i & 7]},
          {"temp", static_cast<double>(i % 1000) / 10 + 0.25},
          {"active", i % 2 == 0},
          {"tag", text("%016llx", Number{splitmix64(i)})},
          {"note", text("%016llx%016llx", Number{splitmix64(i ^ 0xabcdef)}, Number{splitmix64(i + 77777777)})}};
}

inline std::vector<Record> readings(std::uint64_t first, std::uint64_t count) {
  std::vector<Record> records;
  for (std::uint64_t i = first; i < first + count; i++) records.push_back(reading(i));
  return records;
}

// The cost of a password is not measured here.
inline Database openDatabase(const std::string& path, Durability durability = Durability::full) {
  DatabaseOptions options;
  options.durability = durability;
  options.passwordMemoryKiB = 19 * 1024;
  options.passwordPasses = 2;
  return Database::open(std::filesystem::path(path).stem().string(), path, "a password", options);
}

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  double us() const { return seconds() * 1e6; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline double percentile(std::vector<double> values, double percent) {
  if (values.empty()) return 0;
  auto at = static_cast<std::size_t>(percent / 100 * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}
inline double median(std::vector<double> values) { return percentile(std::move(values), 50); }

inline void printHeading(const char* program) {
  std::string model = "unknown", line;
  std::ifstream cpus("/proc/cpuinfo");
  int cores = 0;
  while (std::getline(cpus, line)) {
    if (line.starts_with("processor")) cores++;
    if (line.starts_with("model name")) model = line.substr(line.find(": ") + 2);
  }
  std::printf("== %s   %d x %s\n%-46s %10s   %-10s\n", program, cores, model.c_str(), "what", "measured", "required");
}

enum class Bound : std::uint8_t { atLeast, atMost };

// A line of the report: the figure, the required one, and the measurements behind it.
inline void report(const char* what, double measured, Bound bound, double required, const char* unit,
                   const std::string& details) {
  bool reached = bound == Bound::atLeast ? measured >= required : measured <= required;
  std::printf("%-46s %7.2f %-4s %s %.6g %-4s %-7s %s\n", what, measured, unit,
              bound == Bound::atLeast ? ">=" : "<=", required, unit, reached ? "" : "MISSED", details.c_str());
  std::fflush(stdout);
}

}  // namespace blazedb::bench
