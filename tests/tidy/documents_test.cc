#include "tidy/documents.h"

#include <gtest/gtest.h>

#include <string>

#include "tidy/layers.h"

namespace blazedb::tidy {
namespace {

std::size_t brokenLinks(std::string path, std::string text) {
  return checkLinks({{std::move(path), std::move(text)}, {"docs/sync.md", ""}, {"docs/img/a b.png", ""}}).size();
}

TEST(Documents, LinksToWhatIsThereAreFine) {
  EXPECT_EQ(
      brokenLinks("README.md", "[a](docs/sync.md) ![b](docs/sync.md#rule \"title\") [c](docs/) [d](/docs/sync.md)"),
      0u);
  EXPECT_EQ(brokenLinks("docs/a.md", "[a](sync.md) [b](../docs/sync.md) [c](#here) [d](<img/a b.png>)"), 0u);
  EXPECT_EQ(brokenLinks("docs/a.md", "[a](https://example.org/x) <a href=\"mailto:a@b.c\">"), 0u);
  EXPECT_EQ(brokenLinks("README.md", "`[a](nowhere.md)`\n```\n[a](nowhere.md)\n```\n"), 0u);
}

TEST(Documents, LinksToNowhereAreFound) {
  for (const char* text : {"[a](sync.md)", "![a](docs/sync.png)", "[a](docs/sync.mdx#b)", "[a]: docs/nowhere.md",
                           "<img src=\"docs/a.png\">", "[a](../../issues)", "```\n```\n[a](nowhere.md)",
                           "[a](docs/sync.md) and [b](nowhere.md)"})
    EXPECT_EQ(brokenLinks("README.md", text), 1u) << text;
}

const Source kProgram{"examples/quick_start.cc",
                      "int main() {\n"
                      "  // [open]\n"
                      "  open();\n"
                      "  // [retry]\n"
                      "  if (failed) {\n"
                      "    again();\n"
                      "  }\n"
                      "  // [/retry]\n"
                      "  // [/open]\n"
                      "  // [twice]\n"
                      "  // [/twice]\n"
                      "  // [twice]\n"
                      "  // [/twice]\n"
                      "  // [unfinished]\n"
                      "}\n"};

std::string snippetFault(std::string document) {
  Findings findings = checkSnippets({{"docs/guide.md", std::move(document)}, kProgram});
  return findings.empty() ? "" : findings.front().message;
}

TEST(Documents, ASnippetThatEqualsItsRegionIsFine) {
  EXPECT_EQ(snippetFault("<!-- examples/quick_start.cc [retry] -->\n```cpp\nif (failed) {\n  again();\n}\n```\n"), "");
  EXPECT_EQ(snippetFault("* <!-- examples/quick_start.cc [retry] -->\n"), "");
  EXPECT_EQ(snippetFault(
                "  <!-- examples/quick_start.cc [retry] -->\n\n  ```cpp\n  if (failed) {\n    again();\n  }\n  ```\n"),
            "");
  EXPECT_EQ(snippetFault("<!-- examples/quick_start.cc [open] -->\n"
                         "```cpp\nopen();\nif (failed) {\n  again();\n}\n```\n"),
            "");
}

TEST(Documents, ASnippetThatDiffersIsFound) {
  const std::string marker = "<!-- examples/quick_start.cc [retry] -->\n";
  EXPECT_EQ(snippetFault(marker + "```cpp\nif (failed) {\n  never();\n}\n```\n"),
            "examples/quick_start.cc [retry] has \"  again();\" where the document has \"  never();\"");
  EXPECT_NE(snippetFault(marker + "```cpp\nif (failed) {\n    again();\n}\n```\n"), "");  // other indentation inside
  EXPECT_NE(snippetFault(marker + "```cpp\nif (failed) {\n  again();\n```\n"), "");
  EXPECT_NE(snippetFault(marker + "```cpp\nif (failed) {\n  again();\n}\nmore();\n```\n"), "");
}

TEST(Documents, ASnippetWithoutARegionIsFound) {
  for (const char* name :
       {"quick_start.cc [absent]", "quick_start.cc [twice]", "quick_start.cc [unfinished]", "slow.cc [open]"})
    EXPECT_NE(snippetFault("<!-- examples/" + std::string(name) + " -->\n```cpp\nopen();\n```\n"), "") << name;
}

TEST(Documents, CppThatNothingCompilesIsFound) {
  EXPECT_NE(snippetFault("```cpp\nopen();\n```\n"), "");
  EXPECT_NE(snippetFault("<!-- examples/quick_start.cc [open] -->\nSome words.\n```c++\nopen();\n```\n"), "");
  EXPECT_EQ(snippetFault("```sh\n./dev test\n```\n"), "");
  EXPECT_NE(snippetFault("```sh\n./dev test\n```\n```cpp\nopen();\n```\n"), "");
}

TEST(Documents, OneMarkerServesOneBlock) {
  const std::string block = "```cpp\nif (failed) {\n  again();\n}\n```\n";
  EXPECT_NE(snippetFault("<!-- examples/quick_start.cc [retry] -->\n" + block + block), "");
}

TEST(Documents, AMissingOrDifferentTableOfLayersIsFound) {
  EXPECT_EQ(checkLayerTable({{"docs/architecture.md", "# Layers\n\n" + layersAsMarkdown()}}).size(), 0u);
  EXPECT_EQ(checkLayerTable({{"docs/architecture.md", "| base | sync |\n"}}).size(), 1u);
  EXPECT_EQ(checkLayerTable({}).size(), 1u);
}

TEST(Documents, ABoundThatNoScenarioTriesIsFound) {
  const std::string head = "| frame | what it costs | the bound | tried by |\n|---|---|---|---|\n";
  const std::string row = "| Need | reads | 1,000 keys | [needs](../tests/e2e/raw/bounds/needs.py) |\n";
  const Source scenario{"tests/e2e/raw/bounds/needs.py", ""};
  EXPECT_EQ(checkBounds({{"docs/security.md", head + row}, scenario}), Findings{});
  EXPECT_EQ(checkBounds({{"docs/security.md", head + row}}).size(), 1u) << "the scenario does not exist";
  EXPECT_EQ(checkBounds({{"docs/security.md", head + row + "| Rows | | | by hand |\n\nAnd so on.\n"}, scenario}),
            (Findings{{"docs/security.md", 4, "names no scenario of tests/e2e/raw/bounds that tries it"}}));
  EXPECT_EQ(checkBounds({{"docs/security.md", head}, scenario}).size(), 1u) << "it stands in no row";
  EXPECT_EQ(checkBounds({{"docs/security.md", "No table.\n"}}).size(), 1u);
}

}  // namespace
}  // namespace blazedb::tidy
