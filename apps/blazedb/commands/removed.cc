#include <memory>
#include <optional>

#include "codec/json.h"
#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kRecordColumns = 100;

struct Removed {
  DatabaseArgument database;
  std::optional<std::uint64_t> restore;
  bool json = false;
};

std::string reasonOf(const RemovedRecord& removed) {
  return removed.because == RemovedRecord::Because::swept ? "swept" : "taken back";
}

void print(const RemovedRecord& removed, bool json) {
  Value fields{static_cast<const Object&>(removed.record)};
  if (json)
    return printJson({{"id", Value(static_cast<long>(removed.id))},
                      {"time", timeText(removed.time)},
                      {"reason", reasonOf(removed)},
                      {"peer", removed.peer.toString()},
                      {"collection", removed.collection},
                      {"record", removed.record.id()->toString()},
                      {"fields", fields}});
  printLine(std::to_string(removed.id) + "  " + timeText(removed.time) + "  " + reasonOf(removed) + " by " +
            removed.peer.toString());
  printLine("   " + removed.collection + " " + removed.record.id()->toString() + "  " +
            shortened(codec::valueToJson(fields), kRecordColumns));
}

int list(const Database& database, bool json) {
  std::int64_t last = 0;
  for (std::vector<RemovedRecord> some; !(some = database.removedRecords(last)).empty(); last = some.back().id)
    for (const RemovedRecord& removed : some) print(removed, json);
  if (last == 0 && !json) printLine("nothing was removed");
  return kFine;
}

int removed(const Removed& options) {
  Database database = openDatabase(options.database, options.restore ? Use::write : Use::read);
  if (!options.restore) return list(database, options.json);
  database.restoreRemoved(static_cast<std::int64_t>(*options.restore));
  return kFine;
}

}  // namespace

Run declareRemoved(Arguments& arguments) {
  auto options = std::make_shared<Removed>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  arguments.number("--restore", "NUMBER", options->restore,
                   "insert the record again, as a new write, and take it off the list");
  addJson(arguments, options->json, "list as JSON Lines");
  arguments.note(
      "Lists the records that a sync removed here although nobody deleted them. swept: this database had been away for "
      "longer than deletes are remembered, and the other database no longer held the record. taken back: the database "
      "that had sent the record gave it up. A record stays on the list for as long as deletes are remembered, 30 "
      "days.");
  arguments.example("blazedb removed notes.blazedb");
  arguments.example("blazedb removed notes.blazedb --restore 3");
  return [options] { return removed(*options); };
}

}  // namespace blazedb::cli
