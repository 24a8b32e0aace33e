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
    throw Error(ErrorCode::NotFound, "no process has " + database.file + " open: there is nothing to stop");
  kill(getpid(), SIGTERM);
  return kFine;
}

}  // namespace

Run declareStop(Arguments& arguments) {
  auto database = std::make_shared<DatabaseArgument>();  // shared with the parser, which fills it in
  addDatabase(arguments, *database);
  arguments.note(
      "Ends the blazedb serve or blazedb sync --watch that has the database open, as SIGTERM does, and returns when it "
      "has ended.");
  arguments.example("blazedb stop hub.blazedb");
  return [database] { return stop(*database); };
}

}  // namespace blazedb::cli
