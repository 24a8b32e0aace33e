// Walks over encoded values that are known to be valid (codec/fields.h), such as those of a stored record. Nothing is
// checked again, so a walk takes a few nanoseconds an item.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "codec/cbor.h"
#include "query/expression.h"
#include "query/operand.h"

namespace blazedb::query {

// Passes over the next value and returns its bytes.
base::ByteView skipValue(codec::CborReader& in);

// The elements of an encoded array.
class Elements {
 public:
  explicit Elements(base::ByteView array) : in_(array), left_(in_.head().argument) {}

  std::uint64_t left() const { return left_; }
  bool next();
  base::ByteView encoded() const { return encoded_; }
  Operand value() const { return Operand::decode(encoded_); }

 private:
  codec::CborReader in_;
  std::uint64_t left_;
  base::ByteView encoded_;
};

// The fields of an encoded object, or of a record, in the order of their names.
class Members {
 public:
  explicit Members(base::ByteView object) : in_(object), left_(in_.head().argument) {}

  std::uint64_t left() const { return left_; }
  bool next();
  std::string_view name() const { return name_; }
  base::ByteView encoded() const { return encoded_; }
  Operand value() const { return Operand::decode(encoded_); }

 private:
  codec::CborReader in_;
  std::uint64_t left_;
  std::string_view name_;
  base::ByteView encoded_;
};

// The field of this name; missing if there is none.
Operand memberOf(base::ByteView object, std::string_view name);
// The element at `index` from 0, or from the end if it is negative; missing if there is none.
Operand elementOf(base::ByteView array, std::int64_t index);
// What is there behind these steps; missing if there is nothing.
Operand follow(Operand at, const std::vector<Step>& steps);

}  // namespace blazedb::query
