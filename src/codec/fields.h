// The fields of a record as bytes: one CBOR map, in the form of codec/cbor.h.
//
//   value    | CBOR                                                                          | example
//   ---------|-------------------------------------------------------------------------------|------------------------
//   null     | simple value 22                                                               | f6
//   boolean  | simple values 20 and 21                                                       | f5
//   integer  | integer within int64                                                          | 18 2a
//   real     | 64-bit float, bit by bit: never shortened, a NaN keeps its payload            | fb 3ff8000000000000
//   string   | text, UTF-8                                                                   | 62 68 69
//   bytes    | byte string                                                                   | 42 00 ff
//   date     | tag 1 over seconds; tag 1001 where that is inexact: see codec/cbor_date.h     | c1 1a 6922e2c0
//   uuid     | tag 37 over 16 bytes                                                          | d8 25 50 01890a5d...
//   array    | array of values                                                               | 82 01 02
//   object   | map from text to values                                                       | a1 61 61 01
//   removed  | simple value 23, and only as the value of a field of the outermost map        | f7
//
// The keys of a map are field names: unique, sorted bytewise as Object sorts them (not by their encoding as
// section 4.2.1 of RFC 8949 would, which puts shorter ones first), 1 to kFieldNameBytesMax bytes. Arrays and objects
// nest up to kNestingMax; the outermost map does not count, and has up to
// kFieldsMax keys. The whole is at most kRecordBytesMax.
//
// *Removed* is what stays of a field that was taken away, for the sync layer. FieldsReader shows it; decodeFields()
// passes it over; no value of a user encodes to it.
//
// Two equal Objects have the same bytes, and what is read back would be written with the same bytes: anything else is
// refused, so that bytes can be compared, hashed and signed instead of values. All of these are pure functions of their
// arguments, safe from any thread. None throws, except std::bad_alloc.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "blazedb/error.h"
#include "blazedb/value.h"
#include "codec/cbor.h"

namespace blazedb::codec {

// Appends the encoded fields to `out` and checks them on the way. std::nullopt where all is well; else what is wrong
// with which field and what to do about it (InvalidArgument or TooLarge), for the caller to throw; `out` is then as it
// was.
[[nodiscard]] std::optional<Error> encodeFields(base::Bytes& out, const Object& fields);

// The same for one value.
[[nodiscard]] std::optional<Error> encodeValue(base::Bytes& out, const Value& value);

// Replaces `fields` by what `encoded` holds, without the removed ones. False, and `fields` is empty, where any byte of
// `encoded` is not as described above or there are bytes after it. A Value is 40 bytes where a null is one: an array of
// nulls comes to 40 times its encoding, and to three times that while it grows.
[[nodiscard]] bool decodeFields(base::ByteView encoded, Object& fields);

// The one value that `encoded` holds; std::nullopt as above, and for a removed one.
std::optional<Value> decodeValue(base::ByteView encoded);

// Passes over one value and gives its bytes, checked like all else; `in` fails where they are not a value.
base::ByteView readEncodedValue(CborReader& in);

// The encoded value of a removed field.
inline constexpr std::uint8_t kRemovedByte = 0xF7;
inline constexpr base::ByteView kRemoved{&kRemovedByte, 1};
inline bool isRemoved(base::ByteView encodedValue) { return base::equal(encodedValue, kRemoved); }

// Walks encoded fields without building values, and checks them completely:
//
//   FieldsReader fields(encoded);
//   while (fields.next()) use(fields.name(), fields.value());
//   if (!fields.ok()) return false;
//
// To make a map of such pieces: appendMapHead(), then in order of names appendText() of each and append() of its value.
class FieldsReader {
 public:
  explicit FieldsReader(base::ByteView encoded);

  // Goes to the next field. False after the last, and from the first fault on.
  bool next();
  // False once a fault was met. True after next() gave false: the map was whole, valid, and the end of `encoded`.
  bool ok() const { return in_.ok(); }

  // The number of fields that the map announces, removed ones included; 0 where it is not a map.
  std::size_t count() const { return count_; }
  // Views into `encoded`.
  std::string_view name() const { return name_; }
  base::ByteView value() const { return value_; }
  bool removed() const { return isRemoved(value_); }

 private:
  CborReader in_;
  std::size_t count_;
  std::size_t left_;
  std::string_view name_;
  base::ByteView value_;
};

}  // namespace blazedb::codec
