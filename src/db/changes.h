// One transaction of a caller: what local operations and merges do to rows. GroupCommit commits it or rolls it back.
#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/uuid_v7.h"
#include "blazedb/record.h"
#include "blazedb/records.h"
#include "db/snapshot.h"
#include "db/tables.h"
#include "replica/author.h"
#include "replica/ledger.h"
#include "replica/merger.h"
#include "sync/restamp.h"
#include "sync/store.h"

namespace blazedb::db {

// What the one writer works on.
struct Writing {
  WriteTables tables;
  replica::Mirror mirror;
  replica::Author author;
  std::uint64_t savedStale = 0;            // Mirror::stale, as the file has it
  std::shared_ptr<const Indexes> indexes;  // as this transaction sees them

  explicit Writing(storage::Connection& connection) : tables(connection) {}
};

// What an operation does to the fields of a record.
using Increments = std::map<std::string, Value>;
struct FieldsChange {
  Record values;
  Increments increments;  // of other fields than `values`
};
FieldsChange toChange(std::span<const FieldChange> changes);

// A record of another database, with what each writer has added to its counters.
struct Copied {
  explicit Copied(const replica::Row& row);

  Record record;
  // If it has counters: the state of the row, and the position that goes with it.
  sync::EncodedState state = {};
  std::uint64_t position = 0;
};

// Its reads see what it has written.
class Changes final : public Snapshot {
 public:
  Changes(Writing& writing, base::Clock& clock, base::UuidV7& ids);
  ~Changes() override;

  // Points here, and to nullptr once this has ended: a user may keep what belongs to a transaction.
  const std::shared_ptr<Changes*>& handle();

  // The body of a user's transaction may catch what an operation throws and go on. So these two run every operation: it
  // happens as a whole, or it changes nothing.
  //
  // One record: `body` checks first and then writes, so only the disk or a lack of memory makes a write fail. The
  // transaction is lost then: SQLite has taken it back, or holds a half of the operation. This operation, every later
  // one, and finish() throw that error.
  template <class Body>
  auto operation(Body&& body) const;
  // Several records of one collection: in a savepoint, because a later one may be refused.
  template <class Body>
  auto several(const std::string& collection, Body&& body);

  // Local operations, as the functions of the same name in blazedb/records.h say.
  UUID insert(const std::string& collection, const std::optional<UUID>& id, const Record& record,
              const Increments& increments = {});
  void update(const std::string& collection, const UUID& id, const Record& record);
  void updateFields(const std::string& collection, const UUID& id, const Record& fields);
  void updateFields(const std::string& collection, const UUID& id, const FieldsChange& change);
  Value increment(const std::string& collection, const UUID& id, const std::string& field, const Value& by);
  void unset(const std::string& collection, const UUID& id, const std::vector<std::string>& fields);
  bool upsert(const std::string& collection, const UUID& id, const Record& record);
  bool upsertFields(const std::string& collection, const UUID& id, const Record& fields);
  bool upsertFields(const std::string& collection, const UUID& id, const FieldsChange& change);
  UUID insertOr(OnConflict onConflict, const std::string& collection, const Record& record);
  // As upsert(), and takes over what others have added to the counters: it does not count again when it arrives by a
  // connection.
  void copy(const std::string& collection, const Copied& from);
  bool remove(const std::string& collection, const UUID& id);
  bool purge(const std::string& collection, const UUID& id);
  // Writes one field. A deleted record comes back. Returns false if the record is unknown.
  bool restoreField(const std::string& collection, const UUID& id, std::string_view field, base::ByteView value);
  // Makes a change that was refused again, as a new write, and forgets that it was refused.
  void retry(const RejectedChange& change);
  // Puts refused changes back into their records, with their own stamps, and forgets that they were refused. One that
  // would leave no whole record waits. What one transaction has made is one transaction again. Returns whether any
  // record has changed.
  bool giveBack(std::vector<replica::Refused> refused);
  // Forgets a change that was refused. Returns false if there is none.
  bool discard(const RejectedChange& change);
  std::vector<UUID> matching(const std::string& collection, const Predicate& where);
  std::uint64_t count(const std::string& collection) const override;
  std::shared_ptr<const Indexes> indexes() const override { return indexes_; }

  // Makes an index of the records that are there, and the collection if there is none of this name. Throws
  // AlreadyExists if the index is unique and two records have the same values, and Cancelled.
  void createIndex(const std::string& collection, const IndexInfo& info, const Progress& progress);
  void dropIndex(std::int64_t number);
  // Makes indexes again that were made under other rules.
  void renewIndexes();

