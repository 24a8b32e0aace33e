#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Verify {
  DatabaseArgument database;
  bool json = false;
};

// " in 2 collections", or which one it is: blazedb count counts the records of one.
std::string whereTheyAre(const Database& database) {
  std::vector<std::string> names;
  for (const CollectionInfo& collection : database.collections())
    if (collection.count > 0) names.push_back(collection.name);
  if (names.empty()) return "";
  return names.size() == 1 ? " in the collection " + names[0] : " in " + counted(names.size(), "collection");
}

int verify(const Verify& options) {
  Interrupt interrupt;
  Database database = openDatabase(options.database, Use::read);
  VerifyReport report = database.verify(progressWith(interrupt, "verifying", "records"));
  if (options.json) {
    printJson({{"records", jsonNumber(report.records)},
               {"deleted", jsonNumber(report.deleted)},
               {"problems", Array(report.problems.begin(), report.problems.end())}});
  } else if (report.problems.empty()) {
    printLine(
        options.database.file + ": every page is authentic; " + counted(report.records, "record") +
        whereTheyAre(database) + ", all sound" +
        (report.deleted == 0 ? "" : "; also sound: what is kept of " + counted(report.deleted, "deleted record")));
  } else {
    for (const std::string& problem : report.problems) printLine(problem);
  }
  if (report.problems.empty()) return kFine;
  throw Error(ErrorCode::DamagedPage, options.database.file + " has " + counted(report.problems.size(), "problem") +
                                          "; restore a backup, or export what can still be read");
}

}  // namespace

Run declareVerify(Arguments& arguments) {
  auto options = std::make_shared<Verify>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addJson(arguments, options->json, "print {\"records\": N, \"deleted\": N, \"problems\": [...]}");
  arguments.note(
      "Lists problems on standard output; the exit status is then 1. While it reads the pages of a file that a hub or "
      "another process has open, writes to it wait.");
  arguments.note(
      "It counts the records of all collections, where blazedb count counts those of one. Of a deleted record the "
      "database remembers the id for 30 days; verify checks these too.");
  arguments.example("blazedb verify notes.blazedb");
  return [options] { return verify(*options); };
}

}  // namespace blazedb::cli
