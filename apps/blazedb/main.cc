// blazedb, the command line. It finds the command, parses its arguments, runs it, and reports its errors in one place.
// `blazedb COMMAND --help` describes each command.
#include <signal.h>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "blazedb/error.h"
#include "command.h"
#include "forward.h"
#include "output.h"
#include "shell.h"
#include "text.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

struct Entry {
  const char* name;
  const char* summary;
  Run (*declare)(Arguments&);
  bool atOwner = false;  // if another process has the database open, that process runs the command

  // A command that works on one open database; stop ends the process that has it.
  bool isForShells() const { return atOwner && std::string_view(name) != "stop"; }
};

constexpr bool kAtOwner = true;

struct Group {
  const char* title;
  std::vector<Entry> entries;
};

const std::vector<Group>& groups() {
  static const std::vector<Group> all = {
      {"demo",
       {
           {"demo", "show two databases that stay in sync, with real data and measured times", declareDemo},
       }},
      {"databases",
       {
           {"create", "create a new, empty database", declareCreate},
           {"info", "show the properties of a database and what it holds", declareInfo, kAtOwner},
           {"set", "change the role or the name of a database", declareSet},
           {"verify", "check every page and every record", declareVerify, kAtOwner},
           {"backup", "copy a database to a new file", declareBackup, kAtOwner},
           {"passwd", "change the password", declarePasswd},
           {"renew", "give a copied file a new replica id", declareRenew},
           {"restamp", "correct the dates of writes that were made while the clock was ahead", declareRestamp},
           {"release", "make a read-only replica writable again", declareRelease},
       }},
      {"records",
       {
           {"insert", "store a new record and print its id", declareInsert, kAtOwner},
           {"get", "print a record", declareGet, kAtOwner},
           {"update", "change fields of a record, or replace it", declareUpdate, kAtOwner},
           {"delete", "delete a record", declareDelete, kAtOwner},
           {"count", "print the number of records", declareCount, kAtOwner},
           {"query", "find records by an expression", declareQuery, kAtOwner},
           {"watch", "print the result of a query and then what changes in it", declareWatch, kAtOwner},
           {"index", "make, list and drop the indexes that make queries faster", declareIndex, kAtOwner},
           {"shell", "run many commands on a database, line by line", declareShell},
           {"import", "store the records of a JSON Lines file", declareImport, kAtOwner},
           {"export", "write records as JSON Lines", declareExport, kAtOwner},
       }},
      {"sync",
       {
           {"sync", "sync two databases, once or continuously", declareSync},
           {"serve", "run a hub: clients on other machines sync with its databases", declareServe},
           {"stop", "end the process that has a database open", declareStop, kAtOwner},
           {"token", "create, list and revoke the tokens that let clients connect to a hub", declareToken, kAtOwner},
           {"user", "make, list and remove the users of a hub, for its policies", declareUser, kAtOwner},
           {"team", "make, list and remove the teams of a hub, and say who is in them", declareTeam, kAtOwner},
           {"rls", "add, list, remove and try the policies that say what users may read and write", declareRls,
            kAtOwner},
           {"share", "let other apps of this machine sync with a database", declareShare},
           {"attach", "sync with a database that another app of this machine shares", declareAttach},
           {"groups", "list app groups, or the databases shared in one", declareGroups},
           {"diff", "compare the records of two databases", declareDiff},
           {"conflicts", "list, restore or dismiss the values that a sync has overridden", declareConflicts, kAtOwner},
           {"removed", "list or restore the records that a sync has removed without a delete", declareRemoved,
            kAtOwner},
           {"rejected", "list, retry or discard what one end of a sync has refused", declareRejected, kAtOwner},
       }},
  };
  return all;
}

const Entry* findCommand(const std::string& name) {
  for (const Group& group : groups())
    for (const Entry& entry : group.entries)
      if (name == entry.name) return &entry;
  return nullptr;
}

// " (did you mean ...?)" for a mistyped command, or one that other tools have; empty if no command is like it.
std::string suggestionFor(const std::string& word) {
  constexpr std::pair<const char*, const char*> kElsewhere[] = {
      {"remove", "delete"}, {"rm", "delete"}, {"del", "delete"},   {"connect", "sync"}, {"add", "insert"},
      {"list", "export"},   {"ls", "export"}, {"dump", "export"},  {"new", "create"},   {"init", "create"},
      {"status", "info"},   {"show", "get"},  {"-v", "--version"}, {"-V", "--version"}};
  for (const auto& [theirs, ours] : kElsewhere)
    if (word == theirs) return std::string(" (did you mean ") + ours + "?)";
  std::vector<std::string> known = {"help", "--help", "--version"};
  for (const Group& group : groups())
    for (const Entry& entry : group.entries) known.push_back(entry.name);
  return didYouMean(word, known);
}

