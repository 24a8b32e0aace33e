#include "replica/deliveries.h"

#include <algorithm>

#include "blazedb/error.h"

namespace blazedb::replica {

bool Chooser::matches(const std::string& collection, const Row& row) const {
  if (rule_.rights && !rule_.rights->mayRead(collection, row.id, row.fields)) return false;
  if (!rule_.filter) return true;
  try {
    return rule_.filter->matches(collection, row.record());
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorCode::FilterFailed, "the export filter threw an exception for the record " + row.id.toString() +
                                             " of '" + collection + "': " + error.what());
  }
}

bool Chooser::concerns(const std::string& collection, const Row& row) const {
  return !rule_.chooses() || row.delivery || (row.alive() && matches(collection, row));
}

Verdict Chooser::judge(const std::string& collection, const Row& row) {
  if (!rule_.chooses()) return row.flags & kLeft ? Verdict::takeBack : Verdict::give;
  using Kind = Delivery::Kind;
  const std::optional<Delivery>& known = row.delivery;
  // Nothing is asked about a deleted record that the importer was never given.
  bool there = row.alive() || known;
  bool chosen = there && !(row.flags & kLeft) && matches(collection, row);
  if (!chosen && !known) return Verdict::nothing;
  if (chosen && known && known->kind == Kind::given && known->position <= complete_) return Verdict::give;
  news_.push_back({row.handle, {chosen ? Kind::given : Kind::takenBack, std::max(row.position, notedAt_)}});
  if (!chosen) return Verdict::takeBack;
  return !known || known->kind == Kind::itsOwn ? Verdict::giveWhole : Verdict::giveAgain;
}

}  // namespace blazedb::replica
