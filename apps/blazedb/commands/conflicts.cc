#include <memory>

#include "codec/json.h"
#include "codec/text.h"
#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kValueColumns = 60;

struct Conflicts {
  DatabaseArgument database;
  std::string restore;
  std::string dismiss;
  bool json = false;
};

void printAsJson(const Conflict& conflict) {
  printJson({{"id", Value(static_cast<long>(conflict.id))},
             {"time", timeText(conflict.time)},
             {"collection", conflict.collection},
             {"record", conflict.record.toString()},
             {"field", conflict.field},
             {"lost", conflict.lost},
             {"lostTime", timeText(conflict.lostStamp.date())},
             {"won", conflict.won.value_or(Value())},
             {"removed", !conflict.won.has_value()},
             {"wonTime", timeText(conflict.wonStamp.date())}});
}

void printForPeople(const Conflict& conflict) {
  auto value = [](const Value& which) { return shortened(codec::valueToJson(which), kValueColumns); };
  auto written = [](const WriteStamp& stamp) { return "  written " + timeText(stamp.date()); };
  printLine(std::to_string(conflict.id) + "  " + conflict.collection + " " + conflict.record.toString() + "  field " +
            codec::printable(conflict.field));
  printLine("   lost  " + value(conflict.lost) + written(conflict.lostStamp));
  printLine("   won   " + (conflict.won ? value(*conflict.won) : "(removed)") + written(conflict.wonStamp));
}

int list(const Database& database, bool json) {
  std::vector<Conflict> conflicts = database.conflicts();
  for (const Conflict& conflict : conflicts) json ? printAsJson(conflict) : printForPeople(conflict);
  if (conflicts.empty() && !json) printLine("no conflicts");
  return kFine;
}

int conflicts(const Conflicts& options) {
  // Parsed before the database is opened: a wrong number is wrong usage.
  bool restores = !options.restore.empty();
  bool dismisses = !options.dismiss.empty();
  std::int64_t id = restores || dismisses ? parseListNumber(restores ? options.restore : options.dismiss, "conflict",
                                                            "blazedb conflicts FILE")
                                          : 0;
  Database database = openDatabase(options.database, restores || dismisses ? Use::write : Use::read);
  if (restores)
    database.restoreConflict(id);
  else if (dismisses)
    database.dismissConflict(id);
  else
    return list(database, options.json);
  return kFine;
}

}  // namespace

Run declareConflicts(Arguments& arguments) {
  auto options = std::make_shared<Conflicts>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  arguments.option("--restore", "NUMBER", options->restore,
                   "write the lost value again; it then wins over the value that overrode it");
  arguments.option("--dismiss", "NUMBER", options->dismiss,
                   "keep the value that won and take the conflict off the list");
  arguments.exclusive({"--restore", "--dismiss"});
  addJson(arguments, options->json, "list as JSON Lines");
  arguments.note(
      "Lists the values that this database wrote and that another database overrode without having seen them. A "
      "server's write wins over a client's; between equals the later write wins. A lost value is kept until you "
      "restore or dismiss it.");
  arguments.example("blazedb conflicts notes.blazedb");
  arguments.example("blazedb conflicts notes.blazedb --restore 3");
  return [options] { return conflicts(*options); };
}

}  // namespace blazedb::cli
