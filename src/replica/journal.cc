#include "replica/journal.h"

namespace blazedb::replica {

void addOverridden(std::vector<Overridden>& to, const sync::RecordKey& record, const sync::MergeOutcome& outcome,
                   const Author& author) {
  for (const sync::Overridden& value : outcome.overridden) {
    // Whoever writes after having seen a write has a later time, whatever their authorities.
    bool isAfter = value.wonOver >= value.lostStamp && value.wonOver.time >= value.lostStamp.time;
    bool seen = value.wonOver == value.lostStamp || (isAfter && value.lostPosition <= author.acknowledgedByAny);
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
  ledger.keep({ledger.collectionOf(row).name, row.id, {row.fields.begin(), row.fields.end()}, peer, because, nowMs});
}

void keepRemovedFields(Ledger& ledger, const Held& held, const std::function<bool(const sync::Cell&)>& which,
                       const UUID& peer, RemovedRecord::Because because, std::int64_t nowMs) {
  sync::RecordState own;
  for (const sync::Cell& cell : held.state.cells)
    if (!cell.removed() && which(cell)) own.cells.push_back(cell);
  if (own.cells.empty()) return;
  sync::EncodedState encoded;
  sync::encodeState(own, 0, encoded);
  Row part = held.row();
  part.fields = encoded.fields;
  keepRemoved(ledger, part, peer, because, nowMs);
}

}  // namespace blazedb::replica
