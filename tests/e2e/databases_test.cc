// create, info, verify, backup, passwd, renew, restamp, release, and files that are missing or damaged.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "blazedb/topology.h"
#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

class Databases : public CliTest {};

TEST_F(Databases, CreateMakesOneAndInfoDescribesIt) {
  succeed({"create", path("notes.blazedb"), "--role", "server", "--name", "Hub"});
  Object info = parsed(succeed({"info", path("notes.blazedb"), "--json"}));
  EXPECT_EQ(info.string("name"), "Hub");
  EXPECT_EQ(info.string("role"), "server");
  EXPECT_EQ(info.string("path"), path("notes.blazedb"));
  EXPECT_EQ(info.integer("records"), 0);
  EXPECT_EQ(info.integer("conflicts"), 0);
  EXPECT_TRUE(info["readOnlySource"].isNull());
}

TEST_F(Databases, CreateTakesTheNameOfTheFile) {
  Object created = parsed(succeed({"create", path("notes.blazedb"), "--json"}));
  EXPECT_EQ(created.string("name"), "notes");
  EXPECT_EQ(created.string("role"), "client");
  EXPECT_TRUE(UUID::parse(created.string("replica").value()));
}

TEST_F(Databases, CreateTurnsAFileNameIntoAName) {
  EXPECT_EQ(parsed(succeed({"create", path("my notes.blazedb"), "--json"})).string("name"), "my_notes");
}

TEST_F(Databases, CreateRefusesAFileThatExists) {
  std::string file = writeFile("taken.blazedb", "letters to Milena");
  fail({"create", file}, "AlreadyExists");
  EXPECT_EQ(readFile(file), "letters to Milena");
}

// Not even root may create a file there.
TEST_F(Databases, CreateInAFolderThatIsReadOnlySaysWhatIsWrong) {
  Result result = run({"create", "/sys/a.blazedb"});
  expectFailure(result, 1, "IoError: /sys/a.blazedb cannot be created: this user may not do so, or the file system");
  EXPECT_EQ(result.err.find("readOnly"), std::string::npos) << result.err;
}

TEST_F(Databases, CreateRefusesANameThatIsNone) {
  fail({"create", path("a.blazedb"), "--name", "two words"}, "InvalidArgument");
  EXPECT_FALSE(std::filesystem::exists(path("a.blazedb")));
}

TEST_F(Databases, SetChangesTheRoleAndTheName) {
  const std::string file = path("notes.blazedb");
  makeDatabase("notes.blazedb");
  EXPECT_EQ(succeed({"set", file, "--role", "server"}), file + " is now notes, server\n");
  EXPECT_EQ(parsed(succeed({"info", file, "--json"})).string("role"), "server");
  Object set = parsed(succeed({"set", file, "--name", "Hub", "--json"}));
  EXPECT_EQ(set.string("name"), "Hub");
  EXPECT_EQ(set.string("role"), "server");
  succeed({"set", file, "--role", "client", "--name", "Laptop"});
  Object info = parsed(succeed({"info", file, "--json"}));
  EXPECT_EQ(info.string("name"), "Laptop");
  EXPECT_EQ(info.string("role"), "client");
  failAsWrongUsage({"set", file}, "nothing to set");
}

TEST_F(Databases, SetWithANameThatIsNoneChangesNothing) {
  makeDatabase("a.blazedb");
  fail({"set", path("a.blazedb"), "--role", "server", "--name", "two words"}, "InvalidArgument");
  Object info = parsed(succeed({"info", path("a.blazedb"), "--json"}));
  EXPECT_EQ(info.string("name"), "a");
  EXPECT_EQ(info.string("role"), "client");
}

TEST_F(Databases, SetSaysThatAHubsKeyHasTheName) {
  makeDatabase("a.blazedb");
  EXPECT_EQ(linesOf(succeed({"set", path("a.blazedb"), "--name", "b"})).size(), 1u);
  writeFile("b.hub-key.pem", "");
  EXPECT_NE(succeed({"set", path("a.blazedb"), "--name", "c"}).find("rename b.hub-key.pem"), std::string::npos);
}

TEST_F(Databases, ANewNameHoldsFromTheNextOpening) {
  {
    Database a = makeDatabase("a.blazedb");
    a.rename("b");
    EXPECT_EQ(a.name(), "a");
  }
  EXPECT_EQ(open("a.blazedb").name(), "b");
}

