#include <chrono>
#include <filesystem>
#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

struct Backup {
  DatabaseArgument database;
  std::string out;
  bool json = false;
};

int backup(const Backup& options) {
  Interrupt interrupt;
  Database database = openDatabase(options.database, Use::read);
  std::string out = pathFrom(options.out);
  auto start = std::chrono::steady_clock::now();
  database.backup(out, progressWith(interrupt, "copying", "pages"));
  auto duration = std::chrono::steady_clock::now() - start;
  std::uint64_t bytes = std::filesystem::file_size(out);
  if (options.json)
    printJson({{"path", options.out}, {"bytes", jsonNumber(bytes)}, {"seconds", seconds(duration)}});
  else
    printLine("copied to " + options.out + ": " + sizeText(bytes) + " in " + durationText(duration));
  return kFine;
}

}  // namespace

Run declareBackup(Arguments& arguments) {
  auto options = std::make_shared<Backup>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  arguments.required("OUT", options->out, "the copy: a file that does not exist yet");
  addJson(arguments, options->json, "print {\"path\": ..., \"bytes\": N, \"seconds\": N}");
  arguments.note(
      "The copy has the same password, a new encryption key and a new replica id, so it can be synced with the "
      "original.");
  arguments.example("blazedb backup notes.blazedb notes-2024-05-01.blazedb");
  return [options] { return backup(*options); };
}

}  // namespace blazedb::cli
