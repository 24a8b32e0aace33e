// The help of the command line, and its errors for wrong command lines.
#include <algorithm>

#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

const std::vector<std::string> kCommands = {
    "create", "info",   "verify", "backup", "passwd", "renew", "release", "insert",    "get",  "update",  "delete",
    "count",  "import", "export", "query",  "shell",  "sync",  "diff",    "conflicts", "demo", "restamp", "set"};

class Usage : public CliTest {};

TEST_F(Usage, VersionIsOneLine) { EXPECT_EQ(succeed({"--version"}), "blazedb " BLAZEDB_VERSION "\n"); }

TEST_F(Usage, HelpListsEveryCommand) {
  std::string help = succeed({"--help"});
  for (const std::string& command : kCommands)
    EXPECT_NE(help.find("\n  " + command + " "), std::string::npos) << command;
  EXPECT_EQ(succeed({"help"}), help);
}

TEST_F(Usage, HelpOfEachCommandHasAnExampleAndFitsAPage) {
  for (const std::string& command : kCommands) {
    std::string help = succeed({command, "--help"});
    EXPECT_TRUE(help.starts_with("usage: blazedb " + command)) << help;
    EXPECT_NE(help.rfind("blazedb " + command), help.find("blazedb " + command)) << "no example\n" << help;
    for (const std::string& line : linesOf(help)) EXPECT_LE(line.size(), 100u) << line;
    EXPECT_EQ(succeed({"help", command}), help);
  }
}

TEST_F(Usage, CommandsThatTakeJsonShowWhatJsonHasNoFormFor) {
  makeDatabase("a.blazedb");
  for (const char* command : {"insert", "update", "import"}) {
    std::string help = succeed({command, "--help"});
    std::replace(help.begin(), help.end(), '\n', ' ');
    for (const char* name : {"date", "bytes", "uuid"}) {
      std::size_t begin = help.find("{\"$" + std::string(name));
      ASSERT_NE(begin, std::string::npos) << help;
      std::string value = help.substr(begin, help.find('}', begin) + 1 - begin);
      succeed({"insert", path("a.blazedb"), "{\"field\": " + value + "}"});
    }
  }
}

TEST_F(Usage, NoCommandIsWrong) { failAsWrongUsage({}, "see blazedb --help"); }

TEST_F(Usage, AnUnknownCommandIsWrong) { failAsWrongUsage({"frobnicate"}, "there is no command 'frobnicate'"); }

TEST_F(Usage, AnUnknownOptionIsWrong) {
  failAsWrongUsage({"count", "x.blazedb", "--fast"}, "see blazedb count --help");
}

TEST_F(Usage, AMissingArgumentIsWrong) { failAsWrongUsage({"get", "x.blazedb"}, "see blazedb get --help"); }

TEST_F(Usage, OneArgumentTooManyIsWrong) { failAsWrongUsage({"count", "x.blazedb", "y"}, "see blazedb count --help"); }

TEST_F(Usage, AnIdThatIsNoUuidIsWrong) { failAsWrongUsage({"get", "x.blazedb", "42"}, "'42' is not an id"); }

TEST_F(Usage, AnUnknownRoleIsWrong) {
  failAsWrongUsage({"create", path("x.blazedb"), "--role", "king"}, "'king' is not one of server|client");
}

TEST_F(Usage, TwoModesAtOnceAreWrong) {
  failAsWrongUsage({"sync", "a", "b", "--read-only", "--write-only"}, "excludes");
  failAsWrongUsage({"sync", "a", "b", "--read-only", "--read-write"}, "excludes");
  failAsWrongUsage({"token", "create", "a", "--read-only", "--write-only"}, "excludes");
}

TEST_F(Usage, ANumberThatIsNoneIsWrong) { failAsWrongUsage({"diff", "a", "b", "--limit", "few"}, "--limit"); }

