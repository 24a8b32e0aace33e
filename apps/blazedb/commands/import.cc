// Import stores the lines in batches, each in one commit. So a file of any size takes bounded memory, and an error at
// line 1,000,000 does not undo the 999,000 lines before it. Every error says up to which line the file is stored and
// how to continue, so that a second run need not repeat the first.
//
// If the disk has no room for a batch, import tries half of it, down to one line, and stores what fits.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "codec/json.h"
#include "command.h"
#include "open.h"
#include "output.h"
#include "progress.h"
#include "text.h"
#include "text_input.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kBatchRecords = 1000;
constexpr std::size_t kBatchBytes = std::size_t{8} << 20;  // of JSON; a batch ends with the line that exceeds it
constexpr const char* kCollectionKey = "_collection";      // export.cc writes it

struct Import {
  DatabaseArgument database;
  std::string collection;
  std::string input;
  std::uint64_t fromLine = 1;
  bool upsert = false;
  bool json = false;
};

// A line of the input, parsed.
struct Line {
  std::uint64_t number;
  std::string collection;
  Record record;
};

// The message of `error`. Of a place in the JSON it keeps only the column: the importer knows the line.
std::string reasonOf(const Error& error) {
  constexpr std::string_view kInFirstLine = "JSON up to line 1, ";
  std::string message = messageOf(error);
  return message.starts_with(kInFirstLine) ? message.substr(kInFirstLine.size()) : message;
}

using Lines = std::span<const Line>;

class Importer {
 public:
  Importer(const Import& options, Database database, Interrupt& interrupt)
      : options_(options), database_(std::move(database)), interrupt_(interrupt), reader_({.path = options.input}) {}

  // Throws Error, which names the line and says what is stored; Cancelled after a signal.
  void run();
  std::uint64_t inserted() const { return inserted_; }
  std::uint64_t updated() const { return updated_; }

 private:
  bool readLine(std::string& text);
  Line parse(const std::string& text) const;
  void commit();
  bool commit(Lines lines);
  void store(Transaction& transaction, Lines lines);
  std::uint64_t findRefused(Lines lines);
  [[noreturn]] void fail(const Error& error, std::uint64_t line) const;
  std::string whatIsStored() const;

  const Import& options_;
  Database database_;
  Interrupt& interrupt_;
  TextInput reader_;
  ProgressBar bar_{"importing", "records"};
  std::vector<Line> batch_;
  std::size_t atOnce_ = kBatchRecords;  // how many lines to commit together; fewer once the disk was full
  std::uint64_t batchBegin_ = 0;        // where the batch begins in the input, in bytes
  std::uint64_t line_ = 0;              // the last line that was read
  std::uint64_t stored_ = 0;            // the last line that is committed
  bool storedHaveIds_ = true;           // every committed record came with an "_id"
  std::uint64_t inserted_ = 0;
  std::uint64_t updated_ = 0;
};

void Importer::run() {
  std::string text;
  while (readLine(text)) {
    if (line_ < options_.fromLine || text.find_first_not_of(" \t\r") == std::string::npos) continue;
    batch_.push_back(parse(text));
    if (batch_.size() >= kBatchRecords || reader_.bytesRead() - batchBegin_ >= kBatchBytes) commit();
  }
  if (reader_.interrupted() || interrupt_.requested())
    throw Error(ErrorCode::Cancelled, "interrupted; " + whatIsStored());
  commit();
}

bool Importer::readLine(std::string& text) {
  try {
    if (!reader_.nextLine(text)) return false;
  } catch (const Error& error) {
    fail(error, line_ + 1);
  }
  line_++;
  return true;
}

Line Importer::parse(const std::string& text) const {
  try {
    Line line{line_, options_.collection, codec::recordFromJson(text)};
    if (!line.collection.empty()) return line;
    std::optional<std::string> named = line.record.string(kCollectionKey);
    if (named) line.record.erase(kCollectionKey);
    line.collection = named.value_or("default");
    return line;
  } catch (const Error& error) {
    fail(error, line_);
  }
}

void Importer::commit() {
  for (Lines left = batch_; !left.empty();) {
    Lines part = left.first(std::min(atOnce_, left.size()));
    if (!commit(part)) {
      atOnce_ = part.size() / 2;
      continue;
    }
    for (const Line& line : part) storedHaveIds_ = storedHaveIds_ && line.record.id().has_value();
    stored_ = part.back().number;
    left = left.subspan(part.size());
  }
  stored_ = line_;
  batch_.clear();
  batchBegin_ = reader_.bytesRead();
  double whole = static_cast<double>(reader_.bytesTotal());
  bar_.show(whole == 0 ? -1 : static_cast<double>(reader_.bytesRead()) / whole, inserted_ + updated_);
}

