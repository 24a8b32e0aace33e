// A hub and its clients over TLS on loopback, in one process: how long a write takes to arrive at the hub and at
// another client, how fast an empty client fills, how many deliveries a second a hub with many clients makes, and how
// many bytes a small change of a large record takes on the wire.
//
// The hub and the clients share the cores of one machine; in a real network they would not.
#include <malloc.h>

#include "between.h"
#include "hub.h"

namespace blazedb::bench {
namespace {

constexpr std::size_t kClients = 500;

void live(const TemporaryFolder& folder) {
  Hub hub(openDatabase(folder.file("liveHub.blazedb"), Durability::normal));
  Database a = openDatabase(folder.file("liveA.blazedb"), Durability::normal);
  Database b = openDatabase(folder.file("liveB.blazedb"), Durability::normal);
  SyncEngine first = a.enableSync(hub.address(), kReadable);
  fill(a, 0, 10'000);
  first.synchronize();
  LiveTimes toHub = measureLive(a, hub.database());
  report("live, client to hub, p50", median(toHub.fromCommit), Bound::atMost, 300, "us", toHub.details());
  report("the same, p99", percentile(toHub.fromCommit, 99), Bound::atMost, 2000, "us", "");

  SyncEngine second = b.enableSync(hub.address(), kReadable);
  second.synchronize();
  LiveTimes toOther = measureLive(a, b);
  report("live, client to hub to client, p50", median(toOther.fromCommit), Bound::atMost, 600, "us", toOther.details());
}

void smallChange(const TemporaryFolder& folder) {
  Hub hub(openDatabase(folder.file("smallHub.blazedb")));
  Database client = openDatabase(folder.file("small.blazedb"));
  SyncEngine sync = client.enableSync(hub.address(), kReadable);
  Record record{{"counter", 0x4000'0000'0000'0000}};
  for (int i = 0; i < 20; i++) record.set(text("text%02d", i), std::string(90, static_cast<char>('a' + i)));
  UUID id = client.insert(record);
  sync.synchronize();
  std::vector<double> sizes;
  for (std::int64_t i = 1; i <= 20; i++) {
    std::uint64_t before = sync.status().bytes;
    client.updateFields(id, {{"counter", 0x4000'0000'0000'0000 + i}});
    while (hub.database().fetch(id)->integer("counter") != 0x4000'0000'0000'0000 + i || sync.status().pending > 0)
      std::this_thread::yield();
    sizes.push_back(static_cast<double>(sync.status().bytes - before));
  }
  report("an 8-byte field of a 2 KB record, both ways", median(sizes), Bound::atMost, 160, "B",
         "the change and its acknowledgement, as framed, before TLS");
}

void copyAll(const TemporaryFolder& folder, std::uint64_t records) {
  Hub hub(openDatabase(folder.file("hub.blazedb")));
  Database client = openDatabase(folder.file("client.blazedb"));
  double insertsPerSecond = insertRate(hub.database(), records);
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;  // resets the peak
  double resting = memoryMiB("VmRSS:");
  Stopwatch time;
  SyncEngine sync = client.enableSync(hub.address(), kReadable);
  sync.synchronize();
  double rate = static_cast<double>(records) / time.seconds();
  double peak = memoryMiB("VmHWM:");
  if (client.count() != records) throw Error(ErrorCode::Misuse, "the client does not hold what the hub holds");
  report("first sync of an empty client, of insertMany", rate / insertsPerSecond, Bound::atLeast, 0.4, "x",
         text("%.0f /s against %.0f /s", rate, insertsPerSecond));
  report("its memory, peak above resting", peak - resting, Bound::atMost, 64, "MiB", text("resting %.0f MiB", resting));
}

void deliver(const TemporaryFolder& folder) {
  Hub hub(openDatabase(folder.file("fanHub.blazedb"), Durability::normal));
  std::vector<Database> clients;
  std::vector<ConnectionId> connections;
  Topology topology;
  for (std::size_t i = 0; i < kClients; i++) {
    std::string name = "client" + std::to_string(i);
    clients.push_back(openDatabase(folder.file(name + ".blazedb"), Durability::normal));
    NodeId node = topology.registerDatabase(clients.back(), name);
    connections.push_back(topology.connectRemote(node, hub.address(), kReadable));
  }
  topology.synchronize();
  constexpr std::uint64_t kWrites = 2'000;
  Stopwatch time;
  for (std::uint64_t i = 0; i < kWrites; i++) hub.database().insert(reading(i));
  topology.synchronize();
  double seconds = time.seconds();
  for (const Database& client : clients)
    if (client.count() != kWrites) throw Error(ErrorCode::Misuse, "a client does not hold what the hub holds");
  report("deliveries, one writer and 500 clients", kWrites * kClients / seconds / 1000, Bound::atLeast, 100, "k/s",
         text("%llu writes in %.1f s, each at every client", static_cast<unsigned long long>(kWrites), seconds));
}

void run(const Arguments& arguments) {
  printHeading("remote_bench");
  TemporaryFolder folder(arguments.folder);
  live(folder);
  smallChange(folder);
  copyAll(folder, arguments.records);
  deliver(folder);
}

}  // namespace
}  // namespace blazedb::bench

int main(int argc, char** argv) {
  try {
    blazedb::bench::run(blazedb::bench::Arguments(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "remote_bench: %s\n", error.what());
    return 1;
  }
}
