// Links over unix sockets: the same conversation, at a path.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "link/hub_fixture.h"

namespace blazedb::link {
namespace {

class UnixLinkTest : public HubTest {
 protected:
  UnixLinkTest() { options.path = file("app.sock"); }

  // Admits every process that can connect to the socket, and remembers it.
  void listenAtPath() {
    acceptor = std::make_unique<Acceptor>(
        io, clock, options, [this](const Knock&) { return served(); },
        [this](const Knock& knock, const PeerInfo& peer) -> Admission {
          EXPECT_EQ(knock.database, kOnlyDatabase);
          EXPECT_TRUE(knock.token.empty());
          seen = peer.credentials;
          return Guest{std::shared_ptr<sync::Store>(std::shared_ptr<void>(), hub.engine.get()), {}, {}};
        },
        [this](const Served& served) { hubHeard.note(served.status); });
    hubListener = hub->addFeedListener([this] { acceptor->feedMoved(*hub.engine); });
  }
  RemoteOptions toPath() const {
    RemoteOptions remote;
    remote.path = options.path;
    remote.database = kOnlyDatabase;
    return remote;
  }
  std::filesystem::perms modeOf(const std::string& path) const {
    return std::filesystem::symlink_status(path).permissions();
  }
  // A socket that a dead process left behind.
  static void leaveSocket(const std::string& path) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    ASSERT_EQ(::listen(fd, 1), 0);
    ::close(fd);
  }
  void expectRefused(ErrorCode code, const std::string& about) {
    std::string message = test::messageOf([&] { SocketFile refused(options.path, 0600); });
    EXPECT_TRUE(message.starts_with(errorName(code))) << message;
    EXPECT_NE(message.find(about), std::string::npos) << message;
  }

  std::optional<Credentials> seen;
};

TEST_F(UnixLinkTest, WhatIsWrittenAtOneEndIsAtTheOther) {
  listenAtPath();
  Client a(*this, 1);
  expectBothWays(a, toPath());
}

TEST_F(UnixLinkTest, TheKernelSaysWhoConnects) {
  listenAtPath();
  Client a(*this, 1);
  a.connect(*this, toPath());
  ASSERT_TRUE(a.link->waitSynchronized(soonUs()));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->pid, ::getpid());
  EXPECT_EQ(seen->uid, ::geteuid());
  EXPECT_EQ(seen->gid, ::getegid());
  std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
  ASSERT_GE(::getgroups(static_cast<int>(groups.size()), groups.data()), 0);
  EXPECT_EQ(seen->groups, groups);
  ASSERT_EQ(acceptor->served().size(), 1u);
  EXPECT_EQ(acceptor->served()[0].peer.address, seen->text());
}

