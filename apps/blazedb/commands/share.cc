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
  if (options.relay && !options.readWrite) throw UsageError("--relay is for --read-write");
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
  std::string command = "blazedb attach FILE --group " + options.group.name + " --database " + database.name() +
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
  arguments.names("--collections", options->collections, "share these alone (default: all)");
  arguments.names("--fields", options->fields, "share these fields alone (default: all)");
  arguments.flag("--read-write", options->readWrite, "others may write, too (default: they only receive)");
  arguments.flag("--relay", options->relay,
                 "with --read-write: others may bring what they have from elsewhere, and servers' writes (default: "
                 "they write as clients)");
  arguments.flag("--watch", options->watch, "print a line for each app that comes, changes its state, or goes");
  addJson(arguments, options->json, "print what is shared, and with --watch the lines, as JSON");
  arguments.note(
      "Shares the database, under the name that it was made with, with the other apps of the group, until ^C, SIGTERM "
      "or blazedb stop. Other commands for the file are run by this one meanwhile, as with blazedb serve.");
  arguments.example("blazedb share notes.blazedb --group group.com.yourapp.blazedb --collections notes");
  return [options] { return share(*options); };
}

}  // namespace blazedb::cli
