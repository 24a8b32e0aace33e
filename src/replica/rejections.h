// What a peer has refused: which of this replica's records it has set aside.
#pragma once

#include <cstdint>
#include <vector>

#include "replica/author.h"
#include "replica/ledger.h"
#include "sync/bye.h"

namespace blazedb::replica {

// Stores what a peer says of a link. Leaves out a record that this replica does not hold, which cannot have been
// refused, and new ones beyond base::kRejectedMax: the peer notes them too. `link.by` is RejectedBy::peer.
struct NotedRejected {
  std::vector<sync::Rejection> toReplace;  // with `replaces`: refused by rights, and the change is still in the row
  std::vector<Refused> taken;              // changes that wait here, and that the peer refuses no more
};
NotedRejected noteRejected(Ledger& ledger, const Author& author, const RejectedOn& link, const sync::Rejected& rejected,
                           bool replaces, std::int64_t nowMs);

}  // namespace blazedb::replica
