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

TEST_F(Control, WhatNeedsTheFileForItselfSaysWhatToType) {
  makeDatabase("c.blazedb");
  const std::string c = path("c.blazedb");
  auto failsOver = [&](const std::string& file, const std::vector<std::string>& words) {
    fail(words, words[0] + " needs the file for itself: run blazedb stop " + file + ", then this command again");
  };
  fail({"renew", a_}, "DatabaseInUse: " + a_ + " is open in process " + std::to_string(watch_->pid()));
  for (const std::string command : {"passwd", "renew", "restamp", "release"}) failsOver(a_, {command, a_});
  const std::string passwordFile = writeFile("password", std::string(kPassword) + "\n");
  fail({"renew", a_, "--password-file", passwordFile},
       "run blazedb stop " + a_ + " --password-file " + passwordFile + ", then this command again");
  failsOver(a_, {"set", a_, "--role", "server"});
  for (const std::string command : {"diff", "sync"}) {
    failsOver(a_, {command, a_, c});
    failsOver(b_, {command, c, b_});
  }
  failsOver(a_, {"sync", a_, "127.0.0.1:1/hub", "--no-tls", "--encryption", "smartProxy"});
  failsOver(a_, {"attach", a_, "--group", "apps", "--root", path("groups"), "--database", "notes"});
  failsOver(a_, {"share", a_, "--group", "apps", "--root", path("groups")});
  failsOver(a_, {"serve", c, a_, "--port", "0"});
  EXPECT_FALSE(std::filesystem::exists(path("groups")));
  // As it says.
  std::string replica = parsed(succeed({"info", a_, "--json"})).string("replica").value();
  succeed({"stop", a_});
  EXPECT_NE(succeed({"renew", a_}).find("is now replica"), std::string::npos);
  EXPECT_NE(parsed(succeed({"info", a_, "--json"})).string("replica"), replica);
}

TEST_F(Control, VerifyIsRunByTheOwner) {
  EXPECT_EQ(succeed({"verify", b_}), b_ + ": every page is authentic; 1 record in the collection people, all sound\n");
}

// The numbers as lines of JSON.
std::string lines(int from, int to) {
  std::string text;
  for (int n = from; n <= to; n++) text += "{\"n\": " + std::to_string(n) + "}\n";
  return text;
}

TEST_F(Control, ImportStoresThroughTheOwner) {
  std::string file = writeFile("lines.jsonl", lines(1, 2500));
  EXPECT_NE(succeed({"import", a_, file}).find("stored 2,500 records"), std::string::npos);
  EXPECT_EQ(succeed({"count", a_}), "2500\n");
  EXPECT_EQ(runWithInput({"import", a_, "-"}, lines(1, 10)).err, "");
  // A file that is there for the process of the command alone.
  EXPECT_EQ(runWithInput({"import", a_, "/dev/stdin"}, lines(1, 10)).err, "");
  EXPECT_EQ(succeed({"count", a_}), "2520\n");
  std::string before = std::filesystem::current_path();
  std::filesystem::current_path(path(""));
  EXPECT_EQ(parsed(succeed({"import", "a.blazedb", "lines.jsonl", "--json"})).integer("inserted"), 2500);
  std::filesystem::current_path(before);
  // What was imported is a write of the database, and comes to the other.
  succeed({"stop", a_});
  succeed({"sync", a_, b_});
  EXPECT_EQ(succeed({"count", b_}), "5020\n");
}

TEST_F(Control, AnImportThatFailsAtTheOwnerSaysWhatIsStored) {
  fail({"import", a_, path("none.jsonl")}, "NotFound: cannot open " + path("none.jsonl"));
  fail({"import", a_, path("")}, "is a folder");
  fail({"import", a_, writeFile("bad.jsonl", lines(1, 1100) + "{\"n\"\n")}, "bad.jsonl line 1101: column 4: ");
  fail({"import", a_, path("bad.jsonl")}, "lines 1 to 1000 are stored; continue with --from-line 1001");
  EXPECT_EQ(succeed({"count", a_}), "2000\n");
}

// An import whose input is open, and of which the first batch is stored.
class ImportAtOwner : public Control {
 protected:
  ImportAtOwner() {
    ProcessOptions options = withPassword();
    options.hasInput = true;
    import_ = std::make_unique<Process>(command({"import", a_, "-"}), options);
    import_->write(lines(1, 1500));
    // Commands that come meanwhile do not wait for it.
    waitFor("the first batch", [&] { return succeed({"count", a_}) == "1000\n"; });
  }

  static constexpr const char* kStored = "lines 1 to 1000 are stored; continue with --from-line 1001";
  std::unique_ptr<Process> import_;
};

TEST_F(ImportAtOwner, WhenItIsInterruptedItSaysWhatIsStored) {
  import_->send(SIGINT);
  expectFailure(import_->wait(), 1, kStored);
  EXPECT_EQ(succeed({"count", a_}), "1000\n");
  succeed({"import", a_, writeFile("lines.jsonl", lines(1, 1500)), "--from-line", "1001"});
  EXPECT_EQ(succeed({"count", a_}), "1500\n");
}

TEST_F(ImportAtOwner, WhenItIsKilledWholeBatchesAreStored) {
  import_->write("{\"n\": 15");
  import_->send(SIGKILL);
  import_->wait();
  // The owner ends when the command has.
  succeed({"stop", a_});
  EXPECT_EQ(watch_->wait().status, 0);
  EXPECT_EQ(succeed({"count", a_}), "1000\n");
}

TEST_F(ImportAtOwner, WhenTheOwnerEndsItSaysWhatIsStored) {
  succeed({"stop", a_});
  import_->closeInput();
  expectFailure(import_->wait(), 1, kStored);
  EXPECT_EQ(succeed({"count", a_}), "1000\n");
}

TEST_F(Control, AnInterruptedInsertStoresNothing) {
  ProcessOptions options = withPassword();
  options.hasInput = true;
  Process insert(command({"insert", a_, "-"}), options);
  // More than a pipe holds, so the owner has got the record when this returns, but not the end of the input.
  insert.write(R"({"n": 1})" + std::string(300'000, ' '));
  insert.send(SIGINT);
  expectFailure(insert.wait(), 1, "Cancelled: interrupted while standard input was read");
  EXPECT_EQ(succeed({"count", a_}), "0\n");
}

TEST_F(Control, AnInterruptedExportEnds) {
  std::vector<Record> records(20'000, Record{{"text", std::string(1000, 'x')}});
  succeed({"stop", a_});
  open("b.blazedb").collection("many").insertMany(records);
  watch_ = std::make_unique<Process>(command({"sync", a_, b_, "--watch"}), withPassword());
  watch_->readUntil("verified");
  Process toStdout(command({"export", b_}), withPassword());
  toStdout.readUntil("xxx");  // it writes more than a pipe holds
  toStdout.send(SIGINT);
  Result result = toStdout.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("Cancelled: interrupted after "), std::string::npos) << result.err;
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
