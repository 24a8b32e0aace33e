// Rows are loaded in portions (forEach), so only a bounded number of them is in memory at a time.
#include "replica/forgetting.h"

#include <algorithm>
#include <set>

#include "replica/journal.h"

namespace blazedb::replica {
namespace {

// forEach() loads rows until they reach this number or size.
constexpr std::size_t kAtOnce = 256;
constexpr std::size_t kBytesAtOnce = 4u << 20;

// A sweep that removes more than this is suspicious if it is also more than a tenth.
constexpr std::size_t kSweptMax = 1000;

}  // namespace

void forEach(Ledger& ledger, std::span<const Key> keys, const std::function<void(Held&)>& use) {
  std::vector<Held> held(std::min(kAtOnce, keys.size()));
  while (!keys.empty()) {
    std::size_t asked = std::min(kAtOnce, keys.size()), seen = 0, found = 0, bytes = 0;
    ledger.rows().find(keys.first(asked), 0, [&](std::size_t i, const Row* row) {
      seen = i + 1;
      if (!row) return true;
      held[found++].take(*row);
      bytes += row->stamps.size() + row->fields.size();
      return bytes < kBytesAtOnce;
    });
    for (std::size_t i = 0; i < found; i++) use(held[i]);
    ledger.flush();
    keys = keys.subspan(seen);
  }
}

void forget(Ledger& ledger, const Held& held) {
  ledger.noteLost(latestTime(held.state));
  ledger.erase(held.image);
}

void dropValues(Ledger& ledger, Held& held) {
  held.state.cells.clear();
  held.state.whole = false;
  ledger.correct(ledger.collectionOf(held.row()), held);
}

void dropCells(Ledger& ledger, Held& held, const std::function<bool(const sync::Cell&)>& which) {
  std::uint64_t time = latestTime(held.state);
  if (std::erase_if(held.state.cells, which) == 0) return;
  ledger.noteLost(time);
  ledger.correct(ledger.collectionOf(held.row()), held);
}

namespace {

void sortMentioned(sync::Sweep& sweep) {
  std::sort(sweep.mentioned.begin(), sweep.mentioned.end());
  sweep.mentioned.erase(std::unique(sweep.mentioned.begin(), sweep.mentioned.end()), sweep.mentioned.end());
}

// The records of the scope that the peer has not sent, and that this replica will not send to it.
struct Unmentioned {
  std::vector<Key> keys;
  std::uint64_t live = 0;  // records of the scope
};

Unmentioned unmentioned(Ledger& ledger, const sync::Peer& from, const sync::Scope& scope, const sync::Sweep& sweep) {
  Unmentioned found;
  std::set<std::int64_t> carried;
  for (const Collection& collection : ledger.rows().collections()) {
    if (!scope.has(collection.name)) continue;
    carried.insert(collection.number);
    found.live += collection.live;
  }
  std::int64_t origin = ledger.rows().originOf(from);
  ledger.rows().feed(0, 0, [&](const FeedEntry& entry) {
    const Row& row = entry.row;
    if (entry.gone || row.position != entry.position || !row.alive() || !carried.contains(row.collection)) return true;
    // A record that the peer has not applied stays and is sent to it, unless it is the peer's own, which is withheld.
    bool sent = sweep.sends && row.position > sweep.peerHasApplied.position &&
                !(origin != 0 && row.origin == origin && row.changedOnce(sweep.peerHasApplied.complete));
    if (!sent && !std::binary_search(sweep.mentioned.begin(), sweep.mentioned.end(), row.handle))
      found.keys.push_back(row.key());
    return true;
  });
  return found;
}

// Whether all of a live record was written here, or any of it.
bool isOurs(const Held& held, const Author& author) {
  auto isOurStamp = [&](const sync::Stamp& stamp) { return author.own.contains(stamp.writer); };
  return isOurStamp(held.state.base.stamp) &&
         std::all_of(held.state.cells.begin(), held.state.cells.end(),
                     [&](const sync::Cell& cell) { return isOurStamp(cell.stamp); });
}
bool isPartlyOurs(const Held& held, const Author& author) {
  return author.own.contains(held.state.base.stamp.writer) ||
         std::any_of(held.state.cells.begin(), held.state.cells.end(),
                     [&](const sync::Cell& cell) { return author.own.contains(cell.stamp.writer); });
}

// Removes the fields that the sweep has found, unless they have changed since, or the peer has refused the record.
void dropSwept(Ledger& ledger, const sync::Sweep& sweep, const std::set<sync::RecordKey>& refused, const UUID& peer,
               std::int64_t nowMs) {
  std::vector<Key> keys;
  for (const auto& [record, fields] : sweep.fields)
    if (const Collection* collection = refused.contains(record) ? nullptr : ledger.known(record.collection))
      keys.push_back({collection->number, record.id});
  forEach(ledger, keys, [&](Held& held) {
    const auto& fields = sweep.fields.at({ledger.collectionOf(held.row()).name, held.row().id});
    auto isSwept = [&](const sync::Cell& cell) {
      return std::any_of(fields.begin(), fields.end(), [&](const sync::Sweep::Field& field) {
        return cell.name == field.name && cell.stamp == field.stamp;
      });
    };
    if (sweep.journals) keepRemovedFields(ledger, held, isSwept, peer, RemovedRecord::Because::swept, nowMs);
    dropCells(ledger, held, isSwept);
  });
}

}  // namespace

void dropRepeated(sync::Sweep& sweep) {
  if (sweep.mentioned.size() < sweep.mentionedMax) return;
  sortMentioned(sweep);
  sweep.mentionedMax = std::max(sweep.mentionedMax, 2 * sweep.mentioned.size());
}

std::optional<TooMany> finishSweep(Ledger& ledger, const Author& author, const sync::Peer& from,
                                   const sync::Scope& scope, sync::Sweep& sweep, const sync::Cursor& cursor,
                                   std::int64_t nowMs) {
  sortMentioned(sweep);
  Unmentioned found = unmentioned(ledger, from, scope, sweep);
  std::size_t removals = found.keys.size() + sweep.fields.size();
  if (!sweep.mayRemoveMany && removals > kSweptMax && removals > found.live / 10) return TooMany{removals, found.live};
  RejectedOn link{from.replica, scope, RejectedBy::peer};
  std::set<sync::RecordKey> refused = sweep.refused;
  for (const sync::Rejection& each : ledger.rows().rejectedOn(link, false)) refused.insert(each.key);
  std::vector<sync::Rejection> copied;
  forEach(ledger, found.keys, [&](Held& held) {
    sync::RecordKey key{ledger.collectionOf(held.row()).name, held.row().id};
    bool waits = refused.contains(key);
    bool cannotLeave = !sweep.sends && held.row().position > sweep.peerHasApplied.position;
    if ((waits || cannotLeave) && isOurs(held, author)) return;
    if (sweep.journals || waits || (cannotLeave && isPartlyOurs(held, author)))
      keepRemoved(ledger, held.row(), from.replica, RemovedRecord::Because::swept, nowMs);
    else
      // What the link does not carry the peer never had.
      keepRemovedFields(
          ledger, held, [&](const sync::Cell& cell) { return scope.excludes(cell.name); }, from.replica,
          RemovedRecord::Because::swept, nowMs);
    if (waits) copied.push_back({key, std::nullopt});
    forget(ledger, held);
  });
  if (!copied.empty()) ledger.rows().noteRejections(link, copied, nowMs);
  dropSwept(ledger, sweep, refused, from.replica, nowMs);
  if (removals > 0) {
    // Readers whose cursor stands at the end must sweep too, so the horizon lies beyond the end.
    ledger.raiseHorizon(ledger.nextPosition());
    ledger.takeEmptyPosition();
  }
  ledger.rows().setCursor(from.replica, scope, cursor);
  return std::nullopt;
}

std::optional<std::uint64_t> leaveScopes(Ledger& ledger, const UUID& peer, const std::vector<Reading>& left,
                                         const sync::Scope& scope, bool sameIncarnation, std::uint64_t after,
                                         std::size_t entriesMax) {
  std::vector<Key> keys;
  std::size_t entries = 0;
  std::uint64_t last = after;
  ledger.rows().feed(after, 0, [&](const FeedEntry& entry) {
    last = entry.position;
    if (!entry.gone && entry.row.position == entry.position) keys.push_back(entry.row.key());
    return ++entries < entriesMax;
  });
  std::set<std::int64_t> theirs = ledger.rows().originsOf(peer);
  forEach(ledger, keys, [&](Held& held) {
    const Row& row = held.row();
    const std::string& collection = ledger.collectionOf(row).name;
    std::vector<const sync::Scope*> had;  // the scopes under which the peer had the record
    for (const Reading& old : left) {
      sync::Cursor has = sameIncarnation ? old.acknowledged : sync::Cursor{};
      bool hadRow = row.position <= has.position || (theirs.contains(row.origin) && row.changedOnce(has.complete));
      if (hadRow && old.scope.has(collection)) had.push_back(&old.scope);
    }
    if (had.empty()) return;
    auto hadCell = [&](const sync::Cell& cell) {
      return std::any_of(had.begin(), had.end(), [&](const sync::Scope* old) { return !old->excludes(cell.name); });
    };
    if (scope.has(collection)) {
      dropCells(ledger, held, [&](const sync::Cell& cell) { return scope.excludes(cell.name) && hadCell(cell); });
    } else if (std::all_of(held.state.cells.begin(), held.state.cells.end(), hadCell)) {
      forget(ledger, held);
    }
  });
  return entries == entriesMax ? std::optional(last) : std::nullopt;
}

Purgeable purgeable(Reader& rows, std::uint64_t upTo, std::uint64_t oldest, std::size_t max) {
  Purgeable found;
  rows.dead(upTo, true, [&](const Row& row) {
    found.values.push_back(row.key());
    return found.values.size() < max;
  });
  rows.dead(upTo, false, [&](const Row& row) {
    if (row.state().tomb.stamp.time > oldest) return false;
    found.whole.push_back(row.key());
    return found.whole.size() < max;
  });
  return found;
}

void purge(Ledger& ledger, const Purgeable& found, std::uint64_t upTo) {
  auto stillDead = [&](const Held& held) { return !held.row().alive() && held.row().position <= upTo; };
  forEach(ledger, found.values, [&](Held& held) {
    if (stillDead(held)) dropValues(ledger, held);
  });
  forEach(ledger, found.whole, [&](Held& held) {
    if (!stillDead(held)) return;
    ledger.raiseHorizon(held.row().position);
    forget(ledger, held);
  });
}

}  // namespace blazedb::replica
