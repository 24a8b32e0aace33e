// How a replica forgets: single records, what a sweep has not heard of, what belongs to a scope that was left, and
// deletes that are old enough.
//
// What is forgotten leaves no trace in the rows, so nobody here knows any more that it was ever there. A peer that has
// it may bring it back; a peer that reads this feed does not hear that it is gone. Each function says what its caller
// does about that.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "replica/ledger.h"
#include "sync/store.h"

namespace blazedb::replica {

// Calls `use` for each of these rows that is there, as it is now. `use` may change rows.
void forEach(Ledger& ledger, std::span<const Key> keys, const std::function<void(Held&)>& use);

// Removes a row and everything that is known of its record.
void forget(Ledger& ledger, const Held& held);
// Removes the values of a dead row; that it was deleted stays known.
void dropValues(Ledger& ledger, Held& held);
// Removes such fields, as if they had never come.
void dropCells(Ledger& ledger, Held& held, const std::function<bool(const sync::Cell&)>& which);
// Keeps the values of a record that a peer is about to remove, so that it can be restored.
void keepRemoved(Ledger& ledger, const Row& row, const UUID& peer, RemovedRecord::Because because, std::int64_t nowMs);

// The end of a sweep: the records that the peer has not mentioned, and which are not sent to it.
struct Swept {
  std::vector<Key> keys;
  std::uint64_t live = 0;  // records of the scope
};
Swept unmentioned(Ledger& ledger, const sync::Peer& from, const sync::Scope& scope, const sync::Sweep& sweep,
                  const sync::Cursor& peerHasApplied);

// Forgets, among at most `entriesMax` entries of the feed beyond `after`, what the peer had under the scopes `left` and
// has no more under `scope`. What none of them carried the peer never had: such a field stays, and with it a record
// that would go. Gives the position up to which that is done; none: to the end. `sameIncarnation`: the peer is still in
// the incarnation in which it acknowledged.
std::optional<std::uint64_t> leaveScopes(Ledger& ledger, const UUID& peer, const std::vector<Reading>& left,
                                         const sync::Scope& scope, bool sameIncarnation, std::uint64_t after,
                                         std::size_t entriesMax);

// Deleted records up to a position, as a reader finds them: `values` are those whose values are still there, `whole`
// those that were deleted before `oldest` (a time of the hybrid clock). Each list has at most `max`.
struct Purgeable {
  std::vector<Key> values, whole;
};
Purgeable purgeable(Reader& rows, std::uint64_t upTo, std::uint64_t oldest, std::size_t max);
// Purges those of them that are still dead and have not moved on. Gives the horizon, which it raises to the last that
// was forgotten: a reader that stands before it has to sweep.
std::uint64_t purge(Ledger& ledger, const Purgeable& found, std::uint64_t upTo);

}  // namespace blazedb::replica
