#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"

namespace blazedb::cli {
namespace {

int release(const DatabaseArgument& argument) {
  Database database = openDatabase(argument);
  bool bound = database.info().readOnlySource.has_value();
  database.releaseReadOnly();
  printLine(argument.file + (bound ? " can be written to again" : " is not a read-only replica; nothing was changed"));
  return kFine;
}

}  // namespace

Run declareRelease(Arguments& arguments) {
  auto database = std::make_shared<DatabaseArgument>();  // shared with the parser, which fills it in
  addDatabase(arguments, *database);
  arguments.note(
      "The target of sync --read-only is a read-only replica: it takes changes only from its source, also while it is "
      "not connected. release makes it writable. To make it read-only again, sync it with --read-only --adopt; its "
      "source then replaces everything that it holds.");
  arguments.example("blazedb release replica.blazedb");
  return [database] { return release(*database); };
}

}  // namespace blazedb::cli
