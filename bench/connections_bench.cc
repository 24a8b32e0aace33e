// The memory that an idle connection costs a hub: 2,000 clients over TLS that are up to date.
//
// The hub is a separate process, so that its memory holds only the hub's ends of the connections. Its database is an
// ordinary file. The clients have empty stores. The figure is the growth of the hub's resident memory divided by the
// number of connections. It does not include buffers of the kernel.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "db/engine.h"
#include "link/acceptor.h"
#include "link/certificate.h"
#include "link/own_certificate.h"
#include "link/remote_link.h"
#include "measure.h"
#include "storage/posix_file_system.h"

namespace blazedb::bench {
namespace {

constexpr int kConnections = 2000;

// A database that always stays empty.
class EmptyStore final : public sync::Store, private sync::Deliveries {
 public:
  explicit EmptyStore(base::Random& random) { random.fill(replica_.bytes); }
  sync::Identity identity() override { return {replica_, 1, sync::Role::client, "idle"}; }
  std::uint64_t feedEnd() const override { return 0; }
  std::uint64_t purgeHorizon() const override { return 0; }
  bool empty() const override { return true; }
  sync::Cursor resolve(const sync::Cursor&) const override { return {}; }
  sync::SealedPlace sealed(const sync::Cursor&, const UUID&) override { return {}; }
  std::optional<sync::Cursor> opened(const sync::Cursor&, const UUID&) const override { return std::nullopt; }
  sync::Cursor cursorOn(const UUID&, const sync::Scope&) const override { return {}; }
  std::uint64_t ahead(std::uint64_t, const sync::Scope&) const override { return 0; }
  sync::FeedRead readFeed(const sync::FeedQuery& query, sync::BatchWriter&) override { return {query.after, true}; }
  std::size_t readRecords(std::span<const sync::RecordKey>, const sync::Agreement&, std::size_t, sync::BatchWriter&,
                          std::vector<sync::RecordKey>&) override {
    return 0;
  }
  sync::Moved moved(const sync::Agreement&) override { return {}; }
  void readMoved(const sync::MovedQuery&, sync::Moved& moved, sync::BatchWriter&) override {
    moved.place.given.reset();
  }
  sync::Deliveries& deliveries() override { return *this; }
  sync::ApplyResult apply(const sync::Incoming&) override { return {}; }
  std::vector<sync::Rejection> setAside(const UUID&, const sync::Scope&, bool) const override { return {}; }
  std::uint64_t changedAside() const override { return 0; }
  Noted noteRejected(const UUID&, const sync::Scope&, const sync::Rejected&, bool) override { return {}; }
  Swept finishSweep(const sync::Peer&, const sync::Scope&, sync::Sweep&, const sync::Cursor&) override { return {}; }
  void dropCursor(const sync::Peer&, const sync::Scope&) override {}
  void leaveOtherScopes(const sync::Peer&, const sync::Scope&) override {}
  void noteReader(const sync::Peer&, const sync::Scope&, std::uint64_t) override {}
  void noteAcknowledged(const sync::Peer&, const sync::Scope&, const sync::Cursor&,
                        const std::optional<PeerFeed>&) override {}
  std::vector<sync::DigestLine> digests() const override { return {}; }
  bool holds(const std::string&) const override { return false; }
  sync::HashedRun hashes(const std::string&, const UUID&, const UUID& to, std::size_t) const override {
    return {{}, to};
  }

 private:
  Known known(const UUID&) const override { return {}; }
  void noteFilter(const UUID&, const std::optional<std::string>&, std::optional<std::uint64_t>) override {}
  void mixFilters(const UUID&) override {}
  void forget(const UUID&) override {}