TEST_F(Usage, AnOptionThatIsGivenAndEmptyIsWrong) {
  const std::vector<std::vector<std::string>> commands = {{"share", "a", "--group", "g", "--collections", ""},
                                                          {"share", "a", "--group", "g", "--collections", ","},
                                                          {"share", "a", "--group", "g", "--fields", ""},
                                                          {"share", "a", "--group", "g", "--program", ""},
                                                          {"sync", "a", "hub:1/b", "--collections", ""},
                                                          {"sync", "a", "hub:1/b", "--exclude", "a,"},
                                                          {"sync", "a", "hub:1/b", "--pin", ""},
                                                          {"serve", "a", "--client-ca", ""},
                                                          {"serve", "a", "--host", ""},
                                                          {"serve", "a", "--healthz-port", ""},
                                                          {"export", "a", "-c", ""},
                                                          {"diff", "a", "b", "--limit", ""}};
  for (const std::vector<std::string>& words : commands) failAsWrongUsage(words, "see blazedb " + words[0] + " --help");
}

TEST_F(Usage, WhatSaysHowToShareIsWrongWithoutShare) {
  for (const std::vector<std::string>& option : std::vector<std::vector<std::string>>{{"--root", "r"},
                                                                                      {"--unix-group", "u"},
                                                                                      {"--program", "p"},
                                                                                      {"--fields", "a"},
                                                                                      {"--read-write"},
                                                                                      {"--relay"}}) {
    std::vector<std::string> words = {"serve", "a"};
    words.insert(words.end(), option.begin(), option.end());
    failAsWrongUsage(words, option.front() + " is for --share");
  }
  failAsWrongUsage({"serve", "a", "--share", "g", "--relay"}, "--relay needs --read-write");
}

TEST_F(Usage, AdoptWithoutReadOnlyIsWrong) {
  failAsWrongUsage({"sync", "a", "b", "--adopt"}, "--adopt needs --read-only");
}

TEST_F(Usage, WhatIsNeitherAFileNorADatabaseOfAHubIsWrong) {
  std::string file = path("a.blazedb");
  failAsWrongUsage({"sync", file, "hub.example.com:8080"}, "names no database");
  failAsWrongUsage({"sync", file, "hub.example.com:8080/"}, "names no database");
  failAsWrongUsage({"sync", file, ":8080/Notes"}, "names no host");
  failAsWrongUsage({"sync", file, "hub:0/Notes"}, "'0' is not a port");
  failAsWrongUsage({"sync", file, "hub:65536/Notes"}, "'65536' is not a port");
  failAsWrongUsage({"sync", file, "hub:/Notes"}, "'' is not a port");
  failAsWrongUsage({"sync", file, "hub:8080/Notes/more"}, "has no / in its name");
  failAsWrongUsage({"sync", file, "fe80::1/Notes"}, "in brackets");
  failAsWrongUsage({"sync", file, "[::1/Notes"}, "the ] is missing");
  failAsWrongUsage({"sync", file, "[::1]8080/Notes"}, "'8080' follows the ]");
  // These name files that do not exist.
  makeDatabase("a.blazedb");
  fail({"sync", file, "copy.blazedb"}, "there is no file copy.blazedb");
  fail({"sync", file, "./folder/copy"}, "there is no file ./folder/copy");
  fail({"sync", file, path("no/copy")}, "there is no file " + path("no/copy"));
}

