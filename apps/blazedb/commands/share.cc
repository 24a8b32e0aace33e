#include <memory>

#include "command.h"
#include "forward.h"
#include "group.h"
#include "open.h"
#include "output.h"
#include "server/transition.h"
#include "sharing.h"
#include "status_lines.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Share {
  DatabaseArgument database;
  Sharing sharing;
  bool watch = false;
  bool json = false;
};

Database openToShare(const Share& options) {
  try {
    return openDatabase(options.database);
  } catch (InUse& inUse) {
    inUse.instead = "; a hub shares the file itself, if it is started as blazedb serve " + quoted(inUse.file) +
                    optionsOf(options.sharing.group, "--share");
    throw;
  }
}

int share(const Share& options) {
  requireGroup(options.sharing.group);
  options.sharing.refuseContradictions();
  Interrupt interrupt;
  server::Transition transition({options.database.file});
  Database database = openToShare(options);
  ExportPolicy policy = options.sharing.policy();
  server::ControlServer control({database}, runForVisitor);
  transition.end();
  CrossAppSyncCoordinator coordinator(database, options.sharing.group, policy);
  StatusLines lines(options.json, true);
  Subscription watch;
  if (options.watch) watch = coordinator.onStatus([&](const ConnectionStatus& status) { lines.show(status); });
  coordinator.enable();
  const std::string& group = options.sharing.group.name;
  std::string command = options.sharing.attachCommand(database);
  if (options.json) {
    printJson({{"database", database.name()},
               {"group", group},
               {"collections", jsonArray(policy.collections)},
               {"readOnly", policy.readOnly},
               {"attachCommand", command}});
  } else {
    printLine("sharing " + database.name() + " in " + group + (policy.readOnly ? ", read-only" : "") +
              "; for another app:");
    printLine("  " + command);
  }
  flushOutput();
  interrupt.wait();
  transition.begin();
  return kFine;
}

}  // namespace

Run declareShare(Arguments& arguments) {
  auto options = std::make_shared<Share>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addGroup(arguments, options->sharing.group);
  options->sharing.declare(arguments);
  arguments.flag("--watch", options->watch, "print a line when an app attaches, changes its state, or leaves");
  addJson(arguments, options->json, "print what is shared as JSON, and with --watch its lines too");
  arguments.note(
      "Shares the database, under its own name, with the other apps of the group until ^C, SIGTERM or blazedb stop. "
      "Meanwhile share also runs other commands for the file, as blazedb serve does. For a hub that shares its "
      "databases too there is blazedb serve --share.");
  arguments.example("blazedb share notes.blazedb --group group.com.yourapp.blazedb --collections notes");
  return [options] { return share(*options); };
}

}  // namespace blazedb::cli
