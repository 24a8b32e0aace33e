#include "tidy/documents.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "tidy/layers.h"

namespace blazedb::tidy {
namespace {

using Lines = std::vector<std::string_view>;

bool isFence(std::string_view line) { return trimmed(line).starts_with("```"); }

// The language of the block that this line opens.
std::string_view languageOf(std::string_view fence) { return trimmed(trimmed(fence).substr(3)); }

// The targets of the links in one line. `](path "title")`, `](<path>)`, `[name]: path`, `src="path"` and `href="path"`.
std::vector<std::string> targetsOf(std::string_view line) {
  std::string text;  // without `code`
  bool inCode = false;
  for (char c : line) {
    if (c == '`') inCode = !inCode;
    if (!inCode && c != '`') text += c;
  }
  std::vector<std::string> targets;
  for (std::string_view opening : {"](", "src=\"", "href=\""}) {
    for (std::size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at + 1)) {
      std::string_view rest = std::string_view(text).substr(at + opening.size());
      bool bracketed = rest.starts_with('<');
      if (bracketed) rest.remove_prefix(1);
      targets.emplace_back(rest.substr(0, rest.find_first_of(bracketed ? ">" : ") \"")));
    }
  }
  if (text.starts_with('['))
    if (std::size_t at = text.find("]: "); at != std::string::npos && at == text.find(']'))
      targets.emplace_back(trimmed(std::string_view(text).substr(at + 3)));
  return targets;
}

bool isElsewhere(std::string_view target) {
  return target.empty() || target.starts_with('#') || target.find(':') != std::string_view::npos;
}

// The file or folder of the project that `target` points at from the document at `path`.
std::string resolve(std::string_view path, std::string_view target) {
  target = target.substr(0, target.find_first_of("#?"));
  std::filesystem::path full = target.starts_with('/') ? std::filesystem::path(target.substr(1))
                                                       : std::filesystem::path(path).parent_path() / target;
  std::string text = full.lexically_normal().generic_string();
  while (text.ends_with('/')) text.pop_back();
  return text;
}

// Removes the indentation that all lines share, and empty lines at both ends.
Lines dedented(Lines lines) {
  std::size_t shared = std::string_view::npos;
  for (std::string_view line : lines) shared = std::min(shared, line.find_first_not_of(' '));
  for (std::string_view& line : lines) line.remove_prefix(std::min(shared, line.size()));
  while (!lines.empty() && trimmed(lines.back()).empty()) lines.pop_back();
  while (!lines.empty() && trimmed(lines.front()).empty()) lines.erase(lines.begin());
  return lines;
}

// `// [name]` or `// [/name]`
std::optional<std::string_view> markerOf(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with("// [") || !line.ends_with(']')) return std::nullopt;
  return line.substr(4, line.size() - 5);
}

// The lines between the markers of `name`, without the markers of other regions. Nothing unless there is exactly one
// such region.
std::optional<Lines> findRegion(std::string_view text, std::string_view name) {
  std::string closing = "/" + std::string(name);
  Lines region;
  int opened = 0, closed = 0;
  for (std::string_view line : linesOf(text)) {
    auto marker = markerOf(line);
    if (marker == name) opened++;
    if (marker == closing) closed++;
    if (!marker && opened == 1 && closed == 0) region.push_back(line);
  }
  if (opened != 1 || closed != 1) return std::nullopt;
  return region;
}

struct Quote {
  std::string path;
  std::string name;
};

// `<!-- examples/quick_start.cc [open] -->`
std::optional<Quote> quoteOf(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with("<!-- examples/") || !line.ends_with("] -->")) return std::nullopt;
  std::size_t bracket = line.find(" [");
  if (bracket == std::string_view::npos) return std::nullopt;
  return Quote{std::string(line.substr(5, bracket - 5)),
               std::string(line.substr(bracket + 2, line.size() - bracket - 7))};
}

