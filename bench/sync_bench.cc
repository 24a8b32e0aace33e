// Two databases in one process: how long a write takes to arrive, how fast an empty database fills, and the cost of a
// reconnect.
#include <malloc.h>

#include "between.h"

namespace blazedb::bench {
namespace {

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

  LiveTimes times = measureLive(a, b);
  report(full ? "live, durable, commit to visible, p50" : "live, Durability::normal, commit to visible, p50",
         median(times.fromCommit), Bound::atMost, full ? 500 : 120, "us", times.details());
  if (!full) report("the same, p99", percentile(times.fromCommit, 99), Bound::atMost, 1000, "us", "");
}

void copyAll(Database& a, Database& b, std::uint64_t records, double insertsPerSecond) {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;  // resets the peak
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
