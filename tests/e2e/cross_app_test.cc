// share, attach and groups: apps of one machine, each a separate process.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNobody = "65534";

// Two closed databases and a root folder for groups.
class CrossApp : public CliTest {
 protected:
  CrossApp() {
    makeDatabase("notes.blazedb", SyncRole::server);
    makeDatabase("mine.blazedb");
  }
  std::vector<std::string> inGroup(std::vector<std::string> words, const std::vector<std::string>& more = {}) const {
    words.insert(words.end(), {"--group", "apps", "--root", root_});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::vector<std::string> sharing(const std::string& file, const std::vector<std::string>& more = {}) const {
    return inGroup({"share", file}, more);
  }
  std::vector<std::string> attaching(const std::string& file, const std::vector<std::string>& more = {}) const {
    return inGroup({"attach", file, "--database", "notes"}, more);
  }
  // Starts a process; it is sharing when this returns.
  std::unique_ptr<Process> share(const std::string& file, const std::vector<std::string>& more = {}) const {
    auto process = std::make_unique<Process>(command(sharing(file, more)), withPassword());
    process->readUntil("blazedb attach FILE");
    return process;
  }
  std::unique_ptr<Process> watch(const std::string& file, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = attaching(file, more);
    words.insert(words.end(), {"--watch", "--json"});
    return std::make_unique<Process>(command(words), withPassword());
  }
  static void end(Process& process) {
    process.send(SIGTERM);
    Result result = process.wait();
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "");
  }
  static void kill(Process& process) {
    process.send(SIGKILL);
    EXPECT_EQ(process.wait().status, 128 + SIGKILL);
  }
  std::int64_t count(const std::string& file) const { return std::stoll(succeed({"count", file})); }
  void expectEqual(const std::string& file) const { succeed({"diff", notes_, file}); }
  // Waits until the same line has come again.
  static auto times(int times, const std::string& text) {
    return [=](const std::string& out) {
      int found = 0;
      for (std::size_t at = out.find(text); at != std::string::npos; at = out.find(text, at + 1)) found++;
      return found >= times;
    };
  }

  const std::string root_ = path("groups");
  const std::string notes_ = path("notes.blazedb");
  const std::string mine_ = path("mine.blazedb");
};

const std::vector<std::string> kReadOnly = {"--read-only"};
const std::vector<std::string> kReadWrite = {"--read-write"};

TEST_F(CrossApp, WhatOneSharesTheOtherHas) {
  open("notes.blazedb").collection("notes").insert({{"title", "Hello"}, {"draft", "no"}});
  open("notes.blazedb").collection("private").insert({{"title", "diary"}});
  auto sharer = share(notes_, {"--collections", "notes", "--fields", "title"});
  Object summary = parsed(succeed(attaching(mine_, {"--read-only", "--json"})));
  EXPECT_EQ(summary.integer("records"), 1);
  EXPECT_EQ(succeed({"export", mine_, "-c", "notes"}).find("draft"), std::string::npos);
  EXPECT_EQ(count(mine_), 0);
  fail({"insert", mine_, "{}"}, "ReadOnlyReplica");
  end(*sharer);
}

TEST_F(CrossApp, OnlyWhatTheFilterChoosesIsShared) {
  open("notes.blazedb").insertMany({{{"n", 1}, {"pinned", true}}, {{"n", 2}}, {{"n", 3}, {"pinned", false}}});
  fail({"share", notes_, "--group", "apps", "--root", root_, "--filter", "pinned ="}, "nothing follows at character 9");
  auto sharer = share(notes_, {"--filter", "pinned AND n < 3"});
  EXPECT_NE(succeed(attaching(mine_, {"--read-only"})).find("in sync: 1 record moved"), std::string::npos);
  EXPECT_EQ(succeed({"query", mine_, "--fields", "n", "--csv"}).substr(0, 7), "_id,n\r\n");
  EXPECT_EQ(count(mine_), 1);
  end(*sharer);
}

