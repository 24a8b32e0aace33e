#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>

#include "codec/json.h"
#include "codec/text.h"
#include "command.h"
#include "open.h"
#include "output.h"
#include "query_arguments.h"
#include "terminal.h"
#include "text.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kCellColumns = 40;  // a cell of a table shows no more

struct QueryOptions {
  QueryArguments which;
  std::string match;
  std::string search;
  std::string index;
  std::vector<std::string> fields;
  bool explain = false;
  bool count = false;
  bool csv = false;
  bool json = false;
  bool table = false;
};

std::string plain(const Value& value) {
  if (const auto* text = value.as<std::string>()) return *text;
  return codec::valueToJson(value);
}

// The fields that the records have, by name; or those that were asked for, in their order.
std::vector<std::string> fieldsOf(const std::vector<Record>& records, const std::vector<std::string>& asked) {
  if (!asked.empty()) return asked;
  std::set<std::string> names;
  for (const Record& record : records)
    for (const Field& field : record) names.insert(field.name);
  return {names.begin(), names.end()};
}

void printTable(const std::vector<Record>& records, const std::vector<std::string>& asked) {
  std::vector<std::string> columns = fieldsOf(records, asked);
  std::vector<std::vector<std::string>> lines{{"_id"}};
  lines[0].insert(lines[0].end(), columns.begin(), columns.end());
  for (const Record& record : records) {
    std::vector<std::string>& line = lines.emplace_back();
    line.push_back(record.id()->toString());
    for (const std::string& column : columns) {
      const Value* value = record.find(column);
      line.push_back(value ? shortened(plain(*value), kCellColumns) : "");
    }
  }
  std::vector<std::size_t> widths(columns.size() + 1);
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); i++) widths[i] = std::max(widths[i], columnsOf(line[i]));
  Colours colours;
  for (std::size_t at = 0; at < lines.size(); at++) {
    std::string line;
    for (std::size_t i = 0; i < lines[at].size(); i++) line += padRight(lines[at][i], widths[i] + 2);
    line.erase(line.find_last_not_of(' ') + 1);
    if (at == 0)
      print(colours.bold(codec::onOneLine(line)) + "\n");
    else
      printLine(line);
  }
  printLine(counted(records.size(), "record"));
}

// RFC 4180. Text stands as it is, everything else as JSON; a field that is not there is empty.
std::string csvCell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (char c : text) cell += c == '"' ? "\"\"" : std::string(1, c);
  return cell + '"';
}

void printCsv(const std::vector<Record>& records, const std::vector<std::string>& asked) {
  std::vector<std::string> columns = fieldsOf(records, asked);
  std::string head = "_id";
  for (const std::string& column : columns) head += "," + csvCell(column);
  print(head + "\r\n");
  for (const Record& record : records) {
    std::string line = record.id()->toString();
    for (const std::string& column : columns) {
      const Value* value = record.find(column);
      line += "," + (value ? csvCell(plain(*value)) : "");
    }
    print(line + "\r\n");
  }
}

void explain(const Explanation& explained, bool json) {
  if (!json) return printLine(explained.text);
  Object object;
  object.set("index", explained.index.empty() ? Value() : Value(explained.index));
  object.set("sorted", explained.sorted);
  object.set("looked", jsonNumber(explained.looked));
  object.set("found", jsonNumber(explained.found));
  printJson(object);
}

// The full-text index of a collection that has one.
std::string onlyTextIndex(const Database& database, const std::string& collection) {
  std::vector<std::string> names;
  for (const IndexInfo& index : collectionOf(database, collection).indexes())
    if (index.isFullText) names.push_back(index.name);
  if (names.empty())
    throw Error(ErrorCode::NotFound,
                "the collection has no full-text index; blazedb index create FILE NAME FIELD... --text makes one");
  if (names.size() > 1) throw UsageError("there are several full-text indexes; choose one with --index");
  return names.front();
}

int runQuery(const QueryOptions& options) {
  Interrupt interrupt;
  Database database = openDatabase(options.which.database, Use::read);
  Query query = queryOf(database, options.which).withProgress([&](auto, auto) { return !interrupt.requested(); });
  if (options.match.empty() && options.search.empty() && !options.index.empty())
    throw UsageError("--index goes with --match or --search");
  if (!options.match.empty() || !options.search.empty()) {
    std::string index = options.index.empty() ? onlyTextIndex(database, options.which.collection) : options.index;
    query = query.match(index, options.match.empty() ? searchFor(options.search) : options.match);
  }
  std::vector<std::string> fields = options.fields;
  std::erase(fields, "_id");  // it is always there
  if (!options.fields.empty()) query = query.fields(fields);
  if (options.explain) {
    explain(query.explain(), options.json);
    return kFine;
  }
  if (options.count) {
    std::uint64_t count = query.count();
    if (options.json)
      printJson({{"count", jsonNumber(count)}});
    else
      printLine(std::to_string(count));
    return kFine;
  }
  if (options.csv) {
    printCsv(query.all(), fields);
  } else if (options.table || (!options.json && !visitor() && isTerminal(STDOUT_FILENO))) {
    printTable(query.all(), fields);
  } else {
    for (const Record& record : query) {
      if (interrupt.requested()) throw Error(ErrorCode::Cancelled, "interrupted");
      print(codec::recordToJson(record, record.id()) + "\n");
    }
  }
  return kFine;
}

}  // namespace

Run declareQuery(Arguments& arguments) {
  auto options = std::make_shared<QueryOptions>();  // shared with the parser, which fills it in
  addQuery(arguments, options->which);
  arguments.option("--match", "TEXT", options->match,
                   "only records that have these words, by a full-text index; the best ones first");
  arguments.option("--search", "TEXT", options->search,
                   "the same, with the text as a user types it: its last word may be the beginning of one, and "
                   "punctuation has no meaning");
  arguments.option("--index", "NAME", options->index, "the full-text index of these two, if there are several");
  arguments.names("--fields", options->fields, "print only these fields");
  arguments.flag("--count", options->count, "print only the number of records");
  arguments.flag("--explain", options->explain, "print which index is used and how many records are looked at");
  arguments.flag("--csv", options->csv, "print comma-separated values (RFC 4180)");
  arguments.flag("--table", options->table, "print a table (default on a terminal)");
  addJson(arguments, options->json, "print a JSON object on each line (default elsewhere)");
  arguments.exclusive({"--csv", "--table", "--json"});
  arguments.exclusive({"--match", "--search"});
  arguments.note(
      "Fields stand as they are, texts in '...': name = 'Ada' AND NOT done; a.b and a[0] lead into objects and arrays. "
      "There are = != < <= > >= AND OR NOT IN BETWEEN LIKE CONTAINS STARTS WITH ENDS WITH IS NULL EXISTS NOCASE, "
      "arithmetic, ANY x IN tags SATISFIES x = 'a' END, and functions such as lower(), length(), date() and now().");
  arguments.example("blazedb query notes.blazedb \"stars >= 4 AND title CONTAINS 'hello' NOCASE\" --sort stars:desc");
  arguments.example(
      "blazedb query notes.blazedb 'created > $since' --param since='{\"$date\": \"2026-01-31T12:00:00Z\"}'");
  arguments.example("blazedb query shop.blazedb -c orders \"NOT EXISTS paid\" --fields customer,total --csv");
  return [options] { return runQuery(*options); };
}

}  // namespace blazedb::cli
