// What the stamps of a peer may claim, checked where its writes enter.
//
// Merging believes every stamp: the highest wins. A peer that could choose its stamps freely would win over everybody,
// by an authority that it was not given or under another's name. So a client whose token does not say otherwise brings
// what it has written itself, upon what it has seen here, and a stamp that cannot have come about in this way is
// refused:
//
//   authority  a client copies the highest that it sees on the record, and it sees what is here: above what this
//              replica holds on the record nothing is honest. Where the record is not held (a delete was forgotten, a
//              row was given up), it may have been; then any time until now is.
//   writer     this replica's present incarnation has written nothing that is not here: no insert and no delete in its
//              name is later than the one held, no field that is not held later than what base or a purge has dropped,
//              and nothing than its clock. Of a record that is not held, nothing that it has not forgotten.
//
// Only what is later than what is held is looked at: an old stamp does no harm. A client that has other ways to the
// same data (a second hub, a server's device) brings authorities that are not here yet, and needs a token that may
// relay. An importer is such a client, and its exporter's policy says whether it may. A stamp that names a writer is
// believed, unless it names this replica: a device that was restored brings the writes of its former self, and a name
// decides nothing.
//
// What this replica has lost or forgotten may come back from its clients. So a copy made by backup() takes stamps up to
// its first opening for what it may have had, and every replica those up to the latest that it has forgotten (a delete
// that was purged, say, of a record that somebody then brought back). That gives no peer an advantage: a peer that
// sees a record may build on it in any case, and what matters is that later writes of servers win over it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sync/record_state.h"

namespace blazedb::sync {

enum class StampTrust : std::uint8_t {
  all,      // another database of this process; the hub of this one
  relayed,  // any but this replica's own
  own,      // those that a client makes, alone with this replica
};

struct StampRules {
  StampTrust trust = StampTrust::all;
  std::uint64_t clock = 0;        // the latest time that this replica has given, accepted or come to
  std::uint64_t incarnation = 0;  // its present one
  std::uint64_t lostUntil = 0;    // it may have had, and lost, stamps up to here
};

// Why `theirs` must not be merged into `mine`, which is null where the record is not held; none: it may.
std::optional<std::string> refusalOf(const RecordState& theirs, const RecordState* mine, const StampRules& rules);

}  // namespace blazedb::sync