TEST_F(Databases, InfoForPeopleListsTheCollections) {
  {
    Database database = makeDatabase("a.blazedb");
    database.collection("people").insertMany({{{"name", "Ada"}}, {{"name", "Grace"}}});
    database.insert({{"title", "Hello"}});
  }
  std::string text = succeed({"info", path("a.blazedb")});
  EXPECT_NE(text.find("people"), std::string::npos) << text;
  EXPECT_NE(text.find("records      3"), std::string::npos) << text;
}

TEST_F(Databases, NothingButCreateMakesAFile) {
  std::string file = path("absent.blazedb");
  std::string id = UUID::generate().toString();
  makeDatabase("there.blazedb");
  std::vector<std::vector<std::string>> commands = {
      {"info", file},
      {"verify", file},
      {"backup", file, path("out.blazedb")},
      {"passwd", file},
      {"renew", file},
      {"restamp", file},
      {"release", file},
      {"set", file, "--role", "server"},
      {"insert", file, "{}"},
      {"get", file, id},
      {"update", file, id, "{}"},
      {"delete", file, id},
      {"count", file},
      {"import", file, "-"},
      {"export", file},
      {"conflicts", file},
      {"removed", file},
      {"rejected", file},
      {"diff", path("there.blazedb"), file},
      {"sync", file, path("there.blazedb")},
  };
  for (const auto& words : commands) fail(words, "there is no file " + file);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Databases, AMissingFileIsSaidBeforeThePasswordIsAskedFor) {
  expectFailure(run({"info", path("absent.blazedb")}, {}), 1, "there is no file");
}

TEST_F(Databases, AWrongPasswordIsSaid) {
  makeDatabase("a.blazedb", SyncRole::client, "another");
  fail({"info", path("a.blazedb")}, "WrongPassword");
}

TEST_F(Databases, AForeignFileIsSaid) {
  std::string text(100'000, 'x');
  fail({"info", writeFile("letter.txt", text)}, "NotADatabase");
  std::filesystem::copy_file(BLAZEDB_BINARY, path("program"));
  fail({"info", path("program")}, "NotADatabase");
  EXPECT_EQ(readFile(path("letter.txt")), text);
}

TEST_F(Databases, AFolderIsNoDatabase) { EXPECT_EQ(run({"info", path("")}).status, 1); }

// control_test.cc has the files that a blazedb process has open.
TEST_F(Databases, AProgramThatHasTheFileOpenIsNamedAndTakesNoCommands) {
  Database database = makeDatabase("a.blazedb");
  makeDatabase("b.blazedb");
  for (const char* command :
       {"count", "import", "verify", "passwd", "restamp", "renew", "release", "serve", "set", "sync"}) {
    std::vector<std::string> words = {command, path("a.blazedb")};
    if (words[0] == "import") words.push_back("/dev/null");
    if (words[0] == "set") words.insert(words.end(), {"--role", "server"});
    if (words[0] == "sync") words.push_back(path("b.blazedb"));
    Result result = run(words);
    expectFailure(result, 1, "DatabaseInUse: " + path("a.blazedb") + " is open in process " + std::to_string(getpid()));
    expectFailure(result, 1,
                  "it is a program that uses the BlazeDB library, or another blazedb command at work; when it has "
                  "closed the file or ended, run this command again");
  }
}

TEST_F(Databases, OneFileIsNotServedTwice) {
  makeDatabase("a.blazedb");
  failAsWrongUsage({"serve", path("a.blazedb"), path("./a.blazedb")}, "are the same file");
}

TEST_F(Databases, VerifyFindsNothingWrongWithASoundOne) {
  makeDatabase("a.blazedb").insertMany({{{"n", 1}}, {{"n", 2}}});
  EXPECT_NE(succeed({"verify", path("a.blazedb")}).find("2 records in the collection default, all sound\n"),
            std::string::npos);
  Object report = parsed(succeed({"verify", path("a.blazedb"), "--json"}));
  EXPECT_EQ(report.integer("records"), 2);
  EXPECT_EQ(report.array("problems")->size(), 0u);
}

// blazedb count counts one collection.
TEST_F(Databases, VerifySaysWhatElseItHasSeen) {
  {
    Database database = makeDatabase("a.blazedb");
    database.insertMany({{{"n", 1}}, {{"n", 2}}});
    database.collection("people").insert({{"name", "Ada"}});
    database.collection("empty").remove(database.collection("empty").insert({{"n", 3}}));
  }
  EXPECT_EQ(succeed({"count", path("a.blazedb")}), "2\n");
  EXPECT_NE(succeed({"verify", path("a.blazedb")})
                .find("3 records in 2 collections, all sound; also sound: what is kept of 1 deleted record\n"),
            std::string::npos);
  Object report = parsed(succeed({"verify", path("a.blazedb"), "--json"}));
  EXPECT_EQ(report.integer("records"), 3);
  EXPECT_EQ(report.integer("deleted"), 1);
}

TEST_F(Databases, VerifyFindsAFlippedBit) {
  {
    Database database = makeDatabase("a.blazedb");
    database.insertMany(std::vector<Record>(200, Record{{"text", std::string(1000, 'x')}}));
  }
  std::string content = readFile(path("a.blazedb"));
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  writeFile("a.blazedb", content);
  Result result = run({"verify", path("a.blazedb")});
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.err.find("DamagedPage"), std::string::npos) << result.err;
}

