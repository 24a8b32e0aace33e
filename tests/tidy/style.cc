#include "tidy/style.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string>

namespace blazedb::tidy {
namespace {

std::string_view nameOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view folderOf(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// Whether people write this file, as opposed to data, golden files and licences.
bool isHandWritten(std::string_view path) {
  static const std::set<std::string_view> kExtensions = {"h",  "cc", "cmake", "in",  "md",
                                                         "sh", "py", "js",    "css", "html"};
  if (path == "dev" || path == ".ci/run" || path == "packages.txt" || nameOf(path) == "CMakeLists.txt") return true;
  return kExtensions.contains(extensionOf(path));
}

bool isSnakeCase(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// Characters, not bytes: of each UTF-8 sequence only the first byte counts.
std::size_t columnsOf(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::size_t wordsOf(std::string_view text) {
  std::size_t words = 0;
  for (std::size_t i = 0; i < text.size(); i++)
    words += std::isalpha(static_cast<unsigned char>(text[i])) && (i == 0 || text[i - 1] == ' ');
  return words;
}

// Whether the line calls `function`, with or without spaces before the bracket.
bool callsFunction(std::string_view line, std::string_view function) {
  std::size_t at = findWord(line, function);
  return at != std::string_view::npos && trimmed(line.substr(at + function.size())).starts_with('(');
}

// `sleep 2`, the command of a shell.
bool callsSleepCommand(std::string_view line) {
  std::size_t at = findWord(line, "sleep");
  if (at == std::string_view::npos) return false;
  std::string_view rest = trimmed(line.substr(at + 5));
  return !rest.empty() && (std::isdigit(static_cast<unsigned char>(rest[0])) || rest[0] == '.' || rest[0] == '$');
}

// "src/sync" for every path inside it, "" for a path in no layer.
std::string layerFolderOf(std::string_view path) {
  if (!isInside(path, "src")) return "";
  std::size_t slash = path.find('/', 4);
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

}  // namespace

Findings checkNames(const std::vector<Source>& sources) {
  Findings findings;
  for (const Source& source : sources) {
    std::string_view extension = extensionOf(source.path);
    if (!isCpp(source.path) && extension != "sh" && extension != "py") continue;
    std::string_view rest(source.path);
    rest.remove_suffix(extension.size() + 1);
    while (!rest.empty()) {
      std::size_t slash = std::min(rest.find('/'), rest.size());
      if (!isSnakeCase(rest.substr(0, slash))) {
        findings.push_back({source.path, 0, "files and folders are named in snake_case"});
        break;
      }
      rest.remove_prefix(std::min(slash + 1, rest.size()));
    }
  }
  return findings;
}

Findings checkHeaders(const std::vector<Source>& sources) {
  Findings findings;
  for (const Source& source : sources) {
    if (extensionOf(source.path) != "h") continue;
    auto lines = linesOf(source.text);
    std::size_t words = 0;
    std::size_t i = 0;
    for (; i < lines.size() && lines[i].starts_with("//"); i++) words += wordsOf(lines[i]);
    if (words < 4) findings.push_back({source.path, 1, "a header opens with a comment that says what it is for"});
    if (i == lines.size() || lines[i] != "#pragma once")
      findings.push_back({source.path, i + 1, "#pragma once follows the opening comment"});
    for (i = 0; i < lines.size(); i++)
      if (trimmed(lines[i]).starts_with("using namespace"))
        findings.push_back({source.path, i + 1, "a header brings no namespace into the files that include it"});
  }
  return findings;
}

Findings checkLayout(const std::vector<Source>& sources) {
  Findings findings;
  for (const Source& source : sources) {
    if (!isHandWritten(source.path) || source.text.empty()) continue;
    auto lines = linesOf(source.text);
    if (source.text.back() != '\n') findings.push_back({source.path, lines.size(), "the last line does not end"});
    if (lines.size() > kFileLinesMax)
      findings.push_back(
          {source.path, 0, std::to_string(lines.size()) + " lines: split it into files that say one thing"});
    for (std::size_t i = 0; i < lines.size(); i++) {
      if (lines[i].find('\t') != std::string_view::npos) findings.push_back({source.path, i + 1, "a tab"});
      if (lines[i].ends_with(' ') || lines[i].ends_with('\r'))
        findings.push_back({source.path, i + 1, "a space at the end of the line"});
      bool mayBeLong = lines[i].find("https://") != std::string_view::npos;
      if (isCpp(source.path) && !mayBeLong && columnsOf(lines[i]) > kColumnsMax)
        findings.push_back({source.path, i + 1, "longer than " + std::to_string(kColumnsMax) + " columns"});
    }
  }
  return findings;
}

Findings checkWords(const std::vector<Source>& sources) {
  // Put together from halves, so that this file does not find itself.
  static constexpr std::array<std::string_view, 3> kLater = {
      "TO"
      "DO",
      "FIX"
      "ME",
      "XX"
      "X"};
  static constexpr std::string_view kMachine =
      "/wo"
      "rk";
  Findings findings;
  for (const Source& source : sources) {
    auto lines = linesOf(source.text);
    for (std::size_t i = 0; i < lines.size(); i++) {
      for (std::string_view word : kLater)
        if (isHandWritten(source.path) && findWord(lines[i], word) != std::string_view::npos)
          findings.push_back({source.path, i + 1, "a note to do it later: do it now, or open an issue"});
      std::size_t at = findWord(lines[i], kMachine);
      bool absolute = at == 0 || (at != std::string_view::npos &&
                                  std::string_view(" \"'`(=:,<").find(lines[i][at - 1]) != std::string_view::npos);
      if (absolute) findings.push_back({source.path, i + 1, "a path of one machine"});
    }
  }
  return findings;
}

Findings checkSleeps(const std::vector<Source>& sources) {
  Findings findings;
  for (const Source& source : sources) {
    if (!isInside(source.path, "tests") && !isInside(source.path, "examples")) continue;
    std::string_view extension = extensionOf(source.path);
    auto lines = linesOf(source.text);
    for (std::size_t i = 0; i < lines.size(); i++) {
      bool found = false;
      if (isCpp(source.path) || extension == "py")
        for (std::string_view function : {"sleep_for", "sleep_until", "sleep", "usleep", "nanosleep"})
          found |= callsFunction(lines[i], function);
      if (extension == "sh") found |= callsSleepCommand(lines[i]);
      if (found)
        findings.push_back({source.path, i + 1, "no sleeps: wait for the thing itself, or move an injected clock"});
    }
  }
  return findings;
}

Findings checkReadmes(const std::vector<Source>& sources) {
  std::map<std::string, bool> hasReadme;
  for (const Source& source : sources) {
    std::string layer = layerFolderOf(source.path);
    if (layer.empty()) continue;
    if (isCpp(source.path)) hasReadme[layer] |= false;
    if (source.path == layer + "/README.md") hasReadme[layer] = true;
  }
  Findings findings;
  for (const auto& [layer, has] : hasReadme)
    if (!has) findings.push_back({layer, 0, "has no README.md: its purpose, its invariants, what it is not"});
  return findings;
}

Findings checkIsBuilt(const std::vector<Source>& sources) {
  std::map<std::string_view, std::string_view> lists;  // folder → its CMakeLists.txt
  for (const Source& source : sources)
    if (nameOf(source.path) == "CMakeLists.txt") lists[folderOf(source.path)] = source.text;
  Findings findings;
  for (const Source& source : sources) {
    if (extensionOf(source.path) != "cc") continue;
    std::string_view folder = folderOf(source.path);
    while (!folder.empty() && !lists.contains(folder)) folder = folderOf(folder);
    std::string_view list = lists[folder];
    std::string_view name(source.path);
    if (!folder.empty()) name.remove_prefix(folder.size() + 1);
    std::size_t at = list.find(name);
    auto separates = [&](std::size_t i) { return i >= list.size() || std::string_view(" \n()\"").find(list[i]) < 5; };
    while (at != std::string_view::npos && !((at == 0 || separates(at - 1)) && separates(at + name.size())))
      at = list.find(name, at + 1);
    if (at == std::string_view::npos)
      findings.push_back({source.path, 0, "no build compiles it: name it in the CMakeLists.txt of its folder"});
  }
  return findings;
}

}  // namespace blazedb::tidy
