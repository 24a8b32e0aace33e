// A hub whose databases fail under it.
#include "server/hub.h"

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "db/open_database.h"

namespace blazedb::server {
namespace {

constexpr std::chrono::seconds kPatience{30};

class HubTest : public FolderTest {
 protected:
  // Damages the file, except for its header.
  void damage(const std::string& name) const {
    std::fstream file(path(name), std::ios::in | std::ios::out | std::ios::binary);
    auto size = static_cast<std::size_t>(std::filesystem::file_size(path(name)));
    file.seekp(kHeaderBytes);
    file << std::string(size - kHeaderBytes, 'x');
  }
  static constexpr std::size_t kHeaderBytes = 8192;

  bool waitForLine(const std::string& event, std::size_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return linesOf(event) >= times; });
  }
  // Call it with the lock held.
  std::size_t linesOf(const std::string& event) const {
    return static_cast<std::size_t>(std::count_if(
        lines_.begin(), lines_.end(), [&](const std::string& line) { return line.find(event) != std::string::npos; }));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  Log log_{Log::Format::text, [this](std::string_view line) {
             std::lock_guard lock(mutex_);
             lines_.emplace_back(line);
             changed_.notify_all();
           }};
};

TEST_F(HubTest, ADatabaseThatIsDamagedIsLoggedOnceAndTheOthersAreServed) {
  Database bad = open("bad"), good = open("good"), client = open("client");
  UUID id = good.insert({{"n", 1}});
  Hub hub({bad, good}, {.host = "127.0.0.1", .port = 0}, log_,
          [](const Database&, const ControlRequest&, ControlCaller&) { return 0; });
  EXPECT_TRUE(hub.health().fine);
  damage("bad");
  // A page leaves the cache when it is written elsewhere.
  EXPECT_ERROR(DamagedPage, bad.insert({{"n", 2}}));
  ASSERT_TRUE(waitForLine("something is wrong"));
  EXPECT_FALSE(hub.health().fine);
  RemoteNode toHub{.host = "127.0.0.1",
                   .port = hub.listener().port,
                   .database = "good",
                   .authToken = good.createToken({.name = "test"}).secret,
                   .pinning = CertificatePinningConfig::fromSpki(hub.listener().pin)};
  SyncEngine sync = client.enableSync(toHub, {.encryptionMode = EncryptionMode::smartProxy});
  sync.synchronize(kPatience);
  EXPECT_TRUE(client.fetch(id));
  ASSERT_TRUE(waitForLine("a client has connected"));
  std::lock_guard lock(mutex_);
  EXPECT_EQ(linesOf("something is wrong"), 1u);
  EXPECT_EQ(linesOf("bad: DamagedPage"), 1u);
}

// The writes of a client that had the role server for a while carry a server's authority.
TEST_F(HubTest, RejectedRecordsAreCountedAndSaidOnceForATokenAndAReason) {
  const SyncPolicy readable{.encryptionMode = EncryptionMode::smartProxy};
  DatabaseOptions asServer = cheap(), asClient = cheap();
  asServer.role = SyncRole::server;
  asClient.role = SyncRole::client;
  Database database = open("hub", asServer);
  database.insertMany({{{"n", 1}}, {{"n", 2}}, {{"n", 3}}});
  Hub hub({database}, {.host = "127.0.0.1", .port = 0}, log_,
          [](const Database&, const ControlRequest&, ControlCaller&) { return 0; });
  RemoteNode toHub{.host = "127.0.0.1",
                   .port = hub.listener().port,
                   .database = "hub",
                   .authToken = database.createToken({.name = "laptop"}).secret,
                   .pinning = CertificatePinningConfig::fromSpki(hub.listener().pin)};
  open("client").enableSync(toHub, readable).synchronize(kPatience);
  ASSERT_TRUE(waitForLine("a client has gone"));
  open("client", asServer).updateMany([](const Record&) { return true; }, {{"n", 0}});
  Database client = open("client", asClient);
  {
    SyncEngine sync = client.enableSync(toHub, readable);
    sync.synchronize(kPatience);
    EXPECT_EQ(hub.health().rejected, 3u);
    EXPECT_TRUE(hub.health().fine);
    EXPECT_EQ(database.info().rejected, 3u);
    EXPECT_EQ(client.info().rejected, 3u);
    for (const RejectedChange& each : database.rejectedChanges()) EXPECT_EQ(each.with, "laptop (token 1)");
    ASSERT_TRUE(waitForLine("records are rejected"));
    auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (client.rejectedChanges().at(0).with.empty() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();  // noted on a separate thread
    for (const RejectedChange& each : client.rejectedChanges())
      EXPECT_EQ(each.with, "127.0.0.1:" + std::to_string(hub.listener().port) + "/hub");
  }
  ASSERT_TRUE(waitForLine("a client has gone", 2));
  std::lock_guard lock(mutex_);
  EXPECT_EQ(linesOf("records are rejected"), 1u);
  EXPECT_EQ(linesOf("client=\"laptop at 127.0.0.1\"  database=hub  reason=\"NotAllowed: "), 1u);
  EXPECT_EQ(linesOf("info     a client has gone"), 2u);
  EXPECT_EQ(linesOf("reason=\"the peer has disconnected\""), 2u) << "it has left in order";
}

// No file may grow any more: a full disk, for this process only.
class NoSpace {
 public:
  explicit NoSpace(std::uintmax_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit none = before_;
    none.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &none);
  }
  ~NoSpace() { setrlimit(RLIMIT_FSIZE, &before_); }
  NoSpace(const NoSpace&) = delete;

 private:
  rlimit before_{};
};

TEST_F(HubTest, AWriteThatIsNotKeptShowsUntilOneIs) {
  Database database = open("hub");
  database.insert({{"n", 1}});
  Hub hub({database}, {.host = "127.0.0.1", .port = 0}, log_,
          [](const Database&, const ControlRequest&, ControlCaller&) { return 0; });
  {
    NoSpace full(std::filesystem::file_size(path("hub") + "-wal"));
    EXPECT_THROW(database.insert({{"text", std::string(100'000, 'x')}}), Error);
  }
  EXPECT_FALSE(database.info().writeProblem.empty());
  EXPECT_FALSE(hub.health().fine);
  ASSERT_TRUE(waitForLine("something is wrong"));
  database.insert({{"n", 2}});
  EXPECT_TRUE(hub.health().fine);
  EXPECT_TRUE(waitForLine("all is well again"));
}

}  // namespace
}  // namespace blazedb::server
