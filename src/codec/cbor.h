// CBOR (RFC 8949), in the one form that BlazeDB writes and accepts.
//
// Files are compared by hash and cells are authenticated, so a value must have exactly one encoding, and what a peer
// sends is hostile until it has been read. The form: definite lengths only, every head as short as it can be, integers
// within int64 or uint64 as the caller asks, doubles always as 64 bits, of the simple values only false, true, null and
// undefined. What items mean (sorted maps, dates, UUIDs) is the business of codec/fields.h.
//
// libcbor writes the heads. It does not read them: its streaming decoder calls back through a table for each item and
// takes 13 ns a head (265 ns for a record of ten fields) where CborReader takes 4, and which head was longer than it
// need be cannot be seen from its callbacks without one for each width. Its item tree allocates for each item.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/bytes.h"

namespace blazedb::codec {

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

// The longest head: the first byte and a 64-bit argument.
inline constexpr std::size_t kHeadBytesMax = 9;

// Writes a head, of any kind but `none`, where there is room for kHeadBytesMax; gives its length.
std::size_t writeHead(std::uint8_t* at, CborHead head);

// Each appends one item, or the head of one; the elements of an array, the keys and values of a map and the content of
// a tag are for the caller to append after it, as many as it said.
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

// The int64 of a `uint` or `negative` head with an argument of at most kIntegerArgumentMax.
inline constexpr std::uint64_t kIntegerArgumentMax = std::numeric_limits<std::int64_t>::max();
std::int64_t integerOf(CborHead head);

// Reads items one after the other, with the convention of base::Reader: it never throws and never runs past its end;
// once it has failed every further read gives zero or nothing and ok() stays false. An item of another kind than asked
// for is a failure. The views that it gives point into the bytes that it was given. Not thread-safe.
class CborReader {
 public:
  explicit CborReader(base::ByteView bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool atEnd() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }
  base::ByteView rest() const { return rest_; }

  // The next head, of whatever kind; `none` once failed. The bytes of a string and the content of an array, a map and a
  // tag follow.
  CborHead head();

  std::uint64_t uint() { return argumentOf(CborKind::uint); }
  std::int64_t integer();
  double real();
  bool boolean();
  // True where the next item is a null, which is then passed over. Any other item stays where it is and is no failure.
  bool nullIfNext();
  base::ByteView byteString() { return take(argumentOf(CborKind::bytes)); }
  // Fails where the text is not UTF-8.
  std::string_view text();
  // The number of elements that follow. Fails where the bytes left could not hold them, so that a caller may count on
  // it.
  std::size_t arrayHead();
  // The number of pairs that follow, likewise.
  std::size_t mapHead();

  // The next `count` bytes, e.g. after the head of a string.
  base::ByteView take(std::uint64_t count);
  // For a parser that finds a fault of its own.
  void fail();

 private:
  std::uint64_t argumentOf(CborKind kind);
  CborHead failed();

  base::ByteView rest_;
  bool ok_ = true;
};

}  // namespace blazedb::codec
