// The sources of a password: a file, a variable, the terminal.
#include <signal.h>

#include <filesystem>

#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

class PasswordSources : public CliTest {
 protected:
  static ProcessOptions onTerminal() { return {.hasTerminal = true}; }
};

TEST_F(PasswordSources, TheEnvironment) {
  makeDatabase("a.blazedb");
  EXPECT_EQ(succeed({"count", path("a.blazedb")}), "0\n");
}

TEST_F(PasswordSources, AFileWinsOverTheEnvironmentAndItsFirstLineCounts) {
  makeDatabase("a.blazedb");
  std::string file = writeFile("password", std::string(kPassword) + "\r\nanother line\n");
  ProcessOptions options{.environment = {{"BLAZEDB_PASSWORD", "wrong"}}};
  Result result = run({"count", path("a.blazedb"), "--password-file", file}, options);
  EXPECT_EQ(result.status, 0) << result.err;
}

TEST_F(PasswordSources, AFileWithoutALineIsAnError) {
  makeDatabase("a.blazedb");
  fail({"count", path("a.blazedb"), "--password-file", writeFile("password", "")},
       "its first line must be the password");
}

TEST_F(PasswordSources, AFileThatIsNotThereIsAnError) {
  makeDatabase("a.blazedb");
  fail({"count", path("a.blazedb"), "--password-file", path("password")}, "cannot open the password file");
}

TEST_F(PasswordSources, WithoutAnyTheMessageSaysWhichThereAre) {
  makeDatabase("a.blazedb");
  Result result = run({"count", path("a.blazedb")}, {});
  expectFailure(result, 1, "BLAZEDB_PASSWORD");
  EXPECT_NE(result.err.find("--password-file"), std::string::npos);
}

TEST_F(PasswordSources, TheTerminalAsksAndDoesNotShowWhatIsTyped) {
  makeDatabase("a.blazedb");
  Process process(command({"count", path("a.blazedb")}), onTerminal());
  process.readUntil("Password for " + path("a.blazedb") + ": ");
  process.write(std::string(kPassword) + "\n");
  Result result = process.wait();
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, "Password for " + path("a.blazedb") + ": \r\n0\r\n");
}

TEST_F(PasswordSources, TheTerminalAsksTwiceForANewOne) {
  Process process(command({"create", path("a.blazedb")}), onTerminal());
  process.readUntil("Password for " + path("a.blazedb") + ": ");
  process.write("new one\n");
  process.readUntil("Repeat the password: ");
  process.write("new one\n");
  EXPECT_EQ(process.wait().status, 0);
  EXPECT_EQ(open("a.blazedb", "new one").count(), 0u);
}

TEST_F(PasswordSources, TwoNewOnesThatDifferMakeNothing) {
  Process process(command({"create", path("a.blazedb")}), onTerminal());
  process.readUntil("Password for " + path("a.blazedb") + ": ");
  process.write("new one\n");
  process.readUntil("Repeat the password: ");
  process.write("new two\n");
  Result result = process.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("the two passwords differ"), std::string::npos) << result.out;
  EXPECT_FALSE(std::filesystem::exists(path("a.blazedb")));
}

TEST_F(PasswordSources, AnEmptyNewOneMakesNothing) {
  std::string file = writeFile("password", "\n");
  fail({"create", path("a.blazedb"), "--password-file", file}, "empty");
  EXPECT_FALSE(std::filesystem::exists(path("a.blazedb")));
}

TEST_F(PasswordSources, ControlCAtTheTerminalEndsTheProgramAndGivesTheEchoBack) {
  makeDatabase("a.blazedb");
  // The shell has the terminal afterwards and reports its state.
  std::string script = "trap : INT; \"$0\" count \"$1\"; echo \"status $?\"; stty -a";
  Process process({"/bin/sh", "-c", script, BLAZEDB_BINARY, path("a.blazedb")}, onTerminal());
  process.readUntil("Password for ");
  process.write("\x03");
  Result result = process.wait();
  EXPECT_NE(result.out.find("status " + std::to_string(128 + SIGINT)), std::string::npos) << result.out;
  EXPECT_NE(result.out.find(" echo "), std::string::npos) << result.out;
}

TEST_F(PasswordSources, ControlCStopsAlsoACommandThatEndsCleanly) {
  makeDatabase("a.blazedb");
  Process process(command({"export", path("a.blazedb")}), onTerminal());
  process.readUntil("Password for ");
  process.write("\x03");
  Result result = process.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("Cancelled"), std::string::npos) << result.out;
}

TEST_F(PasswordSources, TheEndOfInputIsNoPassword) {
  makeDatabase("a.blazedb");
  Process process(command({"count", path("a.blazedb")}), onTerminal());
  process.readUntil("Password for ");
  process.write("\x04");
  Result result = process.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("no password was given"), std::string::npos) << result.out;
}

TEST_F(PasswordSources, TheSecondDatabaseHasThatOfTheFirst) {
  makeDatabase("a.blazedb");
  makeDatabase("b.blazedb");
  succeed({"diff", path("a.blazedb"), path("b.blazedb")});
}

TEST_F(PasswordSources, TheSecondDatabaseMayHaveItsOwn) {
  makeDatabase("a.blazedb");
  makeDatabase("b.blazedb", SyncRole::client, "battery staple");
  ProcessOptions options = withPassword();
  options.environment["BLAZEDB_PASSWORD_B"] = "battery staple";
  EXPECT_EQ(run({"diff", path("a.blazedb"), path("b.blazedb")}, options).status, 0);
  std::string file = writeFile("password", "battery staple\n");
  succeed({"diff", path("a.blazedb"), path("b.blazedb"), "--password-file-b", file});
}

TEST_F(PasswordSources, TheTerminalAsksForBothAndNothingMeansTheSame) {
  makeDatabase("a.blazedb");
  makeDatabase("b.blazedb");
  Process process(command({"diff", path("a.blazedb"), path("b.blazedb")}), onTerminal());
  process.readUntil("Password for " + path("a.blazedb") + ": ");
  process.write(std::string(kPassword) + "\n");
  process.readUntil("Password for " + path("b.blazedb") + " (empty: the same as A): ");
  process.write("\n");
  Result result = process.wait();
  EXPECT_EQ(result.status, 0) << result.out;
}

}  // namespace
}  // namespace blazedb::e2e
