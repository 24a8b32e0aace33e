// What sync needs of storage: to read the feed, to merge a batch and move a cursor in one transaction, to read a
// record.
//
// The encrypted file is the first implementation (src/db/engine.h). Nothing here assumes a file, so a hub that has
// outgrown one machine can store the same elsewhere. Every call may throw blazedb::Error (a full disk, a damaged page);
// the transaction that it was writing is then undone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "blazedb/uuid.h"
#include "sync/agreement.h"
#include "sync/bye.h"
#include "sync/change.h"
#include "sync/cursor.h"
#include "sync/deliveries.h"
#include "sync/digest_line.h"
#include "sync/peer.h"
#include "sync/record_state.h"
#include "sync/scope.h"

namespace blazedb::sync {

class BatchWriter;  // frames.h

struct FeedQuery {
  explicit FeedQuery(const Agreement& a) : agreement(a) {}

  const Agreement& agreement;   // the reader, and what it may read: everything else is left out
  std::uint64_t after = 0;      // read from after + 1 on
  std::uint64_t complete = 0;   // Cursor::complete of the reader: a part of a record has what changed since
  bool catchingUp = false;      // a batch may end within a large transaction, or one whose records have moved on
  std::uint64_t echoesTo = 0;   // after this position, leave out what the reader itself sent
  std::uint64_t deadFrom = 0;   // leave out deleted records up to this position
  std::size_t bytesWanted = 0;  // stop at the first good place once the batch has this many bytes
};

// What an importer whose rights have changed has to be told, and how far it was. A store makes it, and reads on in it.
struct Moved {
  struct Place {
    // By the store's number of a collection that no index answers: live records that the importer is not known to have.
    std::map<std::int64_t, std::uint64_t> lacking;
    // The last row that was looked at of those that the importer was given, by its number in the store; none: all were.
    std::optional<std::int64_t> given = 0;
    std::size_t entered = 0;  // how many of `entering` were looked at
  };
  Place place;
  // Rows that it was not given, and may get now. Those of `lacking` join them once `given` is through.
  std::vector<std::int64_t> entering;
  bool walked = false;  // they have joined
  // Indexes answer for every collection of which the importer may not read all: an importer without data gets all its
  // records this way sooner than by the feed. It does not depend on records that the importer may not read.
  bool isIndexed = false;

  bool isThrough() const { return !place.given && place.entered == entering.size(); }
};

struct MovedQuery {
  const Agreement& agreement;
  Cursor start;                 // of the importer: the feed gives it what lies beyond
  std::uint64_t notedAt = 0;    // a position that no earlier cursor of the importer has reached
  std::size_t bytesWanted = 0;  // as in FeedQuery
};

struct FeedRead {
  std::uint64_t to = 0;        // the last position that was read, sent or withheld
  std::uint64_t complete = 0;  // Cursor::complete of the reader, once it has this
  std::uint64_t reach = 0;     // Cursor::reach of the reader, once it has this
  bool atEnd = false;          // the feed ended at `to`
  std::uint64_t withheld = 0;  // how many changes of the reader itself were left out
};

// What a sweeping replica has learned of the peer's records. It is not larger than what the replica itself holds,
// however often the peer names a record.
struct Sweep {
  struct Field {
    std::string name;
    Stamp stamp;
  };
  bool mayRemoveMany = false;
  bool journals = true;   // a user can restore the records that the sweep removes
  Cursor peerHasApplied;  // of this replica's feed
  bool sends = true;      // the peer gets what it has not applied; otherwise that keeps no record that the peer lacks
  // The rows that the peer has, by their number in the local store.
  std::vector<std::int64_t> mentioned = {};
  std::size_t mentionedMax = 1u << 16;  // with so many, the store drops repeated ones, and raises this
  // The fields that the peer's record does not have. The peer has forgotten that they were removed.
  std::map<RecordKey, std::vector<Field>> fields = {};
  std::set<RecordKey> refused = {};  // as Incoming::refused: the sweep removes none of them
};

struct Incoming {
  explicit Incoming(const Agreement& a) : agreement(a) {}

