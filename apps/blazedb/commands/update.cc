#include <memory>

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
  bool replace = false;
};

int update(const Update& options) {
  UUID id = parseId(options.id);
  Database database = openDatabase(options.database);
  Record record = parseRecord(options.record);
  if (record.id() && *record.id() != id)
    throw Error(ErrorCode::InvalidArgument, "the JSON says \"_id\": \"" + record.id()->toString() + "\", but ID is " +
                                                id.toString() + "; an id cannot be changed");
  Collection collection = existingCollection(database, options.collection);
  options.replace ? collection.update(id, record) : collection.updateFields(id, record);
  return kFine;
}

}  // namespace

Run declareUpdate(Arguments& arguments) {
  auto options = std::make_shared<Update>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addId(arguments, options->id);
  addRecord(arguments, options->record, "the fields to set");
  addCollection(arguments, options->collection, "the record's collection (default: default)");
  arguments.flag("--replace", options->replace,
                 "replace the whole record by the JSON; fields that the JSON does not have are removed");
  arguments.note("It prints nothing on success.");
  arguments.example("blazedb update notes.blazedb 01890a5d-ac96-774b-bcce-b302099a8057 '{\"stars\": 4}'");
  return [options] { return update(*options); };
}

}  // namespace blazedb::cli
