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
      return " (start the other app or blazedb share; --watch waits for it; blazedb groups shows what is shared)";
    case ErrorCode::NotAllowed:
      return " (if it is shared read-only, attach with --read-only)";
    case ErrorCode::HasOwnWrites:
      return " (--adopt replaces them)";
    default:
      return "";
  }
}

int attach(const Attach& options) {
  requireGroup(options.group);
  if (options.name.empty()) throw UsageError("--database is missing: it names the shared database; see blazedb groups");
  if (options.adopt && !options.readOnly) throw UsageError("--adopt needs --read-only");
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
  arguments.option("--database", "NAME", options->name, "the shared database, as blazedb groups shows it");
  arguments.flag("--read-only", options->readOnly, "only receive: FILE becomes a read-only replica");
  arguments.flag("--adopt", options->adopt,
                 "with --read-only: the shared database replaces everything that FILE holds");
  arguments.flag("--watch", options->watch, "stay connected until ^C; print a line for each change of the status");
  addJson(arguments, options->json, "print the summary as JSON, or with --watch each change of the status");
  arguments.note(
      "Syncs FILE with a database that another app of this machine shares, and ends. With --watch it stays connected, "
      "waits for that app to start, and connects again after the app restarts. The app that shares decides what it "
      "sends and takes. Without --read-only FILE also sends its writes; a database that is shared read-only refuses "
      "that.");
  arguments.example("blazedb attach mine.blazedb --group group.com.yourapp.blazedb --database notes --read-only");
  return [options] { return attach(*options); };
}

}  // namespace blazedb::cli
