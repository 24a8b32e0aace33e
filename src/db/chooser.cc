#include "db/chooser.h"

#include "blazedb/error.h"
#include "db/schema.h"

namespace blazedb::db {
namespace {

bool matches(const ExportFilter& filter, const std::string& collection, const Row& row) {
  try {
    return filter.matches(collection, row.record());
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorCode::FilterFailed, "the export filter has thrown at the record " + row.id.toString() + " of '" +
                                             collection + "': " + error.what());
  }
}

}  // namespace

Chooser::Chooser(const sync::Agreement& agreement, std::uint64_t complete, ReadTables& tables)
    : filter_(agreement.reads.filter.get()),
      complete_(complete),
      tables_(tables),
      number_(filter_ ? tables.importer(agreement.peer.replica) : 0) {}

Verdict Chooser::judge(const std::string& collection, const Row& row) {
  if (!filter_) return row.flags & kLeft ? Verdict::takeBack : Verdict::give;
  using Kind = Delivery::Kind;
  std::optional<Delivery> known;
  if (number_ != 0) known = tables_.delivery(row.number, number_);
  // A deleted one that was never given is nobody's business, whatever it was.
  bool there = row.flags & kAlive || known;
  bool chosen = there && !(row.flags & kLeft) && matches(*filter_, collection, row);
  if (!chosen && !known) return Verdict::nothing;
  if (chosen && known && known->kind == Kind::given && known->position <= complete_) return Verdict::give;
  news_.push_back({row.number, chosen ? Kind::given : Kind::takenBack, row.position});
  if (!chosen) return Verdict::takeBack;
  return !known || known->kind == Kind::itsOwn ? Verdict::giveWhole : Verdict::giveAgain;
}

}  // namespace blazedb::db
