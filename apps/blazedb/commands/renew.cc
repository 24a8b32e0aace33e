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
    printLine(options.database.file + " is now replica " + replica);
  return kFine;
}

}  // namespace

Run declareRenew(Arguments& arguments) {
  auto options = std::make_shared<Renew>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addJson(arguments, options->json, "print {\"replica\": ...}");
  arguments.note(
      "A file that was copied with cp has the replica id of its original, so the two cannot sync in one topology "
      "(DuplicateReplica). Renew the copy before it connects for the first time. A copy from blazedb backup has its "
      "own id already.");
  arguments.example("cp notes.blazedb laptop.blazedb && blazedb renew laptop.blazedb");
  return [options] { return renew(*options); };
}

}  // namespace blazedb::cli
