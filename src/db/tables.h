// The statements on the tables (schema.h), each prepared once per connection. Not thread-safe: a connection belongs to
// one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "blazedb/record.h"
#include "blazedb/removed_record.h"
#include "db/rejected.h"
#include "replica/rows.h"
#include "storage/connection.h"

namespace blazedb::db {

// The id in a column; DamagedPage where there is none.
UUID uuidAt(storage::Statement& statement, int column);

// What a visitor gets is valid until it returns. One that returns false ends the walk.
class ReadTables : public virtual replica::Reader {
 public:
  explicit ReadTables(storage::Connection& connection);

  void find(std::span<const replica::Key> keys, std::int64_t importer, const UseRow& use) override;
  void range(std::int64_t collection, const UUID& from, const UUID& to, const Visit& visit) override;
  void feed(std::uint64_t after, std::int64_t importer,
            const std::function<bool(const replica::FeedEntry&)>& visit) override;
  void dead(std::uint64_t upTo, bool whole, const Visit& visit) override;
  std::vector<replica::Collection> collections() override;
  bool empty() override;
  std::int64_t originOf(const sync::Peer& peer) override;
  std::set<std::int64_t> originsOf(const UUID& replica) override;
  sync::Cursor cursorOn(const UUID& peer, const sync::Scope& scope) override;
  std::vector<replica::Reading> readingsOf(const UUID& peer) override;
  std::uint64_t horizon() override;
  std::int64_t importer(const UUID& replica) override;
  std::optional<std::string> filterOf(const UUID& importer) override;
  std::uint64_t floorOf(const UUID& importer) override;

  // The live records of a collection with ids above `after` (all without it), ordered by id: a thousand, or fewer where
  // they are large.
  std::vector<Record> page(std::int64_t collection, const std::optional<UUID>& after);
  // The highest id of a live record.
  std::optional<UUID> lastLive(std::int64_t collection);
  // Every row, also one that the feed does not have.
  void all(const Visit& visit);
  std::uint64_t lastPosition();
  std::uint64_t lastMark();
  std::optional<base::Bytes> meta(std::string_view key);
  // One that is an id. Throws DamagedPage where it is not.
  std::optional<UUID> metaId(std::string_view key);
  std::int64_t conflictCount();

 private:
  storage::Statement find_, findFor_, live_, lastLive_, all_, range_, feed_, feedFor_, dead_, deadWhole_, collections_,
      lastPosition_, lastMark_, empty_, origin_, origins_, cursor_, scopes_, importer_, filterOf_, floorOf_, meta_,
      conflictCount_;
};

class WriteTables final : public ReadTables, public replica::Writer {
 public:
  explicit WriteTables(storage::Connection& connection);

  void put(std::span<replica::Row> rows) override;
  bool add(replica::Row& row) override;
  void erase(std::span<const replica::Row> rows) override;
  void eraseAll() override;
  void append(std::span<const Position> positions) override;
  std::int64_t addCollection(const std::string& name) override;
  void setTotals(std::span<const replica::Collection* const> collections) override;
  void setLostUntil(std::uint64_t time) override;
  std::int64_t addOrigin(const sync::Peer& peer) override;
  void setCursor(const UUID& peer, const sync::Scope& scope, const sync::Cursor& cursor) override;
  void setReading(const UUID& peer, const replica::Reading& reading) override;
  void removeCursors(const UUID& peer, const std::optional<sync::Scope>& except) override;
  void setHorizon(std::uint64_t position) override;
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

  // No peer knows anything of this feed.
  void removeReadings();
  void setMeta(std::string_view key, base::ByteView value);
  void removeMeta(std::string_view key);
  void addIncarnation(std::uint64_t id, std::uint64_t first);

  // Not in a file that is only read: one of before has no such table.
  Rejected& rejected() {
    if (!rejected_) rejected_.emplace(connection_);
    return *rejected_;
  }

  // A savepoint for one operation inside of a transaction; they nest.
  void save() { save_.run(); }
  void keep() { keep_.run(); }
  void takeBack();
  bool inTransaction() { return connection_.inTransaction(); }
  // Grows with each row that a statement has written.
  std::int64_t written() { return connection_.totalChanges(); }

 private:
  storage::Connection& connection_;
  storage::Statement insert_, update_, remove_, appendFeed_, insertCollection_, updateCollection_, insertOrigin_,
      setCursor_, setReading_, removeCursors_, addImporter_, setFilter_, loseTrack_, removeImporter_, removeDelivered_,
      setDelivery_, raiseFloor_, removeTakenBack_, removeDeliveries_, setMeta_, removeMeta_, addIncarnation_,
      addOverridden_, save_, keep_, takeBack_;
  std::optional<Rejected> rejected_;
};

// Calls `visit` for the records that `readPage(after)` gives, page by page, until it returns false. No statement is
// open while it runs, so that it may read, walk and write itself. `last` is the highest id at the beginning: the walk
// ends there, also when each visit inserts another record.
template <class ReadPage>
void walk(const std::optional<UUID>& last, ReadPage&& readPage, const std::function<bool(const Record&)>& visit) {
  std::optional<UUID> after;
  while (after != last) {
    std::vector<Record> page = readPage(after);
    for (const Record& record : page)
      if (*record.id() > *last || !visit(record)) return;
    if (page.empty()) return;
    after = page.back().id();
  }
}

}  // namespace blazedb::db
