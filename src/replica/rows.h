// What replication needs of a store: rows by key, a feed, and notes about peers.
//
// The encrypted file is the first implementation (src/db/tables.h). Nothing here assumes a file, SQL, or that a
// question is cheap. Behind a database server each question costs a round trip, so code that handles a batch asks for
// all of its keys at once and writes all of its rows at once.
//
// What an implementation owes:
//
//   - A Reader shows committed data: all of a transaction or nothing. A Writer belongs to one transaction and sees what
//     that transaction has written. There is one Writer at a time.
//   - Positions become visible in their order. Once a reader has seen a position, no lower one appears later.
//   - Everything that one transaction writes (rows, feed, cursors, deliveries, totals) is committed together. After a
//     rollback no reader has ever seen it, and its positions are given out again.
//   - An incarnation is a stretch of the feed in which no commit was lost. A store that may have lost commits (a power
//     cut, a restored backup, a failover) begins a new incarnation before it writes or sends anything else.
//
// Each function may throw blazedb::Error (a full disk, a damaged page). Neither class is thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/removed_record.h"
#include "replica/row.h"
#include "sync/bye.h"
#include "sync/change.h"
#include "sync/cursor.h"
#include "sync/peer.h"
#include "sync/scope.h"

namespace blazedb::replica {

// Which end of a link has refused a record, and on which link.
enum class RejectedBy : std::uint8_t { us = 0, peer = 1 };
struct RejectedOn {
  UUID peer;
  const sync::Scope& scope;
  RejectedBy by = RejectedBy::us;
};

// A change of this replica that a peer's rights have refused, and that waits beside the rows (refused.h).
struct Refused {
  std::int64_t id = 0;  // given by the store: 0 before
  sync::RecordKey key;
  UUID peer;
  sync::Bye why;
  std::int64_t sinceMs = 0;
  std::uint64_t position = 0;            // of the row when it left: what was written later is not refused yet
  base::Bytes stamps, fields;            // the parts that it changed, as those of a row
  std::map<std::string, Value> added;    // by the keys of this replica's parts of counters: what was added to each
  bool awaits = false;                   // the peer no longer refuses it, and its record was not here
  std::set<std::uint64_t> transactions;  // those that made it, by the positions at which they end

  // Views the bytes. Throws DamagedPage if they are not a state.
  sync::RecordState state() const;
};

class Reader {
 public:
  virtual ~Reader() = default;

  // Calls `use` once for each key, in order, with the row or with nullptr, until it returns false. If `importer` is not
  // 0, each row comes with its delivery to that importer.
  using UseRow = std::function<bool(std::size_t index, const Row* row)>;
  virtual void find(std::span<const Key> keys, std::int64_t importer, const UseRow& use) = 0;
  // Visits the rows of a collection with ids from `from` to `to`, both inclusive, deleted ones too, ordered by id.
  using Visit = std::function<bool(const Row&)>;  // returning false ends the walk
  virtual void range(std::int64_t collection, const UUID& from, const UUID& to, const Visit& visit) = 0;
  // Visits the feed beyond `after`, in order. It has each stored row once as current, so a walk from 0 visits all rows.
  virtual void feed(std::uint64_t after, std::int64_t importer, const std::function<bool(const FeedEntry&)>& visit) = 0;
  // The last position of the transaction that a feed position belongs to, or of a later one if that has been trimmed; 0
  // if it is none of the next `most` positions.
  virtual std::uint64_t transactionEnd(std::uint64_t position, std::size_t most) = 0;
  // Visits the rows that an importer may have, each with its delivery: those with handles above `after`, by handle.
  virtual void delivered(std::int64_t importer, std::int64_t after, const Visit& visit) = 0;
  // As find(), for rows by their handles.
  virtual void findAt(std::span<const std::int64_t> handles, std::int64_t importer, const UseRow& use) = 0;
  // Visits deleted rows up to a position, oldest first; with `whole` only those that still have their values.
  virtual void dead(std::uint64_t upTo, bool whole, const Visit& visit) = 0;

