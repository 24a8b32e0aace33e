#include <memory>
#include <optional>

#include "command.h"
#include "group.h"
#include "open.h"
#include "syncing.h"

namespace blazedb::cli {
namespace {

struct Attach {
  DatabaseArgument database;
  AppGroup group = "";
  std::string name;
  bool readOnly = false;
  bool adopt = false;
  bool watch = false;
  bool json = false;
};

std::string adviceAboutApps(ErrorCode code) {
  switch (code) {
    case ErrorCode::Offline:
    case ErrorCode::HubStopping:
      return " (blazedb share, or the other app, shares it; --watch waits for it; blazedb groups shows what is shared)";
    case ErrorCode::NotAllowed:
      return " (where it is shared read-only: --read-only)";
    case ErrorCode::HasOwnWrites:
      return " (--adopt)";
    default:
      return "";
  }
}

int attach(const Attach& options) {
  requireGroup(options.group);
  if (options.name.empty()) throw UsageError("--database is missing: the name of what is shared; see blazedb groups");
  if (options.adopt && !options.readOnly) throw UsageError("--adopt is for --read-only");
  Interrupt interrupt;
  std::optional<server::Transition> transition;
  if (options.watch) transition.emplace(std::vector{options.database.file});
  Database database = openDatabase(options.database);
  AccessMode mode = options.readOnly ? AccessMode::readOnly : AccessMode::readWrite;
  SyncJob job{.databases = {database}, .watch = options.watch, .json = options.json};
  if (transition) job.transition = &*transition;
  job.connect = [&] {
    return connectionOf(connectToSharedDatabase(database, options.group, options.name, mode, {.adopt = options.adopt}));
  };
  job.advice = adviceAboutApps;
  return runSync(job, interrupt);
}

}  // namespace

Run declareAttach(Arguments& arguments) {
  auto options = std::make_shared<Attach>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addGroup(arguments, options->group);
  arguments.option("--database", "NAME", options->name, "what is shared there, as blazedb groups shows it");
  arguments.flag("--read-only", options->readOnly, "only receive: FILE becomes a read-only replica");
  arguments.flag("--adopt", options->adopt, "with --read-only: FILE gives up what it has written itself");
  arguments.flag("--watch", options->watch, "stay connected until ^C, with a line for each change of the status");
  addJson(arguments, options->json, "print the summary, or with --watch each change of the status, as JSON");
  arguments.note(
      "Brings FILE in sync with a database that another app of this machine shares, and ends; with --watch it stays "
      "so, "
      "also where that app starts later, or again. What comes across is decided by who shares. Without --read-only, "
      "what is written here goes there: refused where it is shared read-only.");
  arguments.example("blazedb attach mine.blazedb --group group.com.yourapp.blazedb --database notes --read-only");
  return [options] { return attach(*options); };
}

}  // namespace blazedb::cli
