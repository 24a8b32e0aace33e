// What sync needs of storage, and nothing more: read the feed, merge a batch and move a cursor in one transaction, read
// a record.
//
// The encrypted file is its first implementation (src/db/engine.h). Nothing here assumes a file, so that a hub that has
// outgrown one machine can keep the same things elsewhere. Every call may throw blazedb::Error (a full disk, a damaged
// page); what was being written is then undone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blazedb/uuid.h"
#include "sync/agreement.h"
#include "sync/deliveries.h"
#include "sync/frames.h"
#include "sync/record_state.h"

namespace blazedb::sync {

struct FeedQuery {
  explicit FeedQuery(const Agreement& a) : agreement(a) {}

  const Agreement& agreement;   // who reads, and what it may read: everything else is left out
  std::uint64_t after = 0;      // the first position that may be read is after + 1
  std::uint64_t complete = 0;   // the reader lacks nothing up to here (Cursor): a part says what changed since
  bool catchingUp = false;      // a batch may end in a large transaction, and where records moved on from
  bool withholdEchoes = true;   // leave out what the reader itself sent
  std::uint64_t deadFrom = 0;   // leave out what is dead, up to here
  std::size_t bytesWanted = 0;  // stop at the first good place once the batch has this many bytes
};

struct FeedRead {
  std::uint64_t to = 0;        // the last position that was covered, also by what was withheld
  std::uint64_t complete = 0;  // up to here the reader then lacks nothing
  std::uint64_t reach = 0;     // what was passed over lies up to here
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

// Why nothing of a batch was merged. The conversation has to end. (A single record that is not taken is a Rejection,
// and the conversation goes on.)
struct Refusal {
  enum class Reason : std::uint8_t {
    outsideScope,     // the peer sent what the link does not carry
    unreadable,       // a record cannot be decoded, or has more fields than any record has
    tooManySetAside,  // a record has to be set aside, and so many are already that no more are remembered
  };
  Reason reason;
  RecordKey record;  // the first of this kind
  Bye why;           // as the peer is told
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

  // Of this opening; makes the incarnation known to the file first, where it is not yet.
  virtual Identity identity() = 0;
  // The position of the latest committed change (and, at full durability, synced one).
  virtual std::uint64_t feedEnd() const = 0;
  // Changes up to here may be unknown to a peer whose cursor is older: tombstones there are gone for good.
  virtual std::uint64_t purgeHorizon() const = 0;
  virtual bool empty() const = 0;

  // Where a peer's cursor on this feed really stands: at most where its incarnation ended, 0 if that is unknown. Of
  // this replica's present incarnation.
  virtual Cursor resolve(const Cursor& cursor) const = 0;
  // This replica's cursor on the peer's feed, for a scope.
  virtual Cursor cursorOn(const UUID& peer, const Scope& scope) const = 0;
  // About how many records of the scope a reader of the feed has before it after `position`.
  virtual std::uint64_t ahead(std::uint64_t position, const Scope& scope) const = 0;

  virtual FeedRead readFeed(const FeedQuery& query, BatchWriter& out) = 0;
  // Adds the whole record to `out`, as far as the peer may read it. False where it is not held, or the peer may not
  // read it.
  virtual bool readRecord(const RecordKey& key, const Agreement& agreement, BatchWriter& out) = 0;
  // What importers of this store were given.
  virtual Deliveries& deliveries() = 0;

  // Everything that it sets aside is remembered, until it is taken or gone: a part of it is missing until then.
  virtual ApplyResult apply(const Incoming& incoming) = 0;
  // What of the peer's records is set aside; `changed`: only of these that have changed here since. changedAside() is
  // another number after each such change.
  virtual std::vector<Rejection> setAside(const UUID& peer, const Scope& scope, bool changed) const = 0;
  virtual std::uint64_t changedAside() const = 0;
  // The peer has told what it has set aside of this replica's. Gives how many there are.
  virtual std::uint64_t noteRejected(const UUID& peer, const Scope& scope, const Rejected& rejected) = 0;
  // Ends a sweep: removes every live record of the scope that was not mentioned and is not beyond `peerHasApplied` of
  // this feed, raises the purge horizon to the feed's end and moves the cursor, in one transaction. Refuses to remove
  // many unless it may: then nothing has changed.
  struct Swept {
    std::uint64_t horizonBefore = 0;
    std::uint64_t horizonAfter = 0;
    std::optional<std::string> refused;  // why
  };
  virtual Swept finishSweep(const Peer& from, const Scope& scope, Sweep& sweep, const Cursor& peerHasApplied,
                            const Cursor& cursor) = 0;
  // Puts this replica's cursor on the peer's feed back to 0, on the disk.
  virtual void dropCursor(const Peer& peer, const Scope& scope) = 0;
  // Removes what earlier scopes of the peer brought and `scope` leaves out, except for what the peer has not applied of
  // this feed; a later wider scope begins anew.
  virtual void leaveOtherScopes(const Peer& peer, const Scope& scope) = 0;

  // The peer reads this feed: from now on deletes are remembered for it.
  virtual void noteReader(const Peer& peer, const Scope& scope) = 0;
  // That reader has applied this feed up to `cursor`. Its own ended at `end` when it said so, and this replica has
  // applied that up to `applied`; none where it sends nothing here.
  struct PeerFeed {
    std::uint64_t end = 0;
    std::uint64_t applied = 0;
  };
  virtual void noteAcknowledged(const Peer& peer, const Scope& scope, const Cursor& cursor,
                                const std::optional<PeerFeed>& its) = 0;

  virtual std::vector<DigestLine> digests() const = 0;
  // Was there ever a record of that collection?
  virtual bool holds(const std::string& collection) const = 0;
  // The live records of a collection with ids from `from` to `to`, both inclusive, as far as reading `rowsMax` rows,
  // dead ones too, or about a megabyte, gets.
  virtual HashedRun hashes(const std::string& collection, const UUID& from, const UUID& to,
                           std::size_t rowsMax) const = 0;
};

}  // namespace blazedb::sync
