// A reader's place in the feed of a replica. A position means something only together with the incarnation that wrote
// it.
//
// The feed has one entry for each record, at the record's latest change. A reader that stops at a position in the
// middle therefore misses the earlier changes of the records that change again beyond it. So a cursor has three
// positions:
//
//   complete   The reader lacks nothing up to here. Beyond it, the reader may lack older changes of records that
//              changed again after `position`, so the next batch sends everything since `complete`.
//   position   The reader has read up to here.
//   reach      The records that the reader passed over, because they had moved on, lie up to here. If the owner of the
//              feed loses its latest commits, some of these records lie before `position` again, and the reader has to
//              go back to `complete`.
//
// An owner that gives a reader only a part of its feed does not show its positions (Agreement::seals): they would tell
// how much changes that the reader may not see. The positions of such a cursor count what the reader was sent, and the
// owner's own are in `place`, which only the owner can read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace blazedb::sync {

// Frames with higher positions or counts are refused: the file has 63 bits for them, and two of them add up without
// overflow.
inline constexpr std::uint64_t kPositionMax = INT64_MAX;

// A cursor's three positions, sealed by the feed's owner (Store::sealed).
inline constexpr std::size_t kSealedPlaceBytes = 64;
using SealedPlace = std::array<std::uint8_t, kSealedPlaceBytes>;

struct Cursor {
  std::uint64_t incarnation = 0;  // of the feed's owner
  std::uint64_t position = 0;
  std::uint64_t complete = 0;  // at most position
  std::uint64_t reach = 0;     // at least position; equal to it if nothing was passed over
  std::optional<SealedPlace> place = std::nullopt;

  // A record changed at `change`, and for the last time at `latest`. Whether a reader with this cursor has `change`.
  bool has(std::uint64_t latest, std::uint64_t change) const { return latest <= position || change <= complete; }
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

}  // namespace blazedb::sync