  virtual std::vector<Collection> collections() = 0;
  virtual bool empty() = 0;
  // The number of a peer in Row::origin; 0 if nothing came from it. A number is never given to another peer.
  virtual std::int64_t originOf(const sync::Peer& peer) = 0;
  // The numbers of all incarnations of a replica.
  virtual std::set<std::int64_t> originsOf(const UUID& replica) = 0;

  // How far this replica has read the peer's feed.
  virtual sync::Cursor cursorOn(const UUID& peer, const sync::Scope& scope) = 0;
  // How far the peer has read this feed, by scope.
  virtual std::vector<Reading> readingsOf(const UUID& peer) = 0;
  // The peers that read this feed, each in the incarnation in which it last said so.
  virtual std::vector<sync::Peer> readers() = 0;
  // Readers that were last seen before `ms`, if this replica has never read their own feed under that scope.
  virtual std::vector<Unseen> unseenSince(std::int64_t ms) = 0;
  // Deletes up to here are forgotten, so a reader with an older cursor may have missed some.
  virtual std::uint64_t horizon() = 0;

  // The number of an importer; 0 if the replica is none.
  virtual std::int64_t importer(const UUID& replica) = 0;
  // sync::Deliveries::Known of an importer.
  virtual std::optional<std::string> filterOf(const UUID& importer) = 0;
  virtual std::uint64_t floorOf(const UUID& importer) = 0;
  // The importers that have yet to acknowledge that something was taken back, each with the last position of it.
  virtual std::map<UUID, std::uint64_t> takenBackUntil() = 0;

  // The records that are set aside. `changed`: only those whose copy here has changed since.
  virtual std::vector<sync::Rejection> rejectedOn(const RejectedOn& link, bool changed) = 0;
  // The changes of these records that peers have refused, at most one for each record and peer; and the records of
  // which this peer has, each with the reason, the latest refusal last.
  virtual std::vector<Refused> refused(std::span<const sync::RecordKey> keys) = 0;
  virtual std::vector<sync::Rejection> refusedBy(const UUID& peer) = 0;

  // Calls `use` with one row. Returns false if there is none.
  template <class Use>
  bool findOne(const Key& key, Use&& use, std::int64_t importer = 0) {
    bool found = false;
    find({&key, 1}, importer, [&](std::size_t, const Row* row) {
      found = row != nullptr;
      if (row) use(*row);
      return true;
    });
    return found;
  }
};

// A value that this replica wrote and a merge has overridden: an entry of the conflict journal.
struct Overridden {
  std::string collection;
  UUID record;
  std::string field;
  base::Bytes lost, won;
  sync::Stamp lostStamp, wonStamp;
};

// A copy of a record, or of some of its fields, that a peer is about to remove without a delete.
struct RemovedCopy {
  std::string collection;
  UUID record;
  base::Bytes fields;
  UUID peer;
  RemovedRecord::Because because = RemovedRecord::Because::swept;
  std::int64_t timeMs = 0;
};

// Writes what is no row: what this replica knows of its peers, and its journal.
class Notes : public virtual Reader {
 public:
  // The number of a peer in Row::origin; gives it one if it has none.
  virtual std::int64_t addOrigin(const sync::Peer& peer) = 0;
  virtual void setCursor(const UUID& peer, const sync::Scope& scope, const sync::Cursor& cursor) = 0;
  virtual void setReading(const UUID& peer, const Reading& reading) = 0;
  virtual void setReader(const sync::Peer& peer) = 0;
  // Forgets all cursors and readings of a peer, except those of one scope.
  virtual void removeCursors(const UUID& peer, const std::optional<sync::Scope>& except) = 0;
  // Forgets this reading, unless the peer was seen after `unseen` was read. A peer without another reading is forgotten
  // too.
  virtual void removeUnseen(const Unseen& unseen) = 0;
  // Forgets that the peer reads this feed; its cursors and readings stay.
  virtual void removeReader(const UUID& peer) = 0;

