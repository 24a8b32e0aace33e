#include "codec/counter.h"

#include <bit>
#include <limits>

#include "codec/fields.h"

namespace blazedb::codec {
namespace {

constexpr std::size_t kWriterBytes = 8;
constexpr std::size_t kIncludesMax = 64;

__extension__ typedef __int128 Int128;

// Adds integers without overflow, so their order does not matter.
class Sum {
 public:
  void add(const Value& value, int sign = 1) {
    if (const auto* integer = value.as<std::int64_t>()) whole_ += sign * Int128{*integer};
    if (const auto* real = value.as<double>()) {
      real_ += sign * *real;
      isReal_ = true;
    }
  }
  void add(const Sum& other) {
    whole_ += other.whole_;
    real_ += other.real_;
    isReal_ |= other.isReal_;
  }
  bool isZero() const { return whole_ == 0 && real_ == 0; }
  Value value() const {
    constexpr Int128 kMin = std::numeric_limits<std::int64_t>::min(), kMax = std::numeric_limits<std::int64_t>::max();
    if (isReal_ || whole_ < kMin || whole_ > kMax) return static_cast<double>(whole_) + real_;
    return static_cast<std::int64_t>(whole_);
  }

 private:
  Int128 whole_ = 0;
  double real_ = 0;
  bool isReal_ = false;
};

bool isNumber(const Value& value) { return value.as<std::int64_t>() || value.as<double>(); }

void appendNumber(base::Bytes& out, const Value& number) {
  if (const auto* integer = number.as<std::int64_t>())
    appendInteger(out, *integer);
  else
    appendReal(out, *number.as<double>());
}

Value readNumber(CborReader& in) {
  CborHead head = in.head();
  if (head.kind == CborKind::real) return std::bit_cast<double>(head.argument);
  bool integer = head.kind == CborKind::uint || head.kind == CborKind::negative;
  if (!integer || head.argument > kIntegerArgumentMax) in.fail();
  return in.ok() ? integerOf(head) : std::int64_t{0};
}

std::uint64_t toWriter(base::ByteView bytes) {
  std::uint64_t writer = 0;
  for (std::size_t i = 0; i < kWriterBytes; i++) writer |= std::uint64_t{bytes[i]} << (8 * i);
  return writer;
}

std::uint64_t readWriter(CborReader& in) {
  base::ByteView bytes = in.byteString();
  if (bytes.size() != kWriterBytes) in.fail();
  return in.ok() ? toWriter(bytes) : 0;
}

// `count` pairs of a writer and its sum, ascending by writer.
Sums readSums(CborReader& in, std::size_t count) {
  Sums sums;
  for (std::size_t i = 0; i < count && in.ok(); i++) {
    std::uint64_t writer = readWriter(in);
    if (!sums.empty() && sums.rbegin()->first >= writer) in.fail();
    sums.emplace_hint(sums.end(), writer, readNumber(in));
  }
  return sums;
}

void appendSums(base::Bytes& out, const Sums& sums) {
  for (const auto& [writer, sum] : sums) {
    base::Bytes id;
    base::appendFixed64(id, writer);
    appendByteString(out, id);
    appendNumber(out, sum);
  }
}

// The number of pairs of an array that begins with another element; there must be a pair.
std::size_t readPairs(CborReader& in) {
  std::size_t count = in.arrayHead();
  if (count < 3 || count % 2 == 0) in.fail();
  return count / 2;
}

Part partFrom(CborReader& in) {
  Part part;
  bool includes = !in.atEnd() && static_cast<CborKind>(in.rest()[0] >> 5) == CborKind::array;
  std::size_t pairs = includes ? readPairs(in) : 0;
  part.sum = readNumber(in);
  part.includes = readSums(in, pairs);
  return part;
}

struct Assigned {
  base::ByteView value;
  Sums seen;
};

Assigned assignedFrom(CborReader& in) {
  Assigned assigned;
  CborHead tag = in.head();
  if (tag.kind != CborKind::tag || tag.argument != kTagAssigned) in.fail();
  std::size_t pairs = readPairs(in);
  bool removed = !in.atEnd() && in.rest()[0] == kRemovedByte;
  assigned.value = removed ? in.take(1) : readEncodedValue(in);
  assigned.seen = readSums(in, pairs);
  return assigned;
}

}  // namespace

std::string partKey(std::string_view field, std::uint64_t writer) {
  std::string key(field);
  key.push_back('\xFF');
  for (std::size_t i = 0; i < kWriterBytes; i++) key.push_back(static_cast<char>(writer >> (8 * i) & 0xFF));
  return key;
}

std::uint64_t writerOf(std::string_view partKey) {
  return toWriter(base::viewOf(partKey.substr(partKey.size() - kWriterBytes)));
}

base::Bytes encodePart(const Part& part) {
  base::Bytes out;
  if (!part.includes.empty()) appendArrayHead(out, 1 + 2 * part.includes.size());
  appendNumber(out, part.sum);
  appendSums(out, part.includes);
  return out;
}

std::optional<Part> decodePart(base::ByteView encoded) {
  if (isRemoved(encoded)) return std::nullopt;
  CborReader in(encoded);
  return partFrom(in);
}

base::Bytes encodeAssigned(base::ByteView value, const Sums& seen) {
  base::Bytes out;
  appendHead(out, {CborKind::tag, kTagAssigned});
  appendArrayHead(out, 1 + 2 * seen.size());
  base::append(out, value);
  appendSums(out, seen);
  return out;
}

base::ByteView assignedValue(base::ByteView encoded) {
  if (!isAssigned(encoded)) return encoded;
  CborReader in(encoded);
  return assignedFrom(in).value;
}

Sums seenBy(base::ByteView encoded) {
  if (!isAssigned(encoded)) return {};
  CborReader in(encoded);
  return assignedFrom(in).seen;
}

void readPart(CborReader& in) { partFrom(in); }

void readAssigned(CborReader& in) { assignedFrom(in); }

void Counter::assign(base::ByteView encoded) {
  base::ByteView value = assignedValue(encoded);
  if (!isRemoved(value)) assigned_ = decodeValue(value);
  seen_ = seenBy(encoded);
}

void Counter::add(std::uint64_t writer, base::ByteView encodedPart) {
  if (std::optional<Part> part = decodePart(encodedPart))
    parts_[writer] = std::move(*part);
  else
    removed_.insert(writer);
}

// What a part adds beyond what the assignment had seen.
class Counter::News {
 public:
  explicit News(const Sums& seen) : seen_(seen) {}