TEST_F(CrossApp, WhatIsWrittenOutsideOfWhatIsSharedIsSaid) {
  open("mine.blazedb").collection("drafts").insert({{"n", 1}});
  open("notes.blazedb").collection("notes").insert({{"n", 2}});
  auto sharer = share(notes_, {"--collections", "notes", "--read-write"});
  fail(attaching(mine_), "does not share the collection 'drafts'");
  fail(attaching(mine_), "--collections names what to sync");
  EXPECT_NE(succeed(attaching(mine_, {"--keep-own"})).find("changes of 1 record stay here"), std::string::npos);
  succeed(attaching(mine_, {"--collections", "notes"}));
  end(*sharer);
}

TEST_F(CrossApp, ADeleteThatWentIsSaidAlsoWhereOnlySomeFieldsAreShared) {
  auto sharer = share(notes_, {"--fields", "title", "--read-write"});
  UUID id = open("mine.blazedb").insert({{"title", "a"}});
  succeed(attaching(mine_));
  EXPECT_TRUE(open("mine.blazedb").remove(id));
  EXPECT_NE(succeed(attaching(mine_)), "in sync, nothing moved\n");
  end(*sharer);
}

TEST_F(CrossApp, GroupsListsWhatIsShared) {
  fail({"groups", "apps", "--root", root_}, "NoSuchGroup");
  fail({"groups", "--root", root_}, "NotFound");
  auto sharer = share(notes_, {"--collections", "a,b"});
  EXPECT_EQ(succeed({"groups", "--root", root_}), "apps\n");
  Object shared = parsed(succeed({"groups", "apps", "--root", root_, "--json"}));
  EXPECT_EQ(shared.string("database"), "notes");
  EXPECT_EQ(shared.integer("user"), geteuid());
  EXPECT_EQ(shared.integer("pid"), sharer->pid());
  EXPECT_EQ(shared.boolean("alive"), true);
  EXPECT_EQ(shared.boolean("readOnly"), true);
  EXPECT_EQ(shared.array("collections")->size(), 2u);
  EXPECT_NE(succeed({"groups", "apps", "--root", root_}).find("read-only, a,b"), std::string::npos);
  kill(*sharer);
  EXPECT_EQ(succeed({"groups", "apps", "--root", root_}), "nothing is shared in apps\n");
  EXPECT_TRUE(fs::is_empty(root_ + "/apps")) << "what it has left is still there";
}

TEST_F(CrossApp, TheImporterMayBeThereFirst) {
  open("notes.blazedb").insert({{"n", 1}});
  auto importer = watch(mine_, kReadOnly);
  importer->readUntil("\"state\":\"offline\"");
  EXPECT_FALSE(std::filesystem::exists(root_ + "/apps")) << "a mistyped group is not made";
  auto sharer = share(notes_);
  importer->readUntil("\"state\":\"live\"");
  EXPECT_EQ(count(mine_), 1);
  end(*importer);
  end(*sharer);
  expectEqual(mine_);
}

TEST_F(CrossApp, WithoutWatchNobodyThereIsAnError) {
  fail(attaching(mine_, kReadOnly), "NoSuchGroup");
  fail(attaching(mine_, kReadOnly), "--watch waits for it");
  EXPECT_FALSE(std::filesystem::exists(root_ + "/apps")) << "a mistyped group is not made";
}

TEST_F(CrossApp, BothWriteAndBothHaveIt) {
  auto sharer = share(notes_, kReadWrite);
  auto importer = watch(mine_);
  importer->readUntil("\"verified\":true");
  for (int n = 0; n < 10; n++) {
    succeed({"insert", notes_, R"({"from": "notes"})"});
    succeed({"insert", mine_, R"({"from": "mine"})"});
  }
  end(*importer);
  succeed(attaching(mine_));
  EXPECT_EQ(count(notes_), 20);
  end(*sharer);
  expectEqual(mine_);
}

