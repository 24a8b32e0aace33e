// The codec of record states, and the hashes that digests add up. Decoding expects hostile bytes: states come from
// peers.
#include "sync/record_state.h"

#include <algorithm>

#include "base/limits.h"
#include "codec/fields.h"
#include "crypto/hash.h"

namespace blazedb::sync {
namespace {

enum Flag : std::uint8_t {
  kHasBase = 1,
  kHasTomb = 2,
  kBaseHasOver = 4,
  kTombHasOver = 8,
  kWhole = 16,
  kFloorIsTomb = 32,
  kHasFloor = 64,
  kFloorHasOver = 128,
};
enum GroupKind : std::uint8_t { kIsBase = 1, kHasOver = 2 };
enum Authority : std::uint8_t { kNone = 0, kIsTime = 1, kFollows = 2 };

struct Group {
  Stamp stamp;
  Stamp over;
  std::uint64_t age = 0;
  friend bool operator==(const Group&, const Group&) = default;
};

void appendStamp(base::Bytes& out, const Stamp& stamp) {
  Authority kind = stamp.authority == 0 ? kNone : stamp.authority == stamp.time ? kIsTime : kFollows;
  out.push_back(kind);
  base::appendFixed64(out, stamp.time);
  base::appendFixed64(out, stamp.writer);
  if (kind == kFollows) base::appendFixed64(out, stamp.authority);
}

Stamp readStamp(base::Reader& in) {
  std::uint8_t kind = in.byte();
  Stamp stamp;
  stamp.time = in.fixed64();
  stamp.writer = in.fixed64();
  if (kind == kIsTime) stamp.authority = stamp.time;
  if (kind == kFollows) stamp.authority = in.fixed64();
  if (kind > kFollows || stamp.time == 0 || stamp.authority > stamp.time) in.fail();
  return stamp;
}

void appendMark(base::Bytes& out, const Mark& mark, std::uint64_t age) {
  appendStamp(out, mark.stamp);
  if (mark.over.present()) appendStamp(out, mark.over);
  base::appendVarint(out, age);
}

void readMark(base::Reader& in, bool hasOver, std::uint64_t position, Mark& mark) {
  mark.stamp = readStamp(in);
  if (hasOver) mark.over = readStamp(in);
  std::uint64_t age = in.varint();
  if (age > position) in.fail();
  mark.position = position - age;
}

std::uint64_t ageOf(std::uint64_t changed, std::uint64_t position) {
  return changed < position ? position - changed : 0;
}

std::uint8_t flagsOf(const RecordState& state, std::uint64_t position) {
  const Mark &base = state.base, &tomb = state.tomb, &floor = state.floor;
  int flags = (base.stamp.present() ? kHasBase : 0) | (tomb.stamp.present() ? kHasTomb : 0) |
              (base.over.present() ? kBaseHasOver : 0) | (tomb.over.present() ? kTombHasOver : 0) |
              (state.whole ? kWhole : 0);
  bool isTomb = floor.stamp == tomb.stamp && floor.over == tomb.over &&
                ageOf(floor.position, position) == ageOf(tomb.position, position);
  if (floor.stamp.present()) flags |= isTomb ? kFloorIsTomb : kHasFloor | (floor.over.present() ? kFloorHasOver : 0);
  return static_cast<std::uint8_t>(flags);
}

// Whether these flags can stand together.
bool fit(std::uint8_t flags) {
  auto needs = [&](std::uint8_t flag, std::uint8_t other) { return !(flags & flag) || (flags & other); };
  return needs(kBaseHasOver, kHasBase) && needs(kTombHasOver, kHasTomb) && needs(kFloorIsTomb, kHasTomb) &&
         needs(kHasFloor, kHasTomb) && needs(kFloorHasOver, kHasFloor) &&
         !((flags & kFloorIsTomb) && (flags & kHasFloor));
}

void appendGroup(base::Bytes& out, const Group& group, const Stamp& base) {
  bool isBase = group.stamp == base;
  out.push_back(static_cast<std::uint8_t>((isBase ? kIsBase : 0) | (group.over.present() ? kHasOver : 0)));
  if (!isBase) appendStamp(out, group.stamp);
  if (group.over.present()) appendStamp(out, group.over);
  base::appendVarint(out, group.age);
}

// Searches only the latest groups: a group that is written twice costs a few bytes, a search of thousands costs
// seconds.
std::size_t groupIndex(std::vector<Group>& groups, const Group& wanted) {
  constexpr std::size_t kLookBack = 32;
  for (std::size_t i = groups.size(); i > 0 && groups.size() - i < kLookBack; i--)
    if (groups[i - 1] == wanted) return i - 1;
  groups.push_back(wanted);
  return groups.size() - 1;
}

Group readGroup(base::Reader& in, const Stamp& base) {
  std::uint8_t kind = in.byte();
  if (kind > (kIsBase | kHasOver)) in.fail();
  Group group;
  group.stamp = (kind & kIsBase) ? base : readStamp(in);
  if (kind & kHasOver) group.over = readStamp(in);
  group.age = in.varint();
  if (!group.stamp.present()) in.fail();
  return group;
}

}  // namespace

bool Cell::removed() const { return codec::isRemoved(value); }

Stamp RecordState::latest() const {
  Stamp latest = base.stamp;
  for (const Cell& cell : cells) latest = std::max(latest, cell.stamp);
  return latest;
}

std::uint64_t RecordState::authority() const {
  std::uint64_t highest = std::max(base.stamp.authority, tomb.stamp.authority);
  for (const Cell& cell : cells) highest = std::max(highest, cell.stamp.authority);
  return highest;
}

Cell* RecordState::find(std::string_view name) {
  auto at = std::lower_bound(cells.begin(), cells.end(), name,
                             [](const Cell& cell, std::string_view n) { return cell.name < n; });
  return at != cells.end() && at->name == name ? &*at : nullptr;
}

bool RecordState::hasCounters() const {
  return std::any_of(cells.begin(), cells.end(),
                     [](const Cell& cell) { return codec::isPart(cell.name) || codec::isAssigned(cell.value); });
}

CellsOfField RecordState::cellsOf(std::string_view field) const {
  CellsOfField found;
  auto add = [&](std::string_view from, auto&& belongs) {
    auto at = std::lower_bound(cells.begin(), cells.end(), from,
                               [](const Cell& cell, std::string_view n) { return cell.name < n; });
    for (; at != cells.end() && belongs(at->name); ++at) found.push_back(static_cast<std::size_t>(at - cells.begin()));
  };
  add(field, [&](std::string_view name) { return name == field; });
  add(std::string(field) + '\xFF',
      [&](std::string_view name) { return codec::isPart(name) && codec::fieldOf(name) == field; });
  return found;
}

codec::Counter RecordState::counter(std::string_view field) const {
  codec::Counter counter;
  for (std::size_t i : cellsOf(field)) {
    const Cell& cell = cells[i];
    if (codec::isPart(cell.name))
      counter.add(codec::writerOf(cell.name), cell.value);
    else
      counter.assign(cell.value);
  }
  return counter;
}

std::vector<CellsOfField> RecordState::removed() const {
  std::vector<CellsOfField> found;
  for (std::size_t i = 0; i < cells.size(); i++) {
    if (cells[i].removed()) found.push_back({i});
    bool counted = codec::isAssigned(cells[i].value) && codec::isRemoved(codec::assignedValue(cells[i].value));
    if (!counted || counter(cells[i].name).value()) continue;
    found.push_back(cellsOf(cells[i].name));
    std::erase_if(found.back(), [&](std::size_t each) { return cells[each].removed(); });
  }
  return found;
}

std::vector<bool> RecordState::withoutValue() const {
  std::vector<bool> without(cells.size());
  for (const CellsOfField& group : removed())
    for (std::size_t i : group) without[i] = true;
  for (const Cell& each : cells) {
    if (!codec::isAssigned(each.value)) continue;
    codec::Counter counted = counter(each.name);
    for (std::size_t i : cellsOf(each.name))
      if (codec::isPart(cells[i].name) && !cells[i].removed())
        without[i] = without[i] || counted.hasSeenAllOf(codec::writerOf(cells[i].name));
  }
  return without;
}

std::optional<RecordState> decodeState(base::ByteView stamps, base::ByteView fields, std::uint64_t position) {
  base::Reader in(stamps);
  RecordState state;
  std::uint8_t flags = in.byte();
  if (!fit(flags)) in.fail();
  if (flags & kHasBase) readMark(in, flags & kBaseHasOver, position, state.base);
  if (flags & kHasTomb) readMark(in, flags & kTombHasOver, position, state.tomb);
  if (flags & kFloorIsTomb) state.floor = state.tomb;
  if (flags & kHasFloor) readMark(in, flags & kFloorHasOver, position, state.floor);
  if (state.floor.stamp > state.tomb.stamp) in.fail();
  state.whole = flags & kWhole;
  codec::FieldsReader cells(fields);
  std::uint64_t groupCount = in.varint();
  // A group of two bytes takes seven words of memory, so a frame may have no more groups than cells, or one.
  if (groupCount > std::max<std::size_t>(cells.count(), 1)) in.fail();
  if (!in.ok()) return std::nullopt;

  std::vector<Group> groups;
  groups.reserve(std::min<std::size_t>(groupCount, base::kFieldsMax));
  for (std::uint64_t i = 0; i < groupCount && in.ok(); i++) {
    groups.push_back(readGroup(in, state.base.stamp));
    if (groups.back().age > position || groups.back().stamp <= state.floor.stamp) in.fail();
  }

  state.cells.reserve(std::min<std::size_t>(cells.count(), base::kFieldsMax));
  while (in.ok() && cells.next()) {
    std::uint64_t index = groups.size() == 1 ? 0 : in.varint();
    if (index >= groups.size()) return std::nullopt;
    const Group& group = groups[index];
    state.cells.push_back({cells.name(), cells.value(), group.stamp, group.over, position - group.age});
  }
  if (!in.ok() || !in.atEnd() || !cells.ok()) return std::nullopt;
  return state;
}

void encodeState(const RecordState& state, std::uint64_t position, EncodedState& out) {
  out.stamps.clear();
  out.fields.clear();
  std::uint8_t flags = flagsOf(state, position);
  out.stamps.push_back(flags);
  if (state.base.stamp.present()) appendMark(out.stamps, state.base, ageOf(state.base.position, position));
  if (state.tomb.stamp.present()) appendMark(out.stamps, state.tomb, ageOf(state.tomb.position, position));
  if (flags & kHasFloor) appendMark(out.stamps, state.floor, ageOf(state.floor.position, position));

  std::vector<Group> groups;
  std::vector<std::size_t> groupOf;
  groupOf.reserve(state.cells.size());
  codec::appendMapHead(out.fields, state.cells.size());
  for (const Cell& cell : state.cells) {
    Group group{cell.stamp, cell.over, ageOf(cell.position, position)};
    groupOf.push_back(groupIndex(groups, group));
    codec::appendKey(out.fields, cell.name);
    base::append(out.fields, cell.value);
  }
  base::appendVarint(out.stamps, groups.size());
  for (const Group& group : groups) appendGroup(out.stamps, group, state.base.stamp);
  if (groups.size() > 1)
    for (std::size_t index : groupOf) base::appendVarint(out.stamps, index);
}

void encodeFreshStamps(const Stamp& base, base::Bytes& out) {
  out.clear();
  out.push_back(kHasBase | kWhole);
  appendMark(out, {base, {}, 0}, 0);
  base::appendVarint(out, 1);
  appendGroup(out, {base, {}, 0}, base);
}

namespace {

void appendHashed(base::Bytes& out, const Stamp& stamp) {
  base::appendFixed64(out, stamp.authority);
  base::appendFixed64(out, stamp.time);
  base::appendFixed64(out, stamp.writer);
}

}  // namespace

Hash128 hashOf(const UUID& id, const RecordState& state) {
  base::Bytes input;
  input.reserve(48 + 48 * state.cells.size());
  base::append(input, id.bytes);
  appendHashed(input, state.base.stamp);
  std::vector<bool> hidden;
  if (state.hasCounters()) hidden = state.withoutValue();
  for (std::size_t i = 0; i < state.cells.size(); i++) {
    const Cell& cell = state.cells[i];
    if (hidden.empty() ? cell.removed() : hidden[i]) continue;
    base::appendSized(input, base::viewOf(cell.name));
    // Most cells are as old as their record. One byte for that halves the cost of hashing in bulk inserts.
    if (cell.stamp == state.base.stamp)
      input.push_back(0);
    else
      appendHashed(input, cell.stamp);
  }
  return crypto::hash128(input);
}

Hash128 hashOfFresh(const UUID& id, const Stamp& base, base::ByteView fields) {
  base::Bytes input;
  input.reserve(48 + fields.size());
  base::append(input, id.bytes);
  appendHashed(input, base);
  codec::FieldsReader cells(fields);
  while (cells.next()) {
    base::appendSized(input, base::viewOf(cells.name()));
    input.push_back(0);
  }
  return crypto::hash128(input);
}

void Digest::add(const Hash128& hash) {
  std::uint64_t sum = low + hash[0];
  high += hash[1] + (sum < low ? 1 : 0);
  low = sum;
}

void Digest::subtract(const Hash128& hash) {
  std::uint64_t borrow = low < hash[0] ? 1 : 0;
  low -= hash[0];
  high -= hash[1] + borrow;
}

}  // namespace blazedb::sync
