// Shared by the tests of the command line: a folder for each test, databases in it, and the real program to run on
// them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "blazedb/database.h"
#include "e2e/process.h"

namespace blazedb::e2e {

inline constexpr const char* kPassword = "correct horse";

class CliTest : public testing::Test {
 protected:
  CliTest();
  ~CliTest() override;

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string writeFile(const std::string& name, const std::string& content) const;
  static std::string readFile(const std::string& path);

  // A database made by this process with the cheapest allowed password cost; closed with the handle.
  Database makeDatabase(const std::string& name, SyncRole role = SyncRole::client,
                        const std::string& password = kPassword) const;
  Database open(const std::string& name, const std::string& password = kPassword) const;

  // Runs blazedb with `words` as its arguments and kPassword in BLAZEDB_PASSWORD.
  static std::vector<std::string> command(const std::vector<std::string>& words);
  static ProcessOptions withPassword();
  static Result run(const std::vector<std::string>& words);
  static Result run(const std::vector<std::string>& words, const ProcessOptions& options);
  static Result runWithInput(const std::vector<std::string>& words, const std::string& input);

  // Runs it and expects exit status 0 and an empty stderr. Returns stdout.
  static std::string succeed(const std::vector<std::string>& words);
  // Expects this exit status, one line on stderr that begins with "blazedb: " and contains `what`, and no output.
  static void expectFailure(const Result& result, int status, const std::string& what);
  static void fail(const std::vector<std::string>& words, const std::string& what);
  static void failAsWrongUsage(const std::vector<std::string>& words, const std::string& what);

  // With a terminal, on which blazedb draws its progress bar.
  static ProcessOptions onTerminal();

 private:
  std::string folder_;
};

// Inserts so many records that a test can interrupt their sync in the middle.
void insertManyRecords(Database database, int count = 100'000);
// Whether the progress bar shows that the work has begun and is not finished.
bool isInTheMiddle(const std::string& out);

// Polls `hasCome`, for events that cannot be waited for. Throws std::runtime_error if it is still false after
// kPatience.
void waitFor(const char* what, const std::function<bool()>& hasCome);

// The fields of a line of JSON.
Object parsed(const std::string& json);
std::vector<std::string> linesOf(const std::string& text);

}  // namespace blazedb::e2e