void printHelp() {
  print("blazedb " BLAZEDB_VERSION
        ", an encrypted document database that syncs\n\n"
        "usage: blazedb COMMAND ARGUMENT...\n"
        "       blazedb COMMAND --help\n");
  for (const Group& group : groups()) {
    print(std::string("\n") + group.title + ":\n");
    for (const Entry& entry : group.entries) print("  " + padRight(entry.name, 11) + entry.summary + "\n");
  }
  print(
      "\nA command takes the password of a database from --password-file PATH, from the variable\n"
      "BLAZEDB_PASSWORD, or from the terminal. It reads and prints records as JSON; with --json it prints\n"
      "everything else as JSON too. A date in a record is {\"$date\": \"2026-01-31T12:00:00Z\"}, bytes are\n"
      "{\"$bytes\": BASE64}, an id is {\"$uuid\": ID}. Exit status: 0 success, 1 failure, 2 wrong command line.\n"
      "\nexample:\n"
      "  export BLAZEDB_PASSWORD='correct horse'\n"
      "  blazedb create notes.blazedb\n"
      "  blazedb insert notes.blazedb '{\"title\": \"Hello\", \"stars\": 5}'\n"
      "  blazedb create copy.blazedb\n"
      "  blazedb sync notes.blazedb copy.blazedb\n"
      "  blazedb export copy.blazedb\n");
}

int run(std::vector<std::string> words) {
  if (words.empty()) throw UsageError("the command is missing; see blazedb --help");
  std::string name = words.front();
  words.erase(words.begin());
  if (name == "help" && !words.empty()) {
    name = words.front();
    words = {"--help"};
  }
  if (name == "help" || name == "-h" || name == "--help") {
    printHelp();
    return kFine;
  }
  if (name == "--version") {
    printLine("blazedb " BLAZEDB_VERSION);
    return kFine;
  }
  const Entry* entry = findCommand(name);
  if (!entry) throw UsageError("there is no command '" + name + "'" + suggestionFor(name) + "; see blazedb --help");
  if (shellDatabase() && !entry->isForShells())
    throw UsageError("'" + name + "' needs the file for itself, or has no database: leave the shell for it (^D)");
  if (visitor() && !entry->atOwner)
    throw UsageError("'" + name + "' cannot be run on a database that another process has open");
  Arguments arguments(entry->name, entry->summary);
  Run command = entry->declare(arguments);
  if (!arguments.parse(words)) return kFine;
  try {
    return command();
  } catch (const InUse& inUse) {
    if (!entry->atOwner) throw needsItAlone(name, inUse);
    words.insert(words.begin(), name);
    return forward(inUse, words);
  }
}

int guarded(const std::vector<std::string>& words) {
  try {
    int status = run(words);
    flushOutput();
    return status;
  } catch (const OutputClosed&) {
    return kFailed;
  } catch (const UsageError& error) {
    complain(error.what());
    return kWrongUsage;
  } catch (const std::bad_alloc&) {
    complain(Error(ErrorCode::OutOfMemory, "there is not enough memory for this; free some and try again").what());
    return kFailed;
  } catch (const std::system_error& error) {
    bool noThread = error.code() == std::errc::resource_unavailable_try_again;
    complain(noThread ? "no more threads can be started; end other programs, or allow more (ulimit -u, TasksMax=)"
                      : error.what());
    return kFailed;
  } catch (const std::exception& error) {
    complain(error.what());
    return kFailed;
  }
}

}  // namespace

int runInShell(const std::vector<std::string>& words) { return guarded(words); }

std::vector<std::string> shellCommands() {
  std::vector<std::string> names{"help", "exit"};
  for (const Group& group : groups())
    for (const Entry& entry : group.entries)
      if (entry.isForShells()) names.push_back(entry.name);
  return names;
}

int runForVisitor(const Database& database, const server::ControlRequest& request, server::ControlCaller& caller) {
  Visitor visitor(database, request.folder, caller);
  return guarded(request.words);
}

}  // namespace blazedb::cli

int main(int argc, char** argv) {
  // If the reader of our output goes away, the next write fails and says so.
  signal(SIGPIPE, SIG_IGN);
  return blazedb::cli::guarded({argv + 1, argv + std::max(argc, 1)});
}
