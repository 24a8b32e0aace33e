#include "replica/rejections.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/limits.h"

namespace blazedb::replica {
namespace {

// Whether this replica has written to a row after the position `after`.
bool isWritten(const Row& row, const Author& author, std::uint64_t after) {
  if (row.position <= after) return false;
  sync::RecordState state = row.state();
  auto isOurs = [&](const sync::Stamp& stamp, std::uint64_t position) {
    return position > after && author.own.contains(stamp.writer);
  };
  return isOurs(state.base.stamp, state.base.position) || isOurs(state.tomb.stamp, state.tomb.position) ||
         std::any_of(state.cells.begin(), state.cells.end(),
                     [&](const sync::Cell& cell) { return isOurs(cell.stamp, cell.position); });
}

}  // namespace

NotedRejected noteRejected(Ledger& ledger, const Author& author, const RejectedOn& link, const sync::Rejected& rejected,
                           bool replaces, std::int64_t nowMs) {
  Notes& rows = ledger.rows();
  NotedRejected noted;
  std::vector<sync::RecordKey> names;
  std::vector<Key> keys;
  for (const sync::Rejection& each : rejected.records) {
    const Collection* collection = ledger.known(each.key.collection);
    keys.push_back({collection ? collection->number : 0, each.key.id});
    names.push_back(each.key);
  }
  std::vector<sync::RecordKey> asked = names;
  if (rejected.all)
    for (const sync::Rejection& each : rows.refusedBy(link.peer)) asked.push_back(each.key);
  std::map<sync::RecordKey, Refused> waiting;  // changes that the peer has refused before
  for (Refused& each : rows.refused(asked))
    if (each.peer == link.peer) waiting.emplace(each.key, std::move(each));
  // Of a list of all nobody can tell whether it means the change that waits, or a later one.
  // What this replica only passes on stays where it is: others gave it. Not so what the peer itself gave and has lost.
  std::set<std::int64_t> origins = rows.originsOf(link.peer);
  std::vector<bool> held(keys.size()), isNew(keys.size()), isOurs(keys.size());
  rows.find(keys, 0, [&](std::size_t i, const Row* row) {
    auto waits = waiting.find(names[i]);
    held[i] = row != nullptr;
    isOurs[i] = waits != waiting.end() || (row && (origins.contains(row->origin) || isWritten(*row, author, 0)));
    isNew[i] = row && (!rejected.all || waits == waiting.end() || isWritten(*row, author, waits->second.position));
    return true;
  });
  std::set<sync::RecordKey> known, named, taken;
  for (const auto& [key, code] : rows.setAside(link, names)) known.insert(key);
  std::uint64_t count = rows.rejectedCount(link.peer, link.by);
  std::vector<sync::Rejection> news;
  for (std::size_t i = 0; i < names.size(); i++) {
    const sync::Rejection& each = rejected.records[i];
    if (each.why && each.why->code == ErrorCode::PermissionDenied) {
      named.insert(each.key);
      if (auto waits = waiting.find(each.key); waits != waiting.end() && std::exchange(waits->second.awaits, false))
        ledger.keep(waits->second);
      if (replaces && isOurs[i]) {
        if (isNew[i]) noted.toReplace.push_back(each);
        if (known.erase(each.key) > 0) news.push_back({each.key, std::nullopt});
        continue;
      }
    }
    if (!each.why) {
      if (waiting.contains(each.key)) taken.insert(each.key);
      if (known.erase(each.key) == 0) continue;
      count--;
    } else {
      bool isKnown = known.contains(each.key);
      if (!held[i] || (!isKnown && count >= base::kRejectedMax)) continue;
      if (known.insert(each.key).second) count++;
      named.insert(each.key);
    }
    news.push_back(each);
  }
  if (rejected.all) {
    for (const sync::Rejection& old : rows.rejectedOn(link, false))
      if (!named.contains(old.key)) news.push_back({old.key, std::nullopt});
    for (const auto& [key, change] : waiting)
      if (!named.contains(key) && link.scope.has(key.collection)) taken.insert(key);
  }
  if (!news.empty()) rows.noteRejections(link, news, nowMs);
  for (const sync::RecordKey& key : taken) noted.taken.push_back(std::move(waiting.at(key)));
  return noted;
}

}  // namespace blazedb::replica
