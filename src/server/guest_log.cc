#include "server/guest_log.h"

namespace blazedb::server {
namespace {

const char* eventOf(ListenerEvent::Kind kind) {
  switch (kind) {
    case ListenerEvent::Kind::connected:
      return "a client has connected";
    case ListenerEvent::Kind::gone:
      return "a client has gone";
    case ListenerEvent::Kind::refused:
      break;
  }
  return "a client was refused";
}

std::string nameOf(const std::optional<ErrorCode>& error) {
  return error ? std::string(errorName(*error)) : std::string();
}

Level levelOf(const ListenerEvent& event) {
  bool isUsual = !event.error || event.error == ErrorCode::Offline || event.error == ErrorCode::HubStopping;
  return isUsual ? Level::info : Level::warning;
}

}  // namespace

void GuestLog::note(const ListenerEvent& event) {
  std::lock_guard lock(mutex_);
  std::size_t& count = counts_[static_cast<std::size_t>(event.kind)];
  if (count < (event.kind == ListenerEvent::Kind::refused ? kRefusedMax : kOthersMax)) {
    noted_.emplace_back(Date::now(), event);
    count++;
  } else {
    leftOut_[{event.kind, nameOf(event.error)}]++;
  }
}

void GuestLog::tell() {
  std::vector<std::pair<Date, ListenerEvent>> noted;
  std::map<Sort, std::uint64_t> leftOut;
  {
    std::lock_guard lock(mutex_);
    noted.swap(noted_);
    leftOut.swap(leftOut_);
    counts_ = {};
  }
  for (const auto& [at, event] : noted) {
    Object fields{{"client", event.client}};
    if (!event.database.empty()) fields.set("database", event.database);
    if (event.error) fields.set("reason", nameOf(event.error) + ": " + event.message);
    log_.say(levelOf(event), eventOf(event.kind), fields, at);
  }
  for (const auto& [sort, count] : leftOut)
    log_.say(Level::warning, "more of the same were left out",
             {{"of", eventOf(sort.first)}, {"reason", sort.second}, {"count", static_cast<std::int64_t>(count)}});
}

}  // namespace blazedb::server
