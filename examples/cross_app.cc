// Two apps of one machine, here in one program; each app needs its half.

// [program]
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  Database notes = Database::open("Notes", "notes.blazedb", "correct horse");
  Database widget = Database::open("Widget", "widget.blazedb", "battery staple");
  AppGroup group = "group.com.yourapp.blazedb";
  group.root = "groups";  // else a folder of the session, $XDG_RUNTIME_DIR/blazedb

  // [share]
  ExportPolicy policy;
  policy.collections = {"notes"};
  policy.fields = {"title", "pinned"};
  policy.filter = ExportFilter::where("pinned");  // the records for which this is true
  CrossAppSyncCoordinator sharing(notes, group, policy);
  sharing.enable();
  // [/share]

  // [attach]
  SyncEngine sync = connectToSharedDatabase(widget, group, "Notes", AccessMode::readOnly);
  Collection mine = notes.collection("notes");
  UUID id = mine.insert({{"title", "Buy milk"}, {"pinned", true}, {"text", "and bread"}});
  mine.insert({{"title", "Diary"}, {"pinned", false}});
  sync.synchronize();
  std::cout << widget.collection("notes").fetch(id)->string("title").value() << "\n";
  // [/attach]
  bool arrived = widget.collection("notes").count() == 1 && !widget.collection("notes").fetch(id)->contains("text");

  // [leave]
  mine.updateFields(id, {{"pinned", false}});
  sync.synchronize();
  bool left = !widget.collection("notes").fetch(id);  // what stops matching leaves
  // [/leave]

  // [list]
  for (const SharedDatabase& shared : listSharedDatabases(group))
    std::cout << shared.name << (shared.readOnly ? ", read-only" : "") << "\n";
  // [/list]
  return arrived && left ? 0 : 1;
}
// [/program]
