// What a peer has refused: which of this replica's records it has set aside.
#pragma once

#include <cstdint>

#include "replica/ledger.h"
#include "sync/bye.h"

namespace blazedb::replica {

// Stores what a peer says of a link. Leaves out a record that this replica does not hold, which cannot have been
// refused, and new ones beyond base::kRejectedMax: the peer notes them too. `link.by` is RejectedBy::peer.
void noteRejected(Ledger& ledger, const RejectedOn& link, const sync::Rejected& rejected, std::int64_t nowMs);

}  // namespace blazedb::replica