  // The number of an importer; makes the replica one if it is none.
  virtual std::int64_t addImporter(const UUID& replica) = 0;
  virtual void setFilter(std::int64_t importer, const std::optional<std::string>& filter,
                         std::optional<std::uint64_t> floor) = 0;
  // Forgets what an importer was given, and its filter. No cursor of it is beyond its floor then.
  virtual void forgetDelivered(const UUID& importer) = 0;
  struct Delivered {
    std::int64_t handle = 0;
    Delivery delivery;
  };
  virtual void setDelivered(std::int64_t importer, std::span<const Delivered> news) = 0;
  // Forgets deliveries that were taken back up to `upTo`, which the importer has acknowledged, and raises its floor to
  // the last of them.
  virtual void removeTakenBack(std::int64_t importer, std::uint64_t upTo) = 0;

  // Those of these records that are set aside, each with the code.
  virtual std::map<sync::RecordKey, ErrorCode> setAside(const RejectedOn& link,
                                                        std::span<const sync::RecordKey> keys) = 0;
  // Notes, in this order, that a record is set aside, or no longer. One that was set aside before keeps its time.
  virtual void noteRejections(const RejectedOn& link, std::span<const sync::Rejection> news, std::int64_t nowMs) = 0;
  // Notes that these records, which are set aside, came in one transaction, so that they are taken together or not at
  // all. A record that belongs to another such transaction joins the two.
  virtual void noteTogether(const RejectedOn& link, std::span<const sync::RecordKey> keys) = 0;
  // The transactions of these records that are set aside: each with all of its records that still are.
  virtual std::vector<std::set<sync::RecordKey>> together(const RejectedOn& link,
                                                          std::span<const sync::RecordKey> keys) = 0;
  // Notes that the copies here have changed, so that peers' records may be taken now. Returns how many of these records
  // are set aside.
  virtual std::size_t noteChanged(std::span<const sync::RecordKey> keys) = 0;
  // The number of records set aside on all links with the peer. What the peer itself has refused counts together with
  // what other replicas of the same user have, if the store knows them: a client is free to come with new replica ids.
  virtual std::uint64_t rejectedCount(const UUID& peer, RejectedBy by) = 0;

  // Stores a refused change in place of an earlier one of the same record and peer. One without an id gets a new one.
  virtual void setRefused(const Refused& refused) = 0;
  virtual void removeRefused(std::int64_t id) = 0;

  virtual void addOverridden(std::span<const Overridden> entries, std::int64_t nowMs) = 0;
  virtual void addRemoved(std::span<const RemovedCopy> copies) = 0;
};

// Writes rows too. Only the Ledger calls these functions (ledger.h).
class Writer : public Notes {
 public:
  // Stores rows. A row with a handle replaces the row that has it. A row without one is new, and gets its handle here.
  virtual void put(std::span<Row> rows) = 0;
  // Stores a new row and sets its handle. Returns false and does nothing if there is a row with its key.
  virtual bool add(Row& row) = 0;
  // Removes rows, and the deliveries of their records. An importer that was given one of them and has not come to its
  // delete has to sweep: its floor rises to the position of the delete. If the record lives, the store no longer knows
  // the importer's filter.
  virtual void erase(std::span<const Row> rows) = 0;
  // Removes all rows, the feed and all deliveries.
  virtual void eraseAll() = 0;
  // Adds to the feed. `handle` 0: a position that belongs to no row.
  struct Position {
    std::uint64_t position = 0;
    std::int64_t handle = 0;
    std::uint64_t mark = 0;
  };
  virtual void append(std::span<const Position> positions) = 0;
  // Returns the number of the new collection.
  virtual std::int64_t addCollection(const std::string& name) = 0;
  // Stores the sums of these collections.
  virtual void setTotals(std::span<const Collection* const> collections) = 0;
  // Stores sync::StampRules::lostUntil.
  virtual void setLostUntil(std::uint64_t time) = 0;
  // Stores Reader::horizon.
  virtual void setHorizon(std::uint64_t position) = 0;
};

}  // namespace blazedb::replica
