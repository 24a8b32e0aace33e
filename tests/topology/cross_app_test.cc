// Apps of one machine that meet at the path of a socket: within one process, and in separate processes if one dies or
// belongs to another user.
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <stdexcept>

#include "blazedb/blazedb.h"
#include "db/open_database.h"
#include "topology/watched.h"

namespace blazedb {
namespace {

const ListenLocalOptions kMayWrite{.policy = {.readOnly = false}};

class CrossAppTest : public FolderTest {
 protected:
  std::string socket() const { return (folder_ / "app.sock").string(); }
  void share(const ListenLocalOptions& options = {}) { listening_ = sharing_.listenLocal(shared_, socket(), options); }
  ConnectionId connect(ConnectionMode mode = ConnectionMode::bidirectional, const CrossAppOptions& options = {}) {
    return topology_.connectCrossApp(node_, socket(), mode, options);
  }
  // The final status of a connection that cannot work.
  ConnectionStatus stopped(ConnectionId id) { return Watched(topology_, id).waitFor(ConnectionState::stopped); }

  Database exporter_ = open("exporter"), importer_ = open("importer");
  Topology sharing_, topology_;
  NodeId shared_ = sharing_.registerDatabase(exporter_, "Notes");
  NodeId node_ = topology_.registerDatabase(importer_, "importer");
  ListenerInfo listening_;
};

TEST_F(CrossAppTest, BringsEverythingBothWays) {
  share(kMayWrite);
  EXPECT_EQ(listening_.path, socket());
  UUID there = exporter_.insert({{"n", 1}}), here = importer_.insert({{"n", 2}});
  connect();
  topology_.synchronize(kPatience);
  EXPECT_TRUE(diff(exporter_, importer_).empty());
  exporter_.updateFields(there, {{"n", 3}});
  importer_.updateFields(here, {{"n", 4}});
  topology_.synchronize(kPatience);
  EXPECT_EQ(importer_.fetch(there)->integer("n"), 3);
  EXPECT_EQ(exporter_.fetch(here)->integer("n"), 4);
}

TEST_F(CrossAppTest, WhoeverComesFirstWaitsForTheOther) {
  ConnectionId id = connect();
  Watched watched(topology_, id);
  ConnectionStatus waiting = watched.waitFor(ConnectionState::offline);
  EXPECT_EQ(waiting.error, ErrorCode::Offline);
  EXPECT_NE(waiting.message.find(socket()), std::string::npos);
  UUID there = exporter_.insert({{"n", 1}});
  share();
  topology_.synchronize(kPatience);
  EXPECT_TRUE(importer_.fetch(there));
}

TEST_F(CrossAppTest, WithoutMoreTheImporterMayNotWrite) {
  share();
  UUID there = exporter_.insert({{"n", 1}}), here = importer_.insert({{"n", 2}});
  ConnectionId id = connect();
  topology_.synchronize(kPatience);
  EXPECT_TRUE(importer_.fetch(there));
  EXPECT_FALSE(exporter_.fetch(here));
  EXPECT_EQ(topology_.status(id).pending, 0u);
  ASSERT_EQ(sharing_.connections().size(), 1u);
  EXPECT_EQ(sharing_.connections()[0].mode, ConnectionMode::readOnly);
}

TEST_F(CrossAppTest, AnImporterThatHasToWriteIsRefusedWhereItMayNot) {
  share();
  UUID there = exporter_.insert({{"n", 1}});
  ConnectionId id = connect(ConnectionMode::bidirectional, {.mustSend = true});
  ConnectionStatus refused = stopped(id);
  EXPECT_EQ(refused.error, ErrorCode::NotAllowed);
  EXPECT_NE(refused.message.find("shared read-only"), std::string::npos) << refused.message;
  EXPECT_FALSE(importer_.fetch(there));
  sharing_.stopListening(listening_.id);
  share(kMayWrite);
  topology_.resume(id);
  topology_.synchronize(kPatience);
  EXPECT_TRUE(importer_.fetch(there));
}

TEST_F(CrossAppTest, OnlyWhatThePolicyNamesLeaves) {
  share({.policy = {.collections = {"notes"}, .fields = std::vector<std::string>{"title"}}});
  UUID note = exporter_.collection("notes").insert({{"title", "t"}, {"secret", "s"}});
  exporter_.collection("others").insert({{"title", "t"}});
  connect();
  topology_.synchronize(kPatience);
  EXPECT_EQ(importer_.collection("notes").fetch(note), (Record{{"title", "t"}}));
  EXPECT_EQ(importer_.collection("others").count(), 0u);
}

TEST_F(CrossAppTest, AnImporterMayHaveTheRightsOfAUser) {
  exporter_.policies().add({"default", Operation::read, "owner = $user.name OR 'all' IN $user.roles"});
  exporter_.policies().add({"default", Operation::write, "owner = $user.name"});
  UUID hers = exporter_.insert({{"owner", "ann"}}), his = exporter_.insert({{"owner", "bob"}});
  share({.policy = {.rights = ExportRights{"ann"}, .readOnly = false}});
  connect();
  topology_.synchronize(kPatience);
  EXPECT_TRUE(importer_.fetch(hers));
  EXPECT_FALSE(importer_.fetch(his));
  // A change of rights takes effect on the open connection.
  exporter_.users().put("ann", {.roles = {"all"}});
  auto until = [&](const std::function<bool()>& isSo) {
    auto end = std::chrono::steady_clock::now() + kPatience;
    while (!isSo()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      test::errorOf([&] { topology_.synchronize(kPatience); });
    }
  };
  until([&] { return importer_.fetch(his).has_value(); });
  importer_.updateFields(his, {{"owner", "ann"}});
  importer_.updateFields(hers, {{"n", 1}});
  until([&] { return importer_.rejectedChanges().size() == 1 && importer_.fetch(his)->string("owner") == "bob"; });
  EXPECT_EQ(importer_.rejectedChanges()[0].code, ErrorCode::PermissionDenied);
  EXPECT_EQ(exporter_.fetch(hers)->integer("n"), 1);
  EXPECT_EQ(exporter_.fetch(his)->string("owner"), "bob");
  exporter_.users().put("ann", {});
  until([&] { return !importer_.fetch(his); });
  EXPECT_TRUE(importer_.fetch(hers));
}

TEST_F(CrossAppTest, AReadOnlyImporterIsBoundToWhatItFinds) {
  share(kMayWrite);
  UUID there = exporter_.insert({{"n", 1}});
  connect(ConnectionMode::readOnly);
  topology_.synchronize(kPatience);
  EXPECT_TRUE(importer_.fetch(there));
  EXPECT_EQ(importer_.info().readOnlySource, exporter_.info().replica);
  EXPECT_ERROR(ReadOnlyReplica, importer_.insert({{"n", 2}}));
  // The file says that it is a read-only replica, so another topology knows it too.
  Topology other;
  NodeId again = other.registerDatabase(importer_, "importer");
  EXPECT_ERROR(ReadOnlyReplica, other.connectCrossApp(again, socket()));
  EXPECT_ERROR(ReadOnlyReplica, other.listenLocal(again, socket() + "2", kMayWrite));
}

TEST_F(CrossAppTest, WritesOfItsOwnEndAReadOnlyImporterUnlessItAdopts) {
  share();
  UUID there = exporter_.insert({{"n", 1}}), here = importer_.insert({{"n", 2}});
  ConnectionId id = connect(ConnectionMode::readOnly);
  EXPECT_EQ(stopped(id).error, ErrorCode::HasOwnWrites);
  EXPECT_FALSE(importer_.fetch(there));
  topology_.disconnect(id);
  id = connect(ConnectionMode::readOnly, {.adopt = true});
  topology_.synchronize(kPatience);
  EXPECT_TRUE(importer_.fetch(there));
  EXPECT_FALSE(importer_.fetch(here));

  // Writes made after a release are kept.
  topology_.pause(id);
  importer_.releaseReadOnly();
  UUID own = importer_.insert({{"n", 3}});
  topology_.resume(id);
  EXPECT_EQ(stopped(id).error, ErrorCode::HasOwnWrites);
  EXPECT_TRUE(importer_.fetch(own));
}

TEST_F(CrossAppTest, AReleasedImporterThatWroteNothingIsBoundAgain) {
  share({.policy = {.collections = {"notes"}}});
  UUID note = exporter_.collection("notes").insert({{"n", 1}});
  ConnectionId id = connect(ConnectionMode::readOnly);
  topology_.synchronize(kPatience);
  topology_.disconnect(id);
  importer_.releaseReadOnly();
  connect(ConnectionMode::readOnly);
  topology_.synchronize(kPatience);
  EXPECT_TRUE(importer_.collection("notes").fetch(note));
  EXPECT_TRUE(importer_.info().readOnlySource);
}

TEST_F(CrossAppTest, ABoundImporterTakesNothingFromAnother) {
  share();
  ConnectionId id = connect(ConnectionMode::readOnly);
  topology_.synchronize(kPatience);
  topology_.disconnect(id);
  sharing_.stopListening(listening_.id);
  Database impostor = open("impostor");
  UUID wrong = impostor.insert({{"n", 1}});
  NodeId other = sharing_.registerDatabase(impostor, "impostor");
  sharing_.listenLocal(other, socket());
  EXPECT_EQ(stopped(connect(ConnectionMode::readOnly)).error, ErrorCode::ReadOnlyReplica);
  EXPECT_FALSE(importer_.fetch(wrong));
}

TEST_F(CrossAppTest, AWriteOnlyImporterOnlySends) {
  UUID there = exporter_.insert({{"n", 1}}), here = importer_.insert({{"n", 2}});
  ConnectionId id = connect(ConnectionMode::writeOnly);
  EXPECT_GT(topology_.status(id).pending, 0u);
  share(kMayWrite);
  topology_.synchronize(kPatience);
  EXPECT_EQ(topology_.status(id).pending, 0u);
  EXPECT_TRUE(exporter_.fetch(here));
  EXPECT_FALSE(importer_.fetch(there));
  EXPECT_EQ(sharing_.connections()[0].mode, ConnectionMode::writeOnly);
}

TEST_F(CrossAppTest, BothEndsShowTheConnection) {
  share();
  ConnectionId id = connect(ConnectionMode::readOnly);
  topology_.synchronize(kPatience);
  ConnectionStatus status = topology_.status(id);
  EXPECT_EQ(status.from, NodeId{});
  EXPECT_EQ(status.to, node_);
  EXPECT_EQ(status.remote, socket());
  EXPECT_NE(topology_.graph().visualize().find(socket() + " --> importer"), std::string::npos)
      << topology_.graph().visualize();
  EXPECT_NE(topology_.graph().toDot().find("\"" + socket() + "\" -> \"importer\""), std::string::npos);
  ASSERT_EQ(topology_.connections(node_).size(), 1u);

  std::string us = "pid " + std::to_string(::getpid()) + " (uid " + std::to_string(::geteuid()) + ")";
  ASSERT_EQ(sharing_.connections(shared_).size(), 1u);
  EXPECT_EQ(sharing_.connections()[0].from, shared_);
  EXPECT_EQ(sharing_.connections()[0].remote, us);
  EXPECT_NE(sharing_.graph().visualize().find("Notes --> " + us), std::string::npos) << sharing_.graph().visualize();
}

TEST_F(CrossAppTest, PausesAndGoesOn) {
  share(kMayWrite);
  ConnectionId id = connect();
  topology_.synchronize(kPatience);
  topology_.pause(id);
  Watched(topology_, id).waitFor(ConnectionState::paused);
  UUID here = importer_.insert({{"n", 1}});
  EXPECT_FALSE(exporter_.fetch(here));
  topology_.resume(id);
  topology_.synchronize(kPatience);
  EXPECT_TRUE(exporter_.fetch(here));
}

TEST_F(CrossAppTest, ConnectsAgainWhenTheExporterEndsIt) {
  share();
  ConnectionId id = connect();
  topology_.synchronize(kPatience);
  Watched watched(topology_, id);
  sharing_.disconnect(sharing_.connections()[0].id);
  watched.waitFor(ConnectionState::offline);
  watched.waitFor(ConnectionState::live);
  sharing_.stopListening(listening_.id);
  EXPECT_EQ(watched.waitFor(ConnectionState::offline).error, ErrorCode::HubStopping);
  EXPECT_FALSE(std::filesystem::exists(socket()));
  share();
  watched.waitFor(ConnectionState::live);
}

// Otherwise an app could write what the exporter's hub then refuses from the exporter.
TEST_F(CrossAppTest, AnImporterBringsNoAuthorityBeforeTheExporterHasHeardOfIt) {
  DatabaseOptions options = cheap();
  options.role = SyncRole::server;
  Database server = open("server", options);
  topology_.connectLocal(topology_.registerDatabase(server, "server"), node_, ConnectionMode::bidirectional);
  UUID id = exporter_.insert({{"n", 1}});
  share(kMayWrite);
  connect();
  topology_.synchronize(kPatience);
  server.updateFields(id, {{"n", 2}});
  UUID beside = importer_.insert({{"n", 3}});
  topology_.synchronize(kPatience);
  EXPECT_EQ(importer_.fetch(id)->integer("n"), 2);
  EXPECT_EQ(exporter_.fetch(id)->integer("n"), 1);
  EXPECT_TRUE(exporter_.fetch(beside));
  ASSERT_EQ(exporter_.rejectedChanges().size(), 1u);
  EXPECT_EQ(exporter_.rejectedChanges()[0].code, ErrorCode::NotAllowed);
  EXPECT_EQ(exporter_.rejectedChanges()[0].record, id);
  importer_.updateFields(id, {{"upon", 2}});
  sharing_.connectLocal(sharing_.registerDatabase(server, "server"), shared_, ConnectionMode::bidirectional);
  sharing_.synchronize(kPatience);
  EXPECT_TRUE(comes([&] { return exporter_.rejectedChanges().empty() && exporter_.fetch(id)->integer("upon") == 2; }));
  EXPECT_EQ(exporter_.fetch(id)->integer("n"), 2);
}

TEST_F(CrossAppTest, AnImporterThatMayRelayBringsWhatServersWrote) {
  DatabaseOptions options = cheap();
  options.role = SyncRole::server;
  Database server = open("server", options);
  topology_.connectLocal(topology_.registerDatabase(server, "server"), node_, ConnectionMode::bidirectional);
  UUID id = exporter_.insert({{"n", 1}});
  share({.policy = {.readOnly = false, .mayRelay = true}});
  connect();
  topology_.synchronize(kPatience);
  server.updateFields(id, {{"n", 2}});
  topology_.synchronize(kPatience);
  EXPECT_EQ(exporter_.fetch(id)->integer("n"), 2);
  EXPECT_TRUE(exporter_.rejectedChanges().empty());
}

TEST_F(CrossAppTest, AnImporterOfRoleServerWritesWhereItMayRelay) {
  Topology().registerDatabase(importer_, "importer", {.role = SyncRole::server});
  UUID there = exporter_.insert({{"n", 1}});
  share(kMayWrite);
  ConnectionId asServer = connect();
  ConnectionStatus refused = stopped(asServer);
  EXPECT_EQ(refused.error, ErrorCode::NotAllowed);
  EXPECT_NE(refused.message.find("'importer' has the role server"), std::string::npos) << refused.message;
  topology_.disconnect(asServer);
  ConnectionId receiving = connect(ConnectionMode::readOnly);
  topology_.synchronize(kPatience);
  EXPECT_TRUE(importer_.fetch(there)) << "it need not be a client to receive";
  topology_.disconnect(receiving);
  importer_.releaseReadOnly();
  sharing_.stopListening(listening_.id);
  share({.policy = {.readOnly = false, .mayRelay = true}});
  connect();
  UUID here = importer_.insert({{"n", 2}});
  topology_.synchronize(kPatience);
  EXPECT_TRUE(exporter_.fetch(here));
}

TEST_F(CrossAppTest, TheModeOfANodeDecides) {
  Topology topology;
  NodeId remoteOnly = topology.registerDatabase(exporter_, "r", {.syncMode = SyncMode::remoteOnly});
  NodeId localOnly = topology.registerDatabase(importer_, "l", {.syncMode = SyncMode::localOnly});
  EXPECT_ERROR(ModeForbids, topology.listenLocal(remoteOnly, socket()));
  EXPECT_ERROR(ModeForbids, topology.connectCrossApp(remoteOnly, socket()));
  topology.listenLocal(localOnly, socket());
  topology.connectCrossApp(localOnly, socket() + "2");
}

TEST_F(CrossAppTest, WhatCannotBeIsRefused) {
  share();
  EXPECT_ERROR(IoError, sharing_.listenLocal(shared_, socket()));
  std::string free = socket() + "2";
  auto listen = [&](const ListenLocalOptions& options) { sharing_.listenLocal(shared_, free, options); };
  EXPECT_ERROR(InvalidPolicy, listen({.policy = {.collections = {"no name"}}}));
  EXPECT_ERROR(InvalidPolicy, listen({.policy = {.fields = std::vector<std::string>{}}}));
  EXPECT_ERROR(InvalidPolicy, listen({.policy = {.fields = std::vector<std::string>{""}}}));
  EXPECT_ERROR(InvalidPolicy, listen({.policy = {.filter = ExportFilter{}}}));
  EXPECT_ERROR(InvalidArgument, listen({.mode = 0640}));
  EXPECT_ERROR(InvalidArgument, sharing_.listenLocal(shared_, "app.sock"));
  EXPECT_ERROR(InvalidArgument, sharing_.listenLocal(shared_, socket() + std::string(100, 'x')));
  EXPECT_ERROR(InvalidArgument, topology_.connectCrossApp(node_, "app.sock"));
  EXPECT_ERROR(InvalidArgument, topology_.connectCrossApp(node_, socket() + std::string(100, 'x')));
  EXPECT_ERROR(NotFound, topology_.connectCrossApp({99}, socket()));
  connect();
  EXPECT_ERROR(AlreadyExists, connect());
}

TEST_F(CrossAppTest, OnlyTheProgramsThatAreNamedGetThrough) {
  share({.peers = {.executables = {"/bin/sh"}}});
  ConnectionId id = connect();
  ConnectionStatus refused = stopped(id);
  EXPECT_EQ(refused.error, ErrorCode::NotAllowed);
  EXPECT_NE(refused.message.find(std::filesystem::read_symlink("/proc/self/exe").string()), std::string::npos);
  sharing_.stopListening(listening_.id);
  share({.peers = {.executables = {"/bin/sh", "/proc/self/exe"}}});
  topology_.resume(id);
  topology_.synchronize(kPatience);
}

// A separate process, made before this one has any threads. It begins when it is told to. `body` gets a descriptor that
// it can wait on as long as this process lives.
class App {
 public:
  explicit App(const std::function<int(int alive)>& body) {
    int begin[2];
    if (::pipe(begin) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(begin[1]);
      char go = 0;
      ::_exit(::read(begin[0], &go, 1) == 1 ? body(begin[0]) : 0);
    }
    ::close(begin[0]);
    begin_ = begin[1];
  }
  ~App() {
    ::close(begin_);
    if (pid_ > 0) kill();
  }
  App(const App&) = delete;

