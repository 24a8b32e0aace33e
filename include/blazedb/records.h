// The operations on the records of one collection: the same on a Collection, on a Database and a Transaction (both: the
// collection "default").
//
// Outside a transaction every call is one: it is committed, or it has thrown and changed nothing. Inside one (a
// Transaction, or a Collection that it gave) calls see what the transaction has done so far and become visible to
// others together. There too a call that throws has changed nothing: who catches it may go on. Only where the disk has
// failed, or memory has run out, the transaction is lost: every further call in it throws the same, and so does
// transaction() itself, whatever was caught.
//
// A reading call on a collection that does not exist finds nothing. Records: up to 8 MiB encoded, 65,536 fields,
// arrays and objects 64 deep, field names 1 to 128 bytes of UTF-8; beyond that TooLarge or InvalidArgument says which
// field it was. A database that is a read-only replica of another one refuses every writing call with ReadOnlyReplica.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/error.h"
#include "blazedb/export.h"
#include "blazedb/record.h"

namespace blazedb {

namespace db {
class Changes;
class Engine;
struct OpenDatabase;
}  // namespace db

using Predicate = std::function<bool(const Record&)>;

class BLAZEDB_API Records {
 public:
  // Stores a new record and gives its id: the record's own if it has one, else a new UUIDv7. AlreadyExists where the id
  // is taken.
  UUID insert(const Record& record);
  UUID insert(const UUID& id, const Record& record);
  // All or nothing, in one commit. Ids in the order of the records.
  std::vector<UUID> insertMany(const std::vector<Record>& records);

  std::optional<Record> fetch(const UUID& id) const;
  // All records, ordered by id. For more than fits into memory use forEach.
  std::vector<Record> fetchAll() const;
  // Calls `visit` for each record, ordered by id, until it returns false. Reads ahead, up to 1000 records: sees each
  // record at some moment of the walk, not all at one moment. `visit` may call whatever may be called here, walk and
  // write too; records that are inserted meanwhile are seen or not, and the walk ends. What `visit` throws ends it and
  // goes on to the caller.
  void forEach(const std::function<bool(const Record&)>& visit) const;
  std::uint64_t count() const;

  // Replaces all fields. Fields whose value stays the same are not written again, so that only what changed travels.
  // NotFound where there is no such record.
  void update(const UUID& id, const Record& record);
  // Sets the given fields and leaves the others. NotFound likewise.
  void updateFields(const UUID& id, const Record& fields);
  // Sets the given fields in every record for which `where` is true, in one commit; gives their number. `where` is
  // asked about every record before the first is changed, and must not write; what it throws goes on to the caller, and
  // nothing was changed.
  std::uint64_t updateMany(const Predicate& where, const Record& fields);
  // insert or update. True where it inserted.
  bool upsert(const UUID& id, const Record& record);
  // For a record that has an id, or gets one now.
  UUID upsert(const Record& record);

  // False where there was no such record.
  bool remove(const UUID& id);
  std::uint64_t removeMany(const Predicate& where);
  std::uint64_t removeMany(const std::vector<UUID>& ids);
  // Removes a record and, at once, the values that are otherwise kept until every peer knows of the delete. Peers do
  // likewise in their own time. False where the id is unknown.
  bool purge(const UUID& id);

 protected:
  // `changes` is the open transaction, nullptr outside of one.
  Records(std::shared_ptr<db::Engine> engine, std::string collection, db::Changes* changes = nullptr);

  std::shared_ptr<db::Engine> engine_;
  std::string collection_;
  db::Changes* changes_ = nullptr;
};

// The records of one name.
class BLAZEDB_API Collection : public Records {
 public:
  const std::string& name() const { return collection_; }

 private:
  friend class Database;
  friend class Transaction;
  using Records::Records;
};

// Several operations, all or nothing; by itself the collection "default". Valid inside the function that it was given
// to, on that thread.
class BLAZEDB_API Transaction : public Records {
 public:
  // InvalidArgument for a name that is not 1 to 128 of [A-Za-z0-9_.-].
  Collection collection(const std::string& name);

 private:
  friend class Database;
  using Records::Records;
};

}  // namespace blazedb
