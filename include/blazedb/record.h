// Record: the fields of a document and, once it is stored, its id.
//
//   Record r{{"message", "Hello!"}, {"value", 42}};
//   r.string("message").value();     // "Hello!"
//   r["value"];                      // Value, null where absent
//
// A record that came from a database knows its id, so that what fetchAll() gave can be handed to insertMany() of
// another one. A record without an id gets a new one (UUIDv7) when it is inserted. Two records are equal when their
// fields are; the id is where a record lives, not what it says.
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

  std::optional<UUID> id() const { return id_; }
  void setId(UUID id) { id_ = id; }
  void clearId() { id_.reset(); }

 private:
  std::optional<UUID> id_;
};

}  // namespace blazedb
