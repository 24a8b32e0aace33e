#include "tidy/style.h"

#include <gtest/gtest.h>

#include <string>

namespace blazedb::tidy {
namespace {

using Check = Findings (*)(const std::vector<Source>&);

// Whether the check finds something in a project of this one file.
bool finds(Check check, std::string path, std::string text) {
  return !check({{std::move(path), std::move(text)}}).empty();
}

TEST(Style, NamesThatAreNotSnakeCaseAreFound) {
  EXPECT_FALSE(finds(checkNames, "src/base/uuid_v7.h", ""));
  EXPECT_FALSE(finds(checkNames, "README.md", ""));
  for (const char* path :
       {"src/base/UuidV7.h", "src/base/uuid-v7.cc", "src/fileStore/pages.cc", "tests/e2e/two.nodes.sh"})
    EXPECT_TRUE(finds(checkNames, path, "")) << path;
}

TEST(Style, AHeaderThatDoesNotExplainItselfIsFound) {
  EXPECT_FALSE(finds(checkHeaders, "src/base/a.h", "// Time as an argument.\n#pragma once\n"));
  EXPECT_FALSE(finds(checkHeaders, "src/base/a.cc", "#include \"base/a.h\"\n"));
  EXPECT_TRUE(finds(checkHeaders, "src/base/a.h", "#pragma once\n// Time as an argument.\n"));
  EXPECT_TRUE(finds(checkHeaders, "src/base/a.h", "// a.h\n#pragma once\n"));
  EXPECT_TRUE(finds(checkHeaders, "src/base/a.h", ""));
}

TEST(Style, AHeaderWithoutPragmaOnceIsFound) {
  EXPECT_TRUE(finds(checkHeaders, "src/base/a.h", "// Time as an argument.\n\n#include <chrono>\n"));
  EXPECT_TRUE(finds(checkHeaders, "src/base/a.h", "// Time as an argument.\n"));
}

TEST(Style, UsingNamespaceInAHeaderIsFound) {
  EXPECT_EQ(
      checkHeaders({{"src/a/a.h", "// Time as an argument.\n#pragma once\n  using namespace std;\n"}}).front().line,
      3u);
}

TEST(Style, TabsAndSpacesAtTheEndAreFound) {
  EXPECT_FALSE(finds(checkLayout, "docs/a.md", "text\n"));
  EXPECT_TRUE(finds(checkLayout, "docs/a.md", "text \n"));
  EXPECT_TRUE(finds(checkLayout, "src/base/a.cc", "\tint a;\n"));
  EXPECT_TRUE(finds(checkLayout, "dev", "a\r\n"));
  EXPECT_TRUE(finds(checkLayout, "src/base/CMakeLists.txt", "a"));
  EXPECT_FALSE(finds(checkLayout, "tests/compat/fixture.jsonl", "\t \n"));
}

TEST(Style, LongLinesOfCodeAreFoundAndCountedInCharacters) {
  std::string full(kColumnsMax, 'x');
  EXPECT_FALSE(finds(checkLayout, "src/base/a.cc", full + "\n"));
  EXPECT_TRUE(finds(checkLayout, "src/base/a.cc", full + "x\n"));
  EXPECT_FALSE(finds(checkLayout, "docs/a.md", full + "x\n"));
  full.replace(0, 1, "µ");
  EXPECT_FALSE(finds(checkLayout, "src/base/a.cc", full + "\n"));
}

TEST(Style, LongFilesAreFound) {
  std::string text;
  for (std::size_t i = 0; i < kFileLinesMax; i++) text += "x\n";
  EXPECT_FALSE(finds(checkLayout, "src/base/a.cc", text));
  EXPECT_TRUE(finds(checkLayout, "src/base/a.cc", text + "x\n"));
}

TEST(Style, NotesToDoItLaterAreFound) {
  for (const char* line : {"// TO"
                           "DO: all",
                           "int a;  // FIX"
                           "ME",
                           "# XX"
                           "X"})
    EXPECT_TRUE(finds(checkWords, "src/base/CMakeLists.txt", line)) << line;
  EXPECT_FALSE(finds(checkWords, "src/base/a.cc", "mkstemp(\"/tmp/aXXXXXX\");"));
}

TEST(Style, PathsOfOneMachineAreFound) {
  EXPECT_TRUE(finds(checkWords, "docs/a.md",
                    "see `/wo"
                    "rk/main/a.h`"));
  EXPECT_TRUE(finds(checkWords, ".ci/run",
                    "cd /wo"
                    "rk"));
  EXPECT_FALSE(finds(checkWords, "docs/a.md",
                     "frame/wo"
                     "rk and ~/wo"
                     "rk and /wo"
                     "rker"));
}

TEST(Style, SleepsInTestsAreFound) {
  EXPECT_TRUE(finds(checkSleeps, "tests/db/a_test.cc",
                    "std::this_thread::sleep"
                    "_for(1s);"));
  EXPECT_TRUE(finds(checkSleeps, "tests/db/a_test.cc",
                    "::usleep"
                    " (10);"));
  EXPECT_TRUE(finds(checkSleeps, "examples/a.cc",
                    "sleep"
                    "(1);"));
  EXPECT_TRUE(finds(checkSleeps, "tests/e2e/a.py",
                    "time.sleep"
                    "(1)"));
  EXPECT_TRUE(finds(checkSleeps, "tests/e2e/a.sh",
                    "sleep"
                    " 0.1"));
  EXPECT_FALSE(finds(checkSleeps, "tests/db/a_test.cc", "// It does not sleep; asleep(1)"));
  EXPECT_FALSE(finds(checkSleeps, "bench/a.cc",
                     "sleep"
                     "(1);"));
}

TEST(Style, ALayerWithoutAReadmeIsFound) {
  EXPECT_EQ(checkReadmes({{"src/sync/stamp.h", ""}}).size(), 1u);
  EXPECT_EQ(checkReadmes({{"src/sync/stamp.h", ""}, {"src/sync/deep/README.md", ""}}).size(), 1u);
  EXPECT_EQ(checkReadmes({{"src/sync/README.md", ""}, {"src/sync/stamp.h", ""}}).size(), 0u);
  EXPECT_EQ(checkReadmes({{"src/sync/CMakeLists.txt", ""}}).size(), 0u);
}

TEST(Style, ASourceThatNoBuildCompilesIsFound) {
  Source list{"src/base/CMakeLists.txt", "target_sources(blazedb PRIVATE\n  clock.cc deep/hash.cc)"};
  EXPECT_TRUE(checkIsBuilt({list, {"src/base/clock.cc", ""}, {"src/base/deep/hash.cc", ""}}).empty());
  EXPECT_EQ(checkIsBuilt({list, {"src/base/lock.cc", ""}}).size(), 1u);
  EXPECT_EQ(checkIsBuilt({list, {"src/base/hash.cc", ""}}).size(), 1u);
  EXPECT_EQ(checkIsBuilt({{"src/base/clock.cc", ""}}).size(), 1u);
}

}  // namespace
}  // namespace blazedb::tidy
