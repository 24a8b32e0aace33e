#include <signal.h>
#include <unistd.h>

#include <memory>

#include "command.h"
#include "open.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

int stop(const DatabaseArgument& database) {
  openDatabase(database);
  if (!visitor())
    throw Error(ErrorCode::NotFound, "no process has " + database.file + " open; there is nothing to stop");
  kill(getpid(), SIGTERM);
  return kFine;
}

}  // namespace

Run declareStop(Arguments& arguments) {
  auto database = std::make_shared<DatabaseArgument>();  // shared with the parser, which fills it in
  addDatabase(arguments, *database);
  arguments.note(
      "Ends the blazedb process that has the database open (serve, share, sync --watch or attach --watch), as SIGTERM "
      "does. Returns when that process has ended.");
  arguments.example("blazedb stop hub.blazedb");
  return [database] { return stop(*database); };
}

}  // namespace blazedb::cli
