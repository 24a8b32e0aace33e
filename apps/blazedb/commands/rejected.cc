#include <memory>
#include <optional>

#include "codec/json.h"
#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kChangeColumns = 100;

struct Rejected {
  DatabaseArgument database;
  std::optional<std::uint64_t> retry, discard;
  bool json = false;
};

Object incrementsOf(const RejectedChange& change) {
  Object increments;
  for (const auto& [field, by] : change.increments) increments.set(field, by);
  return increments;
}

void printAsJson(const RejectedChange& change) {
  Array unset;
  for (const std::string& field : change.unset) unset.emplace_back(field);
  bool isKept = change.id != 0;
  printJson({{"id", isKept ? Value(change.id) : Value()},
             {"collection", change.collection},
             {"record", change.record.toString()},
             {"byPeer", change.byPeer},
             {"with", change.with.empty() ? Value() : Value(change.with)},
             {"peer", change.peer.toString()},
             {"code", errorName(change.code)},
             {"reason", change.reason},
             {"since", timeText(change.since)},
             {"inserts", isKept ? Value(change.inserts) : Value()},
             {"deletes", isKept ? Value(change.deletes) : Value()},
             {"fields", isKept ? Value(change.fields) : Value()},
             {"unset", isKept ? Value(std::move(unset)) : Value()},
             {"increments", isKept ? Value(incrementsOf(change)) : Value()}});
}

// What was refused, in a line.
std::string changeText(const RejectedChange& change) {
  if (change.deletes) return "delete";
  std::string text = change.inserts ? "insert" : "update";
  if (!change.fields.empty()) text += " " + codec::valueToJson(Value(change.fields));
  if (!change.increments.empty()) text += " increment " + codec::valueToJson(Value(incrementsOf(change)));
  for (std::size_t i = 0; i < change.unset.size(); i++) text += (i == 0 ? " unset " : ", ") + change.unset[i];
  return text;
}

void printForPeople(const RejectedChange& change) {
  printLine((change.id == 0 ? "" : std::to_string(change.id) + "  ") + change.collection + " " +
            change.record.toString() + "  " + (change.byPeer ? "not taken by " : "not taken from ") +
            (change.with.empty() ? "" : change.with + ", ") + "replica " + change.peer.toString() + "  since " +
            timeText(change.since));
  // The code and the reason are the other end's claims: say so.
  printLine("   " + std::string(change.byPeer ? "the other end says: " : "") + std::string(errorName(change.code)) +
            ": " + change.reason);
  if (change.id != 0) printLine("   " + shortened(changeText(change), kChangeColumns));
}

int list(const Database& database, bool json) {
  std::vector<RejectedChange> all = database.rejectedChanges();
  for (const RejectedChange& change : all) json ? printAsJson(change) : printForPeople(change);
  if (all.empty() && !json) printLine("nothing is rejected");
  return kFine;
}

int rejected(const Rejected& options) {
  Database database = openDatabase(options.database, options.retry || options.discard ? Use::write : Use::read);
  if (!options.retry && !options.discard) return list(database, options.json);
  if (options.retry) database.retry(static_cast<std::int64_t>(*options.retry));
  if (options.discard) database.discard(static_cast<std::int64_t>(*options.discard));
  return kFine;
}

}  // namespace

Run declareRejected(Arguments& arguments) {
  auto options = std::make_shared<Rejected>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  arguments.number("--retry", "NUMBER", options->retry, "make the change again, as a new write that goes to the peers");
  arguments.number("--discard", "NUMBER", options->discard, "give the change up");
  arguments.exclusive({"--retry", "--discard"});
  addJson(arguments, options->json, "list as JSON Lines");
  arguments.note(
      "Lists the records that another database refused to take from this one, or this one from it, each with the "
      "reason and what to do. The sender sends such a record again when it changes, at each new connection, and when "
      "the reason has passed. A record leaves the list once it is taken.");
  arguments.note(
      "PermissionDenied: the policies of a hub do not let this database's user make a change. Such a change has left "
      "its record, and waits here under a number. It goes back once the policies allow it.");
  arguments.example("blazedb rejected notes.blazedb");
  arguments.example("blazedb rejected notes.blazedb --discard 3");
  return [options] { return rejected(*options); };
}

}  // namespace blazedb::cli
