// Private records: two apps share a calendar over a socket, both write, and what is private never leaves.
#include <blazedb/blazedb.h>

#include <filesystem>
#include <iostream>

using namespace blazedb;

int main() {
  Database mine = Database::open("Calendar", "calendar.blazedb", "correct horse");
  Database family = Database::open("Family", "family.blazedb", "battery staple");
  const std::string socket = std::filesystem::absolute("calendar.sock").string();

  // The app that shares. Whatever the value of the mark, it keeps a record here. The mark is none of the shared fields,
  // so the other app, which may write, cannot remove it.
  auto shareable = [](const std::string&, const Record& event) { return !event.contains("private"); };
  ListenLocalOptions options;
  options.policy.collections = {"events"};
  options.policy.fields = {"title", "day"};
  options.policy.filter = {"not private", shareable};
  options.policy.readOnly = false;
  Topology sharing;
  sharing.listenLocal(sharing.registerDatabase(mine, "Calendar"), socket, options);

  // The app that attaches; it may also start first.
  Topology attaching;
  attaching.connectCrossApp(attaching.registerDatabase(family, "Family"), socket, ConnectionMode::bidirectional);

  // Write the mark in the same call as the record: what has left once, others have seen.
  Collection events = mine.collection("events"), seen = family.collection("events");
  UUID dinner = events.insert({{"title", "Dinner"}, {"day", "Friday"}});
  UUID party = events.insert({{"title", "Surprise party"}, {"day", "Sunday"}, {"private", true}});
  attaching.synchronize();
  bool kept = seen.count() == 1 && !seen.fetch(party);

  seen.updateFields(dinner, {{"day", "Saturday"}});
  UUID football = seen.insert({{"title", "Football"}, {"day", "Monday"}});
  attaching.synchronize();
  bool received = events.fetch(dinner)->string("day") == "Saturday" && events.fetch(football);

  events.unset(party, {"private"});                  // now it goes, whole
  events.updateFields(dinner, {{"private", true}});  // and this one is taken back
  attaching.synchronize();
  for (const Record& event : seen.fetchAll())
    std::cout << event.string("title").value() << ", " << event.string("day").value() << "\n";
  bool exchanged = seen.count() == 2 && seen.fetch(party) && !seen.fetch(dinner);
  return kept && received && exchanged && events.count() == 3 ? 0 : 1;
}
