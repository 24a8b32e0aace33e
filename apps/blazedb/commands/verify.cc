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

int verify(const Verify& options) {
  Interrupt interrupt;
  Database database = openDatabase(options.database, Use::read);
  VerifyReport report = database.verify(progressWith(interrupt, "verifying", "records"));
  if (options.json) {
    printJson(
        {{"records", jsonNumber(report.records)}, {"problems", Array(report.problems.begin(), report.problems.end())}});
  } else if (report.problems.empty()) {
    printLine(options.database.file + ": every page is authentic; " + counted(report.records, "record") +
              ", all sound");
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
  addJson(arguments, options->json, "print {\"records\": N, \"problems\": [...]}");
  arguments.note("Lists problems on standard output; the exit status is then 1.");
  arguments.example("blazedb verify notes.blazedb");
  return [options] { return verify(*options); };
}

}  // namespace blazedb::cli
