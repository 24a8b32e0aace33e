#include "syncing.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "command.h"
#include "forward.h"
#include "output.h"
#include "progress.h"
#include "text.h"

namespace blazedb::cli {
namespace {

// How long a signal may go unnoticed while the barrier is waited for. An answer from the other end may take longer, and
// each wait asks anew: so once nothing else is missing the waits grow.
constexpr std::chrono::milliseconds kBetweenLooks{100};
constexpr std::chrono::milliseconds kBetweenLooksMax{10'000};

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
  explicit Syncing(const SyncJob& job);

  // Returns when everything is in sync. Throws Error: Cancelled, or what broke or stopped the connection.
  void untilInSync(Interrupt& interrupt);
  // Returns when a signal has come. Throws what stopped the connection for good.
  void untilInterrupted(Interrupt& interrupt);
  ConnectionStatus status() const { return topology_.status(connection_); }

 private:
  void throwIf(ConnectionState state) const;

  const SyncJob& job_;
  Topology topology_;
  ProgressBar bar_{"syncing", "records"};
  StatusLines lines_;
  ConnectionId connection_;
  Subscription listener_;  // last, so that it ends first
};

Syncing::Syncing(const SyncJob& job) : job_(job), lines_(job.json) {
  connection_ = job.connect(topology_);
  listener_ = topology_.onStatus(connection_, [this](const ConnectionStatus& status) {
    if (job_.watch)
      lines_.show(status);
    else if (status.state == ConnectionState::catchingUp)
      bar_.show(status.done, status.total, status.bytes);
    // There is nothing left to watch: ends as by a signal.
    if (job_.watch && status.state == ConnectionState::stopped) kill(getpid(), SIGTERM);
  });
}

void Syncing::throwIf(ConnectionState state) const {
  ConnectionStatus now = status();
  if (now.state == state && now.error) throw Error(*now.error, now.message + job_.advice(*now.error));
}

void Syncing::untilInSync(Interrupt& interrupt) {
  for (std::chrono::milliseconds wait = kBetweenLooks;;) {
    if (interrupt.requested())
      throw Error(ErrorCode::Cancelled, "interrupted; what has arrived is kept, and the next sync goes on from there");
    // Nobody waits here for a disk that may have room some day, or for a hub; --watch does.
    throwIf(ConnectionState::offline);
    try {
      topology_.synchronize(wait);
      return;
    } catch (const Error& error) {
      throwIf(ConnectionState::stopped);
      if (error.code() != ErrorCode::Timeout) throw;
    }
    wait = status().state == ConnectionState::live ? std::min(2 * wait, kBetweenLooksMax) : kBetweenLooks;
  }
}

void Syncing::untilInterrupted(Interrupt& interrupt) {
  throwIf(ConnectionState::stopped);  // before anybody listened
  interrupt.wait();
  throwIf(ConnectionState::stopped);
}

std::uint64_t conflictsOf(const std::vector<Database>& databases) {
  std::uint64_t conflicts = 0;
  for (const Database& database : databases) conflicts += database.info().conflicts;
  return conflicts;
}

}  // namespace

int runSync(const SyncJob& job, Interrupt& interrupt) {
  std::uint64_t conflictsBefore = conflictsOf(job.databases);
  auto start = std::chrono::steady_clock::now();
  ConnectionStatus status;
  {
    std::optional<server::ControlServer> control;
    if (job.watch) control.emplace(job.databases, runForVisitor);
    Syncing syncing(job);
    if (job.watch) {
      syncing.untilInterrupted(interrupt);
      return kFine;
    }
    syncing.untilInSync(interrupt);
    status = syncing.status();
  }
  auto duration = std::chrono::steady_clock::now() - start;
  std::uint64_t conflicts = conflictsOf(job.databases) - conflictsBefore;
  if (job.json) {
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

}  // namespace blazedb::cli