TEST_F(Usage, OptionsOfAHubAreNotForFilesNorTheOtherWayRound) {
  for (const std::vector<std::string>& option : std::vector<std::vector<std::string>>{{"--token-file", "t"},
                                                                                      {"--pin", "p"},
                                                                                      {"--ca", "c"},
                                                                                      {"--client-cert", "c"},
                                                                                      {"--client-key", "k"},
                                                                                      {"--no-tls"},
                                                                                      {"--allow-plaintext"},
                                                                                      {"--exclude", "a"},
                                                                                      {"--remove-out-of-scope"},
                                                                                      {"--encryption", "e2eOnly"}}) {
    std::vector<std::string> words = {"sync", "a", "b"};
    words.insert(words.end(), option.begin(), option.end());
    failAsWrongUsage(words, option.front() + " is for the database of a hub");
  }
  failAsWrongUsage({"sync", "a", "hub:1/b", "--adopt"}, "for two files");
  failAsWrongUsage({"sync", "a", "hub:1/b", "--password-file-b", "x"}, "for two files");
  failAsWrongUsage({"sync", "a", "hub:1/b", "--client-cert", "c"}, "go together");
  failAsWrongUsage({"sync", "a", "hub:1/b", "--allow-plaintext"}, "is for --no-tls");
  failAsWrongUsage({"sync", "a", "hub:1/b", "--no-tls", "--pin", "p"}, "which --no-tls turns off");
  failAsWrongUsage({"sync", "a", "hub:1/b", "--encryption", "none"}, "not one of e2eOnly|smartProxy");
}

TEST_F(Usage, RestoreAndDismissAtOnceAreWrong) {
  failAsWrongUsage({"conflicts", "a", "--restore", "1", "--dismiss", "1"}, "--dismiss");
}

TEST_F(Usage, AMistypedCommandGetsASuggestion) {
  failAsWrongUsage({"--verison"}, "did you mean --version?");
  failAsWrongUsage({"isnert", "a", "{}"}, "did you mean insert?");
  failAsWrongUsage({"rm", "a", "b"}, "did you mean delete?");
  failAsWrongUsage({"connect", "a", "b"}, "did you mean sync?");
  failAsWrongUsage({"-v"}, "did you mean --version?");
  failAsWrongUsage({"sync", "a", "b", "--readOnly"}, "did you mean --read-only?");
  failAsWrongUsage({"sync", "a", "b", "--token-fiel=x"}, "did you mean --token-file?");
  EXPECT_EQ(run({"sync", "a", "b", "--frobnicate"}).err.find("did you mean"), std::string::npos);
  EXPECT_EQ(run({"frobnicate"}).err.find("did you mean"), std::string::npos);
}

TEST_F(Usage, APasswordOnTheCommandLineIsExplained) {
  failAsWrongUsage({"info", "a", "--password", "x"}, "--password-file");
  failAsWrongUsage({"info", "a", "--password=x"}, "BLAZEDB_PASSWORD");
}

TEST_F(Usage, AFolderThatIsMissingIsNamed) {
  fail({"create", path("no/such/a.blazedb")}, "there is no folder " + path("no/such"));
}

TEST_F(Usage, TheFileComesBeforeTheHub) {
  failAsWrongUsage({"sync", "hub.example.com:80/notes", path("a.blazedb")},
                   "write " + path("a.blazedb") + " before hub.example.com:80/notes");
}

TEST_F(Usage, AConflictNumberThatIsNoneIsWrong) {
  failAsWrongUsage({"conflicts", "a", "--restore", "one"}, "'one' is not the number of a conflict");
}

// The reader of our output may stop at any time, and a full disk must not pass for success.
TEST_F(Usage, AFullDiskBehindStdoutIsAnError) {
  std::string script = "exec \"$0\" --help > /dev/full";
  Result result = Process({"/bin/sh", "-c", script, BLAZEDB_BINARY}).wait();
  expectFailure(result, 1, "standard output");
}

#ifdef BLAZEDB_MEASURES_MEMORY
TEST_F(Usage, TooLittleMemoryIsSaid) {
  // Its password takes 64 MiB.
  ASSERT_EQ(run({"create", path("a.blazedb")}, withPassword()).status, 0);
  std::string script = "ulimit -v 60000; exec \"$0\" count \"$1\"";
  Result result = Process({"/bin/sh", "-c", script, BLAZEDB_BINARY, path("a.blazedb")}, withPassword()).wait();
  expectFailure(result, 1, "OutOfMemory: Argon2id needs 64 MiB of memory");
}
#endif

}  // namespace
}  // namespace blazedb::e2e
