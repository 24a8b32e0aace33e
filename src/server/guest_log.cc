#include "server/guest_log.h"

namespace blazedb::server {
namespace {

using Kind = ListenerEvent::Kind;

const char* whatIs(const ListenerEvent& event) {
  switch (event.kind) {
    case Kind::connected:
      return "a client has connected";
    case Kind::gone:
      return "a client has gone";
    case Kind::rejected:
      return "records are rejected";
    case Kind::refused:
      break;
  }
  return event.error == ErrorCode::Offline ? "a client has gone before it was let in" : "a client was refused";
}

std::string nameOf(const std::optional<ErrorCode>& error) {
  return error ? std::string(errorName(*error)) : std::string();
}

bool isUsual(const ListenerEvent& event) {
  return !event.error || event.error == ErrorCode::Offline || event.error == ErrorCode::HubStopping;
}

// The reason: the name of the error, if there is one, and its text.
std::string reasonOf(const ListenerEvent& event) {
  return event.error ? nameOf(event.error) + ": " + event.message : event.message;
}

}  // namespace

void GuestLog::note(const ListenerEvent& event) {
  bool byStrangers = event.kind == Kind::refused || event.kind == Kind::rejected;
  add(whatIs(event), isUsual(event), event, byStrangers ? kStrangersMax : kOthersMax);
}

void GuestLog::noteCommand(const std::string& database, const std::string& who, const sync::Bye& why) {
  add("a command was refused", false, {Kind::refused, database, who, why.code, why.text}, kStrangersMax);
}

void GuestLog::add(const char* what, bool isUsual, const ListenerEvent& event, std::size_t max) {
  base::Lock lock(mutex_);
  if (event.kind == Kind::rejected)  // one line for a client and a reason, which says what came last
    for (Note& known : noted_)
      if (known.event.kind == event.kind && known.event.client == event.client &&
          known.event.database == event.database && known.event.error == event.error) {
        known.event = event;
        return;
      }
  if (counts_[what]++ < max)
    noted_.push_back({what, isUsual, event, Date::now()});
  else
    leftOut_[{what, nameOf(event.error)}]++;
}

void GuestLog::tell() {
  std::vector<Note> noted;
  std::map<Sort, std::uint64_t> leftOut;
  {
    base::Lock lock(mutex_);
    noted.swap(noted_);
    leftOut.swap(leftOut_);
    counts_.clear();
  }
  for (const auto& [what, isUsual, event, at] : noted) {
    Object fields{{"client", event.client}};
    if (!event.database.empty()) fields.set("database", event.database);
    if (event.records > 0) fields.set("records", static_cast<std::int64_t>(event.records));
    if (std::string reason = reasonOf(event); !reason.empty()) fields.set("reason", reason);
    log_.say(isUsual ? Level::info : Level::warning, what, fields, at);
  }
  for (const auto& [sort, count] : leftOut)
    log_.say(Level::warning, "more of the same were left out",
             {{"of", sort.first}, {"reason", sort.second}, {"count", static_cast<std::int64_t>(count)}});
}

}  // namespace blazedb::server
