#include <memory>

#include "command.h"
#include "group.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Groups {
  AppGroup group = "";
  bool json = false;
};

void printAsJson(const SharedDatabase& shared) {
  printJson({{"database", shared.name},
             {"user", jsonNumber(shared.user)},
             {"alive", shared.alive},
             {"readable", shared.readable},
             {"pid", shared.readable ? Value(shared.pid) : Value()},
             {"program", shared.readable ? Value(shared.program) : Value()},
             {"collections", shared.readable ? jsonArray(shared.collections) : Value()},
             {"readOnly", shared.readable ? Value(shared.readOnly) : Value()}});
}

void printForPeople(const SharedDatabase& shared) {
  std::string line = padRight(shared.name, 20) + "  " + (shared.alive ? "shared" : "ABANDONED") + " by user " +
                     std::to_string(shared.user);
  if (shared.readable)
    line += ", " + shared.program + " (pid " + std::to_string(shared.pid) + "), " +
            (shared.readOnly ? "read-only" : "read-write") + ", " +
            (shared.collections.empty() ? std::string("everything") : joined(shared.collections));
  printLine(line);
}

int listShared(const Groups& options) {
  std::vector<SharedDatabase> all = listSharedDatabases(options.group);
  for (const SharedDatabase& shared : all) options.json ? printAsJson(shared) : printForPeople(shared);
  if (all.empty() && !options.json) printLine("nothing is shared in " + options.group.name);
  return kFine;
}

int listGroups(const Groups& options) {
  for (const std::string& name : listAppGroups(options.group.root))
    options.json ? printJson({{"group", name}}) : printLine(name);
  return kFine;
}

}  // namespace

Run declareGroups(Arguments& arguments) {
  auto options = std::make_shared<Groups>();  // shared with the parser, which fills it in
  arguments.optional("GROUP", options->group.name,
                     "list the databases shared in this app group (default: list the names of all app groups)");
  addPlaceOfGroups(arguments, options->group);
  addJson(arguments, options->json, "list as JSON Lines");
  arguments.note(
      "Lists the databases that the apps of this machine share in a group, under the names that blazedb attach takes. "
      "It also removes the files that killed processes of this user left in the group's folder.");
  arguments.example("blazedb groups");
  arguments.example("blazedb groups group.com.yourapp.blazedb");
  return [options] { return options->group.name.empty() ? listGroups(*options) : listShared(*options); };
}

}  // namespace blazedb::cli
