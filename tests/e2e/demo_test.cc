#include <filesystem>

#include "e2e/cli_test.h"

namespace blazedb::e2e {
namespace {

class DemoCommand : public CliTest {
 protected:
  ProcessOptions options() const { return {.environment = {{"TMPDIR", path("")}}}; }
};

TEST_F(DemoCommand, ShowsEverythingAndLeavesNothing) {
  Result result = run({"demo"}, options());
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out.find('\033'), std::string::npos) << "colours without a terminal";
  for (const std::string& line : linesOf(result.out)) EXPECT_LE(line.size(), 100u) << line;
  for (const char* part : {"languages", "across the link", "median", "never anything between", "Bonn",
                           "ReadOnlyReplica", "server <-> client", "equal"})
    EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
  EXPECT_TRUE(std::filesystem::is_empty(path("")));
}

TEST_F(DemoCommand, KeepsTheFilesForWhoAsks) {
  Result result = run({"demo", "--keep"}, options());
  ASSERT_EQ(result.status, 0) << result.err;
  std::string marker = "export BLAZEDB_PASSWORD=";
  std::string password = result.out.substr(result.out.find(marker) + marker.size(), 36);
  std::filesystem::path folder = *std::filesystem::directory_iterator(path(""));
  Result same = run({"diff", folder / "server.blazedb", folder / "client.blazedb"},
                    {.environment = {{"BLAZEDB_PASSWORD", password}}});
  EXPECT_EQ(same.status, 0) << same.err << same.out;
}

}  // namespace
}  // namespace blazedb::e2e