  UUID replica_;
};

void allowManyFiles() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

double memoryKiB(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr);
  return 0;
}

// The hub's process: reports its port and lives until `until` is closed.
void runHub(const TemporaryFolder& folder, int tell, int until) {
  storage::PosixFileSystem files;
  base::SystemClock clock;
  base::SystemRandom random;
  db::EngineOptions engineOptions;
  engineOptions.name = "hub";
  auto engine =
      std::shared_ptr<db::Engine>(db::Engine::open({files, clock, random}, folder.file("hub.blazedb"),
                                                   storage::KeySource::rawKey(base::Bytes(32, 7)), engineOptions));
  link::Io io;
  link::AcceptorOptions options;
  options.address = "127.0.0.1";
  options.tls = link::TlsContext::forServer({folder.file("hub.crt"), folder.file("hub.key"), ""});
  link::Acceptor acceptor(
      io, clock, options, [&](const link::Knock&) { return engine.get(); },
      [&](const link::Knock&, const link::PeerInfo&) {
        return link::Guest{engine, {}, ""};
      },
      nullptr);
  std::uint16_t port = acceptor.port();
  if (::write(tell, &port, sizeof port) != sizeof port) return;
  char nothing = 0;
  while (::read(until, &nothing, 1) > 0) {
  }
}

void measure(const TemporaryFolder& folder, pid_t hub, std::uint16_t port) {
  base::SystemClock clock;
  base::SystemRandom random;
  link::Io io;
  link::TlsClientOptions trust;
  trust.pins = {link::pinOfFile(folder.file("hub.crt"))};
  link::RemoteOptions options;
  options.host = "127.0.0.1";
  options.port = port;
  options.database = "hub";
  options.tls = link::TlsContext::forClient(trust);
  options.timing.admitMs = 120'000;  // all clients connect at once, on a machine with few cores

  auto deadline = [&] { return clock.monotonicUs() + 120'000'000; };
  std::vector<std::unique_ptr<EmptyStore>> stores;
  std::vector<std::unique_ptr<link::RemoteLink>> links;
  auto connect = [&](int count) {
    for (int i = 0; i < count; i++) {
      stores.push_back(std::make_unique<EmptyStore>(random));
      links.push_back(std::make_unique<link::RemoteLink>(io, *stores.back(), clock, random, options, nullptr));
    }
    for (auto& each : links)
      if (!each->waitSynchronized(deadline())) throw Error(ErrorCode::Timeout, "a client does not come up");
  };
  // At rest: the ends have compared digests, and the resident memory has not changed for two seconds.
  auto settledKiB = [&] {
    double before = 0, now = memoryKiB(hub);
    do {
      before = now;
      std::this_thread::sleep_for(std::chrono::seconds(2));
      now = memoryKiB(hub);
    } while (now != before);
    return now;
  };

  connect(10);  // pays the costs that only the first connections have
  double before = settledKiB();
  auto tell = [&](const char* what, double seconds) {
    double after = settledKiB();
    report(what, (after - before) / kConnections, Bound::atMost, 32, "KiB",
           text("%.1f MiB with 10, %.1f MiB with %d; %.0f handshakes/s, both ends", before / 1024, after / 1024,
                kConnections + 10, kConnections / seconds));
  };
  Stopwatch byAndBy;
  for (int i = 0; i < kConnections; i += 50) connect(50);
  tell("an idle connection at the hub", byAndBy.seconds());

  links.resize(10);
  Stopwatch atOnce;
  connect(kConnections);
  tell("the same, after all have left and come at once", atOnce.seconds());
}

int run(int argc, char** argv) {
  Arguments arguments(argc, argv);
  printHeading("connections_bench");
  allowManyFiles();
  TemporaryFolder folder(arguments.folder);
  base::SystemClock clock;
  link::OwnCertificate{folder.file("hub.crt"), folder.file("hub.key"), {"localhost"}}.care(clock.wallMs());
  int told[2], until[2];
  if (pipe(told) != 0 || pipe(until) != 0) throw Error(ErrorCode::IoError, "no pipe");
  pid_t hub = fork();
  if (hub == 0) {
    ::close(until[1]);
    runHub(folder, told[1], until[0]);
    _exit(0);
  }
  std::uint16_t port = 0;
  ::close(told[1]);
  if (::read(told[0], &port, sizeof port) == sizeof port) measure(folder, hub, port);
  ::close(until[1]);
  waitpid(hub, nullptr, 0);
  return port == 0;
}

}  // namespace
}  // namespace blazedb::bench

int main(int argc, char** argv) { return blazedb::bench::run(argc, argv); }
