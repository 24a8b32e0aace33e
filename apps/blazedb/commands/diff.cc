#include <algorithm>
#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

constexpr std::uint64_t kLimitMax = 1'000'000'000;

struct Diff {
  DatabasePair databases;
  std::uint64_t limit = 20;
  bool json = false;
};

const char* kindName(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::onlyInFirst:
      return "onlyInA";
    case Difference::Kind::onlyInSecond:
      return "onlyInB";
    case Difference::Kind::different:
      break;
  }
  return "different";
}

const char* kindForPeople(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::onlyInFirst:
      return "only in A  ";
    case Difference::Kind::onlyInSecond:
      return "only in B  ";
    case Difference::Kind::different:
      break;
  }
  return "different  ";
}

int compare(const Diff& options) {
  auto [a, b] = openDatabases(options.databases, Use::read);
  // One more than the limit shows whether there are more.
  std::uint64_t limit = std::min(options.limit, kLimitMax);
  std::vector<Difference> differences = diff(a, b, limit + 1);
  bool complete = differences.size() <= limit;
  if (!complete) differences.pop_back();
  bool equal = complete && differences.empty();
  if (options.json) {
    Array rows;
    for (const Difference& one : differences)
      rows.push_back(
          Object{{"kind", kindName(one.kind)}, {"collection", one.collection}, {"id", one.record.toString()}});
    printJson({{"equal", equal}, {"complete", complete}, {"differences", rows}});
    return equal ? kFine : kFailed;
  }
  for (const Difference& one : differences)
    printLine(kindForPeople(one.kind) + one.collection + " " + one.record.toString());
  if (equal) {
    std::uint64_t records = 0;
    for (const CollectionInfo& collection : a.collections()) records += collection.count;
    printLine("equal: " + counted(records, "record"));
  } else if (complete) {
    printLine(counted(differences.size(), "record differs", "records differ"));
  } else {
    printLine("more than " + counted(differences.size(), "record differs", "records differ") + "; --limit shows more");
  }
  return equal ? kFine : kFailed;
}

}  // namespace

Run declareDiff(Arguments& arguments) {
  auto options = std::make_shared<Diff>();  // shared with the parser, which fills it in
  addDatabases(arguments, options->databases);
  arguments.number("--limit", "N", options->limit, "list at most N differences (default: 20)");
  addJson(arguments, options->json, "print {\"equal\": ..., \"complete\": ..., \"differences\": [...]}");
  arguments.note("Exit status: 0 if both hold the same records with the same fields, 1 if not.");
  arguments.example("blazedb diff notes.blazedb copy.blazedb && echo the same");
  return [options] { return compare(*options); };
}

}  // namespace blazedb::cli
