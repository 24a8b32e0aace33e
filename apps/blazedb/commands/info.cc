#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Info {
  DatabaseArgument database;
  bool json = false;
};

const char* roleName(SyncRole role) { return role == SyncRole::server ? "server" : "client"; }

std::uint64_t recordsOf(const DatabaseInfo& info) {
  std::uint64_t records = 0;
  for (const CollectionInfo& collection : info.collections) records += collection.count;
  return records;
}

void printAsJson(const DatabaseInfo& info) {
  Array collections;
  for (const CollectionInfo& collection : info.collections)
    collections.push_back(Object{{"name", collection.name}, {"count", jsonNumber(collection.count)}});
  printJson({{"name", info.name},
             {"path", info.path},
             {"replica", info.replica.toString()},
             {"role", roleName(info.role)},
             {"cipher", info.cipher},
             {"pageSize", jsonNumber(info.pageSize)},
             {"fileBytes", jsonNumber(info.fileBytes)},
             {"changes", jsonNumber(info.feedEnd)},
             {"conflicts", jsonNumber(info.conflicts)},
             {"rejected", jsonNumber(info.rejected)},
             {"readOnlySource", info.readOnlySource ? Value(info.readOnlySource->toString()) : Value()},
             {"unusedLog", info.unusedLog.empty() ? Value() : Value(info.unusedLog)},
             {"records", jsonNumber(recordsOf(info))},
             {"collections", collections}});
}

void printForPeople(const DatabaseInfo& info) {
  auto row = [](const char* label, const std::string& text) { printLine(padRight(label, 13) + text); };
  row("name", info.name);
  row("file", info.path);
  row("role", roleName(info.role));
  row("replica", info.replica.toString());
  if (info.readOnlySource) row("read-only", "a replica of " + info.readOnlySource->toString());
  row("encryption", info.cipher + ", pages of " + sizeText(info.pageSize));
  row("size", sizeText(info.fileBytes));
  row("changes", grouped(info.feedEnd));
  row("conflicts", grouped(info.conflicts));
  row("rejected", grouped(info.rejected));
  row("records", grouped(recordsOf(info)));
  for (const CollectionInfo& collection : info.collections)
    printLine("  " + padRight(collection.name, 24) + padLeft(grouped(collection.count), 12));
}

int info(const Info& options) {
  DatabaseInfo info = openDatabase(options.database, Use::read).info();
  options.json ? printAsJson(info) : printForPeople(info);
  return kFine;
}

}  // namespace

Run declareInfo(Arguments& arguments) {
  auto options = std::make_shared<Info>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addJson(arguments, options->json, "print everything as one JSON object");
  arguments.example("blazedb info notes.blazedb");
  arguments.example("blazedb info notes.blazedb --json | jq .records");
  return [options] { return info(*options); };
}

}  // namespace blazedb::cli
