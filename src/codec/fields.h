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
//   date     | tag 1 over seconds; tag 1001 if that is inexact: see codec/cbor_date.h        | c1 1a 6922e2c0
//   uuid     | tag 37 over 16 bytes                                                          | d8 25 50 01890a5d...
//   array    | array of values                                                               | 82 01 02
//   object   | map from text to values                                                       | a1 61 61 01
//   removed  | simple value 23, and only as the value of a field of the outermost map        | f7
//   counter  | in the outermost map also the parts of counters: see codec/counter.h          |
//
// The keys of a map are field names: unique, 1 to kFieldNameBytesMax bytes, sorted bytewise as Object sorts them (not
// by their encoding as in section 4.2.1 of RFC 8949, which puts shorter ones first). Arrays and objects nest up to
// kNestingMax levels. The outermost map does not count as a level, and has up to kFieldsMax keys. All fields of a
// record together have up to kRecordBytesMax bytes.
//
// *Removed* is what the sync layer keeps of a field that was removed. FieldsReader shows it, decodeFields() skips it,
// and no value of a user encodes to it.
//
// Equal Objects have equal bytes. Decoding refuses bytes that encoding would not have written, so bytes can be
// compared, hashed and signed instead of values. All functions here are pure, and any thread may call them. They throw
// nothing except std::bad_alloc.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "blazedb/error.h"
#include "blazedb/value.h"
#include "codec/cbor.h"

namespace blazedb::codec {

// Checks the fields and appends their encoding to `out`. Returns std::nullopt on success. Otherwise returns the Error
// for the caller to throw (InvalidArgument or TooLarge), which names the field and the remedy, and leaves `out` as it
// was.
[[nodiscard]] std::optional<Error> encodeFields(base::Bytes& out, const Object& fields);

// The same for one value.
[[nodiscard]] std::optional<Error> encodeValue(base::Bytes& out, const Value& value);

// Replaces `fields` by the decoded fields, without the removed ones. Returns false and empties `fields` if any byte of
// `encoded` is not as described above, or if bytes follow. A Value takes 40 bytes and an encoded null one byte, so an
// array of nulls takes 40 times its encoding, and three times that while it grows.
[[nodiscard]] bool decodeFields(base::ByteView encoded, Object& fields);

// Decodes one value. Returns std::nullopt in the same cases, and for *removed*.
std::optional<Value> decodeValue(base::ByteView encoded);

// Checks the next value, passes over it, and returns its bytes. `in` fails if it is not a valid value.
base::ByteView readEncodedValue(CborReader& in);

// Appends the name of a field, or the key of a part of a counter.
void appendKey(base::Bytes& out, std::string_view key);

// The encoded value of a removed field.
inline constexpr std::uint8_t kRemovedByte = 0xF7;
inline constexpr base::ByteView kRemoved{&kRemovedByte, 1};
inline bool isRemoved(base::ByteView encodedValue) { return base::equal(encodedValue, kRemoved); }

// Walks over encoded fields without building values, and checks every byte:
//
//   FieldsReader fields(encoded);
//   while (fields.next()) use(fields.name(), fields.value());
//   if (!fields.ok()) return false;
//
// To write a map from such pieces, call appendMapHead(), then for each field, in order of names, appendKey() with the
// name and append() with the value.
class FieldsReader {
 public:
  explicit FieldsReader(base::ByteView encoded);

  // Goes to the next field. Returns false after the last one, and after a fault.
  bool next();
  // Whether no fault was met. If it is true after next() returned false, all of `encoded` was a valid map.
  bool ok() const { return in_.ok(); }

  // The number of fields that the map announces, removed ones included; 0 if it is not a map.
  std::size_t count() const { return count_; }
  // Views into `encoded`.
  std::string_view name() const { return name_; }  // or the key of a part of a counter
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
