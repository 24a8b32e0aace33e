#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>

#include "blazedb/topology.h"
#include "command.h"
#include "forward.h"
#include "open.h"
#include "output.h"
#include "progress.h"
#include "text.h"

namespace blazedb::cli {
namespace {

// How long a signal may go unnoticed while the barrier is waited for.
constexpr std::chrono::milliseconds kBetweenLooks{100};

struct Sync {
  DatabasePair databases;
  std::string mode = "bidirectional";
  bool adopt = false;
  bool watch = false;
  bool json = false;
};

ConnectionMode parseMode(const std::string& name) {
  if (name == "readOnly") return ConnectionMode::readOnly;
  if (name == "writeOnly") return ConnectionMode::writeOnly;
  return ConnectionMode::bidirectional;
}

const char* stateName(ConnectionState state) {
  switch (state) {
    case ConnectionState::connecting:
      return "connecting";
    case ConnectionState::catchingUp:
      return "catchingUp";
    case ConnectionState::live:
      return "live";
    case ConnectionState::offline:
      return "offline";
    case ConnectionState::paused:
      return "paused";
    case ConnectionState::stopped:
      break;
  }
  return "stopped";
}

// What --watch prints. The topology calls it on a thread of its own.
class StatusLines {
 public:
  explicit StatusLines(bool json) : json_(json) {}

  void show(const ConnectionStatus& status) {
    if (last_ && last_->state == status.state && last_->error == status.error && last_->verified == status.verified)
      return;
    last_ = status;
    try {
      json_ ? printAsJson(status) : printForPeople(status);
      flushOutput();
    } catch (...) {
      // Nothing may be thrown here. With nobody left to read, the watch ends as it does by a signal.
      kill(getpid(), SIGTERM);
    }
  }

 private:
  static void printAsJson(const ConnectionStatus& status) {
    printJson({{"time", timeText(Date::now())},
               {"state", stateName(status.state)},
               {"done", jsonNumber(status.done)},
               {"total", jsonNumber(status.total)},
               {"pending", jsonNumber(status.pending)},
               {"bytes", jsonNumber(status.bytes)},
               {"verified", status.verified},
               {"error", status.error ? Value(errorName(*status.error)) : Value()},
               {"message", status.message}});
  }

  static void printForPeople(const ConnectionStatus& status) {
    std::string line = timeText(Date::now()) + "  " + padRight(stateName(status.state), 10);
    if (status.state == ConnectionState::catchingUp)
      line += "  " + grouped(status.done) + " of " + counted(status.total, "record");
    if (status.state == ConnectionState::live)
      line += status.verified       ? "  verified: both hold the same"
              : status.pending == 0 ? "  all is sent"
                                    : "  " + counted(status.pending, "change") + " to go";
    if (status.error) line += "  " + std::string(errorName(*status.error)) + ": " + oneLine(status.message);
    if (status.state == ConnectionState::offline) line += "; next try in " + durationText(status.nextTry);
    printLine(line);
  }

  bool json_;
  std::optional<ConnectionStatus> last_;
};

class Syncing {
 public:
  Syncing(const Sync& options, const Database& a, const Database& b);

  // Returns when both are in sync. Throws Error: Cancelled, or what broke or stopped the connection.
  void untilInSync(Interrupt& interrupt);
  ConnectionStatus status() const { return topology_.status(connection_); }

 private:
  Topology topology_;
  ProgressBar bar_{"syncing", "records"};
  StatusLines lines_;
  ConnectionId connection_;
  Subscription listener_;  // last, so that it ends first
};

Syncing::Syncing(const Sync& options, const Database& a, const Database& b) : lines_(options.json) {
  NodeId from = topology_.registerDatabase(a, "A");
  NodeId to = topology_.registerDatabase(b, "B");
  connection_ = topology_.connectLocal(from, to, parseMode(options.mode), {.adopt = options.adopt});
  listener_ = topology_.onStatus(connection_, [this, watch = options.watch](const ConnectionStatus& status) {
    if (watch)
      lines_.show(status);
    else if (status.state == ConnectionState::catchingUp)
      bar_.show(status.done, status.total);
  });
}

void Syncing::untilInSync(Interrupt& interrupt) {
  for (;;) {
    if (interrupt.requested())
      throw Error(ErrorCode::Cancelled, "interrupted; what has arrived is kept, and the next sync goes on from there");
    ConnectionStatus now = status();
    // Nobody waits here for a disk that may have room some day; --watch does.
    if (now.state == ConnectionState::offline && now.error) throw Error(*now.error, now.message);
    try {
      topology_.synchronize(kBetweenLooks);
      return;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Timeout) throw;
    }
  }
}

std::uint64_t conflictsOf(const Database& a, const Database& b) { return a.info().conflicts + b.info().conflicts; }

int sync(const Sync& options) {
  if (options.adopt && options.mode != "readOnly") throw UsageError("--adopt is for --mode readOnly");
  Interrupt interrupt;
  auto [a, b] = openDatabases(options.databases);
  std::uint64_t conflictsBefore = conflictsOf(a, b);
  auto start = std::chrono::steady_clock::now();
  ConnectionStatus status;
  {
    std::optional<server::ControlServer> control;
    if (options.watch) control.emplace(std::vector{a, b}, runForVisitor);
    Syncing syncing(options, a, b);
    if (options.watch) {
      interrupt.wait();
      return kFine;
    }
    syncing.untilInSync(interrupt);
    status = syncing.status();
  }
  auto duration = std::chrono::steady_clock::now() - start;
  std::uint64_t conflicts = conflictsOf(a, b) - conflictsBefore;
  if (options.json) {
    printJson({{"records", jsonNumber(status.done)},
               {"seconds", seconds(duration)},
               {"bytes", jsonNumber(status.bytes)},
               {"conflicts", jsonNumber(conflicts)}});
    return kFine;
  }
  printLine("in sync: " + counted(status.done, "record") + " moved in " + durationText(duration) + ", " +
            sizeText(status.bytes) + " across the link");
  if (conflicts > 0) printLine(counted(conflicts, "write was", "writes were") + " overridden; see blazedb conflicts");
  return kFine;
}

}  // namespace

Run declareSync(Arguments& arguments) {
  auto options = std::make_shared<Sync>();  // shared with the parser, which fills it in
  addDatabases(arguments, options->databases);
  arguments.choice("--mode", {"bidirectional", "readOnly", "writeOnly"}, options->mode,
                   "which way: readOnly, B only receives; writeOnly, B only sends (default: bidirectional)");
  arguments.flag("--adopt", options->adopt, "with readOnly: B gives up what it has written itself, for what A has");
  arguments.flag("--watch", options->watch, "stay connected until ^C, with a line for each change of the status");
  addJson(arguments, options->json, "print the summary, or with --watch each change of the status, as JSON");
  arguments.note(
      "Connects A with B and ends when both have everything. Different fields of a record never conflict; of the same "
      "field the server's write wins, between equals the later one, and what was overridden is kept: see blazedb "
      "conflicts. The roles are those that the files were made with.");
  arguments.note("After --mode readOnly, B is a read-only replica of A until blazedb release.");
  arguments.example("blazedb sync notes.blazedb copy.blazedb");
  arguments.example("blazedb sync notes.blazedb replica.blazedb --mode readOnly");
  return [options] { return sync(*options); };
}

}  // namespace blazedb::cli
