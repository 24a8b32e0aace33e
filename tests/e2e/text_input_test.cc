// Text and numbers that the command line reads: whole, or not at all.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>

#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

constexpr const char* kMark = "\xef\xbb\xbf";

class TextInput : public CliTest {
 protected:
  TextInput() { makeDatabase("a.blazedb"); }
  std::string passwordFile(const std::string& content) const { return writeFile("password", content); }
  // The command that opens a.blazedb with the password in a file.
  std::vector<std::string> withFile(const std::string& file) const { return {"count", file_, "--password-file", file}; }

  const std::string file_ = path("a.blazedb");
};

TEST_F(TextInput, AllOfALongPasswordCounts) {
  const std::string whole(100'000, 'x');
  makeDatabase("b.blazedb", SyncRole::client, whole);
  succeed({"count", path("b.blazedb"), "--password-file", passwordFile(whole + "\n")});
  fail({"count", path("b.blazedb"), "--password-file", passwordFile(whole.substr(0, 4096))}, "WrongPassword");
}

TEST_F(TextInput, APasswordThatIsTooLongIsRefusedAndNotCut) {
  fail({"create", path("b.blazedb"), "--password-file", passwordFile(std::string(131'073, 'x'))}, "TooLarge");
  fail({"create", path("b.blazedb"), "--password-file", "/dev/zero"}, "the password is longer than 128.0 KiB");
  EXPECT_FALSE(std::filesystem::exists(path("b.blazedb")));
}

// The terminal gives 4,095 bytes of a longer line and silently drops the rest.
TEST_F(TextInput, APasswordThatATerminalWouldCutIsRefused) {
  makeDatabase("b.blazedb", SyncRole::client, std::string(4095, 'x'));
  Process process(command({"count", path("b.blazedb")}), {.hasTerminal = true});
  process.readUntil("Password for ");
  process.write(std::string(3000, 'x'));
  process.write(std::string(2000, 'x') + "\n");
  Result result = process.wait();
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("the password is longer than"), std::string::npos) << result.out;
}

TEST_F(TextInput, AByteOrderMarkIsNoPartOfAPassword) {
  succeed(withFile(passwordFile(kMark + std::string(kPassword) + "\r\n")));
  fail(withFile(passwordFile(std::string(kPassword) + kMark)), "WrongPassword");
}

TEST_F(TextInput, ABlankAtTheEndOfAPasswordCounts) {
  fail(withFile(passwordFile(std::string(kPassword) + " \n")), "WrongPassword");
}

TEST_F(TextInput, AByteOrderMarkMayStandBeforeLinesThatAreEmptyOrNot) {
  succeed({"import", file_, writeFile("1.jsonl", std::string(kMark) + "\r\n{\"n\":1}\r\n")});
  succeed({"import", file_, writeFile("2.jsonl", std::string(kMark) + "{\"n\":2}")});
  succeed({"import", file_, writeFile("3.jsonl", kMark)});
  EXPECT_EQ(succeed({"count", file_}), "2\n");
}

TEST_F(TextInput, AByteOrderMarkMayStandBeforeARecord) {
  EXPECT_EQ(runWithInput({"insert", file_, "-"}, std::string(kMark) + "\r\n {\"n\":1}\r\n").status, 0);
}

TEST_F(TextInput, APasswordComesThroughAPipe) {
  Result anonymous = Process({"/bin/bash", "-c", "\"$0\" count \"$1\" --password-file <(printf '%s\\n' \"$2\")",
                              BLAZEDB_BINARY, file_, kPassword})
                         .wait();
  EXPECT_EQ(anonymous.status, 0) << anonymous.err;
  EXPECT_EQ(anonymous.out, "0\n");
}

TEST_F(TextInput, APasswordComesThroughAPipeWithAName) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  Process reader(command(withFile(path("fifo"))));
  Process writer({"/bin/sh", "-c", "printf '%s\\n' \"$1\" > \"$0\"", path("fifo"), kPassword});
  EXPECT_EQ(reader.wait().status, 0);
  EXPECT_EQ(writer.wait().status, 0);
}

TEST_F(TextInput, APipeIntoWhichNobodyWritesEndsByASignal) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  for (const char* command : {"count", "export", "serve"}) {
    Process process({BLAZEDB_BINARY, command, file_, "--password-file", path("fifo")});
    // When this open returns, blazedb has opened the pipe too; nothing more comes.
    int writer = ::open(path("fifo").c_str(), O_WRONLY | O_CLOEXEC);
    ASSERT_GE(writer, 0);
    process.send(SIGTERM);
    EXPECT_NE(process.wait().status, 0) << command;
    close(writer);
  }
}

TEST_F(TextInput, AFolderIsRefusedByItsName) {
  fail(withFile(path("")), "is a folder");
  fail({"import", file_, path("")}, "is a folder");
  fail(withFile("/dev/null"), "is empty");
}

TEST_F(TextInput, PasswordAndRecordMayComeFromStandardInputTogether) {
  std::string input = std::string(kPassword) + "\n{\"n\": 7}\n";
  ProcessOptions options{.hasInput = true};
  Process process(command({"insert", file_, "-", "--password-file", "-"}), options);
  process.write(input);
  process.closeInput();
  Result result = process.wait();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(succeed({"count", file_}), "1\n");
}

TEST_F(TextInput, ANumberIsDecimalWholeAndWithoutASign) {
  std::string lines;
  for (int n = 1; n <= 12; n++) lines += "{\"n\":" + std::to_string(n) + "}\n";
  std::string input = writeFile("lines.jsonl", lines);
  EXPECT_EQ(parsed(succeed({"import", file_, input, "--from-line", "010", "--json"})).integer("inserted"), 3);
  for (const char* number : {"", " ", "+5", "-5", "1e3", "0x10", "5 ", " 5", "5.0", "1,000", "18446744073709551616"})
    failAsWrongUsage({"import", file_, input, "--from-line", number}, "--from-line");
  for (const std::string number : {"0x10", "+5"}) {
    failAsWrongUsage({"diff", file_, file_, "--limit", number}, "--limit");
    failAsWrongUsage({"serve", file_, "--port", number}, "--port");
    failAsWrongUsage({"serve", file_, "--healthz-port", number}, "--healthz-port");
    failAsWrongUsage({"conflicts", file_, "--dismiss", number}, "is not the number of a conflict");
    failAsWrongUsage({"token", "create", file_, "--expires", number + "d"}, "--expires");
    fail({"token", "revoke", file_, number}, "there is no token " + number);
    failAsWrongUsage({"sync", file_, "hub:" + number + "/Notes"}, "is not a port");
  }
  failAsWrongUsage({"conflicts", file_, "--dismiss", "9223372036854775808"}, "is not the number of a conflict");
  failAsWrongUsage({"token", "revoke", file_, "9223372036854775808"}, "is not the number of a token");
  failAsWrongUsage({"serve", file_, "--port", "65536"}, "is not a port");
}

}  // namespace
}  // namespace blazedb::e2e
