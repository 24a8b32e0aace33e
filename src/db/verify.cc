#include "db/verify.h"

#include <algorithm>
#include <map>
#include <set>

#include "blazedb/error.h"
#include "codec/fields.h"

namespace blazedb::db {
void verifyRecords(ReadTables& tables, const Progress& progress, VerifyReport& report) {
  ReadTables::OneSnapshot snapshot(tables);
  std::map<std::int64_t, replica::Collection> counted;
  std::uint64_t expected = 0, seen = 0;
  std::vector<replica::Collection> stored = tables.collections();
  std::set<std::int64_t> known;
  for (const replica::Collection& row : stored) {
    expected += row.live;
    known.insert(row.number);
  }
  tables.all([&](const replica::Row& row) {
    std::optional<sync::RecordState> state = sync::decodeState(row.stamps, row.fields, row.position);
    Object fields;
    if (!known.contains(row.collection)) {
      report.problems.push_back("the record " + row.id.toString() + " belongs to no collection");
    } else if (!state || !codec::decodeFields(row.fields, fields)) {
      report.problems.push_back("the record " + row.id.toString() + " cannot be decoded");
    } else if (state->alive() != row.alive()) {
      report.problems.push_back("the record " + row.id.toString() + " is marked wrongly as " +
                                (state->alive() ? "deleted" : "alive"));
    } else if (state->alive()) {
      replica::Collection& sum = counted[row.collection];
      report.records++;
      sum.live++;
      sum.digest.add(sync::hashOf(row.id, *state));
    } else {
      report.deleted++;
    }
    if (progress && ++seen % 4096 == 0 && !progress(seen, std::max(expected, seen)))
      throw Error(ErrorCode::Cancelled, "the verification was cancelled");
    return true;
  });
  for (const replica::Collection& row : stored) {
    const replica::Collection& sum = counted[row.number];
    if (sum.live != row.live || !(sum.digest == row.digest))
      report.problems.push_back("the totals of the collection '" + row.name + "' do not fit its records");
  }
  std::uint64_t missing = tables.missingFromFeed();
  if (missing > 0) report.problems.push_back(std::to_string(missing) + " records are missing from the feed");
}

}  // namespace blazedb::db