TEST_F(CrossApp, AWriterIsRefusedWhereItIsSharedReadOnly) {
  auto sharer = share(notes_);
  fail(attaching(mine_, {"--read-write"}), "'notes' is shared read-only");
  fail(attaching(mine_, {"--read-write"}), "--read-only");
  Result watched = watch(mine_, {"--read-write"})->wait();
  EXPECT_EQ(watched.status, 1);
  EXPECT_NE(watched.err.find("NotAllowed"), std::string::npos) << watched.err;
}

TEST_F(CrossApp, WithoutAModeAnImporterTakesWhatTheOtherAppAllows) {
  open("notes.blazedb").insert({{"n", 1}});
  auto sharer = share(notes_);
  succeed(attaching(mine_));
  EXPECT_EQ(count(mine_), 1);
  fail({"insert", mine_, "{}"}, "ReadOnlyReplica");
  end(*sharer);
  succeed({"release", mine_});
  succeed({"insert", mine_, "{}"});
  sharer = share(notes_, kReadWrite);
  succeed(attaching(mine_));
  end(*sharer);
  EXPECT_EQ(count(notes_), 2);
}

TEST_F(CrossApp, AServerWritesWhereItIsSharedWithWhoMayRelay) {
  makeDatabase("server.blazedb", SyncRole::server);
  open("server.blazedb").insert({{"n", 1}});
  auto sharer = share(notes_, kReadWrite);
  fail(attaching(path("server.blazedb")), "blazedb set FILE --role client");
  fail(attaching(path("server.blazedb")), "blazedb share --relay");
  end(*sharer);
  sharer = share(notes_, {"--read-write", "--relay"});
  EXPECT_NE(succeed({"groups", "apps", "--root", root_}).find("read-write, everything"), std::string::npos);
  succeed(attaching(path("server.blazedb")));
  end(*sharer);
  EXPECT_EQ(count(notes_), 1);
}

TEST_F(CrossApp, OwnWritesAreGivenUpOnlyOnDemand) {
  open("mine.blazedb").insert({{"n", 1}});
  auto sharer = share(notes_);
  fail(attaching(mine_, kReadOnly), "--adopt");
  succeed(attaching(mine_, {"--read-only", "--adopt"}));
  EXPECT_EQ(count(mine_), 0);
}

TEST_F(CrossApp, TheSharerTellsWhoComesAndGoesAndEndsByStop) {
  auto sharer = share(notes_, {"--watch", "--json"});
  {
    auto importer = watch(mine_, kReadOnly);
    importer->readUntil("\"state\":\"live\"");
    sharer->readUntil("\"with\":\"pid " + std::to_string(importer->pid()));
    end(*importer);
  }
  sharer->readUntil("\"state\":\"stopped\"");
  succeed({"stop", notes_});
  EXPECT_EQ(sharer->wait().status, 0);
}

TEST_F(CrossApp, OneNameIsSharedOnce) {
  fs::create_directory(path("other"));
  makeDatabase("other/notes.blazedb");
  auto sharer = share(notes_);
  fail(sharing(path("other/notes.blazedb")), "blazedb set FILE --name NAME");
  end(*sharer);
  end(*share(path("other/notes.blazedb")));
}

TEST_F(CrossApp, SeveralImportersHaveTheSame) {
  auto sharer = share(notes_, kReadWrite);
  std::vector<std::unique_ptr<Process>> importers;
  for (const char* name : {"a.blazedb", "b.blazedb", "c.blazedb"}) {
    makeDatabase(name).insert({{"from", name}});
    importers.push_back(watch(path(name)));
  }
  for (auto& importer : importers) importer->readUntil("\"verified\":true");
  for (auto& importer : importers) end(*importer);
  for (const char* name : {"a.blazedb", "b.blazedb", "c.blazedb"}) succeed(attaching(path(name)));
  end(*sharer);
  EXPECT_EQ(count(notes_), 3);
  for (const char* name : {"a.blazedb", "b.blazedb", "c.blazedb"}) expectEqual(path(name));
}

