#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <set>

#include "codec/json.h"
#include "codec/text.h"
#include "command.h"
#include "open.h"
#include "output.h"
#include "terminal.h"
#include "text.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kCellColumns = 40;  // a cell of a table shows no more

struct QueryOptions {
  DatabaseArgument database;
  std::string expression;
  std::string collection;
  std::vector<std::string> parameters;
  std::vector<std::string> sort;
  std::optional<std::uint64_t> limit;
  std::uint64_t offset = 0;
  std::vector<std::string> fields;
  bool count = false;
  bool csv = false;
  bool json = false;
  bool table = false;
};

// NAME=VALUE; a value that is no JSON is a string.
Object readParameters(const std::vector<std::string>& given) {
  Object parameters;
  for (const std::string& each : given) {
    std::size_t equals = each.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UsageError("'" + each + "' is no parameter; write NAME=VALUE, for example min=30");
    std::string name = each.substr(0, equals), text = each.substr(equals + 1);
    if (name.starts_with('$')) name.erase(0, 1);
    if (parameters.contains(name)) throw UsageError("a value for $" + name + " is given twice");
    Value value(text);
    try {
      value = codec::valueFromJson(text);
    } catch (const Error& error) {
      // A word is a text. What can only be meant as JSON is not.
      bool isNumber = text.find_first_not_of("-0123456789") == std::string::npos && !text.empty();
      if (isNumber || text.starts_with('{') || text.starts_with('[') || text.starts_with('"'))
        throw UsageError("the value of $" + name + " is no JSON: " + messageOf(error));
    }
    parameters.set(std::move(name), std::move(value));
  }
  return parameters;
}

// "age" or "age:desc".
Query sorted(Query query, const std::vector<std::string>& by) {
  for (std::string each : by) {
    Order order = Order::ascending;
    std::size_t cut = each.find_last_of(": ");
    std::string ending = cut == std::string::npos ? "" : each.substr(cut + 1);
    for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (ending == "asc" || ending == "desc") {
      order = ending == "asc" ? Order::ascending : Order::descending;
      each.resize(cut);
    }
    query = query.orderBy(each, order);
  }
  return query;
}

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

int runQuery(const QueryOptions& options) {
  Interrupt interrupt;
  Object parameters = readParameters(options.parameters);
  Database database = openDatabase(options.database, Use::read);
  Query query = existingCollection(database, options.collection)
                    .query(options.expression, parameters)
                    .withProgress([&](auto, auto) { return !interrupt.requested(); });
  query = sorted(query, options.sort).offset(options.offset);
  if (options.limit) query = query.limit(*options.limit);
  std::vector<std::string> fields = options.fields;
  std::erase(fields, "_id");  // it is always there
  if (!options.fields.empty()) query = query.fields(fields);
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
  addDatabase(arguments, options->database);
  arguments.optional("EXPRESSION", options->expression, "which records, for example 'age > 30' (default: all)");
  addCollection(arguments, options->collection, "the collection to ask (default: default)");
  arguments.list("--param", "NAME=VALUE", options->parameters,
                 "the value of $NAME in the expression, as JSON or as text; repeat the option for several");
  arguments.list("--sort", "FIELD[:desc]", options->sort,
                 "sort by this field or expression; repeat the option for several");
  arguments.number("--limit", "N", options->limit, "print at most so many records");
  arguments.number("--offset", "N", options->offset, "leave out the first ones");
  arguments.names("--fields", options->fields, "print only these fields");
  arguments.flag("--count", options->count, "print only the number of records");
  arguments.flag("--csv", options->csv, "print comma-separated values (RFC 4180)");
  arguments.flag("--table", options->table, "print a table (default on a terminal)");
  addJson(arguments, options->json, "print a JSON object on each line (default elsewhere)");
  arguments.exclusive({"--csv", "--table", "--json"});
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
