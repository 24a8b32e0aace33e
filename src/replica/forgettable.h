// When a replica forgets the removed fields of a record that lives.
//
// A removed field leaves a cell: name and stamp, without a value. The cell tells readers of the removal, and keeps out
// an older value that a peer may still bring. Once every known reader has passed it, the replica forgets the cell with
// the next write of the record, if the removal is older than the retention time, or if the record has more than `kept`
// younger ones: else a record whose field names come and go would grow without bound. As with a deleted record, the
// horizon rises to the cell, and a reader with an older cursor sweeps.
//
// A counter that was removed is forgotten with all its parts.
//
// Two cells stay whatever their age. The one with the highest authority of the record, because the next write builds on
// it. And the one by whose stamp a record lives that was deleted before.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sync/record_state.h"

namespace blazedb::replica {

inline constexpr std::size_t kRemovedFieldsKept = 64;

struct Forgettable {
  std::uint64_t passed = 0;               // every known reader has passed this position
  std::uint64_t oldest = 0;               // a time of the hybrid clock: the retention time ago
  std::size_t kept = kRemovedFieldsKept;  // so many younger removals stay
};

// What was forgotten of a record.
struct Forgotten {
  std::uint64_t position = 0;  // the highest position of a forgotten cell; 0 if there is none
  std::uint64_t time = 0;      // the highest time
};

// Drops the removed cells of `state` that may go.
Forgotten forgetRemovedFields(sync::RecordState& state, const Forgettable& what);

}  // namespace blazedb::replica
