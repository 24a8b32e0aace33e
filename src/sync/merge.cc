#include "sync/merge.h"

#include <algorithm>
#include <map>
#include <string>

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

std::map<std::string_view, const Cell*> latestOfFields(const RecordState& state,
                                                       const std::function<bool(const Cell&)>& counts) {
  std::map<std::string_view, const Cell*> latest;
  for (const Cell& cell : state.cells) {
    if (!counts(cell)) continue;
    const Cell*& found = latest[codec::fieldOf(cell.name)];
    if (!found || found->stamp < cell.stamp) found = &cell;
  }
  return latest;
}

base::ByteView valueBefore(const RecordState& was, const Cell& cell, MergeOutcome& out) {
  std::optional<Value> value = was.counter(codec::fieldOf(cell.name)).value();
  if (!value) return {};
  base::Bytes& bytes = out.bytes.emplace_back();
  if (codec::encodeValue(bytes, *value)) return {};  // it was valid
  return bytes;
}

}  // namespace detail

void writeInsert(RecordState& state, const Stamp& stamp, std::uint64_t position, std::deque<base::Bytes>& bytes) {
  Stamp over = overOfAll(state, stamp.writer);
  std::map<std::string, codec::Sums> counted;
  if (state.hasCounters())
    for (const Cell& cell : state.cells) {
      std::string field(codec::fieldOf(cell.name));
      if (!counted.contains(field)) counted[field] = state.counter(field).seen();
    }
  state.base = {stamp, over, position};
  if (state.tomb.stamp.present()) state.tomb.position = position;
  state.floor = state.tomb;  // none where the record was absent
  state.cells.clear();
  state.whole = true;
  for (const auto& [field, seen] : counted) {
    if (seen.empty()) continue;
    base::ByteView name = bytes.emplace_back(field.begin(), field.end());
    writeCell(state, base::textOf(name), bytes.emplace_back(codec::encodeAssigned(codec::kRemoved, seen)), stamp,
              position);
  }
}

void writeField(RecordState& state, std::string_view name, base::ByteView value, const Stamp& stamp,
                std::uint64_t position, std::deque<base::Bytes>& bytes) {
  codec::Sums seen = state.counter(name).seen();
  if (!seen.empty()) value = bytes.emplace_back(codec::encodeAssigned(value, seen));
  writeCell(state, name, value, stamp, position);
}

void writeIncrement(RecordState& state, std::string_view name, const Value& by, const Stamp& stamp,
                    std::uint64_t position, const std::function<bool(std::uint64_t)>& folds,
                    std::deque<base::Bytes>& bytes) {
  codec::Counter counter = state.counter(name);
  codec::Part part = counter.partOf(stamp.writer);
  part.sum = codec::sumOf(part.sum, by);
  auto keyOf = [&](std::uint64_t writer) {
    std::string key = codec::partKey(name, writer);
    return base::textOf(bytes.emplace_back(key.begin(), key.end()));
  };
  for (const auto& each : counter.parts()) {
    std::uint64_t writer = each.first;
    if (writer == stamp.writer || !folds(writer)) continue;
    counter.include(writer, part);
    writeCell(state, keyOf(writer), codec::kRemoved, stamp, position);
  }
  counter.shorten(part);
  writeCell(state, keyOf(stamp.writer), bytes.emplace_back(codec::encodePart(part)), stamp, position);
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
