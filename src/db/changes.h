// What local operations and merges do to rows, inside the writer's transaction.
//
// A Changes is one transaction of a caller: it takes feed positions as it goes and ends with a mark on its last one,
// which is what makes it arrive whole at other replicas. Nothing here commits or rolls back; the engine does, and
// reloads the Mirror after a rollback.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/uuid_v7.h"
#include "blazedb/conflict.h"
#include "blazedb/record.h"
#include "blazedb/records.h"
#include "blazedb/removed_record.h"
#include "db/tables.h"
#include "sync/merge.h"
#include "sync/restamp.h"
#include "sync/store.h"

namespace blazedb::db {

// What the writer keeps in memory of the file's state.
struct Mirror {
  std::uint64_t position = 0;  // the last one taken
  std::uint64_t stale = 0;     // feed entries whose record has moved on (about)
  sync::HybridClock clock;     // never goes back, also not by a rollback
  std::unordered_map<std::string, CollectionRow> collections;
  std::uint64_t setAside = 0;      // records of peers that were not taken (db/rejected.h)
  std::uint64_t lostUntil = 0;     // sync::StampRules
  std::uint64_t changedAside = 0;  // how often one of these has changed here
};

// Who writes.
struct Author {
  sync::Role role = sync::Role::client;
  std::uint64_t incarnation = 0;
  std::set<std::uint64_t> own;          // every incarnation of this replica
  bool keepsDeletedValues = true;       // some peer may not know of a delete yet
  std::uint64_t acknowledgedByAny = 0;  // some peer has everything up to here
  std::optional<UUID> source;           // set: a read-only replica of that one
};

class Changes {
 public:
  Changes(WriteTables& tables, Mirror& mirror, const Author& author, base::Clock& clock, base::UuidV7& ids);

  // Inside a transaction of a user, who may catch what an operation throws and go on, every operation is run by one of
  // these two; so that it either happens or has changed nothing.
  //
  // One record: `body` checks first, then writes, and what makes a write fail then is the disk or the memory. With it
  // the transaction is lost: SQLite has taken it back, or holds a half of the operation. This and every later operation
  // throws that error, and flush() too.
  template <class Body>
  auto operation(Body&& body);
  // Several records of one collection, of which a later one may be refused: in a savepoint.
  template <class Body>
  auto several(const std::string& collection, Body&& body);

  // Local operations: what the functions of the same name in blazedb/records.h say.
  UUID insert(const std::string& collection, const std::optional<UUID>& id, const Record& record);
  void update(const std::string& collection, const UUID& id, const Record& record);
  void updateFields(const std::string& collection, const UUID& id, const Record& fields);
  bool upsert(const std::string& collection, const UUID& id, const Record& record);
  bool remove(const std::string& collection, const UUID& id);
  bool purge(const std::string& collection, const UUID& id);
  // Writes one field, also of a deleted record, which comes back. Not where the record is unknown.
  bool restoreField(const std::string& collection, const UUID& id, std::string_view field, base::ByteView value);
  std::optional<Record> fetch(const std::string& collection, const UUID& id);
  std::vector<UUID> matching(const std::string& collection, const Predicate& where);
  void forEach(const std::string& collection, const std::function<bool(const Record&)>& visit);
  std::uint64_t count(const std::string& collection) const;

  // Merges what a peer sent, but for what it sets aside. With anything missing or refused, what was done must be rolled
  // back.
  sync::ApplyResult apply(const sync::Incoming& incoming);
  // What merging overrode of this replica's own writes, for the journal.
  struct JournalEntry {
    std::string collection;
    UUID record;
    std::string field;
    base::Bytes lost, won;
    sync::Stamp lostStamp, wonStamp;
  };
  const std::vector<JournalEntry>& journal() const { return journal_; }

  // ReadOnlyReplica where this is one.
  void requireWritable() const;

  // Replaces what of a row's stamps is beyond `limit`, by stamps of `clock` (src/sync/restamp.h).
  void restamp(std::int64_t row, std::uint64_t limit, sync::HybridClock& clock);
  // Removes a row and everything that is known of its record.
  void forget(const Row& row);
  // Writes down what a peer is about to remove, so that it can be restored.
  void noteRemoved(const Row& row, const UUID& peer, RemovedRecord::Because because);
  // The same for every row, and the feed with them: whoever had not read to its end must be made to sweep.
  void forgetAll();
  // Removes the values of a dead row.
  void dropValues(const Row& row);
  // Removes the fields that a scope excludes, as if they had never come. False where there are none.
  bool dropExcluded(const Row& row, const sync::Scope& scope);
  // Takes a feed position that belongs to no record.
  void takeEmptyPosition();

  // Whether a record has been written that is alive: more than deletes and upkeep.
  bool adds() const { return adds_; }

  // Marks the last position taken as the end of a transaction.
  void endTransaction();
  // Writes what is still in memory. To be called once, at the end.
  void flush();

 private:
  struct Loaded {
    Row row;
    base::Bytes stamps, fields;
    sync::RecordState state;
    bool alive = false;
    sync::Hash128 hash{};  // if alive
  };

