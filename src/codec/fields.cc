#include "codec/fields.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "base/limits.h"
#include "codec/utf8.h"

namespace blazedb::codec {
namespace {

using base::kFieldNameBytesMax;
using base::kNestingMax;
using base::kRecordBytesMax;

constexpr std::uint64_t kTagDate = 1;
constexpr std::uint64_t kTagUuid = 37;
constexpr std::uint64_t kTagExtendedTime = 1001;
constexpr std::int64_t kExtendedTimeSeconds = 1;
constexpr std::int64_t kExtendedTimeMicroseconds = -6;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

constexpr char kTooDeep[] = "lies deeper than arrays and objects may nest (64): make the record flatter";
static_assert(kNestingMax == 64);

// ---- dates

// The longest form: tag 1001, a map of two, the keys 1 and -6, seconds, microseconds.
constexpr std::size_t kDateBytesMax = 3 + 1 + 1 + 9 + 1 + 5;

// The double nearest to the seconds of a date, where it tells the microsecond; beyond 2^53 µs (the year 2255) none
// does.
std::optional<double> secondsAsReal(std::int64_t microseconds) {
  constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
  if (microseconds < -kExactMax || microseconds > kExactMax) return std::nullopt;
  double seconds = static_cast<double>(microseconds) / static_cast<double>(kMicrosecondsPerSecond);
  if (std::llround(seconds * static_cast<double>(kMicrosecondsPerSecond)) != microseconds) return std::nullopt;
  return seconds;
}

std::size_t writeDate(std::uint8_t* at, Date date) {
  std::uint8_t* begin = at;
  auto put = [&at](CborHead head) { at += writeHead(at, head); };
  std::int64_t seconds = date.microseconds / kMicrosecondsPerSecond;
  std::int64_t fraction = date.microseconds % kMicrosecondsPerSecond;
  if (fraction < 0) {
    seconds--;
    fraction += kMicrosecondsPerSecond;
  }
  if (fraction == 0) {
    put({CborKind::tag, kTagDate});
    put(headOf(seconds));
  } else if (auto real = secondsAsReal(date.microseconds)) {
    put({CborKind::tag, kTagDate});
    put(headOf(*real));
  } else {
    put({CborKind::tag, kTagExtendedTime});
    put({CborKind::map, 2});
    put(headOf(kExtendedTimeSeconds));
    put(headOf(seconds));
    put(headOf(kExtendedTimeMicroseconds));
    put(headOf(fraction));
  }
  return static_cast<std::size_t>(at - begin);
}

// Wraps around where the sum is beyond int64; the caller sees that the date would be written differently.
Date dateOf(std::int64_t seconds, std::int64_t fraction) {
  auto sum = static_cast<std::uint64_t>(seconds) * kMicrosecondsPerSecond + static_cast<std::uint64_t>(fraction);
  return {static_cast<std::int64_t>(sum)};
}

// What follows tag 1 or tag 1001, read generously.
Date readDateContent(CborReader& in, std::uint64_t tag) {
  if (tag == kTagExtendedTime) {
    if (in.mapHead() != 2 || in.integer() != kExtendedTimeSeconds) in.fail();
    std::int64_t seconds = in.integer();
    if (in.integer() != kExtendedTimeMicroseconds) in.fail();
    return dateOf(seconds, in.integer());
  }
  CborHead head = in.head();
  if (head.kind != CborKind::real) return dateOf(integerOf(head), 0);
  double microseconds = std::bit_cast<double>(head.argument) * static_cast<double>(kMicrosecondsPerSecond);
  constexpr double kBeyondReals = 1e16;
  return {std::abs(microseconds) < kBeyondReals ? std::llround(microseconds)
                                                : 0};  // else, or NaN: a 0 is written otherwise
}

// `begin` is the tag. A date has one encoding: whatever we would have written in another way is refused.
Date readDate(CborReader& in, std::uint64_t tag, base::ByteView begin) {
  Date date = readDateContent(in, tag);
  std::uint8_t written[kDateBytesMax];
  std::size_t length = writeDate(written, date);
  if (!base::equal(begin.first(begin.size() - in.remaining()), {written, length})) in.fail();
  return date;
}

// ---- encoding

// A path of names as it may stand in a message: one line, and not a page.
std::string printable(std::string_view text) {
  constexpr std::size_t kShownBytesMax = 160;
  static constexpr char kDigits[] = "0123456789abcdef";
  bool utf8 = isUtf8(text);
  std::size_t length = std::min(text.size(), kShownBytesMax);
  if (utf8 && length < text.size())
    while ((static_cast<std::uint8_t>(text[length]) & 0xC0) == 0x80) length--;  // not within a character
  std::string shown;
  for (char c : text.substr(0, length)) {
    auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0x20 && byte != 0x7F && (byte < 0x80 || utf8))
      shown += c;
    else
      shown.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  }
  return length < text.size() ? shown + "..." : shown;
}

// Writes behind what `out` holds, with a cursor: `out` is grown ahead of the cursor and cut back to it at the end,
// because a vector that is appended to piece by piece costs twice the time of all else here. Each function gives false
// once there is a problem; the path to it is put together on the way back.
class Encoder {
 public:
  explicit Encoder(base::Bytes& out) : out_(out), begin_(out.size()) {
    out_.resize(begin_ + 256);
    at_ = out_.data() + begin_;
    end_ = out_.data() + out_.size();
  }
  ~Encoder() { out_.resize(problem_ ? begin_ : begin_ + written()); }

