// How the command line explains itself, and what it says to one that it does not understand.
#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

const std::vector<std::string> kCommands = {"create", "info", "verify",    "backup", "passwd", "renew",  "release",
                                            "insert", "get",  "update",    "delete", "count",  "import", "export",
                                            "sync",   "diff", "conflicts", "demo",   "restamp"};

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

TEST_F(Usage, NoCommandIsWrong) { failAsWrongUsage({}, "see blazedb --help"); }

TEST_F(Usage, AnUnknownCommandIsWrong) { failAsWrongUsage({"frobnicate"}, "there is no command 'frobnicate'"); }

TEST_F(Usage, AnUnknownOptionIsWrong) {
  failAsWrongUsage({"count", "x.blazedb", "--fast"}, "see blazedb count --help");
}

TEST_F(Usage, AMissingArgumentIsWrong) { failAsWrongUsage({"get", "x.blazedb"}, "see blazedb get --help"); }

TEST_F(Usage, OneArgumentTooManyIsWrong) { failAsWrongUsage({"count", "x.blazedb", "y"}, "see blazedb count --help"); }

TEST_F(Usage, AnIdThatIsNoUuidIsWrong) { failAsWrongUsage({"get", "x.blazedb", "42"}, "'42' is no id"); }

TEST_F(Usage, AnUnknownRoleIsWrong) {
  failAsWrongUsage({"create", path("x.blazedb"), "--role", "king"}, "'king' is none of server|client");
}

TEST_F(Usage, AnUnknownModeIsWrong) { failAsWrongUsage({"sync", "a", "b", "--mode", "both"}, "'both' is none of"); }

TEST_F(Usage, ANumberThatIsNoneIsWrong) { failAsWrongUsage({"diff", "a", "b", "--limit", "few"}, "--limit"); }

TEST_F(Usage, AdoptWithoutReadOnlyIsWrong) { failAsWrongUsage({"sync", "a", "b", "--adopt"}, "--mode readOnly"); }

TEST_F(Usage, RestoreAndDismissAtOnceAreWrong) {
  failAsWrongUsage({"conflicts", "a", "--restore", "1", "--dismiss", "1"}, "--dismiss");
}

TEST_F(Usage, AConflictNumberThatIsNoneIsWrong) {
  failAsWrongUsage({"conflicts", "a", "--restore", "one"}, "'one' is no conflict's number");
}

// Whoever reads our output may stop at any time, and a full disk must not pass for success.
TEST_F(Usage, AFullDiskBehindStdoutIsAnError) {
  std::string script = "exec \"$0\" --help > /dev/full";
  Result result = Process({"/bin/sh", "-c", script, BLAZEDB_BINARY}).wait();
  expectFailure(result, 1, "standard output");
}

}  // namespace
}  // namespace blazedb::e2e
