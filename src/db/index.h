// Index: the records of a collection by the values of expressions, as an index of SQLite over the table `records`.
//
// A key is the sort key of each value (query/sort_key.h) and the record's id. SQLite computes it with a function of
// this layer, and keeps the index right with every statement that touches a row. So whatever writes rows need not know
// of indexes. Immutable; any thread may use one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "blazedb/indexes.h"
#include "blazedb/uuid.h"
#include "query/evaluate.h"
#include "storage/connection.h"

namespace blazedb::db {

class Index {
 public:
  // `number`: never given to another index. Throws InvalidArgument and TooLarge if an expression is not understood, or
  // cannot be in an index.
  Index(std::int64_t number, std::int64_t collection, IndexInfo info);

  std::int64_t number() const { return number_; }
  std::int64_t collection() const { return collection_; }
  const IndexInfo& info() const { return info_; }
  const std::vector<const query::Bound*>& expressions() const { return expressions_; }
  const query::Bound* where() const { return where_.get(); }  // null: it has every record

  // Whether it has the same expressions and options as another.
  bool isSame(const Index& other) const;

  // The key of a record without its id; absent if one of the values is null or missing, or the record is not in the
  // index.
  std::optional<base::Bytes> valuesOf(const UUID& id, base::ByteView fields) const;

  // SQL. Those that read have the first key and the one behind the last as ?1 and ?2.
  const std::string& create() const { return create_; }
  const std::string& drop() const { return drop_; }
  const std::string& records(bool backwards) const { return backwards ? recordsBackwards_ : records_; }  // id, fields
  const std::string& keys() const { return keys_; }
  const std::string& notGiven() const { return notGiven_; }  // rows that the importer ?3 was not given

 private:
  const std::int64_t number_, collection_;
  const IndexInfo info_;
  std::vector<std::unique_ptr<const query::Bound>> bounds_;
  std::vector<const query::Bound*> expressions_;
  std::unique_ptr<const query::Bound> where_;
  std::string create_, drop_, records_, recordsBackwards_, keys_, notGiven_;
};

// Finds the records that have the same values in a unique index, in one walk over its keys.
class SameValues {
 public:
  explicit SameValues(const Index& index) : index_(index) {}
  // Takes the next key. Returns the records before it that have the same values, if they are two or more.
  std::vector<UUID> next(base::ByteView key);
  // After the last key: the same.
  std::vector<UUID> end();

 private:
  const Index& index_;
  base::Bytes values_;
  std::vector<UUID> records_;
};

// The expressions of an index, which name fields and do not look at the time. Throws InvalidArgument, TooLarge.
std::vector<std::unique_ptr<const query::Bound>> indexExpressions(const std::vector<std::string>& expressions);
// A call of one of the functions below on the columns of a row, for SQL. `of`: "new." and so on.
std::string callOf(const char* function, const std::vector<std::string>& expressions, const std::string& of = "");

// The functions of SQL that indexes are made of. Statements on the table `records` need them.
class IndexFunctions {
 public:
  // Defines them for this connection.
  explicit IndexFunctions(storage::Connection& connection);
  // How often they were called for a record.
  std::uint64_t calls() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// What the functions depend on beside the record. An index that was made under other rules has to be made again.
std::string indexRules();

}  // namespace blazedb::db
