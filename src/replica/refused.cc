#include "replica/refused.h"

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "replica/journal.h"
#include "sync/merge.h"

namespace blazedb::replica {
namespace {

constexpr std::array<sync::Mark sync::RecordState::*, 3> kMarks{&sync::RecordState::base, &sync::RecordState::tomb,
                                                                &sync::RecordState::floor};

// What this replica has added in a part of a counter, with the parts that it took over, beyond what `state` has.
Value addedBeyond(const sync::Cell& cell, const sync::RecordState& state, const Author& author) {
  Value added = std::int64_t{0};
  std::optional<codec::Part> part = codec::decodePart(cell.value);
  if (!part) return added;
  codec::Sums its = state.counter(codec::fieldOf(cell.name)).seen();
  part->includes[codec::writerOf(cell.name)] = part->sum;
  for (const auto& [writer, sum] : part->includes) {
    if (!author.own.contains(writer)) continue;
    added = codec::sumOf(added, sum);
    auto known = its.find(writer);
    if (known == its.end()) continue;
    const Value& had = known->second;
    added = codec::sumOf(added, had.as<double>() ? Value(-*had.as<double>()) : Value(-*had.as<std::int64_t>()));
  }
  return added;
}

bool isZero(const Value& value) {
  return value.as<double>() ? *value.as<double>() == 0 : *value.as<std::int64_t>() == 0;
}

// The parts of `mine` that beat those of `theirs`.
sync::RecordState beyond(const sync::RecordState& mine, const sync::RecordState& theirs, const sync::Scope& scope) {
  sync::RecordState kept;
  kept.whole = false;
  for (auto mark : kMarks)
    if ((mine.*mark).stamp > (theirs.*mark).stamp) kept.*mark = mine.*mark;
  if (kept.floor.stamp.present()) kept.tomb = mine.tomb;  // none without it
  for (const sync::Cell& cell : mine.cells) {
    const sync::Cell* its = theirs.find(cell.name);
    bool isForgotten = !its && cell.removed();  // by the peer
    if (!scope.excludes(cell.name) && !isForgotten && (!its || cell.stamp > its->stamp)) kept.cells.push_back(cell);
  }
  return kept;
}

bool isEmpty(const sync::RecordState& state) {
  return state.cells.empty() &&
         std::none_of(kMarks.begin(), kMarks.end(), [&](auto mark) { return (state.*mark).stamp.present(); });
}

// A part that was refused before began again from what the peer has: it gets what was added before, under a new stamp.
void addEarlier(Ledger& ledger, sync::Cell& cell, const Value& by, std::deque<base::Bytes>& bytes, std::int64_t nowMs) {
  std::optional<codec::Part> part = codec::decodePart(cell.value);
  if (!part) return;
  part->sum = codec::sumOf(part->sum, by);
  cell.value = bytes.emplace_back(codec::encodePart(*part));
  cell.stamp.time = ledger.nextTime(nowMs);
}

// Stores `kept`, together with what the same peer has refused of the record before.
void keep(Ledger& ledger, const Author& author, Refused fresh, sync::RecordState kept) {
  const std::int64_t nowMs = fresh.sinceMs;
  std::deque<base::Bytes> bytes;
  std::vector<Refused> before = ledger.rows().refused({&fresh.key, 1});
  std::erase_if(before, [&](const Refused& each) { return each.peer != fresh.peer; });
  sync::RecordState earlier;
  if (!before.empty()) {
    earlier = before[0].state();
    const sync::RecordState latest = kept;
    auto isOwn = [&](std::uint64_t writer) { return author.own.contains(writer); };
    sync::merge(kept, earlier, 0, isOwn);
    // The user's later write counts, also where it had not seen a server's that the earlier one had.
    for (sync::Cell& cell : kept.cells) {
      const sync::Cell* later = latest.find(cell.name);
      bool isLater = later && isOwn(later->stamp.writer) && later->stamp.time > cell.stamp.time;
      if (isLater && later->stamp > kept.floor.stamp) cell = *later;
    }
    fresh.sinceMs = before[0].sinceMs;
    fresh.transactions.merge(before[0].transactions);
    for (const auto& [part, by] : before[0].added) {
      const sync::Cell *later = latest.find(part), *its = earlier.find(part);
      sync::Cell* cell = kept.find(part);
      if (cell && later && its && later->stamp.time > its->stamp.time) addEarlier(ledger, *cell, by, bytes, nowMs);
      fresh.added[part] = codec::sumOf(fresh.added.contains(part) ? fresh.added[part] : Value(0), by);
    }
  }
  sync::EncodedState encoded;
  sync::encodeState(kept, 0, encoded);
  fresh.stamps = std::move(encoded.stamps);
  fresh.fields = std::move(encoded.fields);
  ledger.keep(fresh);
}

}  // namespace

sync::RecordState Refused::state() const {
  Row row;
  row.id = key.id;
  row.stamps = stamps;
  row.fields = fields;
  return row.state();
}

bool takeOut(Ledger& ledger, const Author& author, const sync::Incoming& incoming, Held& held,
             const sync::RecordState* theirs, const sync::Bye& why, std::int64_t origin, std::int64_t nowMs,
             std::vector<Overridden>& overridden) {
  const sync::Scope& scope = incoming.agreement.scope;
  const Row& row = held.row();
  sync::RecordState& mine = held.state;
  auto isUnsent = [&](std::uint64_t position) {
    return !incoming.acknowledged.has(row.position, position) && !(row.origin == origin && position == row.position);
  };
  bool waits = incoming.agreement.sends && std::any_of(kMarks.begin(), kMarks.end(), [&](auto mark) {
                 return (mine.*mark).stamp.present() && isUnsent((mine.*mark).position);
               });
  for (const sync::Cell& cell : mine.cells) waits = waits || (incoming.agreement.sends && isUnsent(cell.position));
  if (waits) return false;

  const sync::RecordState none, &its = theirs ? *theirs : none;
  const UUID& peer = incoming.agreement.peer.replica;
  sync::RecordState kept = beyond(mine, its, scope);
  std::uint64_t position = ledger.nextPosition();
  Refused refused;
  refused.key = {ledger.collectionOf(row).name, row.id};
  refused.peer = peer;
  refused.why = why;
  refused.sinceMs = nowMs;
  refused.position = position;
  std::set<std::uint64_t> positions;
  for (auto mark : kMarks)
    if ((kept.*mark).stamp.present()) positions.insert((kept.*mark).position);
  for (const sync::Cell& cell : kept.cells) positions.insert(cell.position);
  for (std::uint64_t each : positions) {
    std::uint64_t end = ledger.rows().transactionEnd(each, kTransactionJudgedMax);
    refused.transactions.insert(end != 0 ? end : each);
  }
  for (const sync::Cell& cell : kept.cells) {
    if (!codec::isPart(cell.name) || !author.own.contains(codec::writerOf(cell.name))) continue;
    Value added = addedBeyond(cell, its, author);
    if (!isZero(added)) refused.added.emplace(cell.name, added);
  }
  if (isEmpty(kept)) {
    for (Refused& each : ledger.rows().refused({&refused.key, 1})) {
      each.position = row.position;
      if (each.peer == peer) ledger.keep(each);
    }
    return true;
  }
  if (!theirs)
    // What the link does not carry the peer never had.
    keepRemovedFields(
        ledger, held, [&](const sync::Cell& cell) { return scope.excludes(cell.name); }, peer,
        RemovedRecord::Because::takenBack, nowMs);
  sync::RecordState after = its;
  after.whole = theirs && theirs->whole;
  for (auto mark : kMarks) (after.*mark).position = position;
  for (sync::Cell& cell : after.cells) cell.position = position;
  if (theirs) {
    for (const sync::Cell& cell : mine.cells)
      if (scope.excludes(cell.name)) after.cells.push_back(cell);
    std::sort(after.cells.begin(), after.cells.end(),
              [](const sync::Cell& a, const sync::Cell& b) { return a.name < b.name; });
  }
  sync::RecordState merged = mine;
  auto isOwn = [&](std::uint64_t writer) { return author.own.contains(writer); };
  addOverridden(overridden, refused.key, sync::merge(merged, its, position, isOwn), author);
  ledger.noteLost(latestTime(mine));
  keep(ledger, author, std::move(refused), std::move(kept));
  mine = std::move(after);
  ledger.change(ledger.collectionOf(row), held, origin, true);
  return true;
}

void keepOwn(Ledger& ledger, const Author& author, Refused refused) {
  sync::RecordState state = refused.state();
  auto isOwn = [&](const sync::Stamp& stamp) { return author.own.contains(stamp.writer); };
  std::size_t before = state.cells.size();
  std::erase_if(state.cells, [&](const sync::Cell& cell) { return !isOwn(cell.stamp); });
  bool drops = state.cells.size() != before;
  auto drop = [&](sync::Mark& mark) {
    drops = drops || mark.stamp.present();
    mark = {};
  };
  if (!isOwn(state.base.stamp)) drop(state.base);
  if (!isOwn(state.floor.stamp)) drop(state.floor);
  if (!isOwn(state.tomb.stamp) && !state.floor.stamp.present()) drop(state.tomb);
  if (!drops) return;
  if (isEmpty(state) && refused.added.empty()) return ledger.rows().removeRefused(refused.id);
  sync::EncodedState encoded;
  sync::encodeState(state, 0, encoded);
  refused.stamps = std::move(encoded.stamps);
  refused.fields = std::move(encoded.fields);
  ledger.keep(refused);
}

void countAgain(Ledger& ledger, const Author& author, Refused refused, const sync::RecordState& mine) {
  bool changes = false;
  for (const sync::Cell& cell : refused.state().cells) {
    auto known = refused.added.find(std::string(cell.name));
    const sync::Cell* its = mine.find(cell.name);
    if (known == refused.added.end() || !its || its->stamp > cell.stamp) continue;
    Value added = addedBeyond(cell, mine, author);
    changes = changes || known->second != added;
    known->second = added;
  }
  if (changes) ledger.keep(refused);
}

std::vector<std::vector<Refused>> byTransaction(std::vector<Refused> all) {
  std::vector<std::vector<Refused>> groups;
  std::vector<std::set<std::uint64_t>> ends;  // of the transactions of each group
  std::map<std::uint64_t, std::size_t> groupOf;
  for (Refused& each : all) {
    if (each.transactions.empty()) each.transactions.insert(0);  // of a file that an earlier version has written
    std::size_t group = groups.size();
    groups.emplace_back();
    ends.emplace_back();
    for (std::uint64_t end : each.transactions) {
      std::size_t other = groupOf.try_emplace(end, group).first->second;
      if (other != group) {
        if (ends[other].size() > ends[group].size()) std::swap(other, group);
        for (std::uint64_t moved : ends[other]) groupOf[moved] = group;
        ends[group].merge(ends[other]);
        std::move(groups[other].begin(), groups[other].end(), std::back_inserter(groups[group]));
        groups[other].clear();
      }
      ends[group].insert(end);
    }
    groups[group].push_back(std::move(each));
  }
  std::erase_if(groups, [](const std::vector<Refused>& group) { return group.empty(); });
  return groups;
}

std::optional<sync::EncodedState> including(const Row* row, const Refused& refused) {
  sync::RecordState change = refused.state(), state = row ? row->state() : sync::RecordState{};
  bool isThere = state.base.stamp.present() || state.tomb.stamp.present();
  if (!isThere && !change.base.stamp.present()) return std::nullopt;
  if (!isThere) state.whole = true;
  sync::merge(state, change, 0, [](std::uint64_t) { return false; });
  sync::EncodedState encoded;
  sync::encodeState(state, 0, encoded);
  return encoded;
}

bool repeats(const sync::RecordState& theirs, const sync::RecordState* mine, const sync::RecordState& refused) {
  auto isPart = [](const sync::Stamp& its, const sync::Stamp& held, const sync::Stamp& kept) {
    return kept.present() && its == kept && its > held;
  };
  for (auto mark : kMarks)
    if (isPart((theirs.*mark).stamp, mine ? (mine->*mark).stamp : sync::Stamp{}, (refused.*mark).stamp)) return true;
  return std::any_of(refused.cells.begin(), refused.cells.end(), [&](const sync::Cell& kept) {
    const sync::Cell *its = theirs.find(kept.name), *held = mine ? mine->find(kept.name) : nullptr;
    return its && isPart(its->stamp, held ? held->stamp : sync::Stamp{}, kept.stamp);
  });
}

}  // namespace blazedb::replica
