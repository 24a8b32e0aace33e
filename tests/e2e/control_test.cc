// Commands on files that a running process has open. Here the process is `sync --watch`, which takes commands for both
// of its files.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

class Control : public CliTest {
 protected:
  Control() {
    makeDatabase("a.blazedb", SyncRole::server);
    makeDatabase("b.blazedb").collection("people").insert({{"name", "Ada"}});
    watch_ = std::make_unique<Process>(command({"sync", a_, b_, "--watch"}), withPassword());
    watch_->readUntil("verified");
  }

  const std::string a_ = path("a.blazedb");
  const std::string b_ = path("b.blazedb");
  std::unique_ptr<Process> watch_;
};

TEST_F(Control, ACommandOnAFileInUseIsRunByItsOwner) {
  std::string id = linesOf(succeed({"insert", a_, R"({"n": 1})"})).at(0);
  EXPECT_EQ(parsed(succeed({"get", a_, id})).integer("n"), 1);
  succeed({"update", a_, id, R"({"n": 2})"});
  EXPECT_EQ(parsed(succeed({"get", a_, id, "--json"})).integer("n"), 2);
  EXPECT_EQ(succeed({"count", a_}), "1\n");
  EXPECT_EQ(parsed(succeed({"info", a_, "--json"})).integer("records"), 2);
  EXPECT_EQ(parsed(succeed({"export", a_, "-c", "people"})).string("name"), "Ada");
  EXPECT_EQ(succeed({"conflicts", b_}), "no conflicts\n");
  EXPECT_EQ(succeed({"removed", b_}), "nothing was removed\n");
  succeed({"delete", a_, id});
  fail({"get", a_, id}, "NotFound");
  EXPECT_EQ(succeed({"count", a_}), "0\n");
}

// A script reads a line and goes on.
TEST_F(Control, CommandsWorkAsSoonAsAWatchedSyncHasPrintedALine) {
  std::string id = linesOf(succeed({"insert", a_, R"({"n": 1})"})).at(0);
  succeed({"stop", a_});
  for (const std::string& file : {a_, b_}) {
    watch_ = std::make_unique<Process>(command({"sync", a_, b_, "--watch"}), withPassword());
    watch_->readUntil("\n");
    EXPECT_EQ(parsed(succeed({"get", a_, id})).integer("n"), 1);
    EXPECT_EQ(succeed({"stop", file}), "");
    EXPECT_EQ(watch_->wait().status, 0);
  }
}

TEST_F(Control, TokensAreMadeWhileItRuns) {
  std::string secret = linesOf(succeed({"token", "create", a_, "--name", "laptop"})).at(0);
  EXPECT_NE(succeed({"token", "list", a_}).find("laptop"), std::string::npos);
  succeed({"token", "revoke", a_, "1"});
  EXPECT_EQ(succeed({"stop", a_}), "");
  Database a = open("a.blazedb");
  ASSERT_EQ(a.tokens().size(), 1u);
  EXPECT_TRUE(a.tokens()[0].revoked);
}

TEST_F(Control, StandardInputReachesTheOwner) {
  std::string long_(300'000, 'x');
  Result result = runWithInput({"insert", a_, "-"}, R"({"text": ")" + long_ + "\"}");
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(parsed(succeed({"get", a_, linesOf(result.out).at(0)})).string("text"), long_);
}

TEST_F(Control, MuchOutputArrivesWhole) {
  std::string text(1000, 'x');
  std::vector<Record> records(2000, Record{{"text", text}});
  {
    succeed({"stop", a_});
    open("a.blazedb").collection("many").insertMany(records);
    watch_ = std::make_unique<Process>(command({"sync", a_, b_, "--watch"}), withPassword());
    watch_->readUntil("verified");
  }
  EXPECT_EQ(linesOf(succeed({"export", b_, "-c", "many"})).size(), 2000u);
  // A reader of stdout that goes away early ends the command in both processes.
  Process head(command({"export", b_}), withPassword());
  head.readUntil("xxx");
  head.closeOutput();
  EXPECT_EQ(head.wait().status, 1);
  EXPECT_EQ(succeed({"count", b_, "-c", "many"}), "2000\n");
}

