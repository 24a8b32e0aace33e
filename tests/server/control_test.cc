// The control socket against processes that break its protocol: no proof, a wrong proof, another user, silence,
// garbage.
#include "server/control_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <fstream>
#include <functional>
#include <future>
#include <list>
#include <mutex>
#include <thread>

#include "db/open_database.h"
#include "server/control_client.h"
#include "storage/database_file.h"
#include "storage/posix_file_system.h"
#include "support/files_max.h"
#include "sync/frames.h"

namespace blazedb::server {
namespace {

class ControlSocketTest : public FolderTest {
 protected:
  ControlSocket connected() { return ControlSocket(connectBeside(db_.path())); }
  crypto::SecretBytes key(const std::string& name) {
    std::unique_ptr<storage::File> file;
    EXPECT_EQ(files_.open(path(name), storage::Access::readOnly, file), storage::IoStatus::ok);
    return storage::DatabaseFile::controlKeyOf(
        storage::readHeader(*file, path(name), storage::KeySource::password(kPassword), random_));
  }
  // Goes as far as the owner's answer to a proof. Returns whether the owner admitted the command.
  bool admitted(ControlSocket& socket, base::ByteView controlKey, const char* purpose = kCommandProof) {
    Nonce ours{}, theirs;
    base::Bytes hello = {kControlVersion};
    base::append(hello, ours);
    EXPECT_TRUE(socket.send(Kind::hello, hello));
    std::optional<base::Bytes> nonce = socket.receive(Kind::nonce, theirs.size());
    if (!nonce) return false;
    std::copy(nonce->begin(), nonce->end(), theirs.begin());
    EXPECT_TRUE(socket.send(Kind::proof, controlProof(controlKey, purpose, ours, theirs).view()));
    return socket.receive(Kind::welcome, 32).has_value();
  }
  // The reason that the owner sends instead of running the command, before it hangs up.
  static std::optional<ErrorCode> refusal(ControlSocket& socket) {
    std::optional<ControlFrame> last = socket.receive();
    EXPECT_FALSE(socket.receive());
    if (!last || last->kind != Kind::refused) return std::nullopt;
    return sync::decodeBye(last->payload).value().code;
  }
  static bool sendCommand(ControlSocket& socket) {
    base::Bytes command;
    base::appendSized(command, base::viewOf("/"));
    base::appendSized(command, base::viewOf("count"));
    return socket.send(Kind::command, command);
  }

