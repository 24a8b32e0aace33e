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

Chooser::Chooser(const sync::Importer* importer, ReadTables& tables)
    : importer_(importer), tables_(tables), number_(importer ? tables.importer(importer->replica) : 0) {}

Verdict Chooser::judge(const std::string& collection, const Row& row) {
  if (!importer_) return row.flags & kLeft ? Verdict::takeBack : Verdict::give;
  std::optional<std::uint64_t> left = number_ == 0 ? std::nullopt : tables_.delivery(row.number, number_);
  // A deleted one that was never given is nobody's business, whatever it was.
  bool chosen = !(row.flags & kLeft) && ((row.flags & kAlive) || left) && matches(importer_->filter, collection, row);
  if (chosen) {
    if (left == 0u) return Verdict::give;
    news_.push_back({row.number, 0});
    return Verdict::giveWhole;
  }
  if (!left) return Verdict::nothing;
  news_.push_back({row.number, row.position});
  return Verdict::takeBack;
}

}  // namespace blazedb::db
