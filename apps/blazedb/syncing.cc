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
#include "status_lines.h"
#include "text.h"

namespace blazedb::cli {
namespace {

// How long a signal may go unnoticed during synchronize(). Each call asks the other end again, and an answer may take
// longer than one wait. So the waits grow once the connection is live.
constexpr std::chrono::milliseconds kBetweenLooks{100};
constexpr std::chrono::milliseconds kBetweenLooksMax{10'000};

class Syncing {
 public:
  explicit Syncing(const SyncJob& job);

  // Returns when everything is in sync. Throws Error: Cancelled, or the error that broke or stopped the connection.
  void untilInSync(Interrupt& interrupt);
  // Returns when a signal has come. Throws the error that stopped the connection for good.
  void untilInterrupted(Interrupt& interrupt);
  ConnectionStatus status() const { return connection_.status(); }

 private:
  void throwIf(ConnectionState state) const;

  const SyncJob& job_;
  ProgressBar bar_{"syncing", "records"};
  StatusLines lines_;
  SyncConnection connection_;
  Subscription listener_;  // last, so that it ends first
};

Syncing::Syncing(const SyncJob& job) : job_(job), lines_(job.json), connection_(job.connect()) {
  listener_ = connection_.onStatus([this](const ConnectionStatus& status) {
    if (job_.watch)
      lines_.show(status);
    else if (status.state == ConnectionState::catchingUp)
      bar_.show(status.done, status.total, status.bytes);
    // There is nothing left to watch: end the process as a signal does.
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
      throw Error(ErrorCode::Cancelled,
                  "interrupted; what has arrived is kept, and the next sync continues from there");
    // Offline is an error here: only --watch waits until a hub can be reached or a full disk has room.
    throwIf(ConnectionState::offline);
    try {
      connection_.synchronize(wait);
      return;
    } catch (const Error& error) {
      throwIf(ConnectionState::stopped);
      if (error.code() == ErrorCode::NotAllowed) {  // everything else has arrived
        if (job_.keepOwn) return;
        throw Error(error.code(), messageOf(error) + job_.adviceToReaders);
      }
      if (error.code() != ErrorCode::Timeout) throw;
    }
    wait = status().state == ConnectionState::live ? std::min(2 * wait, kBetweenLooksMax) : kBetweenLooks;
  }
}

void Syncing::untilInterrupted(Interrupt& interrupt) {
  throwIf(ConnectionState::stopped);  // it may have stopped before the listener was added
  interrupt.wait();
  throwIf(ConnectionState::stopped);
}

std::uint64_t conflictsOf(const std::vector<Database>& databases) {
  std::uint64_t conflicts = 0;
  for (const Database& database : databases) conflicts += database.info().conflicts;
  return conflicts;
}

// A name that no database has may be mistyped. Everything that the other end has is here by now.
void warnOfUnknown(const SyncJob& job) {
  for (const std::string& name : job.collections) {
    bool known = std::any_of(job.databases.begin(), job.databases.end(), [&](const Database& database) {
      std::vector<CollectionInfo> all = database.collections();
      return std::any_of(all.begin(), all.end(), [&](const CollectionInfo& each) { return each.name == name; });
    });
    if (!known)
      complain("neither end has a collection '" + name +
               "', which --collections names; blazedb info lists those of a file");
  }
}

}  // namespace

CollectionNames collectionsOf(const std::vector<std::string>& given) {
  return given.empty() ? std::nullopt : CollectionNames(std::optional(given));
}

SyncConnection connectionOf(SyncEngine sync) {
  return {[sync] { return sync.status(); },
          [sync](std::chrono::milliseconds timeout) mutable { sync.synchronize(timeout); },
          [sync](std::function<void(const ConnectionStatus&)> listener) mutable {
            return sync.onStatus(std::move(listener));
          }};
}

SyncConnection connectionOf(Topology topology, ConnectionId id) {
  return {[topology, id] { return topology.status(id); },
          [topology](std::chrono::milliseconds timeout) mutable { topology.synchronize(timeout); },
          [topology, id](std::function<void(const ConnectionStatus&)> listener) mutable {
            return topology.onStatus(id, std::move(listener));
          }};
}

// How long the feeds are. A record that arrives takes a place in a feed, unless it changes nothing.
std::uint64_t feedsOf(const std::vector<Database>& databases) {
  std::uint64_t length = 0;
  for (const Database& database : databases) length += database.info().feedEnd;
  return length;
}

int runSync(const SyncJob& job, Interrupt& interrupt) {
  std::uint64_t conflictsBefore = conflictsOf(job.databases);
  std::uint64_t feedsBefore = feedsOf(job.databases);
  auto start = std::chrono::steady_clock::now();
  ConnectionStatus status;
  {
    std::optional<server::ControlServer> control;
    if (job.watch) control.emplace(job.databases, runForVisitor);
    if (job.transition) job.transition->end();
    Syncing syncing(job);
    if (job.watch) {
      syncing.untilInterrupted(interrupt);
      if (job.transition) job.transition->begin();
      return kFine;
    }
    syncing.untilInSync(interrupt);
    status = syncing.status();
  }
  auto duration = std::chrono::steady_clock::now() - start;
  warnOfUnknown(job);
  std::uint64_t conflicts = conflictsOf(job.databases) - conflictsBefore;
  std::uint64_t kept = job.keepOwn ? status.pending : 0;
  std::uint64_t taken = feedsOf(job.databases) - feedsBefore;
  bool bothEnds = job.databases.size() == 2;  // of a hub only this end is seen
  if (bothEnds && taken == 0) status.done = 0;
  // An exporter with a filter does not know how many records there will be.
  if (status.done == 0) status.done = taken;
  if (job.json) {
    printJson({{"records", jsonNumber(status.done)},
               {"seconds", seconds(duration)},
               {"bytes", jsonNumber(status.bytes)},
               {"conflicts", jsonNumber(conflicts)},
               {"rejected", jsonNumber(status.rejected)},
               {"rejection", status.rejection},
               {"kept", jsonNumber(kept)}});
    return status.rejected > 0 || !status.rejection.empty() ? kFailed : kFine;
  }
  const std::string how = status.rejected > 0 || !status.rejection.empty() ? "not everything is in sync" : "in sync";
  if (status.done == 0 && status.rejected == 0)
    printLine(how + ", nothing moved");
  else
    printLine(how + ": " + counted(status.done, "record") + " moved in " + durationText(duration) + ", " +
              sizeText(status.bytes) + " across the link");
  if (conflicts > 0) printLine(counted(conflicts, "write was", "writes were") + " overridden; see blazedb conflicts");
  if (kept > 0) printLine("changes of " + counted(kept, "record") + " stay here, as this sync does not carry them");
  if (status.rejected == 0) {
    if (!status.rejection.empty()) complain(status.rejection);
    return status.rejection.empty() ? kFine : kFailed;
  }
  printLine(counted(status.rejected, "record is", "records are") +
            " rejected; see blazedb rejected: " + status.rejection);
  return kFailed;
}

}  // namespace blazedb::cli
