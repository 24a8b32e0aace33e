// MemoryRows: rows in memory, as simple as possible. Tests of src/replica use it, and real stores are compared with it.
// A copy of the object is a snapshot, so a transaction works on a copy, and a commit replaces the original by the copy.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "replica/rows.h"

namespace blazedb::test {

class MemoryRows final : public replica::Writer {
 public:
  void find(std::span<const replica::Key> keys, std::int64_t importer, const UseRow& use) override;
  void range(std::int64_t collection, const UUID& from, const UUID& to, const Visit& visit) override;
  void feed(std::uint64_t after, std::int64_t importer,
            const std::function<bool(const replica::FeedEntry&)>& visit) override;
  void dead(std::uint64_t upTo, bool whole, const Visit& visit) override;
  std::vector<replica::Collection> collections() override;
  bool empty() override { return rows_.empty(); }
  std::int64_t originOf(const sync::Peer& peer) override;
  std::set<std::int64_t> originsOf(const UUID& replica) override;
  sync::Cursor cursorOn(const UUID& peer, const sync::Scope& scope) override;
  std::vector<replica::Reading> readingsOf(const UUID& peer) override;
  std::uint64_t horizon() override { return horizon_; }
  std::int64_t importer(const UUID& replica) override;
  std::optional<std::string> filterOf(const UUID& importer) override;
  std::uint64_t floorOf(const UUID& importer) override;

  void put(std::span<replica::Row> rows) override;
  bool add(replica::Row& row) override;
  void erase(std::span<const replica::Row> rows) override;
  void eraseAll() override;
  void append(std::span<const Position> positions) override;
  std::int64_t addCollection(const std::string& name) override;
  void setTotals(std::span<const replica::Collection* const> collections) override;
  void setLostUntil(std::uint64_t time) override { lostUntil_ = time; }
  std::int64_t addOrigin(const sync::Peer& peer) override;
  void setCursor(const UUID& peer, const sync::Scope& scope, const sync::Cursor& cursor) override;
  void setReading(const UUID& peer, const replica::Reading& reading) override;
  void removeCursors(const UUID& peer, const std::optional<sync::Scope>& except) override;
  void setHorizon(std::uint64_t position) override { horizon_ = position; }
  std::int64_t addImporter(const UUID& replica) override;
  void setFilter(std::int64_t importer, const std::string& filter, std::uint64_t floor) override;
  void forgetDelivered(const UUID& importer, bool importsNoMore) override;
  void setDelivered(std::int64_t importer, std::span<const Delivered> news) override;
  void removeTakenBack(std::int64_t importer, std::uint64_t upTo) override;
  std::set<sync::RecordKey> setAside(const replica::RejectedOn& link, std::span<const sync::RecordKey> keys) override;
  void addRejected(const replica::RejectedOn& link, const sync::RecordKey& key, const sync::Bye& why,
                   std::int64_t nowMs) override;
  bool removeRejected(const replica::RejectedOn& link, const sync::RecordKey& key) override;
  bool noteChanged(const sync::RecordKey& key) override;
  std::uint64_t rejectedCount(const UUID& peer, replica::RejectedBy by) override;
  void addOverridden(std::span<const replica::Overridden> entries, std::int64_t nowMs) override;
  void addRemoved(const RemovedRecord& removed, base::ByteView fields) override;

  std::uint64_t lostUntil() const { return lostUntil_; }
  const std::vector<replica::Overridden>& overridden() const { return overridden_; }
  const std::vector<RemovedRecord>& removed() const { return removed_; }

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
  using Refused = std::tuple<UUID, replica::RejectedBy, base::Bytes, sync::RecordKey>;

  replica::Row shown(const Stored& stored, std::int64_t importer) const;
  void store(const replica::Row& row);

  std::map<std::int64_t, Stored> rows_;  // by handle
  std::map<replica::Key, std::int64_t> handles_;
  std::int64_t lastHandle_ = 0;
  std::map<std::uint64_t, Position> feed_;
  std::map<std::string, replica::Collection> collections_;
  std::vector<sync::Peer> origins_;
  std::map<Link, sync::Cursor> cursors_;
  std::map<Link, replica::Reading> readings_;
  std::map<UUID, Importing> importers_;
  std::int64_t lastImporter_ = 0;
  std::map<std::pair<std::int64_t, std::int64_t>, replica::Delivery> delivered_;  // by importer and handle
  std::map<Refused, bool> rejected_;  // true: the copy here has changed since
  std::uint64_t horizon_ = 0;
  std::uint64_t lostUntil_ = 0;
  std::vector<replica::Overridden> overridden_;
  std::vector<RemovedRecord> removed_;
};

}  // namespace blazedb::test
