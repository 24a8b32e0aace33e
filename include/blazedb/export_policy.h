// What an exporter shares with the other apps of the machine (the importers), and whether they may write.
//
//   ExportPolicy policy;
//   policy.collections = {"notes"};
//   policy.fields = {"title", "text"};
//   policy.filter = ExportFilter::where("shared");
//
// The exporter enforces the policy, whatever an importer asks for. `collections` and `fields` limit both directions.
// The filter limits what the exporter sends, not what it accepts; `rights` limit both. What an importer writes beyond
// `collections` and `fields` stays in its database, and its status says NotAllowed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/export.h"
#include "blazedb/record.h"

namespace blazedb {

// Chooses the records to send. When a record stops matching, the importers remove it; what an importer wrote in fields
// that ExportPolicy::fields leaves out is then in its Database::removedRecords(). When a record begins to match, it
// arrives whole. An importer may write a record that does not match: the importer removes it once the exporter has it.
//
// An importer that may write, and knows or guesses the id of a record, can write the fields that the filter looks at,
// and so make the record match. Leave these fields out of ExportPolicy::fields, or share read-only.
struct BLAZEDB_API ExportFilter {
  // The records of every collection for which an expression is true (docs/query.md). It is known again by its text and
  // its parameters. Errors: InvalidArgument (it is not understood, or a parameter lacks its value), TooLarge,
  // InvalidPolicy (it looks at the time: a record would have to leave without a change).
  static ExportFilter where(const std::string& expression, const Object& parameters = {});

  // Names what the filter chooses. Give the same text for the same choice, and another text when the choice changes:
  // the exporter then goes through all records of each importer again. Empty: it does so after every enable().
  std::string id = {};
  // Returns true for a record to send. Called for each record that may be sent; for a deleted record with the fields
  // that it had. Called on threads of BlazeDB, several at a time. If it throws, the connection ends with FilterFailed
  // and is tried again.
  std::function<bool(const std::string& collection, const Record& record)> matches = {};
};

// Importers get, and may change, what this database's policies allow one user (rights.h).
struct ExportRights {
  std::string user = {};  // as in TokenOptions::user; empty: nobody that the policies know
};

struct ExportPolicy {
  std::vector<std::string> collections = {};            // empty: all
  std::optional<std::vector<std::string>> fields = {};  // absent: all
  std::optional<ExportFilter> filter = {};              // absent: every record
  std::optional<ExportRights> rights = {};              // absent: policies do not concern the importers
  bool readOnly = true;                                 // importers may not write
  // Importers that write may also bring writes of other databases, servers too, that they did not get from here, and
  // may have the role server themselves. Without it an importer writes as a client, on top of what it got from here; a
  // record that builds on a server's write which this database does not have is refused (Database::rejectedChanges()).
  bool mayRelay = false;
};

}  // namespace blazedb
