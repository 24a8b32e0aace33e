#include "query/sort_key.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "query/walk.h"

namespace blazedb::query {
namespace {

using Type = Operand::Type;

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
constexpr std::uint8_t kEnd = 0;

void appendBigEndian(base::Bytes& out, std::uint64_t bits, std::size_t bytes) {
  std::array<std::uint8_t, 8> last;
  for (std::size_t i = 0; i < 8; i++) last[i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
  out.insert(out.end(), last.end() - static_cast<std::ptrdiff_t>(bytes), last.end());
}

void appendNumber(base::Bytes& out, double below, std::uint64_t above) {
  auto bits = std::bit_cast<std::uint64_t>(below);
  appendBigEndian(out, bits & kSignBit ? ~bits : bits | kSignBit, 8);
  appendBigEndian(out, above, 2);
}

void appendInteger(base::Bytes& out, std::int64_t value) {
  double near = static_cast<double>(value);
  // 2^63 itself is no int64: there the cast rounded up.
  if (near >= 0x1p63 || static_cast<std::int64_t>(near) > value)
    near = std::nextafter(near, -std::numeric_limits<double>::infinity());
  appendNumber(out, near, static_cast<std::uint64_t>(value - static_cast<std::int64_t>(near)));
}

void appendReal(base::Bytes& out, double value) {
  if (std::isnan(value)) return out.insert(out.end(), 10, 0xFF), void();
  appendNumber(out, value == 0 ? 0.0 : value, 0);
}

void appendString(base::Bytes& out, base::ByteView bytes) {
  while (!bytes.empty()) {
    auto zero = static_cast<std::size_t>(std::find(bytes.begin(), bytes.end(), 0) - bytes.begin());
    out.insert(out.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(zero));
    if (zero == bytes.size()) break;
    out.insert(out.end(), {0, 0xFF});
    bytes = bytes.subspan(zero + 1);
  }
  out.insert(out.end(), kTextEndBytes, 0);
}

void append(base::Bytes& out, const Operand& value) {
  // 1 and above, so that an end comes before every value.
  Type type = value.type() == Type::real ? Type::integer : value.type();
  out.push_back(static_cast<std::uint8_t>(static_cast<int>(type) + 1));
  switch (value.type()) {
    case Type::missing:
    case Type::null:
      return;
    case Type::boolean:
      return out.push_back(value.isTrue() ? 1 : 0);
    case Type::integer:
      return appendInteger(out, value.integer());
    case Type::real:
      return appendReal(out, value.real());
    case Type::date:
      return appendBigEndian(out, static_cast<std::uint64_t>(value.integer()) ^ kSignBit, 8);
    case Type::uuid:
      return out.insert(out.end(), value.bytes().begin(), value.bytes().end()), void();
    case Type::text:
    case Type::bytes:
      return appendString(out, value.bytes());
    case Type::array:
      for (Elements elements(value.bytes()); elements.next();) append(out, elements.value());
      return out.push_back(kEnd);
    case Type::object:
      for (Members members(value.bytes()); members.next();) {
        append(out, Operand::text(members.name()));
        append(out, members.value());
      }
      return out.push_back(kEnd);
  }
}

// A byte that ends an array or an object stands where the type of a value would.
std::size_t stringBytes(base::ByteView key) {
  std::size_t at = 0;
  while (key[at] != 0 || key[at + 1] != 0) at += key[at] == 0 ? 2 : 1;
  return at + kTextEndBytes;
}

}  // namespace

std::size_t sortKeyBytes(base::ByteView keys) {
  switch (static_cast<Type>(keys[0] - 1)) {
    case Type::missing:
    case Type::null:
      return 1;
    case Type::boolean:
      return 2;
    case Type::integer:
    case Type::real:
      return 11;
    case Type::date:
      return 9;
    case Type::uuid:
      return 17;
    case Type::text:
    case Type::bytes:
      return 1 + stringBytes(keys.subspan(1));
    case Type::array:
    case Type::object:
      break;
  }
  std::size_t at = 1;
  while (keys[at] != kEnd) at += sortKeyBytes(keys.subspan(at));
  return at + 1;
}

bool isKeyOfUnknown(base::ByteView keys) { return static_cast<Type>(keys[0] - 1) <= Type::null; }

void appendSortKey(base::Bytes& out, const Operand& value, bool descending) {
  std::size_t from = out.size();
  append(out, value);
  for (std::size_t i = from; descending && i < out.size(); i++) out[i] = static_cast<std::uint8_t>(~out[i]);
}

}  // namespace blazedb::query