  const Agreement& agreement;    // the sender, and what it may do here
  std::vector<Change> changes;   // the last one of each transaction is marked
  std::vector<RecordKey> gone;   // records that it was asked for and no longer holds
  std::optional<Cursor> cursor;  // to move in the same transaction
  Cursor acknowledged;           // what the sender has applied of this replica's feed
  Sweep* sweep = nullptr;        // set while this replica sweeps: collects the rows that the changes concern
  bool repair = false;           // sent because the two differed at rest
  std::uint64_t deadFrom = 0;    // the sender has not got deletes up to here, only those of records that it sends
  bool again = false;            // the changes answer a question for what was set aside, or refused
  // The sender has refused changes of these records. Its own record, once it comes as an answer, takes the place of the
  // one here.
  std::map<RecordKey, Bye> refused;
};

struct ApplyResult {
  std::vector<RecordKey> missing;         // not empty: nothing was merged; whole records are needed first
  std::optional<Refusal> refused;         // set: nothing was merged, and the conversation has to end
  std::vector<Rejection> rejected;        // set aside now, or no longer; the rest was merged
  std::optional<std::int64_t> retryInMs;  // when the first record that is dated ahead can be taken
  std::vector<RecordKey> replaced;        // of Incoming::refused: these are as the sender has them now
  bool askDenied = false;                 // what rights have refused may be allowed now, or given up: ask for it again
  bool mustSync = false;                  // the sender forgets these changes once they are acknowledged: sync to disk
  bool gaveBack = false;                  // refused changes of this replica are in their records again, to be sent
  bool unsent = false;  // set: nothing was merged; a record taken back has changes that the sender has to get first
};

// The hashes of a run of records, ordered by id.
struct HashedRun {
  std::vector<std::pair<UUID, Hash128>> records;
  UUID to;  // the last id that was read
};

class Store {
 public:
  virtual ~Store() = default;

  // The identity of this opening. The first call stores the incarnation.
  virtual Identity identity() = 0;
  // The position of the latest committed change (and, at full durability, synced one).
  virtual std::uint64_t feedEnd() const = 0;
  // The store has dropped tombstones up to here, so a reader with an older cursor may have missed deletes.
  virtual std::uint64_t purgeHorizon() const = 0;
  virtual bool empty() const = 0;

  // Translates a peer's cursor on this feed into one of the present incarnation. It stands at most where its own
  // incarnation ended, and at 0 if the store does not know that incarnation.
  virtual Cursor resolve(const Cursor& cursor) const = 0;
  // A cursor on this feed in the present incarnation, sealed for a reader, who cannot read it. No other reader can use
  // it.
  virtual SealedPlace sealed(const Cursor& cursor, const UUID& reader) = 0;
  // What sealed() has sealed for this reader, in the incarnation that `cursor` names; std::nullopt if `cursor` has no
  // such place.
  virtual std::optional<Cursor> opened(const Cursor& cursor, const UUID& reader) const = 0;
  // This replica's cursor on the peer's feed, for a scope.
  virtual Cursor cursorOn(const UUID& peer, const Scope& scope) const = 0;
  // About how many records of the scope the feed has after `position`.
  virtual std::uint64_t ahead(std::uint64_t position, const Scope& scope) const = 0;

  virtual FeedRead readFeed(const FeedQuery& query, BatchWriter& out) = 0;
  // Begins to read what an importer has to hear because another rule chooses now: up to its cursor, what it was given
  // and may no longer have, and what it may have and was not given.
  virtual Moved moved(const Agreement& agreement) = 0;
  // Reads on, and adds records to `out`, whole or as taken back. All calls together take a time that grows with what
  // the importer has and what it gets; where no index answers the rule, with the store.
  virtual void readMoved(const MovedQuery& query, Moved& moved, BatchWriter& out) = 0;
  // Adds whole records to `out`, as far as the peer may read them, until `out` has `bytesWanted` bytes. Returns how
  // many of the keys it has answered, the first ones. `gone` gets those of them that the store does not hold or the
  // peer may not read.
  virtual std::size_t readRecords(std::span<const RecordKey> keys, const Agreement& agreement, std::size_t bytesWanted,
                                  BatchWriter& out, std::vector<RecordKey>& gone) = 0;
  // What the importers of this store were given.
  virtual Deliveries& deliveries() = 0;

