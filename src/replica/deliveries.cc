#include "replica/deliveries.h"

#include "blazedb/error.h"

namespace blazedb::replica {
namespace {

bool matches(const ExportFilter& filter, const std::string& collection, const Row& row) {
  try {
    return filter.matches(collection, row.record());
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorCode::FilterFailed, "the export filter threw an exception for the record " + row.id.toString() +
                                             " of '" + collection + "': " + error.what());
  }
}

}  // namespace

Verdict Chooser::judge(const std::string& collection, const Row& row) {
  if (!filter_) return row.flags & kLeft ? Verdict::takeBack : Verdict::give;
  using Kind = Delivery::Kind;
  const std::optional<Delivery>& known = row.delivery;
  // The filter is not asked about a deleted record that the importer was never given.
  bool there = row.alive() || known;
  bool chosen = there && !(row.flags & kLeft) && matches(*filter_, collection, row);
  if (!chosen && !known) return Verdict::nothing;
  if (chosen && known && known->kind == Kind::given && known->position <= complete_) return Verdict::give;
  news_.push_back({row.handle, {chosen ? Kind::given : Kind::takenBack, row.position}});
  if (!chosen) return Verdict::takeBack;
  return !known || known->kind == Kind::itsOwn ? Verdict::giveWhole : Verdict::giveAgain;
}

}  // namespace blazedb::replica
