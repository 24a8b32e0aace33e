#include <memory>
#include <string>
#include <vector>

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
  bool replace = false;
};

int update(const Update& options) {
  UUID id = parseId(options.id);
  if (options.record.empty() && options.unset.empty())
    throw UsageError("nothing to update: give the fields as JSON, or --unset FIELD");
  if (options.replace && options.record.empty()) throw UsageError("--replace needs the record as JSON");
  if (options.replace && !options.unset.empty())
    throw UsageError("--replace removes all fields that the JSON does not have; leave out --unset");
  Database database = openDatabase(options.database);
  Record record = options.record.empty() ? Record() : parseRecord(options.record);
  if (record.id() && *record.id() != id)
    throw Error(ErrorCode::InvalidArgument, "the JSON says \"_id\": \"" + record.id()->toString() + "\", but ID is " +
                                                id.toString() + "; an id cannot be changed");
  const std::string name = existingCollection(database, options.collection).name();
  database.transaction([&](Transaction& transaction) {
    Collection collection = transaction.collection(name);
    if (options.replace) return collection.update(id, record);
    collection.unset(id, options.unset);
    collection.updateFields(id, record);
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
  arguments.flag("--replace", options->replace,
                 "replace the whole record by the JSON; fields that the JSON does not have are removed");
  arguments.note("It prints nothing on success.");
  noteOnJson(arguments);
  arguments.example("blazedb update notes.blazedb 01890a5d-ac96-774b-bcce-b302099a8057 '{\"stars\": 4}'");
  return [options] { return update(*options); };
}

}  // namespace blazedb::cli
