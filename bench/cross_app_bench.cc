// Two apps on one machine, each a process with its own file, connected by a unix socket: how long a write in one takes
// to be visible in the other, and how fast an empty importer fills.
//
// The exporter is forked before any thread starts. Through a pipe it reports what it wrote and when, by the clock that
// both processes share. The importer then asks its own file for that record until it is there.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "between.h"

namespace blazedb::bench {
namespace {

constexpr std::uint64_t kWarmUp = 500, kWrites = 5'000;

double nowUs() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// One direction between the two processes. The values are small enough to arrive in one piece.
class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_) != 0) throw Error(ErrorCode::IoError, "cannot make a pipe");
  }
  template <class Value>
  void tell(const Value& value) const {
    if (::write(ends_[1], &value, sizeof value) != ssize_t{sizeof value})
      throw Error(ErrorCode::IoError, "the other process has gone");
  }
  template <class Value>
  Value hear() const {
    Value value{};
    if (::read(ends_[0], &value, sizeof value) != ssize_t{sizeof value})
      throw Error(ErrorCode::IoError, "the other process has gone");
    return value;
  }
  void closeEnd(int end) const { ::close(ends_[end]); }

 private:
  int ends_[2];
};

struct Write {
  UUID id;
  double calledUs = 0, committedUs = 0;
  std::uint64_t isLate = 0;
};

struct Files {
  explicit Files(const std::string& parent) : folder(parent) {}
  TemporaryFolder folder;
  std::string socket(const char* name) const { return std::filesystem::absolute(folder.file(name)).string(); }
};

// The exporter's process: carries out requests until the pipe is closed.
class Exporter {
 public:
  Exporter(const Files& files, const Pipe& orders, const Pipe& answers)
      : files_(files), orders_(orders), answers_(answers) {}

  void run(std::uint64_t records) {
    live();
    copy(records);
    orders_.hear<char>();
  }

 private:
  void share(const Database& database, const char* socket) {
    topology_.listenLocal(topology_.registerDatabase(database, socket), files_.socket(socket));
  }

  void live() {
    Database database = openDatabase(files_.folder.file("liveExporter.blazedb"), Durability::normal);
    fill(database, 0, 10'000);
    share(database, "live");
    answers_.tell('y');
    orders_.hear<char>();
    auto start = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < kWarmUp + kWrites; i++) {
      auto due = start + i * std::chrono::microseconds(1000);
      Write write;
      write.isLate = std::chrono::steady_clock::now() > due;
      std::this_thread::sleep_until(due);
      Record record = reading(10'000 + i);
      write.calledUs = nowUs();
      write.id = database.insert(record);
      write.committedUs = nowUs();
      answers_.tell(write);
    }
    orders_.hear<char>();
  }

  void copy(std::uint64_t records) {
    Database database = openDatabase(files_.folder.file("exporter.blazedb"));
    answers_.tell(insertRate(database, records));
    share(database, "copy");
    answers_.tell('y');
    orders_.hear<char>();
  }

  const Files& files_;
  const Pipe& orders_;
  const Pipe& answers_;
  Topology topology_;
};

void live(const Files& files, const Pipe& orders, const Pipe& answers) {
  Database database = openDatabase(files.folder.file("liveImporter.blazedb"), Durability::normal);
  answers.hear<char>();
  Topology topology;
  topology.connectCrossApp(topology.registerDatabase(database, "importer"), files.socket("live"));
  topology.synchronize();
  orders.tell('g');
  LiveTimes times;
  for (std::uint64_t i = 0; i < kWarmUp + kWrites; i++) {
    auto write = answers.hear<Write>();
    while (!database.fetch(write.id)) std::this_thread::yield();
    double now = nowUs();
    if (i < kWarmUp) continue;
    times.late += write.isLate;
    times.fromCommit.push_back(now - write.committedUs);
    times.fromCall.push_back(now - write.calledUs);
  }
  orders.tell('g');
  report("live, one app to another, p50", median(times.fromCommit), Bound::atMost, 200, "us", times.details());
  report("the same, p99", percentile(times.fromCommit, 99), Bound::atMost, 1000, "us", "");
}

void copy(const Files& files, const Pipe& orders, const Pipe& answers, std::uint64_t records) {
  Database database = openDatabase(files.folder.file("importer.blazedb"));
  auto insertsPerSecond = answers.hear<double>();
  answers.hear<char>();
  Topology topology;
  NodeId node = topology.registerDatabase(database, "importer");
  Stopwatch time;
  topology.connectCrossApp(node, files.socket("copy"));
  topology.synchronize();
  double rate = static_cast<double>(records) / time.seconds();
  orders.tell('g');
  if (database.count() != records) throw Error(ErrorCode::Misuse, "the importer does not hold what the exporter holds");
  report("first sync of an empty importer, of insertMany", rate / insertsPerSecond, Bound::atLeast, 0.5, "x",
         text("%.0f /s against %.0f /s", rate, insertsPerSecond));
}

int run(const Arguments& arguments) {
  Pipe orders, answers;
  signal(SIGPIPE, SIG_IGN);
  Files files(arguments.folder);
  pid_t exporter = ::fork();
  if (exporter == 0) {
    orders.closeEnd(1);
    answers.closeEnd(0);
    try {
      Exporter(files, orders, answers).run(arguments.records);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "cross_app_bench, the exporter: %s\n", error.what());
      ::_exit(1);  // the folder belongs to the parent process
    }
    ::_exit(0);
  }
  orders.closeEnd(0);
  answers.closeEnd(1);
  printHeading("cross_app_bench");
  live(files, orders, answers);
  copy(files, orders, answers, arguments.records);
  orders.tell('g');
  int status = 0;
  ::waitpid(exporter, &status, 0);
  return status;
}

}  // namespace
}  // namespace blazedb::bench

int main(int argc, char** argv) {
  try {
    return blazedb::bench::run(blazedb::bench::Arguments(argc, argv)) == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cross_app_bench: %s\n", error.what());
    return 1;
  }
}
