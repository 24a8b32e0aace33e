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
      "What was written while the clock was ahead would win over everything until that time comes, and other databases "
      "refuse it (ClockSkew). Set the clock right, then re-stamp the file: such writes are dated now, and its records "
      "say what they said. Another database that has taken the wrong dates over needs it too; where the two differ, "
      "the one that was re-stamped later wins.");
  arguments.example("blazedb restamp notes.blazedb");
  return [options] { return restamp(*options); };
}

}  // namespace blazedb::cli
