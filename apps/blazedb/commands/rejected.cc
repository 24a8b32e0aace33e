#include <memory>

#include "command.h"
#include "open.h"
#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

struct Rejected {
  DatabaseArgument database;
  bool json = false;
};

void printAsJson(const RejectedChange& change) {
  printJson({{"collection", change.collection},
             {"record", change.record.toString()},
             {"byPeer", change.byPeer},
             {"with", change.with.empty() ? Value() : Value(change.with)},
             {"peer", change.peer.toString()},
             {"code", errorName(change.code)},
             {"reason", change.reason},
             {"since", timeText(change.since)}});
}

void printForPeople(const RejectedChange& change) {
  printLine(change.collection + " " + change.record.toString() + "  " +
            (change.byPeer ? "not taken by " : "not taken from ") + (change.with.empty() ? "" : change.with + ", ") +
            "replica " + change.peer.toString() + "  since " + timeText(change.since));
  // The code and the reason are the other end's claims: say so.
  printLine("   " + std::string(change.byPeer ? "the other end says: " : "") + std::string(errorName(change.code)) +
            ": " + change.reason);
}

int list(const Rejected& options) {
  std::vector<RejectedChange> all = openDatabase(options.database, Use::read).rejectedChanges();
  for (const RejectedChange& change : all) options.json ? printAsJson(change) : printForPeople(change);
  if (all.empty() && !options.json) printLine("nothing is rejected");
  return kFine;
}

}  // namespace

Run declareRejected(Arguments& arguments) {
  auto options = std::make_shared<Rejected>();  // shared with the parser, which fills it in
  addDatabase(arguments, options->database);
  addJson(arguments, options->json, "list as JSON Lines");
  arguments.note(
      "Lists the records that another database refused to take from this one, or this one from it, each with the "
      "reason and what to do. The sender sends such a record again when it changes, at each new connection, and when "
      "the reason has passed. A record leaves the list once it is taken.");
  arguments.example("blazedb rejected notes.blazedb");
  return [options] { return list(*options); };
}

}  // namespace blazedb::cli
