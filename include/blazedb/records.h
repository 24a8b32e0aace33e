// The operations on the records of one collection. A Collection has them for its own records; a Database and a
// Transaction have them for the collection "default".
//
// Outside a transaction every call is a transaction of its own: it commits, or it throws and has changed nothing.
// Inside one (on a Transaction, or on a Collection that it gave) calls see what the transaction has done so far, and
// others see all of it at once after the commit. A call that throws has changed nothing there either, so the caller may
// catch the error and go on. If the disk fails or memory runs out, the transaction is lost: every further call in it
// throws the same error, and so does transaction() itself.
//
// Limits   A record has up to 8 MiB encoded, 65,536 fields, and arrays and objects 64 deep. A field's name has 1 to 128
//          bytes of UTF-8. Beyond that a call throws TooLarge or InvalidArgument, which names the field.
// Errors   Every writing call of a read-only replica throws ReadOnlyReplica. database.h lists the errors that any call
//          may throw. A reading call on a collection that does not exist finds nothing.
// Threads  Any thread may use a Database or a Collection. A Transaction, and the collections that it gave, belong to
//          the thread and the call of transaction() that they were made for; after it they throw Misuse.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "blazedb/error.h"
#include "blazedb/export.h"
#include "blazedb/indexes.h"
#include "blazedb/live.h"
#include "blazedb/query.h"
#include "blazedb/record.h"
#include "blazedb/where.h"

namespace blazedb {

namespace db {
class Changes;
class Engine;
struct OpenDatabase;
}  // namespace db

using Predicate = std::function<bool(const Record&)>;

// What fetch() gives: a record or none, used as a std::optional<Record>, into which it converts. Unlike there, `*` and
// value() of a temporary give the record itself and no reference into it, so `for (const Field& field : *db.fetch(id))`
// walks over a record that lives as long as the loop.
class BLAZEDB_API Fetched {
 public:
  Fetched(std::optional<Record> record);

  bool has_value() const { return record_.has_value(); }
  explicit operator bool() const { return has_value(); }
  // There must be a record.
  const Record* operator->() const { return &*record_; }
  Record* operator->() { return &*record_; }
  const Record& operator*() const& { return *record_; }
  Record& operator*() & { return *record_; }
  Record operator*() && { return take(); }
  // Throw std::bad_optional_access if there is no record.
  const Record& value() const& { return record_.value(); }
  Record& value() & { return record_.value(); }
  Record value() &&;
  Record value_or(Record other) const&;
  operator std::optional<Record>() const&;
  operator std::optional<Record>() &&;

  friend bool operator==(const Fetched& a, std::nullopt_t) { return !a.has_value(); }
  friend BLAZEDB_API bool operator==(const Fetched& a, const std::optional<Record>& b);

 private:
  Record take();
  std::optional<Record> record_;
};

// What insertMany() does with a record whose id belongs to a live record.
enum class OnConflict : std::uint8_t {
  fail,     // throws AlreadyExists, and inserts none of the records
  skip,     // leaves the live record as it is
  replace,  // as update(): the live record gets these fields, and loses the others
  merge,    // as upsertFields(): the live record gets the fields whose value differs, and keeps the others
};

struct InsertOptions {
  OnConflict onConflict = OnConflict::fail;
};

// A number to add to a field, instead of a value: `db.updateFields(id, {{"stock", Increment(-1)}})`.
class BLAZEDB_API Increment {
 public:
  Increment(int by) : by_(by) {}
  Increment(unsigned by) : by_(by) {}
  Increment(long by) : by_(by) {}
  Increment(long long by) : by_(by) {}
  Increment(double by) : by_(by) {}
  const Value& by() const { return by_; }  // an integer or a real

 private:
  Value by_;
};

// A field's new value, or what to add to it.
class BLAZEDB_API FieldChange {
 public:
  FieldChange(std::string name, Value value) : name_(std::move(name)), value_(std::move(value)) {}
  template <std::same_as<Increment> T>
  FieldChange(std::string name, const T& increment) : name_(std::move(name)), value_(increment.by()), adds_(true) {}

  const std::string& name() const { return name_; }
  const Value& value() const { return value_; }
  bool adds() const { return adds_; }

