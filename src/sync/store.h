// What sync needs of storage, and nothing more: read the feed, merge a batch and move a cursor in one transaction, read
// a record.
//
// The encrypted file is its first implementation (src/db/engine.h). Nothing here assumes a file, so that a hub that has
// outgrown one machine can keep the same things elsewhere. Every call may throw blazedb::Error (a full disk, a damaged
// page); what was being written is then undone.
#pragma once

#include <cstdint>
#include <optional>
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

  const Agreement& agreement;   // who reads, and what it may read: everything else is left out
  std::uint64_t after = 0;      // the first position that may be read is after + 1
  std::uint64_t complete = 0;   // Cursor::complete of the reader: a part of a record says what changed since
  bool catchingUp = false;      // a batch may end in a large transaction, and where records moved on from
  bool withholdEchoes = true;   // leave out what the reader itself sent
  std::uint64_t deadFrom = 0;   // leave out what is dead, up to here
  std::size_t bytesWanted = 0;  // stop at the first good place once the batch has this many bytes
};

struct FeedRead {
  std::uint64_t to = 0;        // the last position that was covered, also by what was withheld
  std::uint64_t complete = 0;  // Cursor::complete of the reader, once it has this
  std::uint64_t reach = 0;     // Cursor::reach, likewise
  bool atEnd = false;          // nothing lay beyond `to`
};

// Rows that a sweeping replica has been told of: rows of the local store, by their number.
struct Sweep {
  bool mayRemoveMany = false;
  bool journals = true;  // what it removes can be restored
  std::vector<std::int64_t> mentioned;
};

struct Incoming {
  explicit Incoming(const Agreement& a) : agreement(a) {}

  const Agreement& agreement;    // who sends it, and what it may do here
  std::vector<Change> changes;   // ends of transactions are marked in them
  std::vector<RecordKey> gone;   // what the sender no longer holds, of what it was asked for
  std::optional<Cursor> cursor;  // moved together with the data, if there is one
  Cursor acknowledged;           // what the sender has applied of this replica's feed
  Sweep* sweep = nullptr;        // present while sweeping: collects what was mentioned
  bool repair = false;           // sent because the two differed at rest
  std::uint64_t deadFrom = 0;    // the sender was not told of what was dead up to here, unless it speaks of it
};

struct ApplyResult {
  std::vector<RecordKey> missing;         // not empty: nothing was merged; whole records are needed first
  std::optional<Refusal> refused;         // set: nothing was merged, and the conversation has to end
  std::vector<Rejection> rejected;        // these were set aside, and the rest was merged; or are no longer
  std::optional<std::int64_t> retryInMs;  // when the first of these may be taken, if that is a matter of time
  bool mustSync = false;                  // the sender is about to forget what has come, once that is acknowledged
  bool unsent = false;  // set: nothing was merged; what is taken back has changes that the sender has to get first
};

// A stretch of a collection, in the order of ids.
struct HashedRun {
  std::vector<std::pair<UUID, Hash128>> records;
  UUID to;  // it was read up to here
};

class Store {
 public:
  virtual ~Store() = default;

  // Of this opening. Writes the incarnation into the file first, if it is not there yet.
  virtual Identity identity() = 0;
  // The position of the latest committed change (and, at full durability, synced one).
  virtual std::uint64_t feedEnd() const = 0;
  // Tombstones up to here are gone for good, so a reader whose cursor is older may have missed deletes.
  virtual std::uint64_t purgeHorizon() const = 0;
  virtual bool empty() const = 0;

  // Translates a peer's cursor on this feed into one of the present incarnation. It stands at most where its own
  // incarnation ended, and at 0 if the store does not know that incarnation.
  virtual Cursor resolve(const Cursor& cursor) const = 0;
  // This replica's cursor on the peer's feed, for a scope.
  virtual Cursor cursorOn(const UUID& peer, const Scope& scope) const = 0;
  // About how many records of the scope the feed has after `position`.
  virtual std::uint64_t ahead(std::uint64_t position, const Scope& scope) const = 0;

  virtual FeedRead readFeed(const FeedQuery& query, BatchWriter& out) = 0;
  // Adds the whole record to `out`, as far as the peer may read it. False where it is not held, or the peer may not
  // read it.
  virtual bool readRecord(const RecordKey& key, const Agreement& agreement, BatchWriter& out) = 0;
  // What importers of this store were given.
  virtual Deliveries& deliveries() = 0;

  // Merges what a peer sent and moves the cursor, in one transaction. The store remembers each record that it sets
  // aside until it takes the record, or the peer no longer holds it. Until then it answers a part of such a record with
  // "missing".
  virtual ApplyResult apply(const Incoming& incoming) = 0;
  // The records of the peer's that are set aside. With `changed` only those that have changed here since.
  virtual std::vector<Rejection> setAside(const UUID& peer, const Scope& scope, bool changed) const = 0;
  // Another number after each change of a record that is set aside.
  virtual std::uint64_t changedAside() const = 0;
  // The peer has said which of this replica's records it has set aside. Gives how many there are in all.
  virtual std::uint64_t noteRejected(const UUID& peer, const Scope& scope, const Rejected& rejected) = 0;
  // Ends a sweep, in one transaction: removes every live record of the scope that was not mentioned, except those that
  // changed here after `peerHasApplied`; raises the purge horizon to the feed's end; moves the cursor. If that would
  // remove many records and the sweep may not, it changes nothing and says so in `refused`.
  struct Swept {
    std::uint64_t horizonBefore = 0;
    std::uint64_t horizonAfter = 0;
    std::optional<std::string> refused;  // why
  };
  virtual Swept finishSweep(const Peer& from, const Scope& scope, Sweep& sweep, const Cursor& peerHasApplied,
                            const Cursor& cursor) = 0;
  // Puts this replica's cursor on the peer's feed back to 0, on the disk.
  virtual void dropCursor(const Peer& peer, const Scope& scope) = 0;
  // Removes what earlier scopes of the peer brought and `scope` leaves out, except for changes made here that the peer
  // has not applied. If the scope grows again later, the feed is read anew.
  virtual void leaveOtherScopes(const Peer& peer, const Scope& scope) = 0;

  // The peer reads this feed. From now on the store remembers deletes for it.
  virtual void noteReader(const Peer& peer, const Scope& scope) = 0;
  // That reader has applied this feed up to `cursor`. `its` is about the reader's own feed: where it ended at that
  // moment, and up to where this replica has applied it. None if the reader sends nothing here.
  struct PeerFeed {
    std::uint64_t end = 0;
    std::uint64_t applied = 0;
  };
  virtual void noteAcknowledged(const Peer& peer, const Scope& scope, const Cursor& cursor,
                                const std::optional<PeerFeed>& its) = 0;

  virtual std::vector<DigestLine> digests() const = 0;
  // Has this replica ever held a record of that collection?
  virtual bool holds(const std::string& collection) const = 0;
  // The live records of a collection with ids from `from` to `to`, both inclusive. Stops after `rowsMax` rows, live or
  // dead, or about a megabyte.
  virtual HashedRun hashes(const std::string& collection, const UUID& from, const UUID& to,
                           std::size_t rowsMax) const = 0;
};

}  // namespace blazedb::sync