// What is wrong with a block that claims to be `quote`; empty if nothing is.
std::string objection(const std::vector<Source>& sources, const Quote& quote, const Lines& block) {
  auto program = std::find_if(sources.begin(), sources.end(), [&](const Source& s) { return s.path == quote.path; });
  if (program == sources.end()) return "there is no " + quote.path;
  auto region = findRegion(program->text, quote.name);
  if (!region) return quote.path + " does not hold // [" + quote.name + "] and // [/" + quote.name + "] once each";
  Lines expected = dedented(*region);
  Lines shown = dedented(block);
  auto [a, b] = std::mismatch(expected.begin(), expected.end(), shown.begin(), shown.end());
  if (a == expected.end() && b == shown.end()) return "";
  return quote.path + " [" + quote.name + "] has " + (a == expected.end() ? "ended" : "\"" + std::string(*a) + "\"") +
         " where the document has " + (b == shown.end() ? "ended" : "\"" + std::string(*b) + "\"");
}

}  // namespace

Findings checkLinks(const std::vector<Source>& sources) {
  std::set<std::string, std::less<>> known = {"."};
  for (const Source& source : sources)
    for (std::string path = source.path; !path.empty() && known.insert(path).second;)
      path = std::filesystem::path(path).parent_path().generic_string();
  Findings findings;
  for (const Source& source : sources) {
    if (extensionOf(source.path) != "md") continue;
    bool inCode = false;
    auto lines = linesOf(source.text);
    for (std::size_t i = 0; i < lines.size(); i++) {
      if (isFence(lines[i])) inCode = !inCode;
      if (inCode) continue;
      for (const std::string& target : targetsOf(lines[i]))
        if (!isElsewhere(target) && !known.contains(resolve(source.path, target)))
          findings.push_back({source.path, i + 1, "there is no " + target});
    }
  }
  return findings;
}

Findings checkSnippets(const std::vector<Source>& sources) {
  static const std::set<std::string_view> kCpp = {"cpp", "c++", "cc", "cxx", "C++", "CPP"};
  Findings findings;
  for (const Source& source : sources) {
    if (extensionOf(source.path) != "md" || (source.path != "README.md" && !isInside(source.path, "docs"))) continue;
    auto lines = linesOf(source.text);
    std::string_view above;  // the last line that was not empty
    for (std::size_t i = 0; i < lines.size(); i++) {
      if (!isFence(lines[i])) {
        if (!trimmed(lines[i]).empty()) above = lines[i];
        continue;
      }
      std::size_t opening = i;
      Lines block;
      for (i++; i < lines.size() && !isFence(lines[i]); i++) block.push_back(lines[i]);
      auto quote = quoteOf(above);
      above = {};
      if (!kCpp.contains(languageOf(lines[opening]))) continue;
      std::string why = quote ? objection(sources, *quote, block)
                              : "C++ that nothing compiles: put <!-- examples/FILE.cc [NAME] --> above it";
      if (!why.empty()) findings.push_back({source.path, opening + 1, why});
    }
  }
  return findings;
}

Findings checkLayerTable(const std::vector<Source>& sources) {
  std::string table = layersAsMarkdown();
  for (const Source& source : sources)
    if (source.path == "docs/architecture.md" && source.text.find(table) != std::string::npos) return {};
  return {{"docs/architecture.md", 0, "does not show the table of tests/tidy/layers.cc, which is:\n" + table}};
}

Findings checkBounds(const std::vector<Source>& sources) {
  std::set<std::string> untried;
  for (const Source& source : sources)
    if (isInside(source.path, "tests/e2e/raw/bounds") && extensionOf(source.path) == "py") untried.insert(source.path);
  const std::set<std::string> scenarios = untried;
  Findings findings;
  bool found = false;
  for (const Source& source : sources) {
    if (source.path != "docs/security.md") continue;
    Lines lines = linesOf(source.text);
    std::size_t i = 0;
    while (i < lines.size() && !(lines[i].starts_with("| frame |") && lines[i].ends_with("| tried by |"))) i++;
    found = i < lines.size();
    for (i += 2; i < lines.size() && lines[i].starts_with('|'); i++) {
      bool tried = false;
      for (const std::string& target : targetsOf(lines[i])) {
        std::string path = resolve(source.path, target);
        untried.erase(path);
        tried |= scenarios.contains(path);
      }
      if (!tried) findings.push_back({source.path, i + 1, "names no scenario of tests/e2e/raw/bounds that tries it"});
    }
  }
  if (!found) findings.push_back({"docs/security.md", 0, "has no table '| frame | … | tried by |'"});
  for (const std::string& path : untried)
    findings.push_back({path, 0, "stands in no row of the table in docs/security.md"});
  return findings;
}

}  // namespace blazedb::tidy
