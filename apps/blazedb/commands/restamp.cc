#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Restamp {
  DatabaseArgument database;
  bool json = false;
};

int restamp(const Restamp& options) {
  Database database = openDatabase(options.database);
  std::uint64_t mended = database.restamp();
  if (options.json)
    printJson({{"records", jsonNumber(mended)}});
  else
    printLine(mended == 0
                  ? "nothing in " + options.database.file + " is dated in the future"
                  : counted(mended, "record") + " dated in the future " + (mended == 1 ? "is" : "are") + " dated now");
  return kFine;
}

}  // namespace

Run declareRestamp(Arguments& arguments) {
  auto options = std::make_shared<Restamp>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addJson(arguments, options->json, "print {\"records\": N}");
  arguments.note(
      "Writes made while the clock was ahead would win over all others until that time comes, and other databases "
      "refuse them (ClockSkew). Set the clock right, then run restamp: it dates every write that is more than five "
      "minutes ahead as a write of now. The values stay the same. Restamp any other database that took over the wrong "
      "dates too, before the two connect; where they differ, the one that was restamped later wins.");
  arguments.example("blazedb restamp notes.blazedb");
  return [options] { return restamp(*options); };
}

}  // namespace blazedb::cli