  // What several() needs to undo an operation.
  struct FeedTail {
    std::uint64_t position = 0;
    std::int64_t row = 0;
  };
  struct Before {
    std::uint64_t position = 0;
    std::uint64_t stale = 0;
    std::optional<CollectionRow> collection;
    std::optional<FeedTail> tail;
    std::size_t touched = 0;
  };
  Before before(const std::string& collection);
  void takeBack(const std::string& collection, const Before& before);
  void requireUnbroken() const {
    if (broken_) std::rethrow_exception(broken_);
  }

  CollectionRow& collectionFor(std::string_view name);
  CollectionRow* knownCollection(const std::string& name);
  bool load(std::int64_t collection, const UUID& id, Loaded& out);
  static void copy(const Row& row, Loaded& out);
  Loaded& loadAlive(const std::string& collection, const UUID& id);
  std::uint64_t nextPosition() const { return mirror_.position + 1; }
  sync::Stamp nextStamp(std::uint64_t seenAuthority);
  base::ByteView encode(const Object& fields);
  void insertOverDead(CollectionRow& collection, Loaded& held, const sync::Stamp& stamp);
  // Writes a state that changed at nextPosition() and takes that position. Throws TooLarge.
  void save(CollectionRow& collection, Loaded& loaded, std::int64_t origin);
  // False, and nothing done, where it is too large.
  bool trySave(CollectionRow& collection, Loaded& loaded, std::int64_t origin);
  CollectionRow& collectionOf(const Row& row);
  void account(CollectionRow& collection, const std::optional<sync::Hash128>& before,
               const std::optional<sync::Hash128>& after);
  void touch(const CollectionRow& collection);
  void takePosition(std::int64_t row);
  void noteChange(const CollectionRow& collection, const UUID& id);
  void noteLost(const sync::RecordState& state);

  // Why a record is not taken; none: it is.
  using Refusal = std::optional<sync::Bye>;
  void receive(const sync::Incoming& incoming, const sync::Change& change, sync::ApplyResult& result);
  Refusal mergeOne(const sync::Incoming& incoming, const sync::Change& change, sync::RecordState& theirs,
                   sync::ApplyResult& result);
  Refusal mergeNew(const sync::Change& change, sync::RecordState& theirs, sync::ApplyResult& result);
  Refusal mergeHeld(CollectionRow& collection, const sync::Incoming& incoming, const sync::Change& change,
                    sync::RecordState& theirs, sync::ApplyResult& result);
  Refusal checkStamps(const sync::Incoming& incoming, const sync::RecordState& theirs,
                      const sync::RecordState* mine) const;
  Refusal checkTime(const sync::RecordState& theirs, sync::ApplyResult& result) const;
  void setAside(const sync::Incoming& incoming, const sync::RecordKey& key, const sync::Bye& why,
                sync::ApplyResult& result);
  void noLongerAside(const sync::Incoming& incoming, const sync::RecordKey& key, sync::ApplyResult& result);
  bool leave(const sync::Incoming& incoming, const sync::Change& change);
  Refusal noteHolder(CollectionRow& collection, const sync::Incoming& incoming, std::uint64_t latest,
                     sync::ApplyResult& result);
  bool recall(const sync::Incoming& incoming, const sync::Change& change, const sync::RecordState& theirs);
  void noteOverridden(const CollectionRow& collection, const UUID& id, const sync::MergeOutcome& outcome);

  WriteTables& tables_;
  Mirror& mirror_;
  const Author& author_;
  base::Clock& clock_;
  base::UuidV7& ids_;

  Loaded loaded_;  // reused, so that a bulk write does not allocate for each record
  base::Bytes fieldBytes_, stampBytes_;
  sync::EncodedState encoded_;
  std::int64_t origin_ = 0;  // of what is being merged
  bool adds_ = false;
  std::uint64_t lostUntilBefore_;
  std::optional<std::uint64_t> rejectedOfPeer_;  // of whoever sent it, once it was counted
  std::vector<JournalEntry> journal_;

  // The feed entry taken last: written when it is known whether a transaction ends with it.
  std::optional<FeedTail> tail_;
  std::vector<const CollectionRow*> touched_;  // whose totals changed
  std::exception_ptr broken_;                  // set: the transaction cannot be committed any more
};

template <class Body>
auto Changes::operation(Body&& body) {
  requireUnbroken();
  std::int64_t written = tables_.written();
  try {
    return body();
  } catch (...) {
    if (!tables_.inTransaction() || tables_.written() != written) broken_ = std::current_exception();
    throw;
  }
}

template <class Body>
auto Changes::several(const std::string& collection, Body&& body) {
  Before start = operation([&] { return before(collection); });
  try {
    auto result = body();
    operation([&] { tables_.keep(); });
    return result;
  } catch (...) {
    std::exception_ptr error = std::current_exception();
    try {
      takeBack(collection, start);
    } catch (...) {
      broken_ = std::current_exception();
    }
    if (!tables_.inTransaction()) broken_ = error;
    std::rethrow_exception(error);
  }
}

}  // namespace blazedb::db
