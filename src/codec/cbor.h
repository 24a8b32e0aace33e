// CBOR (RFC 8949), in the one form that BlazeDB writes and accepts.
//
// Encoded values are compared byte by byte, so a value must have exactly one encoding. Input from a peer is hostile
// until it has been read. The form: definite lengths only; every head as short as possible; integers within int64 or
// uint64, as the caller asks; doubles always as 64 bits; of the simple values only false, true, null and undefined.
// codec/fields.h defines what items mean (sorted maps, dates, UUIDs).
//
// libcbor writes the heads, except those of a single byte, which are most: encoding a record of ten fields takes 0.25
// µs in this way, and 0.4 µs with a call for each head. CborReader reads them. libcbor's streaming decoder calls back
// through a table for each item, which takes 13 ns a head instead of 4, and does not tell which heads were longer than
// necessary. Its item tree would allocate for each item.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/bytes.h"

namespace blazedb::codec {

// The first eight are the major types, with their numbers.
enum class CborKind : std::uint8_t { uint, negative, bytes, text, array, map, tag, simple, real, none };

// The argument is a number (a negative one is -1 - argument), a length, a count, a tag, a simple value, or the bits of
// a double.
struct CborHead {
  CborKind kind = CborKind::none;
  std::uint64_t argument = 0;
};

inline constexpr std::uint64_t kSimpleFalse = 20;
inline constexpr std::uint64_t kSimpleTrue = 21;
inline constexpr std::uint64_t kSimpleNull = 22;
inline constexpr std::uint64_t kSimpleUndefined = 23;
inline constexpr std::uint64_t kTagDate = 1;
inline constexpr std::uint64_t kTagUuid = 37;
inline constexpr std::uint64_t kTagExtendedTime = 1001;

// The largest argument in the lower five bits of the first byte. Higher values say how the argument follows.
inline constexpr std::uint8_t kArgumentInFirstByteMax = 23;
// The longest head: the first byte and a 64-bit argument.
inline constexpr std::size_t kHeadBytesMax = 9;

// Writes a head of any kind except `none`. `at` needs room for kHeadBytesMax. Returns the length.
std::size_t writeLongHead(std::uint8_t* at, CborHead head);
inline std::size_t writeHead(std::uint8_t* at, CborHead head) {
  if (head.argument > kArgumentInFirstByteMax || head.kind == CborKind::real) return writeLongHead(at, head);
  *at = static_cast<std::uint8_t>(static_cast<std::uint64_t>(head.kind) << 5 | head.argument);
  return 1;
}

// Each appends one item, or the head of one. After a head the caller appends the announced number of elements, keys and
// values, or the content of the tag.
void appendHead(base::Bytes& out, CborHead head);
void appendUint(base::Bytes& out, std::uint64_t value);
void appendInteger(base::Bytes& out, std::int64_t value);
void appendReal(base::Bytes& out, double value);
void appendBool(base::Bytes& out, bool value);
void appendNull(base::Bytes& out);
void appendByteString(base::Bytes& out, base::ByteView bytes);
void appendText(base::Bytes& out, std::string_view utf8);
void appendArrayHead(base::Bytes& out, std::size_t elements);
void appendMapHead(base::Bytes& out, std::size_t pairs);

// The heads of an integer and of a double.
CborHead headOf(std::int64_t value);
CborHead headOf(double value);

// The number of a `uint` or `negative` head. It wraps if the argument is above kIntegerArgumentMax.
inline constexpr std::uint64_t kIntegerArgumentMax = std::numeric_limits<std::int64_t>::max();
std::int64_t integerOf(CborHead head);

// Reads items one after the other, with the convention of base::Reader: it never throws and never runs past its end.
// After a failure every further read returns zero or nothing, and ok() stays false. An item of another kind than the
// caller asks for is a failure. Returned views point into the bytes of the constructor. Not thread-safe.
class CborReader {
 public:
  explicit CborReader(base::ByteView bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool atEnd() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }
  base::ByteView rest() const { return rest_; }

  // The next head, of any kind; `none` after a failure. The bytes of a string, or the content of an array, a map or a
  // tag, follow.
  CborHead head() {
    if (rest_.empty() || (rest_[0] & 0x1F) > kArgumentInFirstByteMax) return longHead();
    CborHead head = {static_cast<CborKind>(rest_[0] >> 5), static_cast<std::uint64_t>(rest_[0] & 0x1F)};
    rest_ = rest_.subspan(1);
    return head.kind == CborKind::simple && head.argument < kSimpleFalse ? failed() : head;
  }

  std::uint64_t uint() { return argumentOf(CborKind::uint); }
  std::int64_t integer();
  double real();
  bool boolean();
  // If the next item is a null, passes over it and returns true. Any other item stays, and is no failure.
  bool nullIfNext();
  base::ByteView byteString() { return take(argumentOf(CborKind::bytes)); }
  // Fails if the text is not UTF-8.
  std::string_view text();
  // The number of elements that follow. Fails if the remaining bytes cannot hold so many.
  std::size_t arrayHead();
  // The number of pairs that follow. Fails if the remaining bytes cannot hold so many.
  std::size_t mapHead();

  // The next `count` bytes, for example after the head of a string.
  base::ByteView take(std::uint64_t count) {
    if (count > rest_.size()) return fail(), base::ByteView{};
    base::ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  // Makes the reader fail, for a fault that the caller found.
  void fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  std::uint64_t argumentOf(CborKind kind) {
    CborHead next = head();
    return next.kind == kind ? next.argument : failed().argument;
  }
  CborHead longHead();
  CborHead failed() { return fail(), CborHead{}; }

  base::ByteView rest_;
  bool ok_ = true;
};

}  // namespace blazedb::codec