TEST_F(Control, PathsAreThoseOfWhoTypesThem) {
  std::string before = std::filesystem::current_path();
  std::filesystem::current_path(path(""));
  succeed({"backup", "a.blazedb", "copy.blazedb"});
  succeed({"export", "b.blazedb", "-o", "b.jsonl"});
  std::filesystem::current_path(before);
  EXPECT_EQ(open("copy.blazedb").collection("people").count(), 1u);
  EXPECT_EQ(parsed(linesOf(readFile(path("b.jsonl"))).at(0)).string("name"), "Ada");
}

TEST_F(Control, AWrongPasswordOpensNothing) {
  Result result = run({"count", a_}, {.environment = {{"BLAZEDB_PASSWORD", "wrong"}}});
  expectFailure(result, 1, "WrongPassword");
  expectFailure(run({"stop", a_}, {.environment = {{"BLAZEDB_PASSWORD", "wrong"}}}), 1, "WrongPassword");
  EXPECT_EQ(succeed({"count", a_}), "0\n");
}

TEST_F(Control, WhatIsNotForAFileInUseSaysWhoHasIt) {
  fail({"verify", a_}, "is open in process " + std::to_string(watch_->pid()));
  fail({"passwd", a_}, "DatabaseInUse");
}

TEST_F(Control, StopEndsTheOwnerAndReturnsWhenTheFileIsFree) {
  EXPECT_EQ(succeed({"stop", b_}), "");
  EXPECT_EQ(open("a.blazedb").collection("people").count(), 1u);
  EXPECT_EQ(watch_->wait().status, 0);
  EXPECT_FALSE(std::filesystem::exists(a_ + "-control"));
  EXPECT_FALSE(std::filesystem::exists(b_ + "-control"));
  fail({"stop", b_}, "nothing to stop");
}

TEST_F(Control, TheSocketIsForItsUserAlone) {
  struct stat info {};
  ASSERT_EQ(stat((a_ + "-control").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

// If this test runs as root, it can try the command as another user.
TEST_F(Control, AnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  for (const std::string& name : {path(""), a_}) std::filesystem::permissions(name, std::filesystem::perms::all);
  auto asNobody = [&](const std::vector<std::string>& words) {
    std::vector<std::string> all = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    for (const std::string& word : command(words)) all.push_back(word);
    return Process(all, withPassword()).wait();
  };
  expectFailure(asNobody({"count", a_}), 1, "another user");
  // Also where the permissions of the socket are too wide.
  std::filesystem::permissions(a_ + "-control", std::filesystem::perms::all);
  expectFailure(asNobody({"count", a_}), 1, "another user");
}

TEST_F(Control, WhatAKilledProcessHasLeftIsNoHindrance) {
  watch_->send(SIGKILL);
  watch_->wait();
  ASSERT_TRUE(std::filesystem::exists(a_ + "-control"));
  // No process has the file open: the command opens it.
  EXPECT_EQ(succeed({"count", b_, "-c", "people"}), "1\n");
  {
    // A process that takes no commands has it open, and the socket of the dead process is still there.
    Database held = open("a.blazedb");
    fail({"count", a_}, "is open in process " + std::to_string(getpid()));
  }
  watch_ = std::make_unique<Process>(command({"sync", a_, b_, "--watch"}), withPassword());
  watch_->readUntil("verified");
  EXPECT_EQ(succeed({"count", a_, "-c", "people"}), "1\n");
}

TEST_F(Control, AFileHasOneSocketByWhateverNameItIsCalled) {
  succeed({"stop", a_});
  std::filesystem::create_symlink(a_, path("link.blazedb"));
  watch_ = std::make_unique<Process>(command({"sync", path("link.blazedb"), b_, "--watch"}), withPassword());
  watch_->readUntil("verified");
  EXPECT_EQ(succeed({"count", a_, "-c", "people"}), "1\n");
  EXPECT_EQ(succeed({"count", path("link.blazedb"), "-c", "people"}), "1\n");
}

TEST_F(Control, ALongPathIsReachedToo) {
  succeed({"stop", a_});
  std::string folder = path(std::string(120, 'd'));
  std::filesystem::create_directory(folder);
  std::string file = folder + "/" + std::string(100, 'f') + ".blazedb";
  std::filesystem::rename(a_, file);
  watch_ = std::make_unique<Process>(command({"sync", file, b_, "--watch"}), withPassword());
  watch_->readUntil("verified");
  EXPECT_EQ(succeed({"count", file, "-c", "people"}), "1\n");
  EXPECT_EQ(succeed({"stop", file}), "");
}

}  // namespace
}  // namespace blazedb::e2e
