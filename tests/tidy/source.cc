#include "tidy/source.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>

namespace blazedb::tidy {
namespace {

bool belongsToSomebodyElse(std::string_view topFolder) {
  if (topFolder == ".ci" || topFolder == ".github") return false;
  return topFolder.starts_with('.') || topFolder.starts_with("build");
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Finding& finding) {
  return out << finding.path << ":" << finding.line << ": " << finding.message;
}

std::vector<Source> readTree(const std::filesystem::path& root) {
  std::vector<Source> sources;
  for (auto entry = std::filesystem::recursive_directory_iterator(root);
       entry != std::filesystem::recursive_directory_iterator(); ++entry) {
    std::string path = entry->path().lexically_relative(root).generic_string();
    if (entry->is_directory()) {
      if (entry.depth() == 0 && belongsToSomebodyElse(path)) entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file()) continue;
    std::ifstream in(entry->path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.find('\0') != std::string::npos) text.clear();
    sources.push_back({std::move(path), std::move(text)});
  }
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) { return a.path < b.path; });
  return sources;
}

std::vector<std::string_view> linesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

std::string_view extensionOf(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

bool isInside(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool isCpp(std::string_view path) {
  std::string_view extension = extensionOf(path);
  return extension == "h" || extension == "cc";
}

std::string_view trimmed(std::string_view line) {
  std::size_t first = line.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(' ') - first + 1);
}

std::size_t findWord(std::string_view line, std::string_view word) {
  auto inWord = [&](std::size_t i) {
    return i < line.size() && (std::isalnum(static_cast<unsigned char>(line[i])) || line[i] == '_');
  };
  std::size_t at = line.find(word);
  while (at != std::string_view::npos && ((at > 0 && inWord(at - 1)) || inWord(at + word.size())))
    at = line.find(word, at + 1);
  return at;
}

}  // namespace blazedb::tidy
