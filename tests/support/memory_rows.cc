#include "support/memory_rows.h"

#include <algorithm>

#include "blazedb/error.h"

namespace blazedb::test {

replica::Row MemoryRows::shown(const Stored& stored, std::int64_t importer) const {
  replica::Row row = stored.row;
  row.stamps = stored.stamps;
  row.fields = stored.fields;
  if (auto found = delivered_.find({importer, row.handle}); found != delivered_.end()) row.delivery = found->second;
  return row;
}

void MemoryRows::find(std::span<const replica::Key> keys, std::int64_t importer, const UseRow& use) {
  for (std::size_t i = 0; i < keys.size(); i++) {
    auto found = handles_.find(keys[i]);
    std::optional<replica::Row> row;
    if (found != handles_.end()) row = shown(rows_.at(found->second), importer);
    if (!use(i, row ? &*row : nullptr)) return;
  }
}

void MemoryRows::range(std::int64_t collection, const UUID& from, const UUID& to, const Visit& visit) {
  for (auto each = handles_.lower_bound({collection, from}); each != handles_.end(); ++each)
    if (each->first > replica::Key{collection, to} || !visit(shown(rows_.at(each->second), 0))) return;
}

void MemoryRows::feed(std::uint64_t after, std::int64_t importer,
                      const std::function<bool(const replica::FeedEntry&)>& visit) {
  for (auto each = feed_.upper_bound(after); each != feed_.end(); ++each) {
    replica::FeedEntry entry{each->first, each->second.mark, true, {}};
    if (auto row = rows_.find(each->second.handle); row != rows_.end()) {
      entry.gone = false;
      entry.row = shown(row->second, importer);
    }
    if (!visit(entry)) return;
  }
}

void MemoryRows::dead(std::uint64_t upTo, bool whole, const Visit& visit) {
  std::map<std::uint64_t, replica::Row> found;
  for (const auto& [handle, stored] : rows_) {
    const replica::Row& row = stored.row;
    if (!row.alive() && row.position <= upTo && (!whole || (row.flags & replica::kWhole)))
      found.emplace(row.position, shown(stored, 0));
  }
  for (const auto& [position, row] : found)
    if (!visit(row)) return;
}

std::vector<replica::Collection> MemoryRows::collections() {
  std::vector<replica::Collection> all;
  for (const auto& [name, collection] : collections_) all.push_back(collection);
  return all;
}

std::int64_t MemoryRows::originOf(const sync::Peer& peer) {
  auto found = std::find(origins_.begin(), origins_.end(), peer);
  return found == origins_.end() ? 0 : found - origins_.begin() + 1;
}

std::set<std::int64_t> MemoryRows::originsOf(const UUID& replica) {
  std::set<std::int64_t> numbers;
  for (const sync::Peer& peer : origins_)
    if (peer.replica == replica) numbers.insert(originOf(peer));
  return numbers;
}

sync::Cursor MemoryRows::cursorOn(const UUID& peer, const sync::Scope& scope) {
  auto found = cursors_.find({peer, sync::encode(scope)});
  return found == cursors_.end() ? sync::Cursor{} : found->second;
}

std::vector<replica::Reading> MemoryRows::readingsOf(const UUID& peer) {
  std::map<base::Bytes, replica::Reading> found;
  for (const auto& [link, cursor] : cursors_)
    if (link.first == peer) found[link.second].scope = *sync::decodeScope(link.second);
  for (const auto& [link, reading] : readings_)
    if (link.first == peer) found[link.second] = reading;
  std::vector<replica::Reading> all;
  for (auto& [scope, reading] : found) all.push_back(std::move(reading));
  return all;
}

std::int64_t MemoryRows::importer(const UUID& replica) {
  auto found = importers_.find(replica);
  return found == importers_.end() ? 0 : found->second.number;
}

std::optional<std::string> MemoryRows::filterOf(const UUID& importer) {
  auto found = importers_.find(importer);
  return found == importers_.end() ? std::nullopt : found->second.filter;
}

std::uint64_t MemoryRows::floorOf(const UUID& importer) {
  auto found = importers_.find(importer);
  return found == importers_.end() ? 0 : found->second.floor;
}

void MemoryRows::store(const replica::Row& row) {
  Stored& stored = rows_[row.handle];
  stored.stamps.assign(row.stamps.begin(), row.stamps.end());
  stored.fields.assign(row.fields.begin(), row.fields.end());
  stored.row = row;
  stored.row.stamps = stored.row.fields = {};
  stored.row.delivery.reset();
}

void MemoryRows::put(std::span<replica::Row> rows) {
  for (replica::Row& row : rows) {
    if (row.handle != 0)
      store(row);
    else if (!add(row))
      throw Error(ErrorCode::Misuse, "a row is stored twice");
  }
}

bool MemoryRows::add(replica::Row& row) {
  if (!handles_.emplace(row.key(), lastHandle_ + 1).second) return false;
  row.handle = ++lastHandle_;
  store(row);
  return true;
}

void MemoryRows::erase(std::span<const replica::Row> rows) {
  for (const replica::Row& row : rows) {
    handles_.erase(row.key());
    rows_.erase(row.handle);
    std::erase_if(delivered_, [&](const auto& each) { return each.first.second == row.handle; });
  }
}

void MemoryRows::eraseAll() {
  rows_.clear();
  handles_.clear();
  feed_.clear();
  delivered_.clear();
}

void MemoryRows::append(std::span<const Position> positions) {
  for (const Position& each : positions) feed_.emplace(each.position, each);
}

std::int64_t MemoryRows::addCollection(const std::string& name) {
  auto number = static_cast<std::int64_t>(collections_.size() + 1);
  collections_[name] = {number, name, 0, {}};
  return number;
}

void MemoryRows::setTotals(std::span<const replica::Collection* const> collections) {
  for (const replica::Collection* each : collections) collections_.at(each->name) = *each;
}

std::int64_t MemoryRows::addOrigin(const sync::Peer& peer) {
  if (originOf(peer) == 0) origins_.push_back(peer);
  return originOf(peer);
}

void MemoryRows::setCursor(const UUID& peer, const sync::Scope& scope, const sync::Cursor& cursor) {
  cursors_[{peer, sync::encode(scope)}] = cursor;
}

void MemoryRows::setReading(const UUID& peer, const replica::Reading& reading) {
  replica::Reading& stored = readings_[{peer, sync::encode(reading.scope)}];
  stored = reading;
  stored.acknowledged.incarnation = stored.acknowledged.reach = 0;
}

void MemoryRows::removeCursors(const UUID& peer, const std::optional<sync::Scope>& except) {
  auto goes = [&](const auto& each) {
    return each.first.first == peer && !(except && each.first.second == sync::encode(*except));
  };
  std::erase_if(cursors_, goes);
  std::erase_if(readings_, goes);
}

std::int64_t MemoryRows::addImporter(const UUID& replica) {
  auto [found, isNew] = importers_.try_emplace(replica);
  if (isNew) found->second.number = ++lastImporter_;
  return found->second.number;
}

void MemoryRows::setFilter(std::int64_t importer, const std::string& filter, std::uint64_t floor) {
  for (auto& [replica, each] : importers_) {
    if (each.number != importer) continue;
    each.filter = filter;
    if (floor != 0) each.floor = floor;
  }
}

void MemoryRows::forgetDelivered(const UUID& importer, bool importsNoMore) {
  auto found = importers_.find(importer);
  if (found == importers_.end()) return;
  std::erase_if(delivered_, [&](const auto& each) { return each.first.first == found->second.number; });
  if (importsNoMore) {
    importers_.erase(found);
  } else {
    found->second.filter.reset();
    found->second.floor = INT64_MAX;
  }
}

void MemoryRows::setDelivered(std::int64_t importer, std::span<const Delivered> news) {
  for (const Delivered& each : news) delivered_[{importer, each.handle}] = each.delivery;
}

void MemoryRows::removeTakenBack(std::int64_t importer, std::uint64_t upTo) {
  std::size_t removed = std::erase_if(delivered_, [&](const auto& each) {
    return each.first.first == importer && each.second.kind == replica::Delivery::Kind::takenBack &&
           each.second.position <= upTo;
  });
  for (auto& [replica, each] : importers_)
    if (each.number == importer && removed > 0) each.floor = std::max(each.floor, upTo);
}

std::set<sync::RecordKey> MemoryRows::setAside(const replica::RejectedOn& link, std::span<const sync::RecordKey> keys) {
  std::set<sync::RecordKey> found;
  for (const sync::RecordKey& key : keys)
    if (rejected_.contains({link.peer, link.by, sync::encode(link.scope), key})) found.insert(key);
  return found;
}

void MemoryRows::addRejected(const replica::RejectedOn& link, const sync::RecordKey& key, const sync::Bye&,
                             std::int64_t) {
  rejected_[{link.peer, link.by, sync::encode(link.scope), key}] = false;
}

bool MemoryRows::removeRejected(const replica::RejectedOn& link, const sync::RecordKey& key) {
  return rejected_.erase({link.peer, link.by, sync::encode(link.scope), key}) > 0;
}

bool MemoryRows::noteChanged(const sync::RecordKey& key) {
  bool found = false;
  for (auto& [refused, changed] : rejected_)
    if (std::get<3>(refused) == key && std::get<1>(refused) == replica::RejectedBy::us) found = changed = true;
  return found;
}

std::uint64_t MemoryRows::rejectedCount(const UUID& peer, replica::RejectedBy by) {
  return static_cast<std::uint64_t>(std::count_if(rejected_.begin(), rejected_.end(), [&](const auto& each) {
    return std::get<0>(each.first) == peer && std::get<1>(each.first) == by;
  }));
}

void MemoryRows::addOverridden(std::span<const replica::Overridden> entries, std::int64_t) {
  overridden_.insert(overridden_.end(), entries.begin(), entries.end());
}

void MemoryRows::addRemoved(const RemovedRecord& removed, base::ByteView) { removed_.push_back(removed); }

}  // namespace blazedb::test
