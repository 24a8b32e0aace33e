// Operand: a value as an expression sees it, and how two of them compare.
//
// An Operand is a view: into an encoded record, into a literal or parameter, or into what a function has made. Beside
// the types of a Value there is `missing`, for a field that is not there; a field that is null is another thing.
//
// Integers and reals are numbers, and compare by their exact value: 2^53 + 1 is greater than the real 2^53. NaN is
// equal to NaN and greater than every other number, as in PostgreSQL; -0.0 is equal to 0. Text compares by code point,
// bytes and UUIDs byte by byte. Arrays compare element by element, objects name by name and then value by value; what
// ends first is less. Values of two types are never equal, and neither is less; only order() puts them in a row:
//
//   missing, null, false, true, numbers, dates, UUIDs, text, bytes, arrays, objects
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "blazedb/uuid.h"
#include "blazedb/value.h"

namespace blazedb::query {

class Operand {
 public:
  enum class Type : std::uint8_t {
    missing,
    null,
    boolean,
    integer,
    real,
    date,
    uuid,
    text,
    bytes,
    array,
    object,
  };

  Operand() = default;  // missing
  static Operand null() { return Operand(Type::null); }
  static Operand boolean(bool value) { return Operand(Type::boolean).withNumber(value ? 1 : 0); }
  static Operand integer(std::int64_t value) { return Operand(Type::integer).withNumber(value); }
  static Operand real(double value);
  static Operand date(Date value) { return Operand(Type::date).withNumber(value.microseconds); }
  static Operand text(std::string_view utf8) { return Operand(Type::text).withBytes(base::viewOf(utf8)); }
  // 16 bytes for a UUID; for an array or an object its encoding (codec/fields.h).
  static Operand ofBytes(Type type, base::ByteView bytes) { return Operand(type).withBytes(bytes); }
  // `encoded` is one valid value.
  static Operand decode(base::ByteView encoded);

  Type type() const { return type_; }
  // null or missing: nothing to compare with.
  bool isUnknown() const { return type_ <= Type::null; }
  bool isNumber() const { return type_ == Type::integer || type_ == Type::real; }
  bool isTrue() const { return type_ == Type::boolean && number_ != 0; }
  bool isFalse() const { return type_ == Type::boolean && number_ == 0; }

  std::int64_t integer() const { return number_; }  // also the microseconds of a date
  double real() const;
  double asReal() const { return type_ == Type::real ? real() : static_cast<double>(number_); }
  base::ByteView bytes() const { return bytes_; }
  std::string_view text() const { return base::textOf(bytes_); }
  // A copy that owns its content; null for a missing one.
  Value toValue() const;

 private:
  explicit Operand(Type type) : type_(type) {}
  Operand withNumber(std::int64_t number) const;
  Operand withBytes(base::ByteView bytes) const;

  Type type_ = Type::missing;
  std::int64_t number_ = 0;  // the bits of a real
  base::ByteView bytes_;
};

// std::nullopt if the two have different types, or either is unknown.
std::optional<std::weak_ordering> compare(const Operand& a, const Operand& b);
// The order of all values, which sorts, groups and indexes.
std::weak_ordering order(const Operand& a, const Operand& b);

}  // namespace blazedb::query
