// States of records for tests: made by hand, or at random from a seed. Names and values live forever, because a state
// only views them.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string_view>

#include "codec/fields.h"
#include "sync/record_state.h"

namespace blazedb::sync {

inline constexpr std::string_view kNames[] = {"a", "b", "c", "d"};

// The encoded integer `number`, 0 to 23.
inline base::ByteView valueOf(std::uint64_t number) {
  static const std::array<std::uint8_t, 24> bytes = [] {
    std::array<std::uint8_t, 24> all{};
    for (std::size_t i = 0; i < all.size(); i++) all[i] = static_cast<std::uint8_t>(i);
    return all;
  }();
  return base::ByteView(bytes).subspan(number % 24, 1);
}

inline Cell cellOf(std::string_view name, std::uint64_t value, const Stamp& stamp, std::uint64_t position = 1) {
  return {name, valueOf(value), stamp, {}, position};
}
inline Cell removedCell(std::string_view name, const Stamp& stamp, std::uint64_t position = 1) {
  return {name, codec::kRemoved, stamp, {}, position};
}

inline bool same(const Cell& a, const Cell& b) {
  return a.name == b.name && base::equal(a.value, b.value) && a.stamp == b.stamp && a.over == b.over;
}

// Whether two states are the same to every replica. Does not compare positions, which each replica gives for itself.
inline bool same(const RecordState& a, const RecordState& b) {
  if (a.base.stamp != b.base.stamp || a.base.over != b.base.over) return false;
  if (a.tomb.stamp != b.tomb.stamp || a.tomb.over != b.tomb.over) return false;
  if (a.floor.stamp != b.floor.stamp || a.floor.over != b.floor.over) return false;
  if (a.cells.size() != b.cells.size()) return false;
  for (std::size_t i = 0; i < a.cells.size(); i++)
    if (!same(a.cells[i], b.cells[i])) return false;
  return true;
}

inline bool samePositions(const RecordState& a, const RecordState& b) {
  if (!same(a, b) || a.whole != b.whole) return false;
  if (a.base.stamp.present() && a.base.position != b.base.position) return false;
  if (a.tomb.stamp.present() && a.tomb.position != b.tomb.position) return false;
  if (a.floor.stamp.present() && a.floor.position != b.floor.position) return false;
  for (std::size_t i = 0; i < a.cells.size(); i++)
    if (a.cells[i].position != b.cells[i].position) return false;
  return true;
}

// States that replicas can reach: no cell up to the floor, no floor above tomb, and one stamp stands for one write, so
// that equal stamps mean equal values. Few stamps, so that ties and near misses are common.
class RandomStates {
 public:
  explicit RandomStates(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  Stamp stamp() {
    std::uint64_t time = 1 + below(12);
    return {below(2) ? 0 : below(2) ? time : below(time), time, 1 + below(3)};
  }
  RecordState state() {
    RecordState state;
    if (below(8)) state.base = mark(0);
    if (below(2)) state.tomb = mark(1);
    if (state.tomb.stamp.present() && below(2)) {
      Mark floor = mark(1);
      if (floor.stamp <= state.tomb.stamp) state.floor = floor;
    }
    std::uint64_t field = 2;
    for (std::string_view name : kNames) {
      field++;
      if (below(3) == 0) continue;
      Mark written = mark(field);
      if (written.stamp <= state.floor.stamp) continue;
      std::uint64_t value = mix(written.stamp, field) % 5;
      state.cells.push_back(
          {name, value == 4 ? codec::kRemoved : valueOf(value), written.stamp, written.over, position()});
    }
    return state;
  }

 private:
  std::uint64_t position() { return 1 + below(50); }
  // The value that a write of this stamp wrote, derived from the stamp.
  static std::uint64_t mix(const Stamp& stamp, std::uint64_t salt) {
    std::uint64_t z =
        stamp.authority * 0x9E3779B97F4A7C15u + stamp.time * 0xBF58476D1CE4E5B9u + stamp.writer * 31 + salt;
    z = (z ^ (z >> 30)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  Mark mark(std::uint64_t salt) {
    Mark mark{stamp(), {}, position()};
    std::uint64_t mixed = mix(mark.stamp, salt);
    if (mixed % 2) mark.over = {0, 1 + mixed % 3, 1 + mixed % 5};
    return mark;
  }

  std::mt19937_64 random_;
};

}  // namespace blazedb::sync
