// MemoryRows: rows in memory, as simple as possible. Tests of src/replica use it, and real stores are compared with it.
// A copy of the object is a snapshot, so a transaction works on a copy, and a commit replaces the original by the copy.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "blazedb/error.h"
#include "replica/rows.h"

namespace blazedb::test {

class MemoryRows final : public replica::Writer {
 public:
  void find(std::span<const replica::Key> keys, std::int64_t importer, const UseRow& use) override {
    for (std::size_t i = 0; i < keys.size(); i++) {
      auto found = handles_.find(keys[i]);
      std::optional<replica::Row> row;
      if (found != handles_.end()) row = shown(rows_.at(found->second), importer);
      if (!use(i, row ? &*row : nullptr)) return;
    }
  }
  void range(std::int64_t collection, const UUID& from, const UUID& to, const Visit& visit) override {
    for (auto each = handles_.lower_bound({collection, from}); each != handles_.end(); ++each)
      if (each->first > replica::Key{collection, to} || !visit(shown(rows_.at(each->second), 0))) return;
  }
  void feed(std::uint64_t after, std::int64_t importer,
            const std::function<bool(const replica::FeedEntry&)>& visit) override {
    for (auto each = feed_.upper_bound(after); each != feed_.end(); ++each) {
      replica::FeedEntry entry{each->first, each->second.mark, true, {}};
      if (auto row = rows_.find(each->second.handle); row != rows_.end()) {
        entry.gone = false;
        entry.row = shown(row->second, importer);
      }
      if (!visit(entry)) return;
    }
  }
  void dead(std::uint64_t upTo, bool whole, const Visit& visit) override {
    std::map<std::uint64_t, replica::Row> found;
    for (const auto& [handle, stored] : rows_) {
      const replica::Row& row = stored.row;
      if (!row.alive() && row.position <= upTo && (!whole || (row.flags & replica::kWhole)))
        found.emplace(row.position, shown(stored, 0));
    }
    for (const auto& [position, row] : found)
      if (!visit(row)) return;
  }
  std::vector<replica::Collection> collections() override {
    std::vector<replica::Collection> all;
    for (const auto& [name, collection] : collections_) all.push_back(collection);
    return all;
  }
  std::int64_t originOf(const sync::Peer& peer) override {
    auto found = std::find(origins_.begin(), origins_.end(), peer);
    return found == origins_.end() ? 0 : found - origins_.begin() + 1;
  }
  std::set<std::int64_t> originsOf(const UUID& replica) override {
    std::set<std::int64_t> numbers;
    for (const sync::Peer& peer : origins_)
      if (peer.replica == replica) numbers.insert(originOf(peer));
    return numbers;
  }
  sync::Cursor cursorOn(const UUID& peer, const sync::Scope& scope) override {
    auto found = cursors_.find({peer, sync::encode(scope)});
    return found == cursors_.end() ? sync::Cursor{} : found->second;
  }
  std::vector<replica::Reading> readingsOf(const UUID& peer) override {
    std::map<base::Bytes, replica::Reading> found;
    for (const auto& [link, cursor] : cursors_)
      if (link.first == peer) found[link.second].scope = *sync::decodeScope(link.second);
    for (const auto& [link, reading] : readings_)
      if (link.first == peer) found[link.second] = reading;
    std::vector<replica::Reading> all;
    for (auto& [scope, reading] : found) all.push_back(std::move(reading));
    return all;
  }
  std::int64_t importer(const UUID& replica) override {
    auto found = importers_.find(replica);
    return found == importers_.end() ? 0 : found->second.number;
  }
  std::optional<std::string> filterOf(const UUID& importer) override {
    auto found = importers_.find(importer);
    return found == importers_.end() ? std::nullopt : found->second.filter;
  }
  std::uint64_t floorOf(const UUID& importer) override {
    auto found = importers_.find(importer);
    return found == importers_.end() ? 0 : found->second.floor;
  }
  void put(std::span<replica::Row> rows) override {
    for (replica::Row& row : rows) {
      if (row.handle != 0)
        store(row);
      else if (!add(row))
        throw Error(ErrorCode::Misuse, "a row is stored twice");
    }
  }
  bool add(replica::Row& row) override {
    if (!handles_.emplace(row.key(), lastHandle_ + 1).second) return false;
    row.handle = ++lastHandle_;
    store(row);
    return true;
  }
  void delivered(std::int64_t importer, std::int64_t after, const Visit& visit) override {
    for (auto& [handle, stored] : rows_) {
      if (handle <= after || !delivered_.contains({importer, handle})) continue;
      replica::Row row = stored.row;
      row.delivery = delivered_.at({importer, handle});
      if (!visit(row)) return;
    }
  }
  void findAt(std::span<const std::int64_t> handles, std::int64_t importer, const UseRow& use) override {
    for (std::size_t i = 0; i < handles.size(); i++) {
      auto found = rows_.find(handles[i]);
      replica::Row row;
      if (found != rows_.end()) row = found->second.row;
      if (auto known = delivered_.find({importer, handles[i]}); known != delivered_.end()) row.delivery = known->second;
      if (!use(i, found == rows_.end() ? nullptr : &row)) return;
    }
  }
  void erase(std::span<const replica::Row> rows) override {
    for (const replica::Row& row : rows) {
      handles_.erase(row.key());
      rows_.erase(row.handle);
      for (auto& [id, importer] : importers_) {
        if (!delivered_.contains({importer.number, row.handle})) continue;
        importer.floor = std::max(importer.floor, row.alive() ? sync::kPositionMax : row.position);
        if (row.alive()) importer.filter.reset();
      }
      std::erase_if(delivered_, [&](const auto& each) { return each.first.second == row.handle; });
    }
  }
  void eraseAll() override {
    rows_.clear();
    handles_.clear();
    feed_.clear();
    delivered_.clear();
    for (auto& [id, importer] : importers_) {
      importer.floor = sync::kPositionMax;
      importer.filter.reset();
    }
  }
  void append(std::span<const Position> positions) override {
    for (const Position& each : positions) feed_.emplace(each.position, each);
  }
  std::int64_t addCollection(const std::string& name) override {
    auto number = static_cast<std::int64_t>(collections_.size() + 1);
    collections_[name] = {number, name, 0, {}};
    return number;
  }
  void setTotals(std::span<const replica::Collection* const> collections) override {
    for (const replica::Collection* each : collections) collections_.at(each->name) = *each;
  }
  std::int64_t addOrigin(const sync::Peer& peer) override {
    if (originOf(peer) == 0) origins_.push_back(peer);
    return originOf(peer);
  }
  void setCursor(const UUID& peer, const sync::Scope& scope, const sync::Cursor& cursor) override {
    cursors_[{peer, sync::encode(scope)}] = cursor;
  }
  void setReading(const UUID& peer, const replica::Reading& reading) override {
    replica::Reading& stored = readings_[{peer, sync::encode(reading.scope)}];
    stored = reading;
    stored.acknowledged.incarnation = stored.acknowledged.reach = 0;
  }
  void removeCursors(const UUID& peer, const std::optional<sync::Scope>& except) override {
    auto goes = [&](const auto& each) {
      return each.first.first == peer && !(except && each.first.second == sync::encode(*except));
    };
    std::erase_if(cursors_, goes);
    std::erase_if(readings_, goes);
  }
  std::int64_t addImporter(const UUID& replica) override {
    auto [found, isNew] = importers_.try_emplace(replica);
    if (isNew) found->second.number = ++lastImporter_;
    return found->second.number;
  }
  void setFilter(std::int64_t importer, const std::optional<std::string>& filter,
                 std::optional<std::uint64_t> floor) override {
    for (auto& [replica, each] : importers_) {
      if (each.number != importer) continue;
      each.filter = filter;
      if (floor) each.floor = *floor;
    }
  }
  void forgetDelivered(const UUID& importer) override {
    auto found = importers_.find(importer);
    if (found == importers_.end()) return;
    std::erase_if(delivered_, [&](const auto& each) { return each.first.first == found->second.number; });
    found->second.filter.reset();
    found->second.floor = INT64_MAX;
  }
  void setDelivered(std::int64_t importer, std::span<const Delivered> news) override {
    for (const Delivered& each : news) delivered_[{importer, each.handle}] = each.delivery;
  }
  void removeTakenBack(std::int64_t importer, std::uint64_t upTo) override {
    std::uint64_t last = 0;
    std::erase_if(delivered_, [&](const auto& each) {
      bool goes = each.first.first == importer && each.second.kind == replica::Delivery::Kind::takenBack &&
                  each.second.position <= upTo;
      if (goes) last = std::max(last, each.second.position);
      return goes;
    });
    for (auto& [replica, each] : importers_)
      if (each.number == importer) each.floor = std::max(each.floor, last);
  }
  std::map<sync::RecordKey, ErrorCode> setAside(const replica::RejectedOn& link,
                                                std::span<const sync::RecordKey> keys) override {
    std::map<sync::RecordKey, ErrorCode> found;
    for (const sync::RecordKey& key : keys)
      if (auto aside = rejected_.find({link.peer, link.by, sync::encode(link.scope), key}); aside != rejected_.end())
        found[key] = aside->second.why.code;
    return found;
  }
  void noteRejections(const replica::RejectedOn& link, std::span<const sync::Rejection> news, std::int64_t) override {
    for (const sync::Rejection& each : news) {
      Refusal refused{link.peer, link.by, sync::encode(link.scope), each.key};
      if (each.why)
        rejected_[refused] = {*each.why, false, rejected_[refused].transaction};
      else
        rejected_.erase(refused);
    }
  }
  void noteTogether(const replica::RejectedOn& link, std::span<const sync::RecordKey> keys) override {
    lastTransaction_++;
    for (const sync::RecordKey& key : keys) {
      auto aside = rejected_.find({link.peer, link.by, sync::encode(link.scope), key});
      if (aside == rejected_.end()) continue;
      std::uint64_t other = aside->second.transaction;
      for (auto& [refused, entry] : rejected_)
        if (other != 0 && entry.transaction == other) entry.transaction = lastTransaction_;
      aside->second.transaction = lastTransaction_;
    }
  }
  std::vector<std::set<sync::RecordKey>> together(const replica::RejectedOn& link,
                                                  std::span<const sync::RecordKey> keys) override {
    std::map<std::uint64_t, std::set<sync::RecordKey>> all;
    for (const sync::RecordKey& key : keys) {
      auto aside = rejected_.find({link.peer, link.by, sync::encode(link.scope), key});
      if (aside == rejected_.end() || aside->second.transaction == 0) continue;
      for (const auto& [refused, entry] : rejected_)
        if (entry.transaction == aside->second.transaction) all[entry.transaction].insert(std::get<3>(refused));
    }
    std::vector<std::set<sync::RecordKey>> sets;
    for (auto& [number, each] : all) sets.push_back(std::move(each));
    return sets;
  }
  std::size_t noteChanged(std::span<const sync::RecordKey> keys) override {
    std::set<sync::RecordKey> found;
    for (auto& [refused, entry] : rejected_) {
      bool changed = std::get<1>(refused) == replica::RejectedBy::us &&
                     std::find(keys.begin(), keys.end(), std::get<3>(refused)) != keys.end();
      if (changed) found.insert(std::get<3>(refused));
      entry.changed = entry.changed || changed;
    }
    return found.size();
  }
  std::vector<sync::Rejection> rejectedOn(const replica::RejectedOn& link, bool changed) override {
    std::vector<sync::Rejection> all;
    for (const auto& [refused, entry] : rejected_)
      if (std::get<0>(refused) == link.peer && std::get<1>(refused) == link.by &&
          std::get<2>(refused) == sync::encode(link.scope) && (!changed || entry.changed))
        all.push_back({std::get<3>(refused), entry.why});
    return all;
  }
  std::vector<replica::Refused> refused(std::span<const sync::RecordKey> keys) override {
    std::vector<replica::Refused> all;
    for (const sync::RecordKey& key : keys)
      for (const replica::Refused& each : waiting_)
        if (each.key == key) all.push_back(each);
    return all;
  }
  std::vector<sync::Rejection> refusedBy(const UUID& peer) override {
    std::vector<sync::Rejection> all;
    for (const replica::Refused& each : waiting_)
      if (each.peer == peer) all.push_back({each.key, each.why});
    return all;
  }
  void setRefused(const replica::Refused& refused) override {
    std::erase_if(waiting_,
                  [&](const replica::Refused& each) { return each.key == refused.key && each.peer == refused.peer; });
    waiting_.push_back(refused);
    if (refused.id == 0) waiting_.back().id = ++lastWaiting_;
  }
  void removeRefused(std::int64_t id) override {
    std::erase_if(waiting_, [&](const replica::Refused& each) { return each.id == id; });
  }
  std::uint64_t rejectedCount(const UUID& peer, replica::RejectedBy by) override {
    return static_cast<std::uint64_t>(std::count_if(rejected_.begin(), rejected_.end(), [&](const auto& each) {
      return std::get<0>(each.first) == peer && std::get<1>(each.first) == by;
    }));
  }
  void addOverridden(std::span<const replica::Overridden> entries, std::int64_t) override {
    overridden_.insert(overridden_.end(), entries.begin(), entries.end());
  }
  void addRemoved(std::span<const replica::RemovedCopy> copies) override {
    removed_.insert(removed_.end(), copies.begin(), copies.end());
  }
  std::vector<sync::Peer> readers() override {
    std::vector<sync::Peer> all;
    for (const auto& [replica, incarnation] : readers_) all.push_back({replica, incarnation});
    return all;
  }
  std::vector<replica::Unseen> unseenSince(std::int64_t ms) override {
    std::vector<replica::Unseen> all;
    for (const auto& [link, reading] : readings_)
      if (reading.seenMs && *reading.seenMs < ms && cursorOn(link.first, reading.scope).incarnation == 0)
        all.push_back({link.first, reading.scope, *reading.seenMs});
    return all;
  }
  std::map<UUID, std::uint64_t> takenBackUntil() override {
    std::map<UUID, std::uint64_t> until;
    for (const auto& [replica, each] : importers_)
      for (const auto& [to, delivery] : delivered_)
        if (to.first == each.number && delivery.kind == replica::Delivery::Kind::takenBack)
          until[replica] = std::max(until[replica], delivery.position);
    return until;
  }
  void setReader(const sync::Peer& peer) override { readers_[peer.replica] = peer.incarnation; }
  void removeReader(const UUID& peer) override { readers_.erase(peer); }
  void removeUnseen(const replica::Unseen& unseen) override {
    Link link{unseen.peer, sync::encode(unseen.scope)};
    auto reading = readings_.find(link);
    bool goes = reading != readings_.end() && *reading->second.seenMs <= unseen.seenMs;
    if (goes && cursorOn(unseen.peer, unseen.scope).incarnation == 0) readings_.erase(reading);
    if (readingsOf(unseen.peer).empty()) removeReader(unseen.peer);
  }
  bool empty() override { return rows_.empty(); }
  std::uint64_t horizon() override { return horizon_; }
  std::uint64_t transactionEnd(std::uint64_t position, std::size_t most) override {
    auto last = feed_.lower_bound(position + most);
    auto end = std::find_if(feed_.lower_bound(position), last, [](const auto& each) { return each.second.mark != 0; });
    return end == last ? 0 : end->first;
  }
  void setLostUntil(std::uint64_t time) override { lostUntil_ = time; }
  void setHorizon(std::uint64_t position) override { horizon_ = position; }

