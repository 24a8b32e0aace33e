#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "command.h"
#include "group.h"
#include "open.h"
#include "syncing.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Attach {
  DatabaseArgument database;
  AppGroup group = "";
  std::string name;
  bool readOnly = false;
  bool readWrite = false;
  bool adopt = false;
  std::vector<std::string> collections;
  bool keepOwn = false;
  bool watch = false;
  bool json = false;
};

std::string adviceAboutApps(ErrorCode code, const AppGroup& group) {
  switch (code) {
    case ErrorCode::Offline:
    case ErrorCode::HubStopping:
      return " (start the other app or blazedb share; --watch waits for it; blazedb groups" + optionsOf(group, "") +
             " shows which groups there are)";
    case ErrorCode::HasOwnWrites:
      return " (--adopt replaces them)";
    default:
      return "";
  }
}

bool isSharedReadOnly(const Attach& options) {
  std::vector<SharedDatabase> shared = listSharedDatabases(options.group);
  auto isIt = [&](const SharedDatabase& each) { return each.name == options.name && each.alive && each.readable; };
  auto found = std::find_if(shared.begin(), shared.end(), isIt);
  return found != shared.end() && found->readOnly;
}

// Without an option, what the other app allows. With --watch that app may start later; then FILE also sends.
AccessMode modeOf(const Attach& options) {
  bool readOnly = false;
  try {
    readOnly = isSharedReadOnly(options);
  } catch (const Error& error) {
    // Attaching would make the folder of a group whose name is mistyped.
    if (error.code() != ErrorCode::NoSuchGroup) throw;
    if (!options.watch)
      throw Error(error.code(), messageOf(error) + adviceAboutApps(ErrorCode::Offline, options.group));
  }
  if (options.readOnly || options.readWrite) return options.readOnly ? AccessMode::readOnly : AccessMode::readWrite;
  return readOnly ? AccessMode::readOnly : AccessMode::readWrite;
}

int attach(const Attach& options) {
  requireGroup(options.group);
  if (options.name.empty()) throw UsageError("--database is missing: it names the shared database; see blazedb groups");
  if (options.adopt && options.readWrite) throw UsageError("--adopt needs --read-only");
  if (options.keepOwn && options.watch)
    throw UsageError("--keep-own is for a sync that ends; --watch goes on without it");
  Interrupt interrupt;
  std::optional<server::Transition> transition;
  if (options.watch) transition.emplace(std::vector{options.database.file});
  Database database = openDatabase(options.database);
  AccessMode mode = modeOf(options);
  if (options.adopt && mode != AccessMode::readOnly)
    throw UsageError("--adopt is for a database that is shared read-only; attach with --read-only to use it here");
  SyncJob job{.databases = {database}, .watch = options.watch, .json = options.json};
  job.collections = options.collections;
  if (transition) job.transition = &*transition;
  job.connect = [&] {
    return connectionOf(
        connectToSharedDatabase(database, options.group, options.name, mode,
                                {.adopt = options.adopt, .collections = collectionsOf(options.collections)}));
  };
  job.advice = [&](ErrorCode code) -> std::string {
    bool mustRead = code == ErrorCode::NotAllowed && mode != AccessMode::readOnly && isSharedReadOnly(options);
    return mustRead ? " (attach with --read-only)" : adviceAboutApps(code, options.group);
  };
  job.adviceToReaders = " (--collections names what to sync, and --keep-own leaves the rest here)";
  job.keepOwn = options.keepOwn;
  return runSync(job, interrupt);
}

}  // namespace

Run declareAttach(Arguments& arguments) {
  auto options = std::make_shared<Attach>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addGroup(arguments, options->group);
  arguments.option("--database", "NAME", options->name, "the shared database, as blazedb groups shows it");
  arguments.flag("--read-only", options->readOnly, "only receive: FILE becomes a read-only replica");
  arguments.flag("--read-write", options->readWrite, "receive and send (default: what the other app allows)");
  arguments.exclusive({"--read-only", "--read-write"});
  arguments.flag("--adopt", options->adopt, "if FILE only receives: the shared database replaces everything in FILE");
  arguments.names("--collections", options->collections,
                  "sync only these collections (default: all that the other app shares)");
  arguments.flag("--keep-own", options->keepOwn, "leave the writes of FILE here that are not shared, and succeed");
  arguments.flag("--watch", options->watch, "stay connected until ^C; print a line for each change of the status");
  addJson(arguments, options->json, "print the summary as JSON, or with --watch each change of the status");
  arguments.note(
      "Syncs FILE with a database that another app of this machine shares, and ends. With --watch it stays connected, "
      "waits for that app to start, and connects again after the app restarts. The app that shares decides what it "
      "sends and takes.");
  arguments.example("blazedb attach mine.blazedb --group group.com.yourapp.blazedb --database notes");
  return [options] { return attach(*options); };
}

}  // namespace blazedb::cli
