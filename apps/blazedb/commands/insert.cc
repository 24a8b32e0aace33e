#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"

namespace blazedb::cli {
namespace {

struct Insert {
  DatabaseArgument database;
  std::string collection;
  std::string record;
  bool json = false;
};

int insert(const Insert& options) {
  Database database = openDatabase(options.database);
  Record record = parseRecord(options.record);
  std::string id = collectionOf(database, options.collection).insert(record).toString();
  if (options.json)
    printJson({{"id", id}});
  else
    printLine(id);
  return kFine;
}

}  // namespace

Run declareInsert(Arguments& arguments) {
  auto options = std::make_shared<Insert>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addRecord(arguments, options->record, "the record");
  addCollection(arguments, options->collection,
                "store it in this collection; the first record creates the collection (default: default)");
  addJson(arguments, options->json, "print {\"id\": ...}");
  arguments.note("The record keeps the id that it has as \"_id\"; without one it gets a new id.");
  noteOnJson(arguments);
  arguments.example("blazedb insert notes.blazedb '{\"title\": \"Hello\", \"tags\": [\"a\", \"b\"]}'");
  arguments.example("blazedb insert notes.blazedb -c people - < person.json");
  return [options] { return insert(*options); };
}

}  // namespace blazedb::cli
