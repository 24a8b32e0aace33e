// shell: many commands on a database that stays open.
#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

class Shell : public CliTest {
 protected:
  Shell() { makeDatabase("a.blazedb"); }
  Result shell(const std::string& lines) const { return runWithInput({"shell", file_}, lines); }

  const std::string file_ = path("a.blazedb");
};

TEST_F(Shell, RunsTheCommandsOfItsInput) {
  Result result = shell(
      "# a comment\n\n"
      "insert '{\"name\":\"Ada L\",\"age\":36}'\n"
      "insert \"{\\\"name\\\":\\\"it's Bo\\\"}\" -c people\n"
      "query 'age > 30' --fields name\n"
      "query \"name = 'Ada L'\" --count\n"
      "count -c people\n"
      "exit\n"
      "count\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  std::vector<std::string> lines = linesOf(result.out);
  ASSERT_EQ(lines.size(), 5u) << result.out;
  EXPECT_EQ(lines[2], "{\"_id\":\"" + lines[0] + "\",\"name\":\"Ada L\"}");
  EXPECT_EQ(lines[3] + lines[4], "11");
  EXPECT_EQ(open("a.blazedb").collection("people").query("name = $n", {{"n", "it's Bo"}}).count(), 1u);
}

TEST_F(Shell, GoesOnAfterAnErrorAndSaysThatThereWasOne) {
  Result result = shell(
      "count -c nobody\n"
      "sync b.blazedb\n"
      "stop\n"
      "query 'open\n"
      "nosuch\n"
      "count\n");
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.out, "0\n");
  std::vector<std::string> errors = linesOf(result.err);
  ASSERT_EQ(errors.size(), 5u) << result.err;
  EXPECT_NE(errors[0].find("nobody"), std::string::npos);
  EXPECT_NE(errors[1].find("leave the shell for it"), std::string::npos);
  EXPECT_NE(errors[2].find("leave the shell for it"), std::string::npos);
  EXPECT_NE(errors[3].find("a ' is not closed"), std::string::npos);
  EXPECT_NE(errors[4].find("there is no command 'nosuch'"), std::string::npos);
  EXPECT_EQ(shell("count -c nobody\ncount\n").status, 1);
}

TEST_F(Shell, OnATerminalItPromptsAndCompletes) {
  open("a.blazedb").insert({{"colour", "red"}});
  Process process(command({"shell", file_}), onTerminal());
  process.readUntil("a> ");
  process.write("que\t'col\t = 1' --count\n");
  process.readUntil("our  = 1'");  // what the editor adds to "col"
  process.readUntil("\n0\r\n");    // the count
  process.write("exit\n");
  EXPECT_EQ(process.wait().status, 0);
}

}  // namespace
}  // namespace blazedb::e2e