// Returns false if the disk is full, but may have room for fewer lines.
bool Importer::commit(Lines lines) {
  std::uint64_t insertedBefore = inserted_;
  std::uint64_t updatedBefore = updated_;
  try {
    database_.transaction([&](Transaction& transaction) { store(transaction, lines); });
    return true;
  } catch (const Error& error) {
    inserted_ = insertedBefore;
    updated_ = updatedBefore;
    bool full = error.code() == ErrorCode::DiskFull;
    if (full && lines.size() > 1) return false;
    fail(error, full ? lines.front().number : findRefused(lines));
  }
}

void Importer::store(Transaction& transaction, Lines lines) {
  if (options_.upsert) {
    for (const Line& line : lines) {
      Collection collection = transaction.collection(line.collection);
      bool isNew = !line.record.id() || collection.upsert(*line.record.id(), line.record);
      if (!line.record.id()) collection.insert(line.record);
      (isNew ? inserted_ : updated_)++;
    }
    return;
  }
  std::map<std::string, std::vector<Record>> records;
  for (const Line& line : lines) records[line.collection].push_back(line.record);
  for (const auto& [name, ofCollection] : records) transaction.collection(name).insertMany(ofCollection);
  inserted_ += lines.size();
}

// Returns the number of the first line that cannot be stored; 0 if there is none.
std::uint64_t Importer::findRefused(Lines lines) {
  std::uint64_t line = 0;
  struct Undo {};
  try {
    database_.transaction([&](Transaction& transaction) {
      for (const Line& candidate : lines) {
        line = candidate.number;
        Collection collection = transaction.collection(candidate.collection);
        if (options_.upsert && candidate.record.id())
          collection.upsert(*candidate.record.id(), candidate.record);
        else
          collection.insert(candidate.record);
      }
      throw Undo();
    });
  } catch (const Undo&) {
    line = 0;
  } catch (const Error&) {
  }
  return line;
}

void Importer::fail(const Error& error, std::uint64_t line) const {
  std::string where = options_.input == "-" ? "standard input" : options_.input;
  if (line > 0) where += " line " + std::to_string(line);
  throw Error(error.code(), where + ": " + reasonOf(error) + "; " + whatIsStored());
}

std::string Importer::whatIsStored() const {
  if (stored_ < options_.fromLine) return "nothing was stored";
  std::string text = "lines " + std::to_string(options_.fromLine) + " to " + std::to_string(stored_) +
                     " are stored; continue with --from-line " + std::to_string(stored_ + 1);
  if (storedHaveIds_) text += ", or import everything again with --upsert";
  return text;
}

int import(const Import& options) {
  if (options.fromLine == 0) throw UsageError("--from-line counts from 1");
  Interrupt interrupt;
  Database database = openDatabase(options.database);
  auto start = std::chrono::steady_clock::now();
  Importer importer(options, database, interrupt);
  importer.run();
  auto duration = std::chrono::steady_clock::now() - start;
  if (options.json) {
    printJson({{"inserted", jsonNumber(importer.inserted())},
               {"updated", jsonNumber(importer.updated())},
               {"seconds", seconds(duration)}});
    return kFine;
  }
  std::string text = "stored " + counted(importer.inserted() + importer.updated(), "record");
  if (options.upsert)
    text += " (" + grouped(importer.inserted()) + " new, " + grouped(importer.updated()) + " updated)";
  printLine(text + " in " + durationText(duration));
  return kFine;
}

}  // namespace

Run declareImport(Arguments& arguments) {
  auto options = std::make_shared<Import>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  arguments.required("INPUT", options->input, "a JSON Lines file: one JSON object on each line; - is standard input");
  addCollection(arguments, options->collection,
                "store the records in this collection (default: the collection that \"_collection\" in the line names, "
                "without storing that field; else default)");
  arguments.flag("--upsert", options->upsert, "replace a record that has the \"_id\" of the line");
  arguments.number("--from-line", "N", options->fromLine, "skip the lines before line N");
  addJson(arguments, options->json, "print {\"inserted\": N, \"updated\": N, \"seconds\": N}");
  arguments.note(
      "A record keeps the \"_id\" of its line; without one it gets a new id. Import stores the lines in batches of at "
      "most 1,000, each of them whole or not at all. If a line is wrong, the disk is full, or you interrupt the "
      "import, the message says up to which line the file is stored. Continue from there with --from-line. If every "
      "line has an \"_id\", you can instead import everything again with --upsert, also after a crash. A file from "
      "blazedb export has ids; if it was exported with -c, import it with -c.");
  arguments.note(
      "A file from blazedb export holds counters as plain numbers. To copy a database that will be connected with the "
      "original, use blazedb sync, or blazedb backup and blazedb renew: after an import, what had been added to a "
      "counter before the export would count again.");
  noteOnJson(arguments);
  arguments.example("blazedb import notes.blazedb notes.jsonl");
  arguments.example("zcat people.jsonl.gz | blazedb import notes.blazedb - -c people --upsert");
  return [options] { return import(*options); };
}

}  // namespace blazedb::cli
