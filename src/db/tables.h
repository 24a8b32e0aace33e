// The rows of src/replica as tables, which schema.h makes. All SQL on them is here and in the files beside it, one for
// each group of tables: tables_records.cc, tables_peers.cc, tables_meta.cc; tables_rejected, tables_journal and
// tables_tokens are classes of their own.
//
// Not thread-safe: a connection belongs to one thread at a time.
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
#include "db/indexes.h"
#include "db/statements.h"
#include "db/tables_rejected.h"
#include "query/key_ranges.h"
#include "replica/rows.h"

namespace blazedb::db {

// One opening of the file that wrote or spoke to peers: its random id, and the first position that it could write.
struct Incarnation {
  std::uint64_t id = 0;
  std::uint64_t first = 0;
};

// What a visitor gets is valid until it returns. A visitor that returns false ends the walk.
class ReadTables : public virtual replica::Reader {
 public:
  explicit ReadTables(storage::Connection& connection) : statements_(connection) {}

  void find(std::span<const replica::Key> keys, std::int64_t importer, const UseRow& use) override;
  void range(std::int64_t collection, const UUID& from, const UUID& to, const Visit& visit) override;
  void feed(std::uint64_t after, std::int64_t importer,
            const std::function<bool(const replica::FeedEntry&)>& visit) override;
  void delivered(std::int64_t importer, std::int64_t after, const Visit& visit) override;
  void findAt(std::span<const std::int64_t> handles, std::int64_t importer, const UseRow& use) override;
  void dead(std::uint64_t upTo, bool whole, const Visit& visit) override;
  std::vector<replica::Collection> collections() override;
  bool empty() override;
  std::int64_t originOf(const sync::Peer& peer) override;
  std::set<std::int64_t> originsOf(const UUID& replica) override;
  sync::Cursor cursorOn(const UUID& peer, const sync::Scope& scope) override;
  std::vector<replica::Reading> readingsOf(const UUID& peer) override;
  std::vector<sync::Peer> readers() override;
  std::vector<replica::Unseen> unseenSince(std::int64_t ms) override;
  std::uint64_t horizon() override;
  std::uint64_t transactionEnd(std::uint64_t position, std::size_t most) override;
  std::int64_t importer(const UUID& replica) override;
  std::optional<std::string> filterOf(const UUID& importer) override;
  std::uint64_t floorOf(const UUID& importer) override;
  std::map<UUID, std::uint64_t> takenBackUntil() override;
  std::vector<sync::Rejection> rejectedOn(const replica::RejectedOn& link, bool changed) override;
  std::vector<replica::Refused> refused(std::span<const sync::RecordKey> keys) override;
  std::vector<sync::Rejection> refusedBy(const UUID& peer) override;

  // The live records of a collection with ids above `after` (all without it), ordered by id: a thousand, or fewer where
  // they are large.
  void page(std::int64_t collection, const std::optional<UUID>& after,
            const std::function<void(const replica::Row&)>& visit);
  // Visits the live records of a collection with their fields as they are stored: those with ids above `after`, or all,
  // ordered by id; or all in any order, which is faster if most rows are in this collection.
  using VisitFields = std::function<bool(const UUID& id, base::ByteView fields)>;
  void scan(std::int64_t collection, const std::optional<UUID>& after, const VisitFields& visit);
  void scanInAnyOrder(std::int64_t collection, const VisitFields& visit);
  // Visits the live records whose keys in an index are in the range, by their keys or from the last to the first. All
  // that take an index throw NotFound if this reader sees the file without it.
  void byIndex(const Index& index, const query::KeyRange& range, bool backwards, const VisitFields& visit);
  // Finds the rows of the same records that an importer was not given, by their handles, without reading them.
  void notGiven(const Index& index, const query::KeyRange& range, std::int64_t importer,
                std::vector<std::int64_t>& handles);
  // Visits the keys themselves.
  void keys(const Index& index, const query::KeyRange& range, const std::function<bool(base::ByteView)>& visit);
  // Visits the records that a search finds; best first if `ordered`. Rank: less is better. Throws InvalidArgument if
  // the search is not understood.
  using VisitFound = std::function<bool(const UUID& id, base::ByteView fields, double rank, std::string_view excerpt)>;
  void byText(const TextIndex& index, const std::string& search, const ExcerptOptions* excerpt, bool ordered,
              const VisitFound& visit);
  // The highest id of a live record.
  std::optional<UUID> lastLive(std::int64_t collection);
  // Visits every row, also those that are not in the feed.
  void all(const Visit& visit);
  // The number of rows that are not in the feed.
  std::uint64_t missingFromFeed();
  // The records that changed after a position, in the order of the feed. `theirs`: their latest change came from
  // `replica`.
  void changedAfter(
      std::uint64_t position, const std::optional<UUID>& replica,
      const std::function<void(std::string_view collection, bool theirs, const replica::Row& row)>& visit);
  // Collections without a row, not even that of a delete, and without an index. The one with the highest number is
  // never among them: its number would be given again, while a reader may still see rows that have it.
  std::vector<replica::Collection> emptyCollections();
  std::uint64_t lastPosition();
  std::uint64_t lastMark();
  // The numbers of all peers but the latest one; and the numbers that rows have.
  std::set<std::int64_t> olderOrigins();
  std::set<std::int64_t> originsInRows();

