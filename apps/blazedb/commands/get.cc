#include <memory>

#include "codec/json.h"
#include "command.h"
#include "open.h"
#include "output.h"

namespace blazedb::cli {
namespace {

struct Get {
  DatabaseArgument database;
  std::string collection;
  std::string id;
  bool json = false;
};

int get(const Get& options) {
  UUID id = parseId(options.id);
  Database database = openDatabase(options.database, Use::read);
  Collection collection = existingCollection(database, options.collection);
  std::optional<Record> record = collection.fetch(id);
  if (!record) throw noSuchRecord(id, collection);
  codec::JsonStyle style = options.json ? codec::JsonStyle::compact : codec::JsonStyle::pretty;
  print(codec::recordToJson(*record, record->id(), style) + "\n");
  return kFine;
}

}  // namespace

Run declareGet(Arguments& arguments) {
  auto options = std::make_shared<Get>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addId(arguments, options->id);
  addCollection(arguments, options->collection, "the record's collection (default: default)");
  addJson(arguments, options->json, "print the record on one line");
  arguments.note("Prints the record as JSON, with its id as \"_id\".");
  arguments.example("blazedb get notes.blazedb 01890a5d-ac96-774b-bcce-b302099a8057");
  return [options] { return get(*options); };
}

}  // namespace blazedb::cli
