// Replays seeds and prints what happens: sim_replay SEED...
#include <cstdlib>
#include <iostream>

#include "sim/world.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: sim_replay SEED...\n";
    return 2;
  }
  bool failed = false;
  for (int i = 1; i < argc; i++) {
    std::uint64_t seed = std::strtoull(argv[i], nullptr, 10);
    blazedb::sim::Report report = blazedb::sim::World(seed, &std::cout).run();
    std::cout << "seed " << seed << ": " << report.writes << " writes, " << report.steps << " events, trace "
              << std::hex << report.hash << std::dec << ", " << report.failures.size() << " failures\n";
    failed |= !report.failures.empty();
  }
  return failed ? 1 : 0;
}