  bool value(const Value& value, int depth);
  bool object(const Object& object, int depth);
  std::optional<Error> result();

 private:
  bool array(const Array& array, int depth);
  bool name(std::string_view name);
  bool string(CborKind kind, base::ByteView content);
  bool head(CborHead head) {
    if (!room(0)) return false;
    at_ += writeHead(at_, head);
    return true;
  }

  std::size_t written() const { return static_cast<std::size_t>(at_ - out_.data()) - begin_; }
  // Room for a head and as many bytes after it.
  bool room(std::size_t bytes) {
    auto free = static_cast<std::size_t>(end_ - at_);
    return (free >= kHeadBytesMax && free - kHeadBytesMax >= bytes) || grow(bytes);
  }
  bool grow(std::size_t bytes);

  bool refuse(ErrorCode code, std::string why);
  bool refuseSize();
  bool within(const std::string& outer);

  struct Problem {
    ErrorCode code;
    std::string path;
    std::string why;
  };

  base::Bytes& out_;
  std::size_t begin_;
  std::uint8_t* at_;
  std::uint8_t* end_;
  std::optional<Problem> problem_;
};

bool Encoder::value(const Value& value, int depth) {
  switch (value.type()) {
    case Value::Type::null:
      return head({CborKind::simple, kSimpleNull});
    case Value::Type::boolean:
      return head({CborKind::simple, *value.as<bool>() ? kSimpleTrue : kSimpleFalse});
    case Value::Type::integer:
      return head(headOf(*value.as<std::int64_t>()));
    case Value::Type::real:
      return head(headOf(*value.as<double>()));
    case Value::Type::string: {
      std::string_view text = *value.as<std::string>();
      if (!string(CborKind::text, base::viewOf(text))) return false;
      return isUtf8(text) || refuse(ErrorCode::InvalidArgument, "is not UTF-8: convert it, or store it as bytes");
    }
    case Value::Type::bytes:
      return string(CborKind::bytes, *value.as<Bytes>());
    case Value::Type::date:
      if (!room(kDateBytesMax)) return false;
      at_ += writeDate(at_, *value.as<Date>());
      return true;
    case Value::Type::uuid:
      return head({CborKind::tag, kTagUuid}) && string(CborKind::bytes, value.as<UUID>()->bytes);
    case Value::Type::array:
      return array(*value.as<Array>(), depth + 1);
    case Value::Type::object:
      return object(*value.as<Object>(), depth + 1);
  }
  return false;
}

bool Encoder::array(const Array& array, int depth) {
  if (depth > kNestingMax) return refuse(ErrorCode::TooLarge, kTooDeep);
  if (!head({CborKind::array, array.size()})) return false;
  for (std::size_t i = 0; i < array.size(); i++)
    if (!value(array[i], depth)) return within("[" + std::to_string(i) + "]");
  return true;
}

bool Encoder::object(const Object& object, int depth) {
  if (depth > kNestingMax) return refuse(ErrorCode::TooLarge, kTooDeep);
  if (!head({CborKind::map, object.size()})) return false;
  for (const Field& field : object)
    if (!name(field.name) || !value(field.value, depth)) return within(field.name);
  return true;
}

bool Encoder::name(std::string_view name) {
  if (name.empty()) return refuse(ErrorCode::InvalidArgument, "has an empty name: give it one");
  if (name.size() > kFieldNameBytesMax)
    return refuse(ErrorCode::TooLarge, "has a name of " + std::to_string(name.size()) + " bytes: shorten it to " +
                                           std::to_string(kFieldNameBytesMax));
  if (!isUtf8(name)) return refuse(ErrorCode::InvalidArgument, "has a name that is not UTF-8: convert it");
  return string(CborKind::text, base::viewOf(name));
}

bool Encoder::string(CborKind kind, base::ByteView content) {
  if (!room(content.size())) return false;
  at_ += writeHead(at_, {kind, content.size()});
  if (!content.empty()) std::memcpy(at_, content.data(), content.size());
  at_ += content.size();
  return true;
}

bool Encoder::grow(std::size_t bytes) {
  std::size_t used = written();
  if (bytes > kRecordBytesMax || used > kRecordBytesMax) return refuseSize();
  out_.resize(begin_ + used + std::max(used, bytes + kHeadBytesMax));
  at_ = out_.data() + begin_ + used;
  end_ = out_.data() + out_.size();
  return true;
}

bool Encoder::refuse(ErrorCode code, std::string why) {
  problem_ = Problem{code, "", std::move(why)};
  return false;
}

bool Encoder::refuseSize() {
  return refuse(ErrorCode::TooLarge, "takes the record beyond " + std::to_string(kRecordBytesMax) +
                                         " encoded bytes: split the record, or keep large contents in files");
}

bool Encoder::within(const std::string& outer) {
  std::string& path = problem_->path;
  path.insert(0, path.empty() || path[0] == '[' ? outer : outer + ".");
  return false;
}

std::optional<Error> Encoder::result() {
  if (!problem_ && written() > kRecordBytesMax) refuseSize();
  if (!problem_) return std::nullopt;
  std::string subject = problem_->path.empty() ? "it" : "field \"" + printable(problem_->path) + "\"";
  return Error(problem_->code, subject + " " + problem_->why);
}

// ---- decoding

// Reads one value, and builds it where `value` is given. One walk for both, so that what is valid does not depend on
// who asks.
void readValue(CborReader& in, int depth, Value* value);

std::string_view readName(CborReader& in, std::string_view previous) {
  std::string_view name = in.text();
  // The first name follows the empty one, which none may be.
  if (name.size() > kFieldNameBytesMax || name <= previous) in.fail();
  return name;
}

// What a count is trusted for before its elements are seen: arrays inside each other may all claim the same bytes.
std::size_t trusted(std::uint64_t count) { return static_cast<std::size_t>(std::min<std::uint64_t>(count, 256)); }

void readArray(CborReader& in, std::uint64_t count, int depth, Value* value) {
  if (depth > kNestingMax || count > in.remaining()) return in.fail();
  Array array;
  if (value) array.reserve(trusted(count));
  for (std::uint64_t i = 0; i < count && in.ok(); i++) readValue(in, depth, value ? &array.emplace_back() : nullptr);
  if (value) *value = std::move(array);
}

void readObject(CborReader& in, std::uint64_t count, int depth, Value* value) {
  if (depth > kNestingMax || count > in.remaining() / 2) return in.fail();
  Object object;
  if (value) object.reserve(trusted(count));
  std::string_view name;
  for (std::uint64_t i = 0; i < count && in.ok(); i++) {
    name = readName(in, name);
    Value content;
    readValue(in, depth, value ? &content : nullptr);
    if (value) object.set(std::string(name), std::move(content));
  }
  if (value) *value = std::move(object);
}

void readTagged(CborReader& in, std::uint64_t tag, base::ByteView begin, Value* value) {
  if (tag == kTagUuid) {
    base::ByteView bytes = in.byteString();
    UUID id;
    if (bytes.size() != id.bytes.size()) return in.fail();
    if (!value) return;
    std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
    *value = id;
  } else if (tag == kTagDate || tag == kTagExtendedTime) {
    Date date = readDate(in, tag, begin);
    if (value) *value = date;
  } else {
    in.fail();
  }
}

void readValue(CborReader& in, int depth, Value* value) {
  base::ByteView begin = in.rest();
  CborHead head = in.head();
  switch (head.kind) {
    case CborKind::uint:
    case CborKind::negative:
      if (head.argument > kIntegerArgumentMax) return in.fail();
      if (value) *value = integerOf(head);
      return;
    case CborKind::real:
      if (value) *value = std::bit_cast<double>(head.argument);
      return;
    case CborKind::simple:
      if (head.argument == kSimpleUndefined) return in.fail();
      if (value && head.argument != kSimpleNull) *value = head.argument == kSimpleTrue;
      return;
    case CborKind::bytes: {
      base::ByteView bytes = in.take(head.argument);
      if (value) *value = Bytes(bytes.begin(), bytes.end());
      return;
    }
    case CborKind::text: {
      std::string_view text = base::textOf(in.take(head.argument));
      if (!isUtf8(text)) return in.fail();
      if (value) *value = text;
      return;
    }
    case CborKind::array:
      return readArray(in, head.argument, depth + 1, value);
    case CborKind::map:
      return readObject(in, head.argument, depth + 1, value);
    case CborKind::tag:
      return readTagged(in, head.argument, begin, value);
    case CborKind::none:
      return;
  }
}

bool removedIsNext(const CborReader& in) { return !in.atEnd() && in.rest()[0] == kRemovedByte; }

// A record beyond the limit cannot have come from here: it is refused unread.
base::ByteView withinLimit(base::ByteView encoded) {
  return encoded.size() <= kRecordBytesMax ? encoded : base::ByteView{};
}

}  // namespace

