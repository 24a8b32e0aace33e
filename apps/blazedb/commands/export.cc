#include <memory>

#include "codec/json.h"
#include "command.h"
#include "open.h"
#include "output.h"
#include "output_file.h"
#include "progress.h"
#include "text.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

constexpr std::uint64_t kRecordsBetweenLooks = 256;    // between updates of the progress and checks for signals
constexpr const char* kCollectionKey = "_collection";  // import.cc reads it

struct Export {
  DatabaseArgument database;
  std::string collection;
  std::string out;
};

using Write = std::function<void(const std::string& line)>;

// Adds the name of the collection, so that an import stores the record there.
Record labelled(const Record& record, const std::string& collection) {
  if (record.contains(kCollectionKey))
    throw Error(ErrorCode::InvalidArgument, "record " + record.id()->toString() + " of " + collection +
                                                " has a field \"_collection\" itself; export each collection "
                                                "separately, with -c, and import it with -c");
  Record copy = record;
  copy.set(kCollectionKey, collection);
  return copy;
}

// Returns the number of records.
std::uint64_t exportTo(const Write& write, const Database& database, const Export& options, Interrupt& interrupt) {
  std::vector<CollectionInfo> chosen;
  std::uint64_t total = 0;
  bool all = options.collection.empty();
  if (!all) existingCollection(database, options.collection);
  for (const CollectionInfo& info : database.collections()) {
    if (!all && info.name != options.collection) continue;
    chosen.push_back(info);
    total += info.count;
  }
  Progress progress = progressWith(interrupt, "exporting", "records");
  std::uint64_t done = 0;
  for (const CollectionInfo& info : chosen) {
    database.collection(info.name).forEach([&](const Record& record) {
      write(codec::recordToJson(all ? labelled(record, info.name) : record, record.id()) + "\n");
      done++;
      if (done % kRecordsBetweenLooks == 0 && !progress(done, total))
        throw Error(ErrorCode::Cancelled, "interrupted after " + counted(done, "record"));
      return true;
    });
  }
  return done;
}

int exportRecords(const Export& options) {
  Interrupt interrupt;
  Database database = openDatabase(options.database, Use::read);
  if (options.out.empty()) {
    exportTo([](const std::string& line) { print(line); }, database, options, interrupt);
    return kFine;
  }
  OutputFile file(pathFrom(options.out), OutputFile::Replaces::jsonLines);
  std::uint64_t records = exportTo([&](const std::string& line) { file.write(line); }, database, options, interrupt);
  file.keep();
  printLine("wrote " + counted(records, "record") + " to " + options.out);
  return kFine;
}

}  // namespace

Run declareExport(Arguments& arguments) {
  auto options = std::make_shared<Export>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addCollection(arguments, options->collection, "export this collection (default: all of them)");
  arguments.option("-o,--output", "PATH", options->out,
                   "write to this file, which may be an earlier export; it appears once it is complete (default: "
                   "standard output)");
  arguments.note(
      "Each line is one JSON object: a record with its id as \"_id\". Without -c it also has the name of the record's "
      "collection as \"_collection\". blazedb import reads both; import with -c what you exported with -c. The export "
      "is not encrypted. Only the owner can read the file that -o writes.");
  arguments.example("blazedb export notes.blazedb -o notes.jsonl");
  arguments.example("blazedb export notes.blazedb -c people | jq .name");
  return [options] { return exportRecords(*options); };
}

}  // namespace blazedb::cli
