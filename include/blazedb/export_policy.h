// What of a database leaves it for another app of the machine, and whether that app may write.
//
//   ExportPolicy policy;
//   policy.collections = {"notes"};
//   policy.fields = {"title", "text"};
//   policy.filter = {"shared", [](const std::string&, const Record& note) { return note.boolean("shared") == true; }};
//
// The exporter holds to it, whatever the importer asks for. `collections` and `fields` bound both directions; the
// filter decides what leaves, not what may come in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/record.h"

namespace blazedb {

// Chooses records. One that stops matching leaves the importers that were given it; one that begins to match arrives
// whole. What an importer writes and does not match is handed over: it leaves once the exporter has it.
struct ExportFilter {
  // Of the same filter always the same text, and another one when what it chooses changes: then, and only then, what an
  // importer has is gone through again. Empty: it is, after each enable().
  std::string id = {};
  // Called with each record that may be sent, deleted ones with what they were; on threads of the link, several at a
  // time. What it throws ends the connection with FilterFailed; it is then tried again.
  std::function<bool(const std::string& collection, const Record& record)> matches = {};
};

struct ExportPolicy {
  std::vector<std::string> collections = {};            // empty: all
  std::optional<std::vector<std::string>> fields = {};  // absent: all
  std::optional<ExportFilter> filter = {};              // absent: every record
  bool readOnly = true;                                 // importers may not write
  // Importers that write may also bring what they have by other ways than from here: what others wrote, and servers;
  // and may have the role server themselves. Otherwise an importer writes as a client, upon what it got from here, and
  // what carries a server's authority that this database does not have is refused, record by record
  // (rejectedChanges()).
  bool mayRelay = false;
};

}  // namespace blazedb
