// How a replica forgets: single records, what a sweep did not receive, what belongs to a scope that was left, and old
// deletes. forgettable.h has the rule for removed fields.
//
// A forgotten record leaves no trace in the rows. A peer that has it may bring it back, and a peer that reads this feed
// does not learn that it is gone. So forget() notes which stamps are lost (Ledger::noteLost), and purge() raises the
// horizon.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "replica/author.h"
#include "replica/ledger.h"
#include "sync/store.h"

namespace blazedb::replica {

// Calls `use` for each row with one of these keys, in its present state. `use` may change rows.
void forEach(Ledger& ledger, std::span<const Key> keys, const std::function<void(Held&)>& use);

// Removes a row and everything that is known of its record.
void forget(Ledger& ledger, const Held& held);
// Removes the values of a deleted row; the delete stays known.
void dropValues(Ledger& ledger, Held& held);
// Removes the cells for which `which` returns true, as if they had never come.
void dropCells(Ledger& ledger, Held& held, const std::function<bool(const sync::Cell&)>& which);

// Drops repeated rows from Sweep::mentioned once there are many.
void dropRepeated(sync::Sweep& sweep);
// Ends a sweep, as sync::Store::finishSweep says. A record that the peer has refused, or cannot get, stays if all of it
// was written here; of any other one with such writes the user gets a copy. If it may not remove as many records as it
// would have to, it changes nothing and says how many these are.
struct TooMany {
  std::size_t removals = 0;
  std::uint64_t live = 0;  // records of the scope
};
std::optional<TooMany> finishSweep(Ledger& ledger, const Author& author, const sync::Peer& from,
                                   const sync::Scope& scope, sync::Sweep& sweep, const sync::Cursor& cursor,
                                   std::int64_t nowMs);

// Forgets what the peer had under the scopes `left` and no longer has under `scope`, among at most `entriesMax` entries
// of the feed beyond `after`. A field that none of these scopes carried stays, because the peer never had it, and with
// it a record that would otherwise go. Returns the position up to which it has done so; std::nullopt once it has
// reached the end. `sameIncarnation`: the peer is still in the incarnation in which it acknowledged.
std::optional<std::uint64_t> leaveScopes(Ledger& ledger, const UUID& peer, const std::vector<Reading>& left,
                                         const sync::Scope& scope, bool sameIncarnation, std::uint64_t after,
                                         std::size_t entriesMax);

// Deleted records up to the position `upTo`, each list at most `max` long. `values`: those that still have their
// values. `whole`: those that were deleted before `oldest`, a time of the hybrid clock.
struct Purgeable {
  std::vector<Key> values, whole;
};
Purgeable purgeable(Reader& rows, std::uint64_t upTo, std::uint64_t oldest, std::size_t max);
// Purges those of them that are still deleted and have not moved on. Raises the horizon to the last one that it forgot,
// so that a reader with an older cursor sweeps.
void purge(Ledger& ledger, const Purgeable& found, std::uint64_t upTo);

}  // namespace blazedb::replica
