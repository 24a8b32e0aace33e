#include "replica/forgettable.h"

#include <algorithm>
#include <vector>

namespace blazedb::replica {
namespace {

using sync::Cell;
using sync::CellsOfField;

// The removed cells of a record that something still needs, whatever their age.
std::vector<const Cell*> needed(const sync::RecordState& state) {
  std::vector<bool> isRemoved = state.withoutValue();
  std::vector<const Cell*> found;
  const Cell *highest = nullptr, *latest = nullptr;
  std::uint64_t others = std::max(state.base.stamp.authority, state.tomb.stamp.authority);
  for (std::size_t i = 0; i < state.cells.size(); i++) {
    const Cell& cell = state.cells[i];
    if (!latest || cell.stamp > latest->stamp) latest = &cell;
    if (!isRemoved[i])
      others = std::max(others, cell.stamp.authority);
    else if (!highest || cell.stamp.authority > highest->stamp.authority)
      highest = &cell;
  }
  if (highest && highest->stamp.authority > others) found.push_back(highest);
  if (latest && state.base.stamp <= state.tomb.stamp) found.push_back(latest);
  return found;
}

}  // namespace

Forgotten forgetRemovedFields(sync::RecordState& state, const Forgettable& what) {
  Forgotten forgotten;
  if (!state.alive() || !state.whole) return forgotten;
  std::vector<CellsOfField> removed = state.removed();
  if (removed.empty()) return forgotten;
  auto timeOf = [&](const CellsOfField& cells) {
    std::uint64_t time = 0;
    for (std::size_t i : cells) time = std::max(time, state.cells[i].stamp.time);
    return time;
  };
  std::vector<std::uint64_t> times;  // of all removals
  for (const CellsOfField& cells : removed) times.push_back(timeOf(cells));
  std::uint64_t before = what.oldest;
  if (what.kept == 0) {
    before = std::max(before, *std::max_element(times.begin(), times.end()));
  } else if (times.size() > what.kept) {
    // All that are older than the latest `kept`. One operation may have removed more than that: they go together.
    auto first = times.begin() + static_cast<std::ptrdiff_t>(times.size() - what.kept);
    std::nth_element(times.begin(), first, times.end());
    before = std::max(before, *first - 1);
  }
  std::vector<const Cell*> stay = needed(state);
  std::vector<bool> goes(state.cells.size());
  for (const CellsOfField& cells : removed) {
    bool passed = std::all_of(cells.begin(), cells.end(), [&](std::size_t i) {
      const Cell& cell = state.cells[i];
      return cell.position <= what.passed && std::find(stay.begin(), stay.end(), &cell) == stay.end();
    });
    if (!passed || timeOf(cells) > before) continue;
    for (std::size_t i : cells) {
      goes[i] = true;
      forgotten.position = std::max(forgotten.position, state.cells[i].position);
      forgotten.time = std::max(forgotten.time, state.cells[i].stamp.time);
    }
  }
  if (forgotten.position == 0) return forgotten;
  std::size_t i = 0;
  std::erase_if(state.cells, [&](const Cell&) { return goes[i++]; });
  return forgotten;
}

}  // namespace blazedb::replica