TEST_F(UnixLinkTest, NothingIsCompressed) {
  listenAtPath();
  Client a(*this, 1);
  a.connect(*this, toPath());
  ASSERT_TRUE(a.link->waitSynchronized(soonUs()));
  std::uint64_t before = a.link->status().bytes;
  hub.insert({{"text", std::string(100'000, 'a')}});
  ASSERT_TRUE(a.link->waitSynchronized(soonUs()));
  EXPECT_GT(a.link->status().bytes, before + 100'000);
}

// Long before the next automatic try.
TEST_F(UnixLinkTest, WhoeverWaitsHearsOfTheSocketThatAppears) {
  Client a(*this, 1);
  a.connect(*this, toPath());
  std::int64_t nextTryMs = 0;
  ASSERT_TRUE(a.heard.wait([&](const LinkStatus& status) {
    nextTryMs = status.nextTryMs;
    return status.state == LinkState::offline && nextTryMs > 700;
  }));
  EXPECT_EQ(a.link->status().error->code, ErrorCode::Offline);
  EXPECT_NE(a.link->status().error->text.find(options.path +
                                              ": no process listens there; it has not started, or it has ended"),
            std::string::npos)
      << a.link->status().error->text;
  std::int64_t begunUs = clock.monotonicUs();
  listenAtPath();
  ASSERT_TRUE(a.heard.waitFor(LinkState::live));
  EXPECT_LT(clock.monotonicUs() - begunUs, nextTryMs * 1000 / 2);
}

TEST_F(UnixLinkTest, AFolderThatDoesNotExistYetIsTriedOnceASecond) {
  options.path = file("later/app.sock");
  Client a(*this, 1);
  a.connect(*this, toPath());
  for (int i = 0; i < 6; i++)  // the sixth try would come after at least 1.6 seconds
    ASSERT_TRUE(a.heard.wait([&](const LinkStatus& status) {
      EXPECT_LE(status.nextTryMs, 1000);
      return status.state == LinkState::offline;
    }));
  std::filesystem::create_directory(file("later"));
  listenAtPath();
  EXPECT_TRUE(a.heard.waitFor(LinkState::live));
}

TEST_F(UnixLinkTest, GoesOnWhenTheListenerIsBack) {
  listenAtPath();
  Client a(*this, 1);
  a.connect(*this, toPath());
  ASSERT_TRUE(a.link->waitSynchronized(soonUs()));
  stopListening();
  ASSERT_TRUE(a.heard.waitFor(LinkState::offline));
  EXPECT_FALSE(std::filesystem::exists(options.path));
  UUID meanwhile = hub.insert({{"n", 1}});
  UUID here = a.replica.insert({{"n", 2}});
  listenAtPath();
  ASSERT_TRUE(a.link->waitSynchronized(soonUs()));
  EXPECT_TRUE(a.replica.fetch(meanwhile));
  EXPECT_TRUE(hub.fetch(here));
}

TEST_F(UnixLinkTest, WhoeverListensMustBeAllowedTo) {
  listenAtPath();
  Client a(*this, 1);
  RemoteOptions remote = toPath();
  remote.checkListener = [](const Credentials& listener) -> std::optional<sync::Bye> {
    EXPECT_EQ(listener.pid, ::getpid());
    return sync::Bye{ErrorCode::NotAllowed, "not that one"};
  };
  a.connect(*this, remote);
  ASSERT_TRUE(a.heard.waitFor(LinkState::stopped));
  EXPECT_EQ(a.link->status().error->code, ErrorCode::NotAllowed);
  EXPECT_FALSE(seen);
}

TEST_F(UnixLinkTest, OurOwnUserAndRootAreNoStrangers) {
  Credentials listener{1, ::geteuid(), 0};
  EXPECT_FALSE(refuseStranger(listener));
  listener.uid = 0;
  EXPECT_FALSE(refuseStranger(listener));
  listener.uid = ::geteuid() + 1;
  EXPECT_EQ(refuseStranger(listener)->code, ErrorCode::NotAllowed);
}

TEST_F(UnixLinkTest, ASocketThatWasLeftBehindIsReplaced) {
  leaveSocket(options.path);
  Client a(*this, 1);
  a.connect(*this, toPath());
  ASSERT_TRUE(a.heard.waitFor(LinkState::offline));
  EXPECT_NE(a.link->status().error->text.find("no process listens there any more"), std::string::npos);
  listenAtPath();
  EXPECT_TRUE(a.heard.waitFor(LinkState::live));
}

TEST_F(UnixLinkTest, WhatIsNoSocketStays) {
  std::ofstream(options.path) << "precious";
  expectRefused(ErrorCode::AlreadyExists, "not a socket");
  std::string text;
  std::ifstream(options.path) >> text;
  EXPECT_EQ(text, "precious");

  std::filesystem::remove(options.path);
  std::filesystem::create_directory(options.path);
  expectRefused(ErrorCode::AlreadyExists, "not a socket");
  EXPECT_TRUE(std::filesystem::is_directory(options.path));
}

TEST_F(UnixLinkTest, ASymbolicLinkIsFollowedByNeitherEnd) {
  std::string path = options.path;
  options.path = file("real.sock");
  listenAtPath();
  std::filesystem::create_symlink(options.path, path);
  options.path = path;
  expectRefused(ErrorCode::AlreadyExists, "not a socket");
  EXPECT_TRUE(std::filesystem::is_symlink(path));
  Client a(*this, 1);
  a.connect(*this, toPath());
  ASSERT_TRUE(a.heard.waitFor(LinkState::offline));
  EXPECT_NE(a.link->status().error->text.find("symbolic link"), std::string::npos);
  EXPECT_FALSE(seen);
}

TEST_F(UnixLinkTest, ASocketInUseStaysAndItsOwnerIsNamed) {
  listenAtPath();
  expectRefused(ErrorCode::IoError, "in use by pid " + std::to_string(::getpid()));
  Client a(*this, 1);
  a.connect(*this, toPath());
  EXPECT_TRUE(a.link->waitSynchronized(soonUs()));
}

TEST_F(UnixLinkTest, APathThatIsTooLongIsNamedWithItsLengthAndTheLimit) {
  options.path = file(std::string(kSocketPathBytesMax - folder.string().size() - 1, 'x'));
  ASSERT_EQ(options.path.size(), kSocketPathBytesMax);
  { SocketFile longest(options.path, 0600); }
  options.path += 'x';
  expectRefused(ErrorCode::InvalidArgument, "107 bytes, and this one has 108");
  expectRefused(ErrorCode::InvalidArgument, options.path);
}

TEST_F(UnixLinkTest, AFolderThatIsNotThereIsSaidToBe) {
  options.path = file("no/app.sock");
  expectRefused(ErrorCode::IoError, "the folder: No such file");
}

TEST_F(UnixLinkTest, TheModeIsTheOneAskedForWhateverTheUmask) {
  using std::filesystem::perms;
  mode_t before = ::umask(0);
  {
    SocketFile open(options.path, 0600);
    EXPECT_EQ(modeOf(options.path), perms::owner_read | perms::owner_write);
  }
  ::umask(0777);
  {
    SocketFile open(options.path, 0660);
    EXPECT_EQ(modeOf(options.path), perms::owner_read | perms::owner_write | perms::group_read | perms::group_write);
  }
  ::umask(before);
}

TEST_F(UnixLinkTest, OnlyOnesOwnSocketIsRemoved) {
  {
    SocketFile mine(options.path, 0600);
    std::filesystem::remove(options.path);
    leaveSocket(options.path);
  }
  EXPECT_TRUE(std::filesystem::exists(options.path));
  { SocketFile mine(options.path, 0600); }
  EXPECT_FALSE(std::filesystem::exists(options.path));
}

// All find the same stale socket at once. An acceptor that did not lock the folder first would remove the socket that
// another had just made.
TEST_F(UnixLinkTest, OfManyThatBeginAtOnceOneListens) {
  for (int round = 0; round < 30; round++) {
    leaveSocket(options.path);
    std::atomic<int> ready = 0, listening = 0, through = 0;
    std::vector<std::thread> threads;
    constexpr int kThreads = 6;
    for (int i = 0; i < kThreads; i++)
      threads.emplace_back([&] {
        for (ready++; ready < kThreads;) std::this_thread::yield();
        std::optional<SocketFile> mine;
        try {
          mine.emplace(options.path, 0600);
          listening++;
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), ErrorCode::IoError) << error.what();
        }
        for (through++; through < kThreads;) std::this_thread::yield();
      });
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(listening, 1) << "round " << round;
    ASSERT_FALSE(std::filesystem::exists(options.path));
  }
}

// Another user, if this test may change its user: the mode of the socket keeps it out.
TEST_F(UnixLinkTest, AnotherUserDoesNotGetThrough) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  std::filesystem::permissions(folder, std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
  SocketFile own(options.path, 0600);
  SocketFile everybody(file("everybody.sock"), 0666);
  pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(3);
    if (dial(options.path).error != EACCES) ::_exit(1);
    ::_exit(dial(file("everybody.sock")).socket ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "it exited with " << WEXITSTATUS(status);
  int accepted = ::accept(everybody.socket().get(), nullptr, nullptr);
  ASSERT_GE(accepted, 0);
  std::optional<Credentials> who = credentialsOf(accepted);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->uid, 65534u);
  EXPECT_EQ(who->pid, child);
  ::close(accepted);
}

}  // namespace
}  // namespace blazedb::link