  storage::PosixFileSystem files_;
  base::SystemRandom random_;
  Database db_ = open("db");
  std::atomic<int> runs_{0};
  std::mutex mutex_;
  std::vector<ErrorCode> refused_;  // what ControlServer reported to its owner
  std::optional<ControlServer> server_;
  std::function<void(ControlCaller&)> whileItRuns_ = [](ControlCaller&) {};
  ControlSocketTest() { listen(std::chrono::seconds(5)); }
  bool wasRefused(ErrorCode code) {
    std::lock_guard lock(mutex_);
    return std::find(refused_.begin(), refused_.end(), code) != refused_.end();
  }
  void listen(std::chrono::milliseconds toAdmit) {
    server_.reset();
    auto run = [this](const Database& database, const ControlRequest& request, ControlCaller& caller) {
      runs_++;
      whileItRuns_(caller);
      caller.out(database.name() + " " + request.words.at(0));
      return 7;
    };
    server_.emplace(std::vector{db_}, run, toAdmit,
                    [this](const Database&, const std::string& who, const sync::Bye& why) {
                      EXPECT_TRUE(who.starts_with("process ")) << who;
                      std::lock_guard lock(mutex_);
                      refused_.push_back(why.code);
                    });
  }
};

TEST_F(ControlSocketTest, WhoHasTheKeyIsLetIn) {
  ControlSocket socket = connected();
  ASSERT_TRUE(admitted(socket, key("db").view()));
  ASSERT_TRUE(sendCommand(socket));
  EXPECT_EQ(base::textOf(socket.receive().value().payload), "db count");
  EXPECT_EQ(socket.receive(Kind::exit, 1).value()[0], 7);
}

TEST_F(ControlSocketTest, TheClientGetsOutputAndStatus) {
  std::optional<ControlClient> client = ControlClient::connect(db_.path());
  ASSERT_TRUE(client);
  client->authenticate(kPassword);
  std::string out;
  ControlStreams streams{[&](std::string_view text) { out += text; }, [](std::string_view) {},
                         [](const std::string&) { return ""; }, [](int) { return true; }};
  EXPECT_EQ(client->run("/", {"info"}, streams), 7);
  EXPECT_EQ(out, "db info");
}

// What a command reads: the file that the owner names, part by part.
TEST_F(ControlSocketTest, TheClientReadsWhatTheOwnerAsksFor) {
  std::string got;
  whileItRuns_ = [&](ControlCaller& caller) {
    while (std::optional<std::string> part = caller.input("a.jsonl")) {
      if (part->empty()) break;
      got += *part + ".";
    }
    EXPECT_FALSE(caller.hasGone());
  };
  std::optional<ControlClient> client = ControlClient::connect(db_.path());
  client->authenticate(kPassword);
  std::vector<std::string> parts = {"", "two", "one"};
  ControlStreams streams{[](std::string_view) {}, [](std::string_view) {},
                         [&](const std::string& path) {
                           EXPECT_EQ(path, "a.jsonl");
                           std::string part = parts.back();
                           parts.pop_back();
                           return part;
                         },
                         [](int) { return true; }};
  EXPECT_EQ(client->run("/", {"import", "a.jsonl", "-"}, streams), 7);
  EXPECT_EQ(got, "one.two.");
}

TEST_F(ControlSocketTest, TheClientReadsNothingThatItsCommandDoesNotName) {
  whileItRuns_ = [](ControlCaller& caller) { EXPECT_EQ(caller.input("secret"), std::nullopt); };
  std::optional<ControlClient> client = ControlClient::connect(db_.path());
  client->authenticate(kPassword);
  bool read = false;
  ControlStreams streams{[](std::string_view) {}, [](std::string_view) {},
                         [&](const std::string&) {
                           read = true;
                           return "secret";
                         },
                         [](int) { return true; }};
  EXPECT_ERROR(Offline, client->run("/", {"import", "a.jsonl"}, streams));
  EXPECT_FALSE(read);
}

// The owner notices, ends the work, and still says what came of it.
TEST_F(ControlSocketTest, ACommandThatIsToEndIsAnsweredToo) {
  for (bool whileItWaitsForInput : {false, true}) {
    std::optional<std::string> typed = "not asked for";
    whileItRuns_ = [&](ControlCaller& caller) {
      if (whileItWaitsForInput) typed = caller.input("-");
      while (!caller.hasGone()) std::this_thread::yield();
    };
    std::optional<ControlClient> client = ControlClient::connect(db_.path());
    client->authenticate(kPassword);
    std::string out;
    ControlStreams streams{[&](std::string_view text) { out += text; }, [](std::string_view) {},
                           [](const std::string&) { return std::nullopt; }, [&](int) { return whileItWaitsForInput; }};
    EXPECT_EQ(client->run("/", {"import", "a.jsonl", "-"}, streams), 7);
    EXPECT_EQ(out, "db import");
    EXPECT_EQ(typed.has_value(), !whileItWaitsForInput);
  }
}

TEST_F(ControlSocketTest, APasswordThatIsWrongIsSaidBeforeAnythingIsSent) {
  std::optional<ControlClient> client = ControlClient::connect(db_.path());
  ASSERT_TRUE(client);
  EXPECT_ERROR(WrongPassword, client->authenticate("battery staple"));
}

TEST_F(ControlSocketTest, TheKeyOutlivesAChangeOfThePassword) {
  db_.changePassword(kPassword, "battery staple");
  std::optional<ControlClient> client = ControlClient::connect(db_.path());
  EXPECT_ERROR(WrongPassword, client->authenticate(kPassword));
  client->authenticate("battery staple");
}

TEST_F(ControlSocketTest, WithoutTheKeyNothingRuns) {
  open("other");
  const base::Bytes zeros(32, 0);
  crypto::SecretBytes others = key("other"), own = key("db");
  struct {
    const char* what;
    base::ByteView key;
    const char* purpose;
  } const cases[] = {{"a guess", zeros, kCommandProof},
                     {"another database's key", others.view(), kCommandProof},
                     {"the owner's own proof, sent back", own.view(), kOwnerProof}};
  for (const auto& wrong : cases) {
    ControlSocket socket = connected();
    EXPECT_FALSE(admitted(socket, wrong.key, wrong.purpose)) << wrong.what;
    sendCommand(socket);
    EXPECT_FALSE(socket.receive()) << wrong.what;
    EXPECT_TRUE(wasRefused(ErrorCode::WrongPassword)) << wrong.what;
  }
  EXPECT_EQ(runs_, 0);
}

TEST_F(ControlSocketTest, ACommandWithoutAProofIsNotRun) {
  ControlSocket socket = connected();
  sendCommand(socket);
  EXPECT_EQ(refusal(socket), ErrorCode::ProtocolError);
  EXPECT_EQ(runs_, 0);
}

TEST_F(ControlSocketTest, AnOldProofIsWorthNothing) {
  crypto::SecretBytes own = key("db");
  Nonce ours{}, first, second;
  base::Bytes hello(1 + ours.size(), 0);
  hello[0] = kControlVersion;
  ControlSocket socket = connected(), again = connected();
  socket.send(Kind::hello, hello);
  std::optional<base::Bytes> nonce = socket.receive(Kind::nonce, 32);
  std::copy(nonce->begin(), nonce->end(), first.begin());
  crypto::SecretBytes proof = controlProof(own.view(), kCommandProof, ours, first);
  again.send(Kind::hello, hello);
  nonce = again.receive(Kind::nonce, 32);
  std::copy(nonce->begin(), nonce->end(), second.begin());
  EXPECT_NE(first, second);
  again.send(Kind::proof, proof.view());
  EXPECT_EQ(refusal(again), ErrorCode::WrongPassword);
}

TEST_F(ControlSocketTest, GarbageAndSizesThatCannotBeAreHungUpOn) {
  for (const base::Bytes& bytes : {base::Bytes{'h', 0xFF, 0xFF, 0xFF, 0xFF}, base::Bytes(1000, 'G'),
                                   base::Bytes{'h', 1, 0, 0, 0, 1}, base::Bytes{'c', 0, 0, 0, 0}}) {
    ControlSocket socket = connected();
    ASSERT_GT(::send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
    EXPECT_EQ(refusal(socket), ErrorCode::ProtocolError);
    EXPECT_TRUE(wasRefused(ErrorCode::ProtocolError));
  }
}

TEST_F(ControlSocketTest, WhoSaysNothingIsNotWaitedForLong) {
  listen(std::chrono::milliseconds(500));
  crypto::SecretBytes own = key("db");
  ControlSocket silent = connected(), admittedAndSilent = connected();
  ASSERT_TRUE(admitted(admittedAndSilent, own.view()));
  EXPECT_EQ(refusal(silent), ErrorCode::Timeout);  // returns only if the server ends the connection
  EXPECT_EQ(refusal(admittedAndSilent), ErrorCode::Timeout);
  EXPECT_TRUE(wasRefused(ErrorCode::Timeout));
}

// Deriving the key takes seconds on a busy machine, so the client begins the conversation once it has the key.
TEST_F(ControlSocketTest, WhoNeedsLongForItsKeyIsHeard) {
  listen(std::chrono::milliseconds(300));
  std::optional<ControlClient> client = ControlClient::connect(db_.path());
  ControlSocket silent = connected();
  EXPECT_EQ(refusal(silent), ErrorCode::Timeout);  // a conversation that began with the client would be over by now
  client->authenticate(kPassword);
}

TEST_F(ControlSocketTest, TheOneTooManyIsToldSo) {
  listen(std::chrono::minutes(1));
  std::list<ControlSocket> others;
  for (int i = 0; i < 16; i++) others.push_back(connected());
  ControlSocket last = connected();
  EXPECT_EQ(refusal(last), ErrorCode::TooManyAttempts);
  EXPECT_TRUE(wasRefused(ErrorCode::TooManyAttempts));
  std::optional<ControlClient> client = ControlClient::connect(db_.path());
  EXPECT_ERROR(TooManyAttempts, client->authenticate(kPassword));
}

TEST_F(ControlSocketTest, WhoGoesByHimselfIsNotTalkedOf) {
  { ControlSocket gone = connected(); }
  server_.reset();  // it has handled every connection, this one perhaps in its destructor
  for (ErrorCode code : refused_) EXPECT_EQ(code, ErrorCode::HubStopping);
}

// Single bytes: each comes in time, but the whole frame would take days.
TEST_F(ControlSocketTest, NeitherIsWhoSpeaksSlowly) {
  listen(std::chrono::milliseconds(50));
  ControlSocket slow = connected();
  const base::Bytes head = {'h', 0, 0, 16, 0};  // a megabyte will follow
  ASSERT_EQ(::send(slow.fd(), head.data(), head.size(), MSG_NOSIGNAL), 5);
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  pollfd between{slow.fd(), POLLRDHUP, 0};
  while (poll(&between, 1, 5) == 0 && std::chrono::steady_clock::now() < deadline)
    ::send(slow.fd(), "x", 1, MSG_NOSIGNAL);
  EXPECT_TRUE(slow.peerHasGone());
}

#ifdef BLAZEDB_MEASURES_MEMORY  // UBSan needs file descriptors too (findings/ubsan_vptr_without_files.sh)
TEST_F(ControlSocketTest, WhoCannotBeAcceptedYetCostsNothing) {
  std::optional<test::FilesMax> few(test::nextFile() + 1);
  ControlSocket socket = connected();  // takes the last file descriptor
  std::clock_t before = std::clock();
  pollfd ended{socket.fd(), POLLRDHUP, 0};
  EXPECT_EQ(poll(&ended, 1, 400), 0);
  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 10) << "it has asked all the time";
  few.reset();
  EXPECT_TRUE(admitted(socket, key("db").view()));
}
#endif

// A running command has no time limit, and neither has its input.
TEST_F(ControlSocketTest, TheLimitIsForTheQuestionAndNotForTheAnswer) {
  listen(std::chrono::milliseconds(500));
  crypto::SecretBytes own = key("db");
  std::optional<std::string> typed;
  whileItRuns_ = [&](ControlCaller& caller) { typed = caller.input("-"); };
  ControlSocket socket = connected();
  ASSERT_TRUE(admitted(socket, own.view()));
  ASSERT_TRUE(sendCommand(socket));
  ASSERT_EQ(base::textOf(socket.receive(Kind::input, 1).value()), "-");
  pollfd quiet{socket.fd(), POLLIN, 0};
  EXPECT_EQ(poll(&quiet, 1, 600), 0) << "it has hung up";
  ASSERT_TRUE(socket.send(Kind::input, base::viewOf("late")));
  EXPECT_EQ(base::textOf(socket.receive().value().payload), "db count");
  EXPECT_EQ(typed, "late");
}

TEST_F(ControlSocketTest, TheServerEndsWhileSomebodyIsSilent) {
  ControlSocket silent = connected();
  ControlSocket admittedAndSilent = connected();
  ASSERT_TRUE(admitted(admittedAndSilent, key("db").view()));
}

TEST_F(ControlSocketTest, WhatRunsWhenTheServerEndsIsAnswered) {
  std::promise<void> running;
  whileItRuns_ = [&](ControlCaller& caller) {
    running.set_value();
    while (!caller.hasGone()) std::this_thread::yield();
    key("db");  // takes a while
  };
  ControlSocket socket = connected();
  ASSERT_TRUE(admitted(socket, key("db").view()));
  ASSERT_TRUE(sendCommand(socket));
  running.get_future().wait();
  std::jthread end([&] { server_.reset(); });
  EXPECT_EQ(base::textOf(socket.receive().value().payload), "db count");
  EXPECT_TRUE(socket.receive(Kind::exit, 1));
}

TEST_F(ControlSocketTest, AnotherUserIsNotHeard) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  for (const std::string& name : {folder_.string(), db_.path() + "-control"})
    std::filesystem::permissions(name, std::filesystem::perms::all);
  base::Bytes hello(1 + kControlNonceBytes, 0);
  hello[0] = kControlVersion;
  const std::string path = db_.path();
  pid_t child = fork();
  if (child == 0) {
    if (setuid(65534) != 0) _exit(2);
    ControlSocket socket(connectBeside(path));
    if (socket.fd() < 0) _exit(3);
    socket.send(Kind::hello, hello);
    _exit(socket.receive() ? 4 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(ControlSocketTest, WhatElseHasItsNameIsNamedAndNotTakenAway) {
  namespace fs = std::filesystem;
  const std::string taken = path("held") + "-control";
  Database held = open("held");
  const std::pair<std::string, std::function<void()>> kinds[] = {
      {"a folder", [&] { fs::create_directory(taken); }},
      {"a file", [&] { std::ofstream(taken) << "mine"; }},
      {"a symbolic link", [&] { fs::create_symlink("nowhere", taken); }},
      {"no file and no socket", [&] { EXPECT_EQ(mkfifo(taken.c_str(), 0600), 0); }}};
  for (const auto& [kind, make] : kinds) {
    make();
    try {
      ControlServer control({held}, [](auto&, auto&, auto&) { return 0; });
      ADD_FAILURE() << kind;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::IoError);
      EXPECT_NE(std::string(error.what()).find(taken + " is " + kind + "; move that away"), std::string::npos)
          << error.what();
    }
    EXPECT_TRUE(fs::exists(fs::symlink_status(taken)));
    fs::remove(taken);
  }
}

}  // namespace
}  // namespace blazedb::server
