#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Count {
  DatabaseArgument database;
  std::string collection;
  bool json = false;
};

int count(const Count& options) {
  Database database = openDatabase(options.database, Use::read);
  std::uint64_t count = existingCollection(database, options.collection).count();
  if (options.json)
    printJson({{"count", jsonNumber(count)}});
  else
    printLine(std::to_string(count));
  return kFine;
}

}  // namespace

Run declareCount(Arguments& arguments) {
  auto options = std::make_shared<Count>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addCollection(arguments, options->collection, "the collection to count (default: default)");
  addJson(arguments, options->json, "print {\"count\": N}");
  arguments.note("blazedb info shows the number of records in each collection.");
  arguments.example("blazedb count notes.blazedb -c people");
  return [options] { return count(*options); };
}

}  // namespace blazedb::cli