  void begin() const { ASSERT_EQ(::write(begin_, "g", 1), 1); }
  void kill() {
    ::kill(pid_, SIGKILL);
    wait();
  }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  int begin_ = -1;
};

class CrossProcessTest : public FolderTest {
 protected:
  std::string socket() const { return (folder_ / "app.sock").string(); }
  static int waitOn(int alive) {
    char nothing = 0;
    return static_cast<int>(::read(alive, &nothing, 1));
  }

  // Shares a database until it is killed, with one more record each time.
  int exporter(int alive) const {
    Database database = open("exporter");
    database.insert({{"from", "there"}});
    Topology topology;
    topology.listenLocal(topology.registerDatabase(database, "exporter"), socket(), kMayWrite);
    return waitOn(alive);
  }
};

TEST_F(CrossProcessTest, AnAppThatDiesAndComesBackIsFoundAgain) {
  App first([this](int alive) { return exporter(alive); }), second([this](int alive) { return exporter(alive); });
  Database importer = open("importer");
  Topology topology;
  ConnectionId id = topology.connectCrossApp(topology.registerDatabase(importer, "importer"), socket());
  Watched watched(topology, id);
  first.begin();
  watched.waitFor(ConnectionState::live);
  topology.synchronize(kPatience);
  EXPECT_EQ(importer.count(), 1u);
  first.kill();
  EXPECT_TRUE(std::filesystem::exists(socket())) << "it had no time to remove it";
  watched.waitFor(ConnectionState::offline);
  UUID meanwhile = importer.insert({{"from", "here"}});
  second.begin();
  watched.waitFor(ConnectionState::live);
  topology.synchronize(kPatience);
  EXPECT_EQ(importer.count(), 3u);
  second.kill();
  Database exporter = open("exporter");
  EXPECT_TRUE(exporter.fetch(meanwhile));
}

class OtherUserTest : public CrossProcessTest {
 protected:
  static constexpr std::uint32_t kNobody = 65534, kGroup = 54321;

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    std::filesystem::permissions(folder_, std::filesystem::perms::all);
  }
  // Runs an importer of another user, with `peers` as the rule for admission. Returns the code of its error, 0 for
  // none.
  int importer(const LocalPeers& peers) const {
    App other([this](int) {
      // It is in one more group than its user's.
      gid_t more = kGroup;
      if (::setgroups(1, &more) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) return 255;
      Database database = open("importer");
      Topology topology;
      ConnectionId id = topology.connectCrossApp(topology.registerDatabase(database, "importer"), socket());
      Watched watched(topology, id);
      ConnectionStatus status = watched.waitUntil([](const ConnectionStatus& now) {
        return now.state == ConnectionState::live || now.state == ConnectionState::stopped;
      });
      return status.error ? static_cast<int>(*status.error) : 0;
    });
    Database database = open("exporter");
    Topology topology;
    topology.listenLocal(topology.registerDatabase(database, "exporter"), socket(), {.peers = peers, .mode = 0666});
    other.begin();
    return other.wait();
  }
};

TEST_F(OtherUserTest, IsRefusedUnlessItIsNamed) {
  constexpr int kRefused = static_cast<int>(ErrorCode::NotAllowed);
  EXPECT_EQ(importer({}), kRefused);
  EXPECT_EQ(importer({.users = {kNobody + 1}, .groups = {kGroup + 1}}), kRefused);
  EXPECT_EQ(importer({.users = {kNobody}}), 0);
  EXPECT_EQ(importer({.groups = {kGroup}}), 0);
}

TEST_F(OtherUserTest, ItsSocketIsNotTrustedUnlessItIsNamed) {
  App other([this](int alive) {
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) return 255;
    Database database = open("exporter");
    Topology topology;
    topology.listenLocal(topology.registerDatabase(database, "exporter"), socket(),
                         {.peers = {.users = {0}}, .mode = 0666});
    return waitOn(alive);
  });
  Database importer = open("importer");
  Topology topology;
  NodeId node = topology.registerDatabase(importer, "importer");
  ConnectionId id = topology.connectCrossApp(node, socket());
  other.begin();
  EXPECT_EQ(Watched(topology, id).waitFor(ConnectionState::stopped).error, ErrorCode::NotAllowed);
  topology.disconnect(id);
  topology.connectCrossApp(node, socket(), ConnectionMode::bidirectional, {.peers = {.users = {kNobody}}});
  topology.synchronize(kPatience);
}

}  // namespace
}  // namespace blazedb
