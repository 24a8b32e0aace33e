#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"

namespace blazedb::cli {
namespace {

struct Renew {
  DatabaseArgument database;
  bool json = false;
};

int renew(const Renew& options) {
  Database database = openDatabase(options.database);
  database.renewReplicaId();
  std::string replica = database.info().replica.toString();
  if (options.json)
    printJson({{"replica", replica}});
  else
    printLine(options.database.file + " is replica " + replica + " now");
  return kFine;
}

}  // namespace

Run declareRenew(Arguments& arguments) {
  auto options = std::make_shared<Renew>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addJson(arguments, options->json, "print {\"replica\": ...}");
  arguments.note(
      "A file that was copied with cp carries the replica id of its original, and the two are refused in one topology "
      "(DuplicateReplica). Renew one of them. A copy made by blazedb backup needs none.");
  arguments.example("cp notes.blazedb laptop.blazedb && blazedb renew laptop.blazedb");
  return [options] { return renew(*options); };
}

}  // namespace blazedb::cli