std::optional<Error> encodeFields(base::Bytes& out, const Object& fields) {
  Encoder encoder(out);
  encoder.object(fields, 0);
  return encoder.result();
}

std::optional<Error> encodeValue(base::Bytes& out, const Value& value) {
  Encoder encoder(out);
  encoder.value(value, 0);
  return encoder.result();
}

bool decodeFields(base::ByteView encoded, Object& fields) {
  fields = {};
  CborReader in(withinLimit(encoded));
  std::size_t count = in.mapHead();
  fields.reserve(trusted(count));
  std::string_view name;
  for (std::size_t i = 0; i < count && in.ok(); i++) {
    name = readName(in, name);
    if (removedIsNext(in)) {
      in.take(1);
      continue;
    }
    Value value;
    readValue(in, 0, &value);
    fields.set(std::string(name), std::move(value));
  }
  if (in.ok() && in.atEnd()) return true;
  fields = {};
  return false;
}

std::optional<Value> decodeValue(base::ByteView encoded) {
  CborReader in(withinLimit(encoded));
  Value value;
  readValue(in, 0, &value);
  if (!in.ok() || !in.atEnd()) return std::nullopt;
  return value;
}

base::ByteView readEncodedValue(CborReader& in) {
  base::ByteView begin = in.rest();
  readValue(in, 0, nullptr);
  return in.ok() ? begin.first(begin.size() - in.remaining()) : base::ByteView{};
}

FieldsReader::FieldsReader(base::ByteView encoded) : in_(withinLimit(encoded)), count_(in_.mapHead()), left_(count_) {}

bool FieldsReader::next() {
  if (left_ == 0 && !in_.atEnd()) in_.fail();
  if (left_ == 0 || !in_.ok()) return false;
  left_--;
  name_ = readName(in_, name_);
  value_ = removedIsNext(in_) ? in_.take(1) : readEncodedValue(in_);
  return in_.ok();
}

}  // namespace blazedb::codec
