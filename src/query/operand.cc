#include "query/operand.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "codec/cbor_date.h"
#include "codec/fields.h"
#include "query/walk.h"

namespace blazedb::query {
namespace {

using Type = Operand::Type;

// The place of a type in the order of all values.
int rank(Type type) { return type == Type::real ? static_cast<int>(Type::integer) : static_cast<int>(type); }

std::weak_ordering orderReals(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  return a < b ? std::weak_ordering::less : a > b ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

// Exact: an int64 beyond 2^53 has no double.
std::weak_ordering orderMixed(std::int64_t integer, double real) {
  constexpr double kTooLarge = 0x1p63;
  if (std::isnan(real) || real >= kTooLarge) return std::weak_ordering::less;
  if (real < -kTooLarge) return std::weak_ordering::greater;
  double whole = std::trunc(real);
  if (auto order = integer <=> static_cast<std::int64_t>(whole); order != 0) return order;
  return orderReals(whole, real);
}

std::weak_ordering orderNumbers(const Operand& a, const Operand& b) {
  if (a.type() == Type::integer && b.type() == Type::integer) return a.integer() <=> b.integer();
  if (a.type() == Type::real && b.type() == Type::real) return orderReals(a.real(), b.real());
  if (a.type() == Type::integer) return orderMixed(a.integer(), b.real());
  return 0 <=> orderMixed(b.integer(), a.real());
}

std::weak_ordering orderBytes(base::ByteView a, base::ByteView b) { return base::textOf(a) <=> base::textOf(b); }

std::weak_ordering orderArrays(const Operand& a, const Operand& b) {
  Elements left(a.bytes()), right(b.bytes());
  while (true) {
    bool more = left.next(), also = right.next();
    if (!more || !also) return more <=> also;
    if (auto order = query::order(left.value(), right.value()); order != 0) return order;
  }
}

std::weak_ordering orderObjects(const Operand& a, const Operand& b) {
  Members left(a.bytes()), right(b.bytes());
  while (true) {
    bool more = left.next(), also = right.next();
    if (!more || !also) return more <=> also;
    if (auto order = left.name() <=> right.name(); order != 0) return order;
    if (auto order = query::order(left.value(), right.value()); order != 0) return order;
  }
}

std::weak_ordering orderOfOneType(const Operand& a, const Operand& b) {
  switch (a.type()) {
    case Type::missing:
    case Type::null:
      return std::weak_ordering::equivalent;
    case Type::integer:
    case Type::real:
      return orderNumbers(a, b);
    case Type::boolean:
    case Type::date:
      return a.integer() <=> b.integer();
    case Type::uuid:
    case Type::text:
    case Type::bytes:
      return orderBytes(a.bytes(), b.bytes());
    case Type::array:
      return orderArrays(a, b);
    case Type::object:
      return orderObjects(a, b);
  }
  return std::weak_ordering::equivalent;
}

}  // namespace

Operand Operand::withNumber(std::int64_t number) const {
  Operand with = *this;
  with.number_ = number;
  return with;
}

Operand Operand::withBytes(base::ByteView bytes) const {
  Operand with = *this;
  with.bytes_ = bytes;
  return with;
}

Operand Operand::real(double value) { return Operand(Type::real).withNumber(std::bit_cast<std::int64_t>(value)); }
double Operand::real() const { return std::bit_cast<double>(number_); }

Operand Operand::decode(base::ByteView encoded) {
  using codec::CborKind;
  codec::CborReader in(encoded);
  codec::CborHead head = in.head();
  switch (head.kind) {
    case CborKind::uint:
    case CborKind::negative:
      return integer(codec::integerOf(head));
    case CborKind::real:
      return real(std::bit_cast<double>(head.argument));
    case CborKind::text:
      return ofBytes(Type::text, in.rest());
    case CborKind::bytes:
      return ofBytes(Type::bytes, in.rest());
    case CborKind::array:
      return ofBytes(Type::array, encoded);
    case CborKind::map:
      return ofBytes(Type::object, encoded);
    case CborKind::tag:
      if (head.argument == codec::kTagUuid) return ofBytes(Type::uuid, in.byteString());
      return date(codec::readDate(in, head.argument, encoded));
    case CborKind::simple:
      if (head.argument == codec::kSimpleNull) return null();
      if (head.argument == codec::kSimpleUndefined) return {};
      return boolean(head.argument == codec::kSimpleTrue);
    case CborKind::none:
      break;
  }
  return {};
}

Value Operand::toValue() const {
  switch (type_) {
    case Type::missing:
    case Type::null:
      return nullptr;
    case Type::boolean:
      return number_ != 0;
    case Type::integer:
      return number_;
    case Type::real:
      return real();
    case Type::date:
      return Date{number_};
    case Type::uuid: {
      UUID id;
      std::copy(bytes_.begin(), bytes_.end(), id.bytes.begin());
      return id;
    }
    case Type::text:
      return std::string(text());
    case Type::bytes:
      return Bytes(bytes_.begin(), bytes_.end());
    case Type::array:
    case Type::object:
      return codec::decodeValue(bytes_).value_or(nullptr);
  }
  return nullptr;
}

std::optional<std::weak_ordering> compare(const Operand& a, const Operand& b) {
  if (a.isUnknown() || b.isUnknown() || rank(a.type()) != rank(b.type())) return std::nullopt;
  return orderOfOneType(a, b);
}

std::weak_ordering order(const Operand& a, const Operand& b) {
  if (auto order = rank(a.type()) <=> rank(b.type()); order != 0) return order;
  return orderOfOneType(a, b);
}

}  // namespace blazedb::query
