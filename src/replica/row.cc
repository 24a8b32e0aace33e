#include "replica/row.h"

#include <algorithm>

#include "blazedb/error.h"
#include "codec/fields.h"

namespace blazedb::replica {
namespace {

[[noreturn]] void cannotDecode(const UUID& id) {
  throw Error(ErrorCode::DamagedPage,
              "the record " + id.toString() + " cannot be decoded; run `blazedb verify` and restore it from a backup");
}

}  // namespace

Record decoded(const UUID& id, base::ByteView fields) {
  Object visible;
  if (!codec::decodeFields(fields, visible)) cannotDecode(id);
  Record record(std::move(visible));
  record.setId(id);
  return record;
}

sync::RecordState Row::state() const {
  std::optional<sync::RecordState> state = sync::decodeState(stamps, fields, position);
  if (!state) cannotDecode(id);
  return std::move(*state);
}

Record Row::record() const { return decoded(id, fields); }

bool Row::changedOnce(std::uint64_t after) const {
  if (flags & kUniform) return true;
  sync::RecordState decoded = state();
  auto elsewhere = [&](std::uint64_t at) { return at > after && at != position; };
  for (const sync::Mark* mark : {&decoded.base, &decoded.tomb, &decoded.floor})
    if (elsewhere(mark->position)) return false;
  return std::none_of(decoded.cells.begin(), decoded.cells.end(),
                      [&](const sync::Cell& cell) { return elsewhere(cell.position); });
}

int flagsOf(const sync::RecordState& state, std::uint64_t position) {
  bool uniform = state.base.position >= position;
  for (const sync::Mark* mark : {&state.tomb, &state.floor})
    uniform = uniform && (!mark->stamp.present() || mark->position >= position);
  for (const sync::Cell& cell : state.cells) uniform = uniform && cell.position >= position;
  bool left = !state.base.stamp.present() && !state.tomb.stamp.present();
  return (left ? kLeft : 0) | (state.alive() ? kAlive : 0) | (state.whole ? kWhole : 0) | (uniform ? kUniform : 0);
}

std::uint64_t latestTime(const sync::RecordState& state) {
  std::uint64_t time = std::max(state.base.stamp.time, state.tomb.stamp.time);
  for (const sync::Cell& cell : state.cells) time = std::max(time, cell.stamp.time);
  return time;
}

}  // namespace blazedb::replica
