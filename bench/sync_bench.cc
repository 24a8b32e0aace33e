// Two databases in one process: how long a write takes to arrive, how fast an empty one fills, what a reconnect costs.
//
// Live: one thread inserts into A at a steady rate and then asks B for the record until it is there. The time is that
// from the return of insert, which is the commit, to the return of the fetch that finds it; the whole from the call of
// insert is printed beside it. A write that comes late because the one before took too long is counted, not hidden.
#include <malloc.h>

#include <thread>

#include "measure.h"

namespace blazedb::bench {
namespace {

// A line of /proc/self/status, in MiB.
double memoryMiB(std::string_view name) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with(name)) return std::strtod(line.c_str() + name.size() + 1, nullptr) / 1024;
  return 0;
}

void fill(Database& database, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; i += 1000) database.insertMany(readings(first + i, 1000));
}

double insertRate(Database& database, std::uint64_t records) {
  double seconds = 0;
  for (std::uint64_t i = 0; i < records; i += 1000) {
    std::vector<Record> batch = readings(i, 1000);
    Stopwatch time;
    database.insertMany(batch);
    seconds += time.seconds();
  }
  return static_cast<double>(records) / seconds;
}

// Two connected databases.
struct Link {
  Link(Database& a, Database& b)
      : first(topology.registerDatabase(a, "A")),
        second(topology.registerDatabase(b, "B")),
        connection(topology.connectLocal(first, second, ConnectionMode::bidirectional)) {}

  Topology topology;
  NodeId first, second;
  ConnectionId connection;
};

void live(const TemporaryFolder& folder, Durability durability) {
  bool full = durability == Durability::full;
  std::string prefix = full ? "full" : "normal";
  Database a = openDatabase(folder.file(prefix + "A.blazedb"), durability);
  Database b = openDatabase(folder.file(prefix + "B.blazedb"), durability);
  Link link(a, b);
  fill(a, 0, 10'000);
  link.topology.synchronize();

  constexpr auto kInterval = std::chrono::microseconds(1000);
  constexpr std::uint64_t kWarmUp = 500, kWrites = 5'000;
  std::vector<double> fromCommit, fromCall;
  std::uint64_t late = 0;
  auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < kWarmUp + kWrites; i++) {
    auto due = start + i * kInterval;
    if (std::chrono::steady_clock::now() > due) late += i >= kWarmUp;
    std::this_thread::sleep_until(due);
    Record record = reading(10'000 + i);
    Stopwatch whole;
    UUID id = a.insert(record);
    Stopwatch sinceCommit;
    while (!b.fetch(id)) std::this_thread::yield();  // on a busy machine this may be the core that the link waits for
    if (i < kWarmUp) continue;
    fromCommit.push_back(sinceCommit.us());
    fromCall.push_back(whole.us());
  }
  std::string details =
      text("p99 %.0f us, 99.9 %.0f us; from the call %.0f / %.0f us; %llu of %llu late", percentile(fromCommit, 99),
           percentile(fromCommit, 99.9), median(fromCall), percentile(fromCall, 99),
           static_cast<unsigned long long>(late), static_cast<unsigned long long>(kWrites));
  report(full ? "live, durable, commit to visible, p50" : "live, Durability::normal, commit to visible, p50",
         median(fromCommit), Bound::atMost, full ? 500 : 120, "us", details);
  if (!full) report("the same, p99", percentile(fromCommit, 99), Bound::atMost, 1000, "us", "");
}

void copyAll(Database& a, Database& b, std::uint64_t records, double insertsPerSecond) {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak begins anew
  double resting = memoryMiB("VmRSS:");
  Stopwatch time;
  Link link(a, b);
  link.topology.synchronize();
  double rate = static_cast<double>(records) / time.seconds();
  double peak = memoryMiB("VmHWM:");
  if (b.count() != records) throw Error(ErrorCode::Misuse, "B does not hold what A holds");
  report("first sync into an empty database, of insertMany", rate / insertsPerSecond, Bound::atLeast, 0.5, "x",
         text("%.0f /s against %.0f /s", rate, insertsPerSecond));
  report("its memory, peak above resting", peak - resting, Bound::atMost, 64, "MiB", text("resting %.0f MiB", resting));
}

double reconnectMs(Database& a, Database& b) {
  std::vector<double> times;
  for (int i = 0; i < 20; i++) {
    Topology topology;
    NodeId first = topology.registerDatabase(a, "A"), second = topology.registerDatabase(b, "B");
    Stopwatch time;
    topology.connectLocal(first, second, ConnectionMode::bidirectional);
    topology.synchronize();
    times.push_back(time.us() / 1000);
  }
  return median(times);
}

void reconnect(Database& a, Database& b, const TemporaryFolder& folder) {
  Database smallA = openDatabase(folder.file("smallA.blazedb")), smallB = openDatabase(folder.file("smallB.blazedb"));
  fill(smallA, 0, 1000);
  Link(smallA, smallB).topology.synchronize();
  double large = reconnectMs(a, b);
  report("reconnect, both in sync already", large, Bound::atMost, 10, "ms",
         text("%.2f ms with 1,000 records", reconnectMs(smallA, smallB)));
}

void run(const Arguments& arguments) {
  printHeading("sync_bench");
  TemporaryFolder folder(arguments.folder);
  live(folder, Durability::normal);
  live(folder, Durability::full);
  Database a = openDatabase(folder.file("A.blazedb")), b = openDatabase(folder.file("B.blazedb"));
  double insertsPerSecond = insertRate(a, arguments.records);
  copyAll(a, b, arguments.records, insertsPerSecond);
  reconnect(a, b, folder);
}

}  // namespace
}  // namespace blazedb::bench

int main(int argc, char** argv) {
  try {
    blazedb::bench::run(blazedb::bench::Arguments(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sync_bench: %s\n", error.what());
    return 1;
  }
}