  std::optional<base::Bytes> meta(std::string_view key);
  // Reads an id. Throws DamagedPage if the value is none.
  std::optional<UUID> metaId(std::string_view key);
  // Reads a number; 0 if there is no value.
  std::uint64_t metaNumber(std::string_view key);
  // Oldest first.
  std::vector<Incarnation> incarnations();
  std::uint64_t pages();
  // As long as it lives, all reads of the tables see one snapshot. Must not be made inside a transaction.
  class OneSnapshot {
   public:
    explicit OneSnapshot(ReadTables& tables) : tables_(tables) { tables_.beginRead(); }
    ~OneSnapshot();
    OneSnapshot(const OneSnapshot&) = delete;

   private:
    ReadTables& tables_;
  };

  // For the tables that are classes of their own.
  Statements& statements() { return statements_; }

 protected:
  storage::Connection& connection() { return statements_.connection(); }

  Statements statements_;

 private:
  static constexpr char kEndRead[] = "COMMIT";
  void beginRead();
};

class WriteTables final : public ReadTables, public replica::Writer {
 public:
  explicit WriteTables(storage::Connection& connection);

  // Makes the tables that are not there yet: all in a new file, some in a file of an earlier version.
  static void create(storage::Connection& connection);

  std::int64_t addOrigin(const sync::Peer& peer) override;
  void setCursor(const UUID& peer, const sync::Scope& scope, const sync::Cursor& cursor) override;
  void setReading(const UUID& peer, const replica::Reading& reading) override;
  void setReader(const sync::Peer& peer) override;
  void removeCursors(const UUID& peer, const std::optional<sync::Scope>& except) override;
  void removeUnseen(const replica::Unseen& unseen) override;
  void removeReader(const UUID& peer) override;
  std::int64_t addImporter(const UUID& replica) override;
  void setFilter(std::int64_t importer, const std::optional<std::string>& filter,
                 std::optional<std::uint64_t> floor) override;
  void forgetDelivered(const UUID& importer) override;
  void setDelivered(std::int64_t importer, std::span<const Delivered> news) override;
  void removeTakenBack(std::int64_t importer, std::uint64_t upTo) override;
  std::map<sync::RecordKey, ErrorCode> setAside(const replica::RejectedOn& link,
                                                std::span<const sync::RecordKey> keys) override;
  void noteRejections(const replica::RejectedOn& link, std::span<const sync::Rejection> news,
                      std::int64_t nowMs) override;
  void noteTogether(const replica::RejectedOn& link, std::span<const sync::RecordKey> keys) override;
  std::vector<std::set<sync::RecordKey>> together(const replica::RejectedOn& link,
                                                  std::span<const sync::RecordKey> keys) override;
  std::size_t noteChanged(std::span<const sync::RecordKey> keys) override;
  std::uint64_t rejectedCount(const UUID& peer, replica::RejectedBy by) override;
  void setRefused(const replica::Refused& refused) override;
  void removeRefused(std::int64_t id) override;
  void addOverridden(std::span<const replica::Overridden> entries, std::int64_t nowMs) override;
  void addRemoved(std::span<const replica::RemovedCopy> copies) override;

  // The replica has another id now: forgets what peers knew of the earlier one.
  void forgetPeers();
  void removeOrigin(std::int64_t number);
  void removeCollection(std::int64_t number);
  // Removes the feed entries beyond `after`, up to `to`, whose record has moved on. Returns how many.
  std::uint64_t trimFeed(std::uint64_t after, std::uint64_t to);
  void setMeta(std::string_view key, base::ByteView value);
  void setMetaNumber(std::string_view key, std::uint64_t value);
  void removeMeta(std::string_view key);
  void addIncarnation(const Incarnation& incarnation);

  Rejected& rejected() { return rejected_; }
  const IndexFunctions& indexFunctions() const { return functions_; }

  void begin() { statements_.run(kBegin); }
  void commit() { statements_.run(kCommit); }
  void rollback() { statements_.run(kRollback); }
  // A part of a transaction, and an operation inside such a part: each can be taken back alone.
  void beginPart() { statements_.run(kBeginPart); }
  void keepPart() { statements_.run(kKeepPart); }
  void takeBackPart();
  void beginOperation() { statements_.run(kBeginOperation); }
  void keepOperation() { statements_.run(kKeepOperation); }
  void takeBackOperation();
  bool inTransaction() { return connection().inTransaction(); }
  // Grows by one with each row that a statement writes.
  std::int64_t written() { return connection().totalChanges(); }

 private:
  // Only a Ledger changes rows, through replica::Writer.
  void put(std::span<replica::Row> rows) override;
  bool add(replica::Row& row) override;
  void erase(std::span<const replica::Row> rows) override;
  void eraseAll() override;
  void append(std::span<const Position> positions) override;
  std::int64_t addCollection(const std::string& name) override;
  void setTotals(std::span<const replica::Collection* const> collections) override;
  void setLostUntil(std::uint64_t time) override;
  void setHorizon(std::uint64_t position) override;

  // Prepared early: there may be no memory for it when a transaction has to be rolled back.
  static constexpr char kBegin[] = "BEGIN IMMEDIATE", kCommit[] = "COMMIT", kRollback[] = "ROLLBACK";
  static constexpr char kBeginPart[] = "SAVEPOINT part", kKeepPart[] = "RELEASE part";
  static constexpr char kTakeBackPart[] = "ROLLBACK TO part";
  static constexpr char kBeginOperation[] = "SAVEPOINT operation", kKeepOperation[] = "RELEASE operation";
  static constexpr char kTakeBackOperation[] = "ROLLBACK TO operation";

  IndexFunctions functions_;
  Rejected rejected_;
};

}  // namespace blazedb::db