  // Merges what a peer sent and moves the cursor, in one transaction. The store remembers each record that it sets
  // aside until it takes the record, or the peer no longer holds it. Until then it lists a part of such a record as
  // missing.
  virtual ApplyResult apply(const Incoming& incoming) = 0;
  // The peer's records that are set aside. With `changed` only those whose copy here has changed since.
  virtual std::vector<Rejection> setAside(const UUID& peer, const Scope& scope, bool changed) const = 0;
  // A number that changes whenever the copy here of a record that is set aside changes.
  virtual std::uint64_t changedAside() const = 0;
  // Stores which of this replica's records the peer has set aside. With `replaces` those that the peer's rights refuse
  // (PermissionDenied) are not stored but returned: the peer's record will take their place (Incoming::refused). What
  // was refused so and no longer is goes back into its record.
  struct Noted {
    std::uint64_t count = 0;      // what the peer refuses, in all
    std::optional<Bye> why = {};  // of the latest of these
    bool gaveBack = false;        // as in ApplyResult
    std::vector<Rejection> toReplace = {};
  };
  virtual Noted noteRejected(const UUID& peer, const Scope& scope, const Rejected& rejected, bool replaces) = 0;
  // Ends a sweep, in one transaction: removes every live record of the scope that was not mentioned, except those that
  // changed here after Sweep::peerHasApplied, and its `fields`; raises the purge horizon to the feed's end; moves the
  // cursor. If that would remove many records and the sweep may not, it changes nothing and says so in `refused`.
  struct Swept {
    std::uint64_t horizonBefore = 0;
    std::uint64_t horizonAfter = 0;
    std::optional<std::string> refused;  // why
  };
  virtual Swept finishSweep(const Peer& from, const Scope& scope, Sweep& sweep, const Cursor& cursor) = 0;
  // Sets this replica's cursor on the peer's feed to 0, and syncs that to the disk.
  virtual void dropCursor(const Peer& peer, const Scope& scope) = 0;
  // Removes what earlier scopes of the peer brought and `scope` leaves out, except for changes made here that the peer
  // has not applied. If the scope grows again later, this replica reads the peer's feed from 0.
  virtual void leaveOtherScopes(const Peer& peer, const Scope& scope) = 0;

  // Notes that the peer reads this feed from `position`. From now on the store remembers deletes for it. The peer may
  // lack again what it had applied beyond that position before.
  virtual void noteReader(const Peer& peer, const Scope& scope, std::uint64_t position) = 0;
  // Notes that a reader has applied this feed up to `cursor`. `its` describes the reader's own feed: where it ended at
  // that moment, and up to where this replica has applied it. Absent if the reader sends nothing here.
  struct PeerFeed {
    std::uint64_t end = 0;
    std::uint64_t applied = 0;
  };
  virtual void noteAcknowledged(const Peer& peer, const Scope& scope, const Cursor& cursor,
                                const std::optional<PeerFeed>& its) = 0;

  // One line for each collection, ascending by name.
  virtual std::vector<DigestLine> digests() const = 0;
  // Whether this replica holds a record of that collection, or remembers a delete of one.
  virtual bool holds(const std::string& collection) const = 0;
  // The live records of a collection with ids from `from` to `to`, both inclusive. Stops after `rowsMax` rows, live or
  // deleted, or about a megabyte.
  virtual HashedRun hashes(const std::string& collection, const UUID& from, const UUID& to,
                           std::size_t rowsMax) const = 0;
};

}  // namespace blazedb::sync