  std::uint64_t lostUntil() const { return lostUntil_; }
  const std::vector<replica::Overridden>& overridden() const { return overridden_; }
  const std::vector<replica::RemovedCopy>& removed() const { return removed_; }

 private:
  struct Stored {
    replica::Row row;  // without its bytes, which are below
    base::Bytes stamps, fields;
  };
  struct Importing {
    std::int64_t number = 0;
    std::optional<std::string> filter;
    std::uint64_t floor = 0;
  };
  using Link = std::pair<UUID, base::Bytes>;  // a peer, and a scope encoded
  struct Aside {
    sync::Bye why;
    bool changed = false;           // the copy here has changed since
    std::uint64_t transaction = 0;  // in which it came with others
  };
  using Refusal = std::tuple<UUID, replica::RejectedBy, base::Bytes, sync::RecordKey>;

  replica::Row shown(const Stored& stored, std::int64_t importer) const {
    replica::Row row = stored.row;
    row.stamps = stored.stamps;
    row.fields = stored.fields;
    if (auto found = delivered_.find({importer, row.handle}); found != delivered_.end()) row.delivery = found->second;
    return row;
  }
  void store(const replica::Row& row) {
    Stored& stored = rows_[row.handle];
    stored.stamps.assign(row.stamps.begin(), row.stamps.end());
    stored.fields.assign(row.fields.begin(), row.fields.end());
    stored.row = row;
    stored.row.stamps = stored.row.fields = {};
    stored.row.delivery.reset();
  }

  std::vector<replica::Refused> waiting_;
  std::int64_t lastWaiting_ = 0;
  std::map<std::int64_t, Stored> rows_;  // by handle
  std::map<replica::Key, std::int64_t> handles_;
  std::int64_t lastHandle_ = 0;
  std::map<std::uint64_t, Position> feed_;
  std::map<std::string, replica::Collection> collections_;
  std::vector<sync::Peer> origins_;
  std::map<Link, sync::Cursor> cursors_;
  std::map<Link, replica::Reading> readings_;
  std::map<UUID, std::uint64_t> readers_;  // with their incarnations
  std::map<UUID, Importing> importers_;
  std::int64_t lastImporter_ = 0;
  std::map<std::pair<std::int64_t, std::int64_t>, replica::Delivery> delivered_;  // by importer and handle
  std::map<Refusal, Aside> rejected_;
  std::uint64_t lastTransaction_ = 0;
  std::uint64_t horizon_ = 0;
  std::uint64_t lostUntil_ = 0;
  std::vector<replica::Overridden> overridden_;
  std::vector<replica::RemovedCopy> removed_;
};

}  // namespace blazedb::test
