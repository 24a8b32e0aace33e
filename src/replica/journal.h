// The journal: what this replica keeps for its user although the rows no longer have it. That is values that it wrote
// and a merge has overridden, and records that a peer has removed. db/journal.h lists, restores and dismisses them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "replica/author.h"
#include "replica/ledger.h"
#include "sync/merge.h"

namespace blazedb::replica {

// Adds to `to` what the merge of `record` has overridden. Leaves out a value that the winner's writer had seen, once a
// peer has acknowledged it, and a value that the winner did not change.
void addOverridden(std::vector<Overridden>& to, const sync::RecordKey& record, const sync::MergeOutcome& outcome,
                   const Author& author);

// Stores a copy of a record that a peer is about to remove.
void keepRemoved(Ledger& ledger, const Row& row, const UUID& peer, RemovedRecord::Because because, std::int64_t nowMs);
// The same, but only of its fields for which `which` returns true. Stores nothing if there are none.
void keepRemovedFields(Ledger& ledger, const Held& held, const std::function<bool(const sync::Cell&)>& which,
                       const UUID& peer, RemovedRecord::Because because, std::int64_t nowMs);

}  // namespace blazedb::replica
