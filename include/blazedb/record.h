// Record: the fields of a document and, once it is stored, its id.
//
//   Record r{{"message", "Hello!"}, {"value", 42}};
//   r.string("message").value();     // "Hello!"
//   r["value"];                      // Value, null where absent
//
// A record that came from a database has its id, so the result of fetchAll() can go to insertMany() of another
// database. A record without an id gets a new one (UUIDv7) when it is inserted. Two records are equal when their fields
// are equal; the ids do not count. Not thread-safe; distinct records may be used from distinct threads.
#pragma once

#include <initializer_list>
#include <optional>
#include <utility>

#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb {

class Record : public Object {
 public:
  Record() = default;
  Record(std::initializer_list<Field> fields) : Object(fields) {}
  explicit Record(Object fields) : Object(std::move(fields)) {}

  // The id under which the record is stored, or will be; absent before the first insert.
  std::optional<UUID> id() const { return id_; }
  void setId(UUID id) { id_ = id; }
  void clearId() { id_.reset(); }  // the next insert stores the record under a new id

 private:
  std::optional<UUID> id_;
};

}  // namespace blazedb
