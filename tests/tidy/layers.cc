#include "tidy/layers.h"

#include <algorithm>
#include <optional>
#include <set>

namespace blazedb::tidy {
namespace {

// The layers from the bottom up, and what each may include: all headers of a layer, or one header. docs/architecture.md
// shows this table.
const std::vector<Layer> kLayers = {
    {"base", {}},
    {"codec", {"base"}},
    {"crypto", {"base"}},
    {"storage", {"base", "codec", "crypto"}},
    {"sync", {"base", "codec", "crypto"}},
    {"sealed", {"base", "crypto", "sync"}},
    {"link", {"base", "codec", "crypto", "sync"}},
    {"query", {"base", "codec"}},
    {"replica", {"base", "codec", "crypto", "sync"}},
    {"db", {"base", "codec", "crypto", "storage", "sync", "replica", "query"}},
    {"topology", {"base", "codec", "crypto", "sync", "link", "replica", "db/access.h"}},
    {"server", {"base", "codec", "crypto", "storage", "sync", "link", "query", "db/access.h", "topology"}},
};

// A third-party header, or a folder of headers, and the places that may include it. The longest matching prefix
// decides.
struct ThirdParty {
  std::string_view prefix;
  std::vector<std::string_view> owners;
};
const std::vector<ThirdParty> kThirdParty = {
    {"sqlite3.h", {"src/storage"}},
    {"sodium.h", {"src/crypto"}},
    {"sodium/", {"src/crypto"}},
    {"openssl/", {"src/crypto"}},
    {"openssl/err.h", {"src/crypto", "src/link"}},
    {"openssl/asn1.h", {"src/link"}},
    {"openssl/bio.h", {"src/link"}},
    {"openssl/pem.h", {"src/link"}},
    {"openssl/ssl.h", {"src/link"}},
    {"openssl/x509", {"src/link"}},
    {"asio.hpp", {"src/link"}},
    {"asio/", {"src/link"}},
    {"boost/asio", {"src/link"}},
    {"zstd.h", {"src/link"}},
    {"cbor.h", {"src/codec"}},
    {"cbor/", {"src/codec"}},
    {"nlohmann/", {"src/codec", "apps", "bench"}},
    {"utf8proc.h", {"src/query"}},
    {"CLI/", {"apps"}},
    {"editline/", {"apps"}},
};

// Headers that sync must not include, because a simulation owns its time, its threads and its links.
const std::set<std::string_view> kNotInSync = {
    "atomic", "chrono",    "condition_variable", "filesystem", "fstream", "future",       "mutex",
    "random", "semaphore", "shared_mutex",       "stop_token", "thread",  "sys/socket.h", "unistd.h",
};

// System headers with a name that a library could have too.
const std::set<std::string_view> kSystemHeaders = {
    "dirent.h",  "errno.h", "fcntl.h", "ftw.h",    "grp.h",   "ifaddrs.h", "malloc.h",  "netdb.h", "poll.h",
    "pthread.h", "pwd.h",   "sched.h", "signal.h", "spawn.h", "syslog.h",  "termios.h", "time.h",  "unistd.h",
};
const std::vector<std::string_view> kSystemFolders = {"arpa/", "linux/", "net/", "netinet/", "sys/"};

bool isStandard(std::string_view header) { return header.find_first_of("./") == std::string_view::npos; }

bool isSystem(std::string_view header) {
  return kSystemHeaders.contains(header) || std::any_of(kSystemFolders.begin(), kSystemFolders.end(),
                                                        [&](auto folder) { return header.starts_with(folder); });
}

const ThirdParty* findThirdParty(std::string_view header) {
  const ThirdParty* found = nullptr;
  for (const ThirdParty& row : kThirdParty)
    if (header.starts_with(row.prefix) && (!found || found->prefix.size() < row.prefix.size())) found = &row;
  return found;
}

const Layer* findLayer(std::string_view name) {
  auto found = std::find_if(kLayers.begin(), kLayers.end(), [&](const Layer& layer) { return layer.name == name; });
  return found == kLayers.end() ? nullptr : &*found;
}

// The first folder of a path, "" if there is none.
std::string_view firstFolder(std::string_view path) {
  std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

struct Include {
  std::string_view header;
  bool quoted;
};

// `#include "base/clock.h"` and `#  include <vector>`; nothing for any other line.
std::optional<Include> parseInclude(std::string_view line) {
  auto skipSpaces = [&] { line.remove_prefix(std::min(line.find_first_not_of(' '), line.size())); };
  skipSpaces();
  if (!line.starts_with('#')) return std::nullopt;
  line.remove_prefix(1);
  skipSpaces();
  if (!line.starts_with("include")) return std::nullopt;
  line.remove_prefix(7);
  skipSpaces();
  if (!line.starts_with('"') && !line.starts_with('<')) return std::nullopt;
  bool quoted = line[0] == '"';
  std::size_t end = line.find(quoted ? '"' : '>', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return Include{line.substr(1, end - 1), quoted};
}

// The part of the tree that a file belongs to, as the third-party table names it: "src/storage", "apps", "include".
std::string_view placeOf(std::string_view path) {
  std::string_view top = firstFolder(path);
  if (top != "src") return top;
  return path.substr(0, path.find('/', top.size() + 1));
}

// Why the file at `path` may not include this; empty if it may.
std::string objection(std::string_view path, Include include) {
  std::string name(include.header);
  std::string_view place = placeOf(path);
  std::string_view folder = firstFolder(include.header);
  const Layer* target = findLayer(folder);

  if (place == "src/sync" && kNotInSync.contains(include.header))
    return "sync has no I/O, no threads and no clock: it may not include <" + name + ">";
  if (folder == "blazedb" || isStandard(include.header)) return "";

  if (place == "include" || place == "examples")
    return "only the standard library and <blazedb/...> may be included here, not " + name;

  if (target && place == "apps") {
    bool allowed = include.header == "codec/json.h" || include.header == "codec/text.h" ||
                   include.header == "base/new_file.h" || folder == "server";
    return allowed
               ? ""
               : "a program uses the public headers, codec/json.h, codec/text.h, base/new_file.h and server/, not " +
                     name;
  }
  if (target) {
    std::string_view own = place.substr(place.find('/') + 1);
    if (own == folder) return "";
    const auto& allowed = findLayer(own)->mayInclude;
    if (std::any_of(allowed.begin(), allowed.end(), [&](auto may) { return may == folder || may == include.header; }))
      return "";
    return std::string(own) + " may not include " + std::string(folder) + " (" + name + ")";
  }
  if (include.quoted) {
    if (place == "apps") return "";
    return "write the path from src/: \"" + std::string(place.substr(place.find('/') + 1)) + "/" + name + "\"";
  }
  if (isSystem(include.header)) return "";
  if (const ThirdParty* row = findThirdParty(include.header)) {
    if (std::find(row->owners.begin(), row->owners.end(), place) != row->owners.end()) return "";
    std::string owners;
    for (std::string_view owner : row->owners) owners += (owners.empty() ? "" : " and ") + std::string(owner);
    return "<" + name + "> belongs to " + owners;
  }
  return "<" + name + "> is in no table: say in tests/tidy/layers.cc which layer owns it";
}

}  // namespace

std::span<const Layer> layers() { return kLayers; }

std::string layersAsMarkdown() {
  std::string table = "| layer | may include |\n|---|---|\n";
  for (const Layer& layer : kLayers) {
    table += "| " + std::string(layer.name) + " |";
    for (std::string_view other : layer.mayInclude)
      table += (other == layer.mayInclude.front() ? " " : ", ") + std::string(other);
    table += layer.mayInclude.empty() ? " nothing |\n" : " |\n";
  }
  return table;
}

Findings checkIncludes(const std::vector<Source>& sources) {
  Findings findings;
  for (const Source& source : sources) {
    std::string_view top = firstFolder(source.path);
    if (!isCpp(source.path) || (top != "include" && top != "src" && top != "apps" && top != "examples")) continue;
    if (top == "src" && !findLayer(placeOf(source.path).substr(4))) {
      findings.push_back({source.path, 0, "this folder is no layer: add it to the table in tests/tidy/layers.cc"});
      continue;
    }
    auto lines = linesOf(source.text);
    for (std::size_t i = 0; i < lines.size(); i++) {
      auto include = parseInclude(lines[i]);
      if (!include) continue;
      std::string why = objection(source.path, *include);
      if (!why.empty()) findings.push_back({source.path, i + 1, why});
    }
  }
  return findings;
}

}  // namespace blazedb::tidy
