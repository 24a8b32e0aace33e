// Mending what was written with a wrong clock.
//
// A stamp from the future wins over everything that is written until then, and peers refuse it. Such stamps are
// replaced by stamps of now, as if what they stand for had been written now. What the record *is* must not change by
// that: its stamps keep their order, because it decides whether the record is alive and which cells belong to it. So
//
//   time        of the clock, ascending in the order of the stamps that are replaced, and later than every stamp that
//               stays
//   authority   stays where it is not from the future itself; else a server writes its own time, and a client the
//               highest authority on the record that is not from the future
//   writer      who mends
//   over        goes where it is from the future: a peer that compares it would take the mended write for one that had
//               seen the peer's own, and leave that out of its conflict journal
#pragma once

#include <cstdint>

#include "sync/record_state.h"

namespace blazedb::sync {

struct Restamping {
  std::uint64_t limit = 0;  // later times are from the future
  std::int64_t wallMs = 0;
  Role role = Role::client;
  std::uint64_t writer = 0;
};

// Does any of base, tomb and cells carry a time from the future?
bool fromTheFuture(const RecordState& state, std::uint64_t limit);

// Moves `clock` past everything in `state` that is not from the future. Of all records, before the first is mended.
void observePresent(const RecordState& state, std::uint64_t limit, HybridClock& clock);

// Mends `state`; what changes, changes at `position`.
void restamp(RecordState& state, const Restamping& how, HybridClock& clock, std::uint64_t position);

}  // namespace blazedb::sync
