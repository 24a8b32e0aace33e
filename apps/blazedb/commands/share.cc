#include <memory>

#include "command.h"
#include "forward.h"
#include "group.h"
#include "open.h"
#include "output.h"
#include "server/transition.h"
#include "status_lines.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Share {
  DatabaseArgument database;
  AppGroup group = "";
  std::vector<std::string> collections;
  std::vector<std::string> fields;
  bool readWrite = false;
  bool relay = false;
  bool watch = false;
  bool json = false;
};

ExportPolicy policyOf(const Share& options) {
  ExportPolicy policy;
  policy.collections = options.collections;
  if (!options.fields.empty()) policy.fields = options.fields;
  policy.readOnly = !options.readWrite;
  policy.mayRelay = options.relay;
  return policy;
}

int share(const Share& options) {
  requireGroup(options.group);
  if (options.relay && !options.readWrite) throw UsageError("--relay needs --read-write");
  Interrupt interrupt;
  server::Transition transition({options.database.file});
  Database database = openDatabase(options.database);
  ExportPolicy policy = policyOf(options);
  server::ControlServer control({database}, runForVisitor);
  transition.end();
  CrossAppSyncCoordinator sharing(database, options.group, policy);
  StatusLines lines(options.json, true);
  Subscription watch;
  if (options.watch) watch = sharing.onStatus([&](const ConnectionStatus& status) { lines.show(status); });
  sharing.enable();
  std::string command = "blazedb attach FILE" + optionsOf(options.group) + " --database " + database.name() +
                        (policy.readOnly ? " --read-only" : "");
  if (options.json) {
    printJson({{"database", database.name()},
               {"group", options.group.name},
               {"collections", jsonArray(policy.collections)},
               {"readOnly", policy.readOnly},
               {"attachCommand", command}});
  } else {
    printLine("sharing " + database.name() + " in " + options.group.name + (policy.readOnly ? ", read-only" : "") +
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
  addGroup(arguments, options->group);
  arguments.names("--collections", options->collections, "share only these collections (default: all)");
  arguments.names("--fields", options->fields, "share only these fields (default: all)");
  arguments.flag("--read-write", options->readWrite, "let the other apps write too (default: they only receive)");
  arguments.flag("--relay", options->relay,
                 "with --read-write: let the other apps also bring writes of other databases, servers too, that they "
                 "did not get from here (default: they write as clients)");
  arguments.flag("--watch", options->watch, "print a line when an app attaches, changes its state, or leaves");
  addJson(arguments, options->json, "print what is shared as JSON, and with --watch its lines too");
  arguments.note(
      "Shares the database, under its own name, with the other apps of the group until ^C, SIGTERM or blazedb stop. "
      "Meanwhile share also runs other commands for the file, as blazedb serve does.");
  arguments.example("blazedb share notes.blazedb --group group.com.yourapp.blazedb --collections notes");
  return [options] { return share(*options); };
}

}  // namespace blazedb::cli
