#include "replica/journal.h"

namespace blazedb::replica {

void addOverridden(std::vector<Overridden>& to, const sync::RecordKey& record, const sync::MergeOutcome& outcome,
                   const Author& author) {
  for (const sync::Overridden& value : outcome.overridden) {
    bool seen = value.wonOver >= value.lostStamp && value.lostPosition <= author.acknowledgedByAny;
    if (seen || base::equal(value.lost, value.won)) continue;
    to.push_back({record.collection,
                  record.id,
                  std::string(value.name),
                  {value.lost.begin(), value.lost.end()},
                  {value.won.begin(), value.won.end()},
                  value.lostStamp,
                  value.wonStamp});
  }
}

void keepRemoved(Ledger& ledger, const Row& row, const UUID& peer, RemovedRecord::Because because, std::int64_t nowMs) {
  RemovedRecord removed{0, {nowMs * 1000}, because, peer, ledger.collectionOf(row).name, {}};
  removed.record.setId(row.id);
  ledger.rows().addRemoved(removed, row.fields);
}

}  // namespace blazedb::replica
