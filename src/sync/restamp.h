// Mends records that were written with a wrong clock.
//
// A stamp from the future wins over everything that is written until then, and peers refuse it. Mending replaces such
// stamps by stamps of now. The record must stay the same: the order of its stamps decides whether it is alive and which
// cells belong to it, so the new stamps keep that order. A new stamp has
//
//   time        The next time of the clock: ascending in the order of the old stamps, and later than every stamp that
//               stays.
//   authority   The old authority if that is not from the future. Otherwise a server writes its own time, and a client
//               the highest authority on the record that is not from the future.
//   writer      The incarnation that mends.
//   over        None if the old one is from the future. A peer that compares it would believe that the mended write had
//               seen the peer's own write, and would leave that write out of its conflict journal.
#pragma once

#include <cstdint>

#include "sync/record_state.h"

namespace blazedb::sync {

struct Restamping {
  std::uint64_t limit = 0;  // times above are from the future
  std::int64_t wallMs = 0;
  Role role = Role::client;
  std::uint64_t writer = 0;
};

// Whether base, tomb or any cell has a time from the future.
bool fromTheFuture(const RecordState& state, std::uint64_t limit);

// Moves `clock` past every time in `state` that is not from the future. Call it for all records before the first is
// mended.
void observePresent(const RecordState& state, std::uint64_t limit, HybridClock& clock);

// Mends `state`. What it changes gets the position `position`.
void restamp(RecordState& state, const Restamping& how, HybridClock& clock, std::uint64_t position);

}  // namespace blazedb::sync
