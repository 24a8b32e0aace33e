// The one rule for conflicts: merges what a peer sent into what this replica holds.
//
//   base, tomb, floor   The higher stamp wins.
//   cells               The higher stamp wins, field by field. Only a peer that forges another writer's name can make
//                       two values under one stamp; then the higher bytes win. A cell that is not above the floor is
//                       dropped.
//
// The result does not depend on the order or the number of merges: max is commutative, associative and idempotent, and
// dropping cells up to the floor commutes with it because the floor only grows. A part that changes remembers
// `position` as the place where it did. A merge that changes nothing takes no position, which is why rings and meshes
// come to rest.
//
// A merge that revives a dead record gives everything in the record the new position, so that peers which dropped its
// values get the whole record.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "codec/fields.h"
#include "sync/record_state.h"

namespace blazedb::sync {

// A visible value that the merge replaced or removed: a candidate for the conflict journal. Increments of a counter are
// candidates only if the record was deleted, because they are never replaced by others. `name` views the bytes of the
// state before the merge; `lost` and `won` view these, those of the peer, or MergeOutcome::bytes.
struct Overridden {
  std::string_view name;
  base::ByteView lost;
  Stamp lostStamp;
  std::uint64_t lostPosition = 0;
  base::ByteView won;  // empty if the record was deleted
  Stamp wonStamp;
  Stamp wonOver;  // below lostStamp: the winner had not seen the loser
};

struct MergeOutcome {
  bool changed = false;
  bool revived = false;
  std::vector<Overridden> overridden;  // only values that this replica wrote, by `isOwn`
  std::deque<base::Bytes> bytes;
};

// Merges `theirs` into `mine`, which is empty for a record not held before. `position` is the feed position that a
// change would take. `isOwn(writer)` returns true for every incarnation of this replica. The caller sets `mine.whole`.
template <class IsOwn>
MergeOutcome merge(RecordState& mine, const RecordState& theirs, std::uint64_t position, IsOwn&& isOwn);

// Local writes, applied to the state that this replica holds. `stamp` must be above every stamp in the state.

// An insert of a record that is absent or dead. `state` keeps its tomb, which becomes its floor, and loses every cell.
// What it had seen of counters stays known: their writers may have gone on unaware of the delete.
void writeInsert(RecordState& state, const Stamp& stamp, std::uint64_t position, std::deque<base::Bytes>& bytes);

// One field's new value, or codec::kRemoved. The bytes of `name` and `value` must outlive the state, and so must
// `bytes`, which takes the value of a field that is counted.
void writeField(RecordState& state, std::string_view name, base::ByteView value, const Stamp& stamp,
                std::uint64_t position, std::deque<base::Bytes>& bytes);

// Adds `by` to a field that holds a number or nothing. The writer takes over the parts for whose writers `folds`
// returns true: those will write no more, and it holds all that they wrote. `name` and `bytes` as above.
void writeIncrement(RecordState& state, std::string_view name, const Value& by, const Stamp& stamp,
                    std::uint64_t position, const std::function<bool(std::uint64_t writer)>& folds,
                    std::deque<base::Bytes>& bytes);

// One cell. The bytes of `name` and `value` must outlive the state.
void writeCell(RecordState& state, std::string_view name, base::ByteView value, const Stamp& stamp,
               std::uint64_t position);

// A delete. Cells stay until the tombstone is purged.
void writeRemove(RecordState& state, const Stamp& stamp, std::uint64_t position);

// ----------------------------------------------------------------------------------------------------

namespace detail {

void reviveAt(RecordState& state, std::uint64_t position);
bool takeMark(Mark& mine, const Mark& theirs, std::uint64_t position);
void dropUpToFloor(RecordState& state);
bool beats(const Cell& theirs, const Cell& mine);
// Of each field the latest of these cells that holds a value.
std::map<std::string_view, const Cell*> latestOfFields(const RecordState& state,
                                                       const std::function<bool(const Cell&)>& counts);
// The value of the field that a cell belongs to, a view into `out`; empty if there is none.
base::ByteView valueBefore(const RecordState& was, const Cell& cell, MergeOutcome& out);

}  // namespace detail

template <class IsOwn>
MergeOutcome merge(RecordState& mine, const RecordState& theirs, std::uint64_t position, IsOwn&& isOwn) {
  MergeOutcome out;
  bool held = mine.base.stamp.present() || mine.tomb.stamp.present();
  bool wasAlive = mine.alive();
  RecordState was;
  was.cells = mine.cells;
  const std::vector<Cell>& before = was.cells;

  out.changed |= detail::takeMark(mine.base, theirs.base, position);
  out.changed |= detail::takeMark(mine.tomb, theirs.tomb, position);
  out.changed |= detail::takeMark(mine.floor, theirs.floor, position);

  std::vector<Cell> merged;
  merged.reserve(before.size() + theirs.cells.size());
  auto a = before.begin();
  auto b = theirs.cells.begin();
  while (a != before.end() || b != theirs.cells.end()) {
    bool takeMine = b == theirs.cells.end() || (a != before.end() && a->name < b->name);
    bool takeTheirs = a == before.end() || (b != theirs.cells.end() && b->name < a->name);
    const Cell& winner = takeMine ? *a : takeTheirs ? *b : (detail::beats(*b, *a) ? *b : *a);
    bool fromThem = !takeMine && &winner == &*b;
    if (fromThem && winner.stamp > mine.floor.stamp) {
      out.changed = true;
      if (!takeTheirs && wasAlive && !codec::isPart(a->name) && isOwn(a->stamp.writer)) {
        base::ByteView lost = codec::assignedValue(a->value), won = codec::assignedValue(winner.value);
        if (!codec::isRemoved(lost))
          out.overridden.push_back({a->name, lost, a->stamp, a->position, won, winner.stamp, winner.over});
      }
    }
    merged.push_back(winner);
    if (fromThem) merged.back().position = position;
    if (!takeTheirs) ++a;
    if (!takeMine) ++b;
  }
  mine.cells = std::move(merged);
  detail::dropUpToFloor(mine);

  bool alive = mine.alive();
  if (alive && held && !wasAlive) {
    out.revived = true;
    detail::reviveAt(mine, position);
  }
  if (wasAlive) {
    // Cells that are gone although no cell beat them: a delete removed them, and perhaps an insert came after it.
    const Mark* by = !alive ? &mine.tomb : &mine.floor;
    auto goes = [&](const Cell& cell) {
      return !cell.removed() && isOwn(cell.stamp.writer) && (!alive || cell.stamp <= mine.floor.stamp);
    };
    std::map<std::string_view, const Cell*> latest;  // of the own cells of a counter that go one stands for all
    if (was.hasCounters()) latest = detail::latestOfFields(was, goes);
    for (const Cell& cell : before) {
      if (!goes(cell)) continue;
      const Cell* now = mine.find(cell.name);
      if (now && now->stamp != cell.stamp) continue;  // listed above
      base::ByteView lost = cell.value;
      if (!latest.empty()) {
        if (latest.at(codec::fieldOf(cell.name)) != &cell) continue;
        lost = detail::valueBefore(was, cell, out);
        auto listed = std::find_if(out.overridden.begin(), out.overridden.end(),
                                   [&](const Overridden& each) { return each.name == codec::fieldOf(cell.name); });
        if (listed != out.overridden.end()) {
          if (!lost.empty()) listed->lost = lost;  // its assignment was beaten too: all that the counter held is lost
          continue;
        }
      }
      if (lost.empty()) continue;
      out.overridden.push_back({codec::fieldOf(cell.name), lost, cell.stamp, cell.position, {}, by->stamp, by->over});
    }
  }
  return out;
}

}  // namespace blazedb::sync
