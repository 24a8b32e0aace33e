#include "replica/forgettable.h"

#include <algorithm>
#include <vector>

namespace blazedb::replica {
namespace {

// The removed cells of a record that something still needs, whatever their age.
std::vector<const sync::Cell*> needed(const sync::RecordState& state) {
  std::vector<const sync::Cell*> cells;
  const sync::Cell *highest = nullptr, *latest = nullptr;
  std::uint64_t others = std::max(state.base.stamp.authority, state.tomb.stamp.authority);
  for (const sync::Cell& cell : state.cells) {
    if (!latest || cell.stamp > latest->stamp) latest = &cell;
    if (!cell.removed())
      others = std::max(others, cell.stamp.authority);
    else if (!highest || cell.stamp.authority > highest->stamp.authority)
      highest = &cell;
  }
  if (highest && highest->stamp.authority > others) cells.push_back(highest);
  if (latest && state.base.stamp <= state.tomb.stamp) cells.push_back(latest);
  return cells;
}

}  // namespace

Forgotten forgetRemovedFields(sync::RecordState& state, const Forgettable& what) {
  Forgotten forgotten;
  if (!state.alive() || !state.whole) return forgotten;
  std::vector<std::uint64_t> times;  // of all removals
  for (const sync::Cell& cell : state.cells)
    if (cell.removed()) times.push_back(cell.stamp.time);
  if (times.empty()) return forgotten;
  std::uint64_t before = what.oldest;
  if (what.kept == 0) {
    before = std::max(before, *std::max_element(times.begin(), times.end()));
  } else if (times.size() > what.kept) {
    // All that are older than the latest `kept`. One operation may have removed more than that: they go together.
    auto first = times.begin() + static_cast<std::ptrdiff_t>(times.size() - what.kept);
    std::nth_element(times.begin(), first, times.end());
    before = std::max(before, *first - 1);
  }
  std::vector<const sync::Cell*> stay = needed(state);
  std::vector<sync::Cell> kept;
  kept.reserve(state.cells.size());
  for (const sync::Cell& cell : state.cells) {
    bool goes = cell.removed() && cell.position <= what.passed && cell.stamp.time <= before &&
                std::find(stay.begin(), stay.end(), &cell) == stay.end();
    if (!goes) {
      kept.push_back(cell);
      continue;
    }
    forgotten.position = std::max(forgotten.position, cell.position);
    forgotten.time = std::max(forgotten.time, cell.stamp.time);
  }
  if (forgotten.position > 0) state.cells = std::move(kept);
  return forgotten;
}

}  // namespace blazedb::replica
