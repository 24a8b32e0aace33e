// One walk over hostile bytes, which builds values or only checks them.
#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <type_traits>

#include "base/limits.h"
#include "codec/cbor_date.h"
#include "codec/counter.h"
#include "codec/fields.h"
#include "codec/text.h"

namespace blazedb::codec {
namespace {

using base::kFieldNameBytesMax;
using base::kMergedBytesMax;
using base::kNestingMax;

// Reading a value either builds it or only checks it. Both use the same walk, so both accept the same bytes. Checked
// takes the place of a Value and keeps nothing.
struct Checked {
  Checked() = default;
  template <class T>
  Checked(const T&) {}
};
template <class Result>
constexpr bool kBuilds = std::is_same_v<Result, Value>;

template <class Result>
Result readValue(CborReader& in, int depth);

std::string_view readName(CborReader& in, std::string_view previous) {
  std::string_view name = in.text();
  // The first name is compared with the empty one, which is not allowed.
  if (name.size() > kFieldNameBytesMax || name <= previous) in.fail();
  return name;
}

// How many elements to reserve before they are read: nested arrays may all claim the same bytes.
std::size_t trusted(std::uint64_t count) { return static_cast<std::size_t>(std::min<std::uint64_t>(count, 256)); }

template <class Result>
Result readArray(CborReader& in, std::uint64_t count, int depth) {
  if (depth > kNestingMax || count > in.remaining()) in.fail();
  Array array;
  if constexpr (kBuilds<Result>) array.reserve(trusted(count));
  for (std::uint64_t i = 0; i < count && in.ok(); i++) {
    if constexpr (kBuilds<Result>)
      array.push_back(readValue<Value>(in, depth));
    else
      readValue<Checked>(in, depth);
  }
  return array;
}

template <class Result>
Result readObject(CborReader& in, std::uint64_t count, int depth) {
  if (depth > kNestingMax || count > in.remaining() / 2) in.fail();
  Object object;
  if constexpr (kBuilds<Result>) object.reserve(trusted(count));
  std::string_view name;
  for (std::uint64_t i = 0; i < count && in.ok(); i++) {
    name = readName(in, name);
    if constexpr (kBuilds<Result>)
      object.set(std::string(name), readValue<Value>(in, depth));
    else
      readValue<Checked>(in, depth);
  }
  return object;
}

template <class Result>
Result readTagged(CborReader& in, std::uint64_t tag, base::ByteView begin) {
  if (tag == kTagDate || tag == kTagExtendedTime) return readDate(in, tag, begin);
  UUID id;
  base::ByteView bytes = in.byteString();
  if (tag != kTagUuid || bytes.size() != id.bytes.size()) return in.fail(), Result();
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

template <class Result>
Result readValue(CborReader& in, int depth) {
  base::ByteView begin = in.rest();
  CborHead head = in.head();
  switch (head.kind) {
    case CborKind::uint:
    case CborKind::negative:
      if (head.argument <= kIntegerArgumentMax) return integerOf(head);
      break;
    case CborKind::real:
      return std::bit_cast<double>(head.argument);
    case CborKind::simple:
      if (head.argument == kSimpleNull) return Result();
      if (head.argument != kSimpleUndefined) return head.argument == kSimpleTrue;
      break;
    case CborKind::bytes: {
      base::ByteView bytes = in.take(head.argument);
      if constexpr (kBuilds<Result>) return Bytes(bytes.begin(), bytes.end());
      return Result();
    }
    case CborKind::text: {
      std::string_view text = base::textOf(in.take(head.argument));
      if (isUtf8(text)) return text;
      break;
    }
    case CborKind::array:
      return readArray<Result>(in, head.argument, depth + 1);
    case CborKind::map:
      return readObject<Result>(in, head.argument, depth + 1);
    case CborKind::tag:
      return readTagged<Result>(in, head.argument, begin);
    case CborKind::none:
      break;
  }
  in.fail();
  return Result();
}

// A key of the outermost map: a name, or the key of a part.
std::string_view readKey(CborReader& in, std::string_view previous) {
  if (in.atEnd() || static_cast<CborKind>(in.rest()[0] >> 5) != CborKind::bytes) return readName(in, previous);
  std::string_view key = base::textOf(in.byteString());
  std::string_view field = fieldOf(key);
  if (!isPart(key) || field.size() > kFieldNameBytesMax || !isUtf8(field) || key <= previous) in.fail();
  return key;
}

bool removedIsNext(const CborReader& in) { return !in.atEnd() && in.rest()[0] == kRemovedByte; }

// No replica encodes a record beyond the limit, so it is refused unread.
base::ByteView withinLimit(base::ByteView encoded) {
  return encoded.size() <= kMergedBytesMax ? encoded : base::ByteView{};
}

// The fields, with the values of the counters in place of their own. Both are in the order of names.
Object withCounters(const Object& fields, const std::map<std::string_view, Counter>& counters) {
  Object all;
  all.reserve(fields.size() + counters.size());
  auto field = fields.begin();
  for (const auto& [name, counter] : counters) {
    for (; field != fields.end() && field->name < name; ++field) all.set(field->name, field->value);
    if (field != fields.end() && field->name == name) ++field;
    if (std::optional<Value> value = counter.value()) all.set(std::string(name), std::move(*value));
  }
  for (; field != fields.end(); ++field) all.set(field->name, field->value);
  return all;
}

}  // namespace

bool decodeFields(base::ByteView encoded, Object& fields) {
  fields = {};
  CborReader in(withinLimit(encoded));
  std::size_t count = in.mapHead();
  fields.reserve(trusted(count));
  std::string_view key;
  std::map<std::string_view, Counter> counters;
  for (std::size_t i = 0; i < count && in.ok(); i++) {
    key = readKey(in, key);
    base::ByteView begin = in.rest();
    if (removedIsNext(in)) {
      in.take(1);
    } else if (isPart(key)) {
      readPart(in);
      // The field stands before its parts.
      auto [at, isNew] = counters.try_emplace(fieldOf(key));
      if (isNew)
        if (const Value* value = fields.find(fieldOf(key))) at->second.assign(*value);
      if (in.ok()) at->second.add(writerOf(key), begin.first(begin.size() - in.remaining()));
    } else if (isAssigned(begin)) {
      readAssigned(in);
      if (in.ok()) counters[key].assign(begin.first(begin.size() - in.remaining()));
    } else {
      fields.set(std::string(key), readValue<Value>(in, 0));
    }
  }
  if (!in.ok() || !in.atEnd()) {
    fields = {};
    return false;
  }
  if (!counters.empty()) fields = withCounters(fields, counters);
  return true;
}

std::optional<Value> decodeValue(base::ByteView encoded) {
  CborReader in(withinLimit(encoded));
  auto value = readValue<Value>(in, 0);
  if (!in.ok() || !in.atEnd()) return std::nullopt;
  return value;
}

base::ByteView readEncodedValue(CborReader& in) {
  base::ByteView begin = in.rest();
  readValue<Checked>(in, 0);
  return in.ok() ? begin.first(begin.size() - in.remaining()) : base::ByteView{};
}

FieldsReader::FieldsReader(base::ByteView encoded) : in_(withinLimit(encoded)), count_(in_.mapHead()), left_(count_) {}

bool FieldsReader::next() {
  if (left_ == 0 && !in_.atEnd()) in_.fail();
  if (left_ == 0 || !in_.ok()) return false;
  left_--;
  name_ = readKey(in_, name_);
  base::ByteView begin = in_.rest();
  if (removedIsNext(in_))
    in_.take(1);
  else if (isPart(name_))
    readPart(in_);
  else if (isAssigned(begin))
    readAssigned(in_);
  else
    readEncodedValue(in_);
  value_ = in_.ok() ? begin.first(begin.size() - in_.remaining()) : base::ByteView{};
  return in_.ok();
}

}  // namespace blazedb::codec
