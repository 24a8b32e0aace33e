// Lines for people: whatever they contain, a terminal shows it and does not obey it.
#include <signal.h>

#include <filesystem>

#include "codec/text.h"
#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

class TerminalLines : public CliTest {
 protected:
  TerminalLines() {
    makeDatabase("plain.blazedb").insert({{"n", 1}});
    std::filesystem::rename(path("plain.blazedb"), file_);
  }

  static void expectNoSteering(const std::string& shown) {
    for (const std::string& line : linesOf(shown)) EXPECT_TRUE(codec::isOneLine(line)) << codec::printable(line);
  }

  // It clears the screen, writes in red, and reverses the direction of the text after it.
  static constexpr const char* kName = "a\x1B[2Jb\xC2\x9B\x33\x31m\xE2\x80\xAE.blazedb";
  const std::string file_ = path(kName);
};

TEST_F(TerminalLines, ThePathsThatCommandsPrintDoNotSteerIt) {
  std::string made = path(std::string("made-") + kName), copied = path(std::string("copied-") + kName);
  std::string shown = succeed({"create", made}) + succeed({"backup", file_, copied}) + succeed({"info", file_}) +
                      succeed({"verify", file_}) + succeed({"renew", file_}) + succeed({"restamp", file_}) +
                      succeed({"release", file_}) + succeed({"export", file_, "-o", file_ + ".jsonl"});
  ProcessOptions options = withPassword();
  options.environment["BLAZEDB_NEW_PASSWORD"] = "battery staple";
  shown += run({"passwd", file_}, options).out;
  EXPECT_GT(linesOf(shown).size(), 9u) << shown;
  expectNoSteering(shown);
  expectNoSteering(run({"get", file_, "x"}).err);
  EXPECT_EQ(parsed(succeed({"info", made, "--json"})).string("path"), made) << "for programs it is what it is";
}

TEST_F(TerminalLines, ThePathsThatAHubPrintsDoNotSteerIt) {
  Process hub(command({"serve", file_, "--host", "127.0.0.1", "--port", "0", "--healthz-port", "0"}), withPassword());
  hub.readUntil("--encryption");
  hub.send(SIGINT);
  Result result = hub.wait();
  EXPECT_NE(result.out.find("blazedb token create "), std::string::npos) << result.out;
  expectNoSteering(result.out);
  expectNoSteering(result.err);
}

TEST_F(TerminalLines, TheQuestionForAPasswordDoesNotSteerIt) {
  ProcessOptions terminal;
  terminal.hasTerminal = true;
  Process count(command({"count", file_}), terminal);
  count.readUntil(": ");
  count.write(std::string(kPassword) + "\n");
  std::string asked = count.wait().out;
  EXPECT_TRUE(codec::isOneLine(asked.substr(0, asked.find(": ")))) << codec::printable(asked);
}

TEST_F(TerminalLines, TheWarningOfAnUnusedLogDoesNotSteerIt) {
  makeDatabase("other.blazedb");
  {
    Database other = open("other.blazedb");
    other.insert({{"n", 1}});
    writeFile(std::string(kName) + "-wal", readFile(path("other.blazedb-wal")));
  }
  Result result = run({"count", file_});
  EXPECT_EQ(result.out, "1\n");
  EXPECT_NE(result.err.find("kept as"), std::string::npos) << result.err;
  expectNoSteering(result.err);
}

}  // namespace
}  // namespace blazedb::e2e
