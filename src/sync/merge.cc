#include "sync/merge.h"

#include <algorithm>

namespace blazedb::sync {
namespace {

// The `over` of a write that replaces a value with these stamps: the stamp of the last value by *another* writer.
Stamp overOf(const Stamp& replaced, const Stamp& replacedOver, std::uint64_t writer) {
  return replaced.writer == writer ? replacedOver : replaced;
}

Stamp overOfAll(const RecordState& state, std::uint64_t writer) {
  Stamp over =
      std::max(overOf(state.base.stamp, state.base.over, writer), overOf(state.tomb.stamp, state.tomb.over, writer));
  for (const Cell& cell : state.cells) over = std::max(over, overOf(cell.stamp, cell.over, writer));
  return over;
}

}  // namespace

namespace detail {

bool beats(const Cell& theirs, const Cell& mine) {
  if (theirs.stamp != mine.stamp) return theirs.stamp > mine.stamp;
  return std::lexicographical_compare(mine.value.begin(), mine.value.end(), theirs.value.begin(), theirs.value.end());
}

void reviveAt(RecordState& state, std::uint64_t position) {
  state.base.position = position;
  if (state.tomb.stamp.present()) state.tomb.position = position;
  if (state.floor.stamp.present()) state.floor.position = position;
  for (Cell& cell : state.cells) cell.position = position;
}

bool takeMark(Mark& mine, const Mark& theirs, std::uint64_t position) {
  if (theirs.stamp <= mine.stamp) return false;
  mine = {theirs.stamp, theirs.over, position};
  return true;
}

void dropUpToFloor(RecordState& state) {
  std::erase_if(state.cells, [&](const Cell& cell) { return cell.stamp <= state.floor.stamp; });
}

}  // namespace detail

void writeInsert(RecordState& state, const Stamp& stamp, std::uint64_t position) {
  Stamp over = overOfAll(state, stamp.writer);
  state.base = {stamp, over, position};
  if (state.tomb.stamp.present()) state.tomb.position = position;
  state.floor = state.tomb;  // none where the record was absent
  state.cells.clear();
  state.whole = true;
}

void writeCell(RecordState& state, std::string_view name, base::ByteView value, const Stamp& stamp,
               std::uint64_t position) {
  if (Cell* cell = state.find(name)) {
    cell->over = overOf(cell->stamp, cell->over, stamp.writer);
    cell->value = value;
    cell->stamp = stamp;
    cell->position = position;
    return;
  }
  auto at = std::lower_bound(state.cells.begin(), state.cells.end(), name,
                             [](const Cell& cell, std::string_view n) { return cell.name < n; });
  state.cells.insert(at, {name, value, stamp, {}, position});
}

void writeRemove(RecordState& state, const Stamp& stamp, std::uint64_t position) {
  state.tomb = {stamp, overOfAll(state, stamp.writer), position};
}

}  // namespace blazedb::sync
