#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"

namespace blazedb::cli {
namespace {

struct Delete {
  DatabaseArgument database;
  std::string collection;
  std::string id;
};

int remove(const Delete& options) {
  UUID id = parseId(options.id);
  Database database = openDatabase(options.database);
  Collection collection = existingCollection(database, options.collection);
  if (!collection.remove(id)) throw noSuchRecord(id, collection);
  return kFine;
}

}  // namespace

Run declareDelete(Arguments& arguments) {
  auto options = std::make_shared<Delete>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addId(arguments, options->id);
  addCollection(arguments, options->collection, "the record's collection (default: default)");
  arguments.note("It prints nothing on success.");
  arguments.example("blazedb delete notes.blazedb 01890a5d-ac96-774b-bcce-b302099a8057");
  return [options] { return remove(*options); };
}

}  // namespace blazedb::cli
