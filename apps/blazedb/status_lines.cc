#include "status_lines.h"

#include <signal.h>
#include <unistd.h>

#include "output.h"
#include "text.h"

namespace blazedb::cli {
namespace {

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

}  // namespace

void StatusLines::show(const ConnectionStatus& status) {
  auto last = last_.find(status.id);
  if (last != last_.end() && last->second.state == status.state && last->second.error == status.error &&
      last->second.verified == status.verified && last->second.rejected == status.rejected &&
      (status.state != ConnectionState::live || last->second.message == status.message))
    return;
  if (status.state == ConnectionState::stopped)
    last_.erase(status.id);  // the last status of this connection
  else
    last_[status.id] = status;
  try {
    json_ ? printAsJson(status) : printForPeople(status);
    flushOutput();
  } catch (...) {
    kill(getpid(), SIGTERM);
  }
}

void StatusLines::printAsJson(const ConnectionStatus& status) const {
  Object line = {{"time", timeText(Date::now())},
                 {"state", stateName(status.state)},
                 {"done", jsonNumber(status.done)},
                 {"total", jsonNumber(status.total)},
                 {"pending", jsonNumber(status.pending)},
                 {"bytes", jsonNumber(status.bytes)},
                 {"rejected", jsonNumber(status.rejected)},
                 {"rejection", status.rejection},
                 {"verified", status.verified},
                 {"error", status.error ? Value(errorName(*status.error)) : Value()},
                 {"message", status.message}};
  if (named_) line.set("with", status.remote);
  printJson(line);
}

void StatusLines::printForPeople(const ConnectionStatus& status) const {
  std::string line =
      timeText(Date::now()) + "  " + (named_ ? status.remote + "  " : "") + padRight(stateName(status.state), 10);
  if (status.state == ConnectionState::catchingUp)
    line += "  " + grouped(status.done) + " of " + counted(status.total, "record");
  if (status.state == ConnectionState::live)
    line += status.verified       ? "  verified: both hold the same"
            : status.pending == 0 ? "  everything is sent"
                                  : "  " + counted(status.pending, "change") + " to go";
  if (status.rejected > 0)
    line += "  " + counted(status.rejected, "record") + " rejected (see blazedb rejected), " + status.rejection;
  if (!status.message.empty())
    line += "  " + (status.error ? std::string(errorName(*status.error)) + ": " : "") + status.message;
  if (status.state == ConnectionState::offline) line += "; next try in " + durationText(status.nextTry);
  printLine(line);
}

}  // namespace blazedb::cli
