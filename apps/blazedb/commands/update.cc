#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codec/json.h"
#include "command.h"
#include "open.h"
#include "output.h"

namespace blazedb::cli {
namespace {

struct Update {
  DatabaseArgument database;
  std::string collection;
  std::string id;
  std::string record;
  std::vector<std::string> unset;
  std::vector<std::string> increments;
  bool replace = false;
};

using Increments = std::map<std::string, Increment>;

// Reads FIELD=NUMBER, as JSON writes a number. The name of the field may have a "=" itself.
void addIncrement(Increments& increments, const std::string& text) {
  std::size_t sign = text.rfind('=');
  std::string number = sign == std::string::npos || sign == 0 ? "" : text.substr(sign + 1);
  Value by;
  try {
    if (number.find_first_of(" \t\r\n") == std::string::npos) by = codec::valueFromJson(number);
  } catch (const Error&) {
    // No JSON is no number either.
  }
  const auto* integer = by.as<std::int64_t>();
  const auto* real = by.as<double>();
  if (!integer && !real)
    throw UsageError(
        "--increment wants FIELD=NUMBER, such as stock=5 or balance=-0.5 (integers within 64 bits), not '" + text +
        "'");
  std::string field = text.substr(0, sign);
  if (!increments.emplace(field, integer ? Increment(*integer) : Increment(*real)).second)
    throw UsageError("--increment names the field '" + field + "' twice");
}

int update(const Update& options) {
  UUID id = parseId(options.id);
  if (options.record.empty() && options.unset.empty() && options.increments.empty())
    throw UsageError("nothing to update: give the fields as JSON, --unset FIELD, or --increment FIELD=NUMBER");
  if (options.replace && options.record.empty()) throw UsageError("--replace needs the record as JSON");
  if (options.replace && !options.unset.empty())
    throw UsageError("--replace removes all fields that the JSON does not have; leave out --unset");
  if (options.replace && !options.increments.empty())
    throw UsageError("--replace sets every field to what the JSON says; leave out --increment");
  Increments increments;
  for (const std::string& text : options.increments) addIncrement(increments, text);
  Database database = openDatabase(options.database);
  Record record = options.record.empty() ? Record() : parseRecord(options.record);
  if (record.id() && *record.id() != id)
    throw Error(ErrorCode::InvalidArgument, "the JSON says \"_id\": \"" + record.id()->toString() + "\", but ID is " +
                                                id.toString() + "; an id cannot be changed");
  for (const auto& [field, by] : increments)
    if (record.contains(field) || std::find(options.unset.begin(), options.unset.end(), field) != options.unset.end())
      throw UsageError("the field '" + field + "' is incremented, so it cannot be set or removed as well");
  const std::string name = existingCollection(database, options.collection).name();
  database.transaction([&](Transaction& transaction) {
    Collection collection = transaction.collection(name);
    if (options.replace) return collection.update(id, record);
    collection.unset(id, options.unset);
    collection.updateFields(id, record);
    for (const auto& [field, by] : increments) collection.increment(id, field, by);
  });
  return kFine;
}

}  // namespace

Run declareUpdate(Arguments& arguments) {
  auto options = std::make_shared<Update>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addId(arguments, options->id);
  arguments.optional("JSON", options->record, "the fields to set, a JSON object; - reads it from standard input");
  addCollection(arguments, options->collection, "the record's collection (default: default)");
  arguments.list("--unset", "FIELD", options->unset, "remove this field; repeat the option for more");
  arguments.list("--increment", "FIELD=NUMBER", options->increments,
                 "add this number to a field (see below); repeat the option for more fields");
  arguments.flag("--replace", options->replace,
                 "replace the whole record by the JSON; fields that the JSON does not have are removed");
  arguments.note(
      "The increments of all databases add up, also those that were made while the databases were apart. The number "
      "may be "
      "negative, and a real. A field that the record lacks counts as 0. To set a number, give it as JSON.");
  arguments.note("It prints nothing on success.");
  noteOnJson(arguments);
  arguments.example("blazedb update notes.blazedb 01890a5d-ac96-774b-bcce-b302099a8057 '{\"stars\": 4}'");
  arguments.example("blazedb update shop.blazedb 01890a5d-ac96-774b-bcce-b302099a8057 --increment stock=-1");
  return [options] { return update(*options); };
}

}  // namespace blazedb::cli