  // Merges what a peer sent, except what it sets aside. If the result has anything missing or refused, the caller must
  // roll the transaction back.
  sync::ApplyResult apply(const sync::Incoming& incoming, replica::Merger::Judging judging);
  // The writes of this replica that the merge has overridden, for the journal.
  const std::vector<replica::Overridden>& overridden() const { return overridden_; }

  // Throws ReadOnlyReplica if this is a replica of another source. A connection that was made before may not know.
  void requireSource(const UUID& peer) const;
  // Throws ReadOnlyReplica if this is one.
  void requireWritable() const;

  // Replaces the stamps of a record that are beyond `limit` by stamps of `clock` (src/sync/restamp.h).
  void restamp(const replica::Key& key, std::uint64_t limit, sync::HybridClock& clock);
  // What the writer works on.
  replica::Ledger& ledger() { return ledger_; }
  WriteTables& tables() { return tables_; }
  replica::Mirror& mirror() { return mirror_; }
  const replica::Author& author() const { return author_; }

  // Whether it has written a live record, so that it is more than deletes and upkeep.
  bool adds() const { return ledger_.adds(); }

  // Writes what is still in memory. Called once, at the end.
  void finish();

  std::int64_t numberOf(const std::string& collection) const override;

 private:
  bool giveBack(const replica::Refused& refused);
  bool giveBackAwaited(const UUID& peer, std::span<const sync::RecordKey> keys);
  void ask(const std::function<void(ReadTables&)>& question) const override;

  replica::Ledger::Savepoint before(const std::string& collection);
  void takeBack(const replica::Ledger::Savepoint& before);
  void requireUnbroken() const {
    if (broken_) std::rethrow_exception(broken_);
  }

  // Finds the row of a record. Returns null if there is none.
  replica::Held* load(const std::string& collection, const UUID& id);
  replica::Held& loadAlive(const std::string& collection, const UUID& id);
  // Whether a field of the loaded record has this encoded value; codec::kRemoved: whether it is absent.
  bool has(std::string_view field, base::ByteView value) const;
  void write(std::string_view field, base::ByteView value, const sync::Stamp& stamp);
  void add(sync::RecordState& state, const Increments& increments, const sync::Stamp& stamp);
  static void requireValid(const Increments& increments);
  // Throws InvalidArgument if the loaded record cannot take these increments.
  void requireNumbers(const Increments& increments) const;
  // Throws AlreadyExists if a unique index has the values of these fields for another record, unless they are those
  // that the record has already.
  void requireUnique(const replica::Collection& collection, const UUID& id, std::optional<base::ByteView> before,
                     base::ByteView after);
  bool hasUnique(const replica::Collection& collection) const;
  // Throws AlreadyExists if two records in the index have the same values.
  void requireNoneSame(const Index& index);
  sync::Stamp nextStamp(std::uint64_t seenAuthority);
  std::uint64_t refusedAuthority(const std::string& collection, const UUID& id);
  base::ByteView encode(const Object& fields);
  bool forgetRefused(std::int64_t id);
  void sendAgain(const std::string& collection, const UUID& id);
  // Stores the loaded record with its changes. Throws TooLarge.
  void save(const std::string& collection);

  WriteTables& tables_;
  replica::Mirror& mirror_;
  std::shared_ptr<const Indexes>& indexes_;
  const replica::Author& author_;
  base::Clock& clock_;
  base::UuidV7& ids_;
  mutable replica::Ledger ledger_;  // asking it a question writes what it has queued

  replica::Held loaded_;                // reused, so that a bulk write does not allocate for each record
  bool counts_ = false;                 // whether the loaded record has counters
  std::uint64_t refusedAuthority_ = 0;  // what a refused change of the record had seen that is written now
  base::Bytes fieldBytes_, stampBytes_;
  std::deque<base::Bytes> counted_;  // what the cells of counters view, of the record that is loaded
  std::vector<replica::Overridden> overridden_;
  std::uint64_t seenAuthority_ = 0;    // what a change had seen that is made again
  std::shared_ptr<Changes*> handle_;   // absent until it is asked for
  mutable std::exception_ptr broken_;  // set: the transaction cannot be committed any more
};

template <class Body>
auto Changes::operation(Body&& body) const {
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
  replica::Ledger::Savepoint start = operation([&] { return before(collection); });
  try {
    auto result = body();
    operation([&] { tables_.keepOperation(); });
    return result;
  } catch (...) {
    std::exception_ptr error = std::current_exception();
    try {
      takeBack(start);
    } catch (...) {
      broken_ = std::current_exception();
    }
    if (!tables_.inTransaction()) broken_ = error;
    std::rethrow_exception(error);
  }
}

}  // namespace blazedb::db
