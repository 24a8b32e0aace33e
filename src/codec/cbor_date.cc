#include "codec/cbor_date.h"

#include <bit>
#include <cmath>
#include <optional>

namespace blazedb::codec {
namespace {

constexpr std::int64_t kExtendedTimeSeconds = 1;
constexpr std::int64_t kExtendedTimeMicroseconds = -6;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr double kRealPerSecond = 1e6;

// The double nearest to the seconds of a date, if it gives the date back. None beyond 2^53 µs (the year 2255), where
// the microseconds themselves would be rounded.
std::optional<double> secondsAsReal(std::int64_t microseconds) {
  constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
  if (microseconds < -kExactMax || microseconds > kExactMax) return std::nullopt;
  double seconds = static_cast<double>(microseconds) / kRealPerSecond;
  if (std::llround(seconds * kRealPerSecond) != microseconds) return std::nullopt;
  return seconds;
}

// Wraps around if the sum is beyond int64.
Date dateOf(std::int64_t seconds, std::int64_t fraction) {
  auto sum = static_cast<std::uint64_t>(seconds) * kMicrosecondsPerSecond + static_cast<std::uint64_t>(fraction);
  return {static_cast<std::int64_t>(sum)};
}

// Accepts too much: the caller writes the result again and compares, so an invalid content fails there.
Date readDateContent(CborReader& in, std::uint64_t tag) {
  if (tag == kTagExtendedTime) {
    if (in.mapHead() != 2 || in.integer() != kExtendedTimeSeconds) in.fail();
    std::int64_t seconds = in.integer();
    if (in.integer() != kExtendedTimeMicroseconds) in.fail();
    return dateOf(seconds, in.integer());
  }
  CborHead head = in.head();
  if (head.kind != CborKind::real) return dateOf(integerOf(head), 0);
  double microseconds = std::bit_cast<double>(head.argument) * kRealPerSecond;
  bool roundable = std::abs(microseconds) < 1e16;  // false for a NaN
  return {roundable ? std::llround(microseconds) : 0};
}

}  // namespace

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

Date readDate(CborReader& in, std::uint64_t tag, base::ByteView begin) {
  Date date = readDateContent(in, tag);
  std::uint8_t written[kDateBytesMax];
  std::size_t length = writeDate(written, date);
  if (!base::equal(begin.first(begin.size() - in.remaining()), {written, length})) in.fail();
  return date;
}

}  // namespace blazedb::codec
