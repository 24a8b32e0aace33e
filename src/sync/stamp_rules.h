// Which stamps a peer may bring. A hub checks them where a client's writes enter.
//
// Merging believes every stamp: the highest wins. A peer that could choose its stamps freely would win over all others,
// with an authority that it was not given or under another writer's name. So, unless its token says otherwise, a client
// may bring only writes that it made itself on top of what it got from here. This replica refuses a stamp that cannot
// have come about in this way:
//
//   authority  A client copies the highest authority that it sees on the record, and it sees what this replica holds.
//              An authority above the highest one held on the record is refused. If the record is not held (its delete
//              was forgotten, or it was given up), any authority up to this replica's clock is accepted.
//   writer     This replica holds everything that its present incarnation wrote. A stamp in the name of that
//              incarnation is refused if it is later than this replica's clock; later than the base or tomb that it
//              would replace; or, for a cell, later than what a floor or a purge may have dropped. A cell under a stamp
//              that is held must have the value that is held. In a record that is not held, only stamps that this
//              replica may have forgotten are accepted.
//
// An older stamp than the one that is held changes nothing, and is not checked. A client that gets the same data by
// other ways too (a second hub, a server's device) brings authorities that this replica does not have yet, and needs a
// token that may relay. An importer is such a client, and its exporter's policy says whether it may relay.
//
// A stamp may name any other writer. Honest clients bring writes of others: a copy of a database with a new id those of
// the original, a client those of another one that this replica has purged. A client that borrows a name gains nothing:
// the name only decides between writes of the same time and authority, and where even the stamps are equal, the bytes.
//
// Clients may bring back what this replica has lost or forgotten. So a copy made by backup() accepts stamps up to its
// first opening as stamps that it may have had. Every replica does so for stamps up to the latest one that it has
// forgotten (of a purged delete, for example, whose record came back later). That gives no peer an advantage: a peer
// that sees a record may build on it in any case, and later writes of servers still win.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sync/record_state.h"

namespace blazedb::sync {

enum class StampTrust : std::uint8_t {
  all,      // every stamp: for a database of this process, and for the hub of this one
  relayed,  // every stamp but forged ones of this replica
  own,      // only those of a client that syncs with nobody else
};

struct StampRules {
  StampTrust trust = StampTrust::all;
  std::uint64_t clock = 0;        // the latest time that this replica has given out, accepted or reached
  std::uint64_t incarnation = 0;  // this replica's present one
  std::uint64_t lostUntil = 0;    // this replica may have had, and lost, stamps up to here
};

// Why `theirs` must not be merged into `mine`; std::nullopt if it may. `mine` is null if the record is not held.
std::optional<std::string> refusalOf(const RecordState& theirs, const RecordState* mine, const StampRules& rules);

}  // namespace blazedb::sync
