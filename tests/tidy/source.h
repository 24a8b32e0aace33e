// The files of the project as the checks see them: a path from the root and a text. A check is a function from files to
// findings, so that its own tests hand it three lines of text and the whole tree is just a longer list.
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
  std::size_t line;  // from 1; 0 where the finding is about the whole file
  std::string message;

  friend bool operator==(const Finding&, const Finding&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Finding& finding);
};
using Findings = std::vector<Finding>;

// Every file below `root`, sorted by path; one that holds a zero byte is no text and comes with an empty one. Left out
// is what git, builds and editors keep there: folders at the top named build*, and those that begin with a dot, save
// .ci and .github.
std::vector<Source> readTree(const std::filesystem::path& root);

// The lines of a text without their ends. Views into the text.
std::vector<std::string_view> linesOf(std::string_view text);

// "h" for "src/base/clock.h"; "" where the name has no dot.
std::string_view extensionOf(std::string_view path);

// Is `path` inside `folder` ("src/base"), at any depth?
bool isInside(std::string_view path, std::string_view folder);

// A header or a source file of C++.
bool isCpp(std::string_view path);

// Without the spaces at both ends.
std::string_view trimmed(std::string_view line);

// Where `word` stands in `line` with no letter, digit or underscore beside it; npos where it does not.
std::size_t findWord(std::string_view line, std::string_view word);

}  // namespace blazedb::tidy