 private:
  std::string name_;
  Value value_;
  bool adds_ = false;
};

class BLAZEDB_API Records {
 public:
  // Stores a new record under its own id, or under a new UUIDv7 if it has none. Returns the id. If the id belongs to a
  // deleted record, the new record takes its place. Errors: AlreadyExists (a live record has the id), TooLarge,
  // InvalidArgument.
  UUID insert(const Record& record);
  // The same, under `id`; an id in `record` is ignored.
  UUID insert(const UUID& id, const Record& record);
  // Inserts all records in one commit, or none. Returns their ids in the order of `records`, also the ids of records
  // that were there already, if the options allow that. Errors as insert.
  std::vector<UUID> insertMany(const std::vector<Record>& records, const InsertOptions& options = {});

  // Returns the record with this id, all its fields and the id set; std::nullopt if there is none, or it was deleted.
  Fetched fetch(const UUID& id) const;
  // Returns the records with these ids in the order of `ids`, all from one snapshot; std::nullopt for each id that has
  // no record.
  std::vector<std::optional<Record>> fetchMany(const std::vector<UUID>& ids) const;
  // Returns all records of this collection, ordered by id; on a Database those of the collection "default", not of all
  // collections. For more than fits into memory use forEach. transferAll() copies all collections.
  std::vector<Record> fetchAll() const;
  // Calls `visit` on this thread for each record, ordered by id, until it returns false. Outside a transaction forEach
  // reads up to 1,000 records at a time, each such page on a snapshot of its own. `visit` may read, walk and write. A
  // record that is inserted meanwhile may be visited or not; the walk always ends. An exception from `visit` ends the
  // walk and goes on to the caller.
  void forEach(const std::function<bool(const Record&)>& visit) const;
  // The number of live records. Does not read them.
  std::uint64_t count() const;
  // The records for which the expression is true; all of them for an empty one. query.h has what a Query does, and
  // docs/query.md the language. `parameters` are the values of the $names in the expression, each exactly once. Errors:
  // InvalidArgument, TooLarge.
  Query query(const std::string& expression = "", const Object& parameters = {}) const;
  Query query(const Where& where) const { return query(where.expression(), where.parameters()); }

  // Replaces all fields of a record: writes those whose value differs, and removes those that `record` lacks. An id in
  // `record` is ignored. Errors: NotFound (there is no live record with this id), TooLarge, InvalidArgument.
  void update(const UUID& id, const Record& record);
  // Writes the given fields, even where the value is the same, and leaves the others. Errors as update.
  void updateFields(const UUID& id, const Record& fields);
  // The same, and adds to the fields that are given as an Increment: see increment(). If a name is given twice, the
  // last one counts.
  void updateFields(const UUID& id, std::initializer_list<FieldChange> changes);
  // Adds `by`, which may be negative, to a field that holds a number; a field that is absent counts as 0. Returns the
  // new value. The increments of all databases add up: 100 + 10 here and + 10 elsewhere make 110 everywhere, once they
  // have met. A value that is assigned to the field replaces the increments that its writer had seen, and no others. A
  // sum of integers beyond int64 becomes a real. A counter takes some 40 bytes for each database that counts, and as
  // much for each of its last openings, until its peers have heard of the next. Errors: NotFound, TooLarge,
  // InvalidArgument (the field holds no number; `by` is not finite).
  Value increment(const UUID& id, const std::string& field, Increment by = 1);
  // Removes these fields from a record and leaves the others. Fields that the record lacks count as removed. Errors:
  // NotFound (there is no live record with this id).
  void unset(const UUID& id, const std::vector<std::string>& fields);
  // Writes the given fields in every record for which `where` returns true, in one commit. Returns the number of
  // records. It calls `where` for every record before it changes the first; `where` must not write. If `where` throws,
  // nothing has changed and the exception goes on to the caller. Errors: TooLarge, InvalidArgument.
  std::uint64_t updateMany(const Predicate& where, const Record& fields);
  // The same for the records for which an expression is true, as query() takes it; "true" is all of them, and an empty
  // one is InvalidArgument.
  std::uint64_t updateMany(const std::string& where, const Object& parameters, const Record& fields);
  std::uint64_t updateMany(const std::string& where, const Record& fields);
  std::uint64_t updateMany(const Where& where, const Record& fields) {
    return updateMany(where.expression(), where.parameters(), fields);
  }
  // Inserts the record, or updates the live record with this id. Returns true if it inserted. Errors: TooLarge,
  // InvalidArgument.
  bool upsert(const UUID& id, const Record& record);
  // The same under the record's own id, or under a new one if it has none. Returns the id.
  UUID upsert(const Record& record);
  // Inserts the record, or writes the given fields whose value differs into the live record with this id, and leaves
  // its other fields. Returns true if it inserted. Errors: TooLarge, InvalidArgument.
  bool upsertFields(const UUID& id, const Record& fields);
  // The same, and adds to the fields that are given as an Increment: see increment().
  bool upsertFields(const UUID& id, std::initializer_list<FieldChange> changes);
  // As upsert(), for all records in one commit. Returns their ids in the order of `records`.
  std::vector<UUID> upsertMany(const std::vector<Record>& records);

