// The statements on the tables (schema.h), each prepared once per connection. Not thread-safe: a connection belongs to
// one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "blazedb/record.h"
#include "blazedb/removed_record.h"
#include "db/rejected.h"
#include "storage/connection.h"
#include "sync/frames.h"
#include "sync/record_state.h"

namespace blazedb::db {

struct Row {
  std::int64_t number = 0;
  std::int64_t collection = 0;
  UUID id;
  std::uint64_t position = 0;
  std::int64_t origin = 0;
  int flags = 0;
  base::ByteView stamps;
  base::ByteView fields;

  // Throws DamagedPage where the bytes are not a state.
  sync::RecordState state() const;
  // Its visible fields, with its id. Likewise.
  Record record() const;
};

struct FeedEntry {
  std::uint64_t position = 0;
  std::uint64_t mark = 0;  // not 0: a transaction ends here
  bool gone = false;       // the record was removed for good
  Row row;                 // row.position != position: stale, the record moved on
};

// A record that an importer may have.
struct Delivery {
  enum class Kind : std::uint8_t {
    itsOwn,     // it has sent a change of it, and may not know it whole
    given,      // at `position`: it has it once its cursor is there
    takenBack,  // at `position`: likewise it has it no more
  };
  std::int64_t row = 0;
  Kind kind = Kind::itsOwn;
  std::uint64_t position = 0;
};

// The id in a column; DamagedPage where there is none.
UUID uuidAt(storage::Statement& statement, int column);

struct CollectionRow {
  std::int64_t id = 0;
  std::string name;
  std::uint64_t live = 0;
  sync::Digest digest;
};

// What a visitor gets is valid until it returns. One that returns false ends the walk.
class ReadTables {
 public:
  explicit ReadTables(storage::Connection& connection);

  // Calls `use` with the row, if there is one; gives whether there was.
  bool find(std::int64_t collection, const UUID& id, const std::function<void(const Row&)>& use);
  bool findByNumber(std::int64_t number, const std::function<void(const Row&)>& use);
  // The live records of a collection with ids above `after`, ordered by id; all of them without `after`.
  void live(std::int64_t collection, const std::optional<UUID>& after, const std::function<bool(const Row&)>& visit);
  // The first of these: a thousand, or fewer where they are large.
  std::vector<Record> page(std::int64_t collection, const std::optional<UUID>& after);
  // The highest id of a live record.
  std::optional<UUID> lastLive(std::int64_t collection);
  // The records of a collection with ids from `from` to `to`, dead ones too, ordered by id.
  void range(std::int64_t collection, const UUID& from, const UUID& to, const std::function<bool(const Row&)>& visit);
  // Every row with a number above `after`, in the order of numbers.
  void rows(std::int64_t after, const std::function<bool(const Row&)>& visit);
  void feed(std::uint64_t after, const std::function<bool(const FeedEntry&)>& visit);
  // Dead rows up to a position, oldest first; and of these the ones that still have their values.
  void dead(std::uint64_t upTo, const std::function<bool(const Row&)>& visit);

  void deadWhole(std::uint64_t upTo, const std::function<bool(const Row&)>& visit);

  std::vector<CollectionRow> collections();
  std::uint64_t lastPosition();
  std::uint64_t lastMark();
  bool empty();
  std::int64_t originOf(const sync::Peer& peer);  // 0 where it is unknown
  // Those of all its incarnations.
  std::set<std::int64_t> originsOf(const UUID& replica);
  sync::Cursor cursorOn(const UUID& peer, const sync::Scope& scope);
  // The scopes under which there has been a link with the peer, and how far it had applied this feed there.
  struct LinkedScope {
    sync::Scope scope;
    sync::Cursor acknowledged;           // its incarnation is not known
    std::uint64_t passed = 0;            // likewise, and this replica has what the peer had when it said so
    std::optional<std::int64_t> seenMs;  // when there was last a link; none where it has never asked for this feed
  };
  std::vector<LinkedScope> scopesOf(const UUID& peer);
  // The number of an importer, 0 where it is none.
  std::int64_t importer(const UUID& replica);
  std::optional<std::string> filterOf(const UUID& importer);
  std::uint64_t floorOf(const UUID& importer);
  std::optional<Delivery> delivery(std::int64_t row, std::int64_t importer);
  std::optional<base::Bytes> meta(std::string_view key);
  std::uint64_t horizon();
  std::int64_t conflictCount();

 private:
  storage::Statement find_, findByNumber_, live_, lastLive_, range_, rows_, feed_, dead_, deadWhole_, collections_,
      lastPosition_, lastMark_, empty_, origin_, origins_, cursor_, scopes_, importer_, filterOf_, floorOf_, delivery_,
      meta_, conflictCount_;
};

class WriteTables : public ReadTables {
 public:
  explicit WriteTables(storage::Connection& connection);

  // The new row's number; 0 where (collection, id) exists.
  std::int64_t insert(const Row& row);
  void update(const Row& row);
  void removeRow(std::int64_t number);
  // All rows and the whole feed. Without a condition SQLite gives whole pages back and changes none of them, so that
  // this takes no memory for what it removes.
  void removeAllRows() { connection_.execute("DELETE FROM records; DELETE FROM feed; DELETE FROM delivered"); }
  void appendFeed(std::uint64_t position, std::int64_t row, std::uint64_t mark);
  void setMark(std::uint64_t position, std::uint64_t mark);
  std::int64_t insertCollection(const std::string& name);
  void updateCollection(const CollectionRow& collection);
  std::int64_t internOrigin(const sync::Peer& peer);
  void setCursor(const UUID& peer, const sync::Scope& scope, const sync::Cursor& cursor);
  void setReading(const UUID& peer, const LinkedScope& reading);
  // No peer knows anything of this feed.
  void removeReadings();
  // All of the peer's, but for one.
  void removeCursors(const UUID& peer, const std::optional<sync::Scope>& except);
  // Gives its number.
  std::int64_t addImporter(const UUID& replica);
  void setFilter(std::int64_t importer, const std::string& filter, std::uint64_t floor);
  // What it has: one that goes on importing has to sweep, wherever its cursor stands.
  void forgetDelivered(const UUID& importer, bool importsNoMore);
  void setDelivery(std::int64_t importer, const Delivery& delivery);
  // What was taken back, up to a position that the importer has acknowledged.
  // And raises the floor to it.
  void removeTakenBack(std::int64_t importer, std::uint64_t upTo);
  void addRemoved(const RemovedRecord& removed, base::ByteView fields);
  void setMeta(std::string_view key, base::ByteView value);
  void setHorizon(std::uint64_t position);
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
  storage::Statement insert_, update_, remove_, appendFeed_, setMark_, insertCollection_, updateCollection_,
      insertOrigin_, setCursor_, setReading_, removeCursors_, addImporter_, setFilter_, loseTrack_, removeImporter_,
      removeDelivered_, setDelivery_, raiseFloor_, removeTakenBack_, removeDeliveries_, setMeta_, removeMeta_,
      addIncarnation_, save_, keep_, takeBack_;
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
