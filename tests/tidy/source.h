// The files of the project as the checks see them: a path from the root and a text. A check is a function from files to
// findings, so its tests can pass it three lines of text, and the whole tree is only a longer list.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace blazedb::tidy {

struct Source {
  std::string path;  // from the root, with '/'
  std::string text;
};

struct Finding {
  std::string path;
  std::size_t line;  // from 1; 0 if the finding is about the whole file
  std::string message;

  friend bool operator==(const Finding&, const Finding&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Finding& finding);
};
using Findings = std::vector<Finding>;

// Every file below `root`, sorted by path. A file with a zero byte is not text; its text is empty here. Leaves out what
// git, builds and editors keep there: top folders named build*, and folders that begin with a dot, except .ci and
// .github.
std::vector<Source> readTree(const std::filesystem::path& root);

// The lines of a text without their ends. Views into the text.
std::vector<std::string_view> linesOf(std::string_view text);

// "h" for "src/base/clock.h"; "" if the name has no dot.
std::string_view extensionOf(std::string_view path);

// Whether `path` is inside `folder` ("src/base"), at any depth.
bool isInside(std::string_view path, std::string_view folder);

// Whether it is a header or a source file of C++.
bool isCpp(std::string_view path);

// Removes the spaces at both ends.
std::string_view trimmed(std::string_view line);

// The position of `word` in `line` with no letter, digit or underscore beside it; npos if there is none.
std::size_t findWord(std::string_view line, std::string_view word);

}  // namespace blazedb::tidy