  // The id that belongs to a name in this collection, as in `settings.upsertFields(settings.key("theme"), fields)`.
  // Every database gives the same id for the same collection and name, so two devices that create "theme" create one
  // record, and their fields are merged. It is UUID::fromName(UUID::fromName(NAMESPACE, collection), name) with the
  // NAMESPACE 95757045-e6f2-4ea8-b2f9-80dd4bed69db.
  UUID key(std::string_view name) const;

  // Deletes a record. Returns false if there is no live record with this id.
  bool remove(const UUID& id);
  // Deletes every record for which `where` returns true, in one commit. Returns their number. `where` as in updateMany.
  std::uint64_t removeMany(const Predicate& where);
  // The same for the records for which an expression is true, as query() takes it.
  std::uint64_t removeMany(const std::string& where, const Object& parameters = {});
  std::uint64_t removeMany(const Where& where) { return removeMany(where.expression(), where.parameters()); }
  // Deletes the records with these ids in one commit. Returns how many there were.
  std::uint64_t removeMany(const std::vector<UUID>& ids);
  // Deletes a record and erases its values at once; remove() keeps them until every known peer has heard of the delete.
  // Also erases the values of a record that was deleted before. Peers erase theirs in their own time. Returns false if
  // the id is unknown.
  bool purge(const UUID& id);

  // Makes an index (indexes.h) of the values of these fields or expressions, as query() takes them, without now() and
  // parameters. Does nothing if there is one of this name that is the same. Readers go on meanwhile, and writers wait.
  // Killed or cancelled, it leaves nothing. Not in a transaction. Errors: InvalidArgument, AlreadyExists (another index
  // has the name, or it is unique and two records have the same values), Cancelled, Misuse.
  void createIndex(const std::string& name, const std::vector<std::string>& expressions,
                   const IndexOptions& options = {});
  // Makes a full-text index of the texts of these fields or expressions: texts, and arrays of texts. Query::match()
  // searches in it. Otherwise as createIndex.
  void createFullTextIndex(const std::string& name, const std::vector<std::string>& expressions,
                           const FullTextOptions& options = {});
  // The indexes of this collection, by name.
  std::vector<IndexInfo> indexes() const;
  // Throws NotFound, and Misuse in a transaction.
  void dropIndex(const std::string& name);
  // Names the field that says which team a record of this collection belongs to: a UUID, for SyncPolicy::teams of the
  // clients of this database. It is "team_id" unless another is set. A change takes effect as that of a policy
  // (rights.h). Errors: InvalidArgument (the name), and Misuse in a transaction.
  void setTeamField(const std::string& field);
  std::string teamField() const;

  // The records that merges have left with the same values in a unique index: change or remove all but one of each.
  // Errors: NotFound, InvalidArgument (the index is not unique).
  std::vector<Duplicate> duplicates(const std::string& index) const;

  // Calls `callback` with the records of this collection that change from now on (live.h), until the Subscription ends.
  // On a Database these are those of the collection "default". Waits for a transaction that runs; throws Misuse in one.
  [[nodiscard]] Subscription observe(std::function<void(const std::vector<RecordChange>&)> callback) const;

 protected:
  // `changes`: the open transaction, which has ended once it points to nullptr; null outside of one.
  Records(std::shared_ptr<db::Engine> engine, std::string collection, std::shared_ptr<db::Changes*> changes = nullptr);
  // The open transaction; nullptr outside of one. Throws Misuse if it has ended.
  db::Changes* open() const;
  void requireNoTransaction() const;

  std::shared_ptr<db::Engine> engine_;
  std::string collection_;
  std::shared_ptr<db::Changes*> changes_;
};

// The records of one collection. A cheap handle; keeps the database open.
class BLAZEDB_API Collection : public Records {
 public:
  const std::string& name() const { return collection_; }

 private:
  friend class Database;
  friend class Transaction;
  using Records::Records;
};

// Several operations that are committed together, or not at all; see Database::transaction. Valid only inside the
// function that received it, on that thread.
class BLAZEDB_API Transaction : public Records {
 public:
  // The collection `name` (1 to 128 of [A-Za-z0-9_.-]) inside this transaction. Throws InvalidArgument.
  Collection collection(const std::string& name);

 private:
  friend class Database;
  using Records::Records;
};

}  // namespace blazedb
