#include "replica/unsent.h"

#include <vector>

namespace blazedb::replica {

bool lacks(const Unsent& question, const Row& row, bool theirs, const std::set<std::uint64_t>& own) {
  if (theirs && (row.flags & kUniform)) return false;
  bool isFromOthers = !theirs && row.origin != 0;
  if (isFromOthers && row.alive() && question.scope.allFields() && !question.onlyValues) return true;
  // Whatever the latest change was, one that was made here before may not have got there.
  sync::RecordState state = row.state();
  auto mine = [&](const sync::Stamp& stamp, std::uint64_t position) {
    return position > question.acknowledged && !(theirs && position == row.position) && stamp.present() &&
           own.contains(stamp.writer);
  };
  bool isBornHere = mine(state.base.stamp, state.base.position);
  if (!row.alive()) {
    bool isUnknownThere = isBornHere && !state.floor.stamp.present();
    return !question.onlyValues && !isUnknownThere && (isFromOthers || mine(state.tomb.stamp, state.tomb.position));
  }
  std::vector<bool> withoutValue = question.onlyValues ? state.withoutValue() : std::vector<bool>(state.cells.size());
  for (std::size_t i = 0; i < state.cells.size(); i++) {
    const sync::Cell& cell = state.cells[i];
    if (!withoutValue[i] && mine(cell.stamp, cell.position) && !question.scope.excludes(cell.name)) return true;
  }
  return isBornHere && !question.onlyValues;
}

}  // namespace blazedb::replica