TEST_F(CrossApp, AnAppInTheMiddleImportsAndExports) {
  makeDatabase("relay.blazedb");
  auto sharer = share(notes_, kReadWrite);
  Process relay({RELAY_APP_BINARY, root_, path("relay.blazedb"), "notes"}, {.hasInput = true});
  relay.readUntil("shares relay");
  std::vector<std::string> words = inGroup({"attach", mine_, "--database", "relay"});
  succeed({"insert", notes_, R"({"from": "notes"})"});
  open("mine.blazedb").insert({{"from", "mine"}});
  relay.write("1\n");
  relay.readUntil("in sync 1");
  succeed(words);
  relay.write("2\n");
  relay.readUntil("in sync 2");
  EXPECT_EQ(count(notes_), 2);
  EXPECT_EQ(count(mine_), 2);
  relay.closeInput();
  EXPECT_EQ(relay.wait().status, 0);
  end(*sharer);
  expectEqual(mine_);
}

// 100,000 records, so that a process can be killed in the middle of their sync.
class LargeCrossApp : public CrossApp {
 protected:
  LargeCrossApp() { insertManyRecords(open("notes.blazedb")); }
};

TEST_F(LargeCrossApp, AnImporterThatIsKilledGoesOnWhereItWas) {
  auto sharer = share(notes_);
  {
    Process importer(command(attaching(mine_, kReadOnly)), onTerminal());
    importer.readUntil(isInTheMiddle);
    kill(importer);
  }
  std::int64_t before = count(mine_);
  EXPECT_LT(before, 100'000) << "it was not killed in the middle";
  Object summary = parsed(succeed(attaching(mine_, {"--read-only", "--json"})));
  EXPECT_LT(summary.integer("records").value(), 100'000) << "it has begun again";
  end(*sharer);
  expectEqual(mine_);
}

TEST_F(LargeCrossApp, AnImporterGoesOnWhenTheSharerWasKilledAndIsBack) {
  auto sharer = share(notes_);
  auto importer = watch(mine_, kReadOnly);
  importer->readUntil("state");  // now it takes commands
  while (count(mine_) < 1'000) {
    // The importer itself runs this command, between two batches that it applies.
  }
  kill(*sharer);
  EXPECT_LT(count(mine_), 100'000) << "it was not killed in the middle";
  importer->readUntil("\"state\":\"offline\"");
  sharer = share(notes_);
  importer->readUntil("\"state\":\"live\"");
  end(*importer);
  end(*sharer);
  expectEqual(mine_);
}

TEST_F(CrossApp, BothGoOnAfterEitherWasKilled) {
  auto sharer = share(notes_, kReadWrite);
  auto importer = watch(mine_);
  importer->readUntil("\"verified\":true");
  kill(*sharer);
  importer->readUntil("\"state\":\"offline\"");
  succeed({"insert", mine_, R"({"n": 1})"});
  sharer = share(notes_, kReadWrite);
  importer->readUntil(times(2, "\"verified\":true"));
  EXPECT_EQ(count(notes_), 1);
  kill(*importer);
  succeed({"insert", notes_, R"({"n": 2})"});
  importer = watch(mine_);
  importer->readUntil("\"verified\":true");
  EXPECT_EQ(count(mine_), 2);
  end(*importer);
  end(*sharer);
  expectEqual(mine_);
}

TEST_F(CrossApp, AFolderThatOthersControlIsRefusedByBothEnds) {
  auto refused = [&](const std::string& what) {
    for (const auto& words : {sharing(notes_), attaching(mine_, kReadOnly)}) {
      Result result = run(words);
      expectFailure(result, 1, "UnsafeFolder");
      expectFailure(result, 1, what);
    }
    fail({"groups", "apps", "--root", root_}, "UnsafeFolder");
  };
  fs::create_directory(path("elsewhere"));
  fs::create_directory(root_);
  fs::create_symlink(path("elsewhere"), root_ + "/apps");
  refused("symbolic link");
  fs::remove(root_ + "/apps");
  fs::create_directory(root_ + "/apps");
  chmod((root_ + "/apps").c_str(), 0777);
  refused("chmod o-w");
  if (geteuid() == 0) {
    chmod((root_ + "/apps").c_str(), 0700);
    ASSERT_EQ(chown((root_ + "/apps").c_str(), static_cast<uid_t>(std::stoi(kNobody)), static_cast<gid_t>(-1)), 0);
    refused("belongs to another user");
  }
  EXPECT_TRUE(fs::is_empty(path("elsewhere")));
}

TEST_F(CrossApp, WhatHasTheNameOfTheSocketStays) {
  end(*share(notes_));
  writeFile("groups/apps/notes.sock", "precious");
  fail(sharing(notes_), "notes.sock");
  EXPECT_EQ(readFile(root_ + "/apps/notes.sock"), "precious");
  fail(attaching(mine_, kReadOnly), "not a socket");
}

TEST_F(CrossApp, AnotherUserGetsNowhere) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  auto sharer = share(notes_);
  // Gives the other user access to the folders.
  fs::permissions(path(""), fs::perms(0755));
  fs::permissions(root_, fs::perms(0755));
  fs::create_directory(path("his"));
  makeDatabase("his/his.blazedb");
  auto isHis = [](const std::string& name) {
    ASSERT_EQ(chown(name.c_str(), static_cast<uid_t>(std::stoi(kNobody)), static_cast<gid_t>(-1)), 0) << name;
  };
  isHis(path("his"));
  for (const auto& file : fs::directory_iterator(path("his"))) isHis(file.path());
  fs::copy_file(BLAZEDB_BINARY, path("his/blazedb"));
  auto asNobody = [&](const std::vector<std::string>& words) {
    std::vector<std::string> all = {"/usr/bin/setpriv", "--reuid",          kNobody, "--regid", kNobody,
                                    "--clear-groups",   path("his/blazedb")};
    all.insert(all.end(), words.begin(), words.end());
    return Process(all, withPassword()).wait();
  };
  expectFailure(asNobody(attaching(path("his/his.blazedb"), kReadOnly)), 1, "NotAllowed");
  expectFailure(asNobody({"groups", "apps", "--root", root_}), 1, "NotAllowed");
  fs::permissions(root_ + "/apps", fs::perms(0755));
  expectFailure(asNobody(attaching(path("his/his.blazedb"), kReadOnly)), 1, "this user may not");
  expectFailure(asNobody(sharing(path("his/his.blazedb"))), 1, "Permission denied");
}

TEST_F(CrossApp, WhatCannotBeIsSaidInOneLine) {
  failAsWrongUsage({"share", notes_}, "--group is missing");
  failAsWrongUsage({"attach", mine_, "--group", "apps"}, "--database is missing");
  failAsWrongUsage(attaching(mine_, {"--adopt", "--read-write"}), "--adopt needs --read-only");
  failAsWrongUsage(attaching(mine_, {"--read-only", "--read-write"}), "excludes");
  failAsWrongUsage(sharing(notes_, {"--relay"}), "--relay needs --read-write");
  fail({"share", notes_, "--group", "../up", "--root", root_}, "is not the name of an app group");
  fail({"share", notes_, "--group", std::string(100, 'g'), "--root", root_}, "at most 107 bytes");
  fail(sharing(notes_, {"--collections", "no name"}), "InvalidPolicy");
  fail(sharing(notes_, {"--unix-group", "no-such-unix-group"}), "there is no unix group");
  ProcessOptions noSession = withPassword();
  noSession.environment["XDG_RUNTIME_DIR"] = path("");
  EXPECT_EQ(run({"groups", "--root", path("")}, noSession).status, 0);
  expectFailure(run({"groups"}, noSession), 1, "NotFound");
}

}  // namespace
}  // namespace blazedb::e2e