TEST_F(Databases, BackupIsAReplicaOfItsOwnWithTheSameRecords) {
  makeDatabase("a.blazedb").insertMany({{{"n", 1}}, {{"n", 2}}});
  Object copied = parsed(succeed({"backup", path("a.blazedb"), path("b.blazedb"), "--json"}));
  EXPECT_EQ(copied.integer("bytes"), static_cast<std::int64_t>(std::filesystem::file_size(path("b.blazedb"))));
  succeed({"diff", path("a.blazedb"), path("b.blazedb")});
  EXPECT_NE(parsed(succeed({"info", path("a.blazedb"), "--json"})).string("replica"),
            parsed(succeed({"info", path("b.blazedb"), "--json"})).string("replica"));
  succeed({"sync", path("a.blazedb"), path("b.blazedb")});
}

TEST_F(Databases, BackupReplacesNothing) {
  makeDatabase("a.blazedb");
  std::string file = writeFile("b.blazedb", "letters to Milena");
  fail({"backup", path("a.blazedb"), file}, "AlreadyExists");
  EXPECT_EQ(readFile(file), "letters to Milena");
}

TEST_F(Databases, PasswdChangesThePassword) {
  makeDatabase("a.blazedb").insert({{"n", 1}});
  ProcessOptions options = withPassword();
  options.environment["BLAZEDB_NEW_PASSWORD"] = "battery staple";
  EXPECT_EQ(run({"passwd", path("a.blazedb")}, options).status, 0);
  fail({"count", path("a.blazedb")}, "WrongPassword");
  EXPECT_EQ(open("a.blazedb", "battery staple").count(), 1u);
}

TEST_F(Databases, PasswdSaysThatThePresentOneIsWrongBeforeItAsksForTheNew) {
  makeDatabase("a.blazedb", SyncRole::client, "another");
  fail({"passwd", path("a.blazedb")}, "WrongPassword");
}

TEST_F(Databases, RenewLetsACopiedFileSync) {
  makeDatabase("a.blazedb").insert({{"n", 1}});
  std::filesystem::copy_file(path("a.blazedb"), path("b.blazedb"));
  fail({"sync", path("a.blazedb"), path("b.blazedb")}, "DuplicateReplica");
  Object renewed = parsed(succeed({"renew", path("b.blazedb"), "--json"}));
  EXPECT_EQ(parsed(succeed({"info", path("b.blazedb"), "--json"})).string("replica"), renewed.string("replica"));
  succeed({"sync", path("a.blazedb"), path("b.blazedb")});
}

TEST_F(Databases, RestampLeavesWhatIsInOrderAlone) {
  makeDatabase("a.blazedb").insert({{"n", 1}});
  EXPECT_NE(succeed({"restamp", path("a.blazedb")}).find("nothing in"), std::string::npos);
  EXPECT_EQ(parsed(succeed({"restamp", path("a.blazedb"), "--json"})).integer("records"), 0);
}

TEST_F(Databases, ReleaseMakesAReadOnlyReplicaWritable) {
  makeDatabase("a.blazedb").insert({{"n", 1}});
  makeDatabase("b.blazedb");
  succeed({"sync", path("a.blazedb"), path("b.blazedb"), "--read-only"});
  fail({"insert", path("b.blazedb"), "{}"}, "ReadOnlyReplica");
  EXPECT_FALSE(parsed(succeed({"info", path("b.blazedb"), "--json"}))["readOnlySource"].isNull());
  EXPECT_NE(succeed({"release", path("b.blazedb")}).find("can be written to again"), std::string::npos);
  succeed({"insert", path("b.blazedb"), "{}"});
  EXPECT_NE(succeed({"release", path("b.blazedb")}).find("nothing was changed"), std::string::npos);
}

}  // namespace
}  // namespace blazedb::e2e