  void add(std::uint64_t writer, const Value& sum) {
    any_ = true;
    auto seen = seen_.find(writer);
    bool hasSeen = seen != seen_.end();
    known_ |= hasSeen;
    if (hasSeen && seen->second == sum) return;  // an infinite sum less itself would be NaN
    sum_.add(sum);
    if (hasSeen) sum_.add(seen->second, -1);
  }
  bool count() const { return any_ && !(known_ && sum_.isZero()); }  // if not, the type does not count either
  const Sum& sum() const { return sum_; }

 private:
  const Sums& seen_;
  Sum sum_;
  bool any_ = false, known_ = false;
};

std::optional<Value> Counter::value() const {
  if (assigned_ && !isNumber(*assigned_)) return assigned_;
  Sum sum;
  bool counted = false;
  if (assigned_) sum.add(*assigned_);
  std::set<std::uint64_t> elsewhere = included(), added;
  for (const auto& [writer, part] : parts_) {
    News news(seen_);
    if (!elsewhere.contains(writer)) news.add(writer, part.sum);
    for (const auto& [of, its] : part.includes)
      if (added.insert(of).second) news.add(of, its);  // only once
    if (!news.count()) continue;
    sum.add(news.sum());
    counted = true;
  }
  if (!assigned_ && !counted) return std::nullopt;
  return counted ? sum.value() : assigned_;
}

bool Counter::hasSeenAllOf(std::uint64_t writer) const {
  const Part& part = parts_.at(writer);
  News news(seen_);
  news.add(writer, part.sum);
  for (const auto& [of, its] : part.includes) news.add(of, its);
  return !news.count();
}

std::set<std::uint64_t> Counter::included() const {
  std::set<std::uint64_t> included;
  for (const auto& [writer, part] : parts_)
    for (const auto& [of, its] : part.includes) included.insert(of);
  return included;
}

// Once the removal of a part that was taken over is forgotten, no assignment comes any more that had seen that part, so
// its sum is listed as one with the sum of the part that includes it.
Sums Counter::seen() const {
  Sums seen = seen_;
  std::set<std::uint64_t> elsewhere = included(), added;
  for (const auto& [writer, part] : parts_) {
    Sum own;
    if (!elsewhere.contains(writer)) own.add(part.sum);
    for (const auto& [of, its] : part.includes) {
      if (!added.insert(of).second) continue;
      seen.erase(of);
      if (removed_.contains(of))
        seen[of] = its;
      else
        own.add(its);
    }
    seen[writer] = own.value();
  }
  return seen;
}

Part Counter::partOf(std::uint64_t writer) const {
  auto part = parts_.find(writer);
  if (part != parts_.end()) return part->second;
  auto seen = seen_.find(writer);
  return seen == seen_.end() ? Part{} : Part{seen->second};
}

void Counter::include(std::uint64_t writer, Part& part) const {
  const Part& old = parts_.at(writer);
  part.includes.emplace(writer, old.sum);
  part.includes.insert(old.includes.begin(), old.includes.end());
}

void Counter::shorten(Part& part) const {
  for (auto each = part.includes.begin(); each != part.includes.end() && part.includes.size() > kIncludesMax;) {
    bool needed = parts_.contains(each->first) || removed_.contains(each->first) || seen_.contains(each->first);
    if (needed) {
      ++each;
      continue;
    }
    part.sum = sumOf(part.sum, each->second);
    each = part.includes.erase(each);
  }
}

Value sumOf(const Value& a, const Value& b) {
  Sum sum;
  sum.add(a);
  sum.add(b);
  return sum.value();
}

}  // namespace blazedb::codec
