// Counters: how the fields of a record hold a number that several writers increment while they are apart.
//
// Sync keeps one winner for each key of the outermost map. So each writer adds up its increments under a key of its
// own, a *part*. Parts never conflict, and whoever merges them, also a hub that cannot read them, has every increment.
//
//   key of a part     byte string: name of the field | FF | writer, 8 bytes, little-endian. FF is in no UTF-8 name.
//   value of a part   the sum of its writer's increments, a number; or [sum, writer, sum, ...] with the sums of other
//                     writers whose parts it has taken over, ascending by writer
//
// A field that is assigned while it has parts is stored with what its writer had seen of them:
//
//   tag kTagAssigned over [value or undefined, writer, sum, writer, sum, ...], ascending by writer; undefined: removed
//
// The field has the value, plus the sum of each writer, less what the assignment had seen of it. So an assignment wins
// over the increments that it had seen, and over no others; two assignments are compared by their stamps, as those of
// any field. A value that is not a number hides the parts. Without a value the field starts at 0; it is absent if the
// assignment had seen all of every part.
//
// A database writes under another id each time it is opened. Later it takes over the parts of its former ids: it
// removes them and lists their sums in its own. So a sum that two files have taken over, because one was put back from
// a copy, still counts once.
//
// Sums are int64 while they fit, and doubles if an increment was one. All functions here are pure, and take no more
// than n log n steps for n cells: peers choose the cells.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "blazedb/value.h"
#include "codec/cbor.h"

namespace blazedb::codec {

// In IANA's range "first come, first served", and not registered: "BDB1".
inline constexpr std::uint64_t kTagAssigned = 0x4244'4231;

inline constexpr std::size_t kPartSuffixBytes = 9;
inline bool isPart(std::string_view key) {
  return key.size() > kPartSuffixBytes && key[key.size() - kPartSuffixBytes] == '\xFF';
}
std::string partKey(std::string_view field, std::uint64_t writer);
// The name of the field to which a key belongs: the key itself, if it is no part.
inline std::string_view fieldOf(std::string_view key) {
  return isPart(key) ? key.substr(0, key.size() - kPartSuffixBytes) : key;
}
std::uint64_t writerOf(std::string_view partKey);

using Sums = std::map<std::uint64_t, Value>;  // by writer

struct Part {
  Value sum = std::int64_t{0};
  Sums includes = {};
};
base::Bytes encodePart(const Part& part);
// std::nullopt for a removed part. `encoded` must be valid.
std::optional<Part> decodePart(base::ByteView encoded);

inline bool isAssigned(base::ByteView encodedValue) {
  constexpr std::uint8_t kFirst = 0xDA;  // a tag of four bytes; no other value has one
  return !encodedValue.empty() && encodedValue[0] == kFirst;
}
// `seen` must not be empty.
base::Bytes encodeAssigned(base::ByteView value, const Sums& seen);
// The value without what it had seen; kRemoved if it is a removal. A view into `encoded`, which must be valid.
base::ByteView assignedValue(base::ByteView encoded);
Sums seenBy(base::ByteView encoded);

// Checks and passes over the next value of a part, or an assignment with its tag. `in` fails if it is not valid.
void readPart(CborReader& in);
void readAssigned(CborReader& in);

// What a field holds. The arguments are what its cells hold, and must be valid.
class Counter {
 public:
  void assign(base::ByteView encoded);
  void assign(Value value) { assigned_ = std::move(value); }
  void add(std::uint64_t writer, base::ByteView encodedPart);

  // The value of the field; std::nullopt if it is absent.
  std::optional<Value> value() const;
  // What an assignment made now has seen. It passes on what the last one had seen of parts that are not here.
  Sums seen() const;
  // Whether the assignment had seen all that this writer's part holds. The part then has no effect, whichever others
  // there are.
  bool hasSeenAllOf(std::uint64_t writer) const;
  // By writer, those that were not removed.
  const std::map<std::uint64_t, Part>& parts() const { return parts_; }
  // What this writer has added so far, to which it adds its next increment.
  Part partOf(std::uint64_t writer) const;
  // Takes the part of another writer over into `part`.
  void include(std::uint64_t writer, Part& part) const;
  // Drops what need not be listed any more from a part that lists many others.
  void shorten(Part& part) const;

 private:
  class News;
  // The writers whose parts others have taken over.
  std::set<std::uint64_t> included() const;

  std::optional<Value> assigned_;  // absent: removed, or never assigned
  Sums seen_;
  std::map<std::uint64_t, Part> parts_;
  std::set<std::uint64_t> removed_;
};

// a + b, as a counter adds.
Value sumOf(const Value& a, const Value& b);

}  // namespace blazedb::codec
