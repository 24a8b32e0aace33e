// The digits that both ranks begin with are kept. The rest is chosen in a window of up to kWindow digits, as an
// integer.
#include "blazedb/rank.h"

#include <cstdint>

#include "base/random.h"
#include "blazedb/error.h"

namespace blazedb {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::uint64_t kBase = 62;
constexpr std::size_t kWindow = 10;       // 62^10 fits into 64 bits
constexpr std::size_t kDigitsAtEnds = 8;  // 15 million ranks, one after the other, before they become longer
constexpr std::uint64_t kRoom = kBase * kBase * kBase * kBase;  // a rank is chosen from at least so many

void requireRank(std::string_view rank) {
  if (rank.find_first_not_of(kDigits) == rank.npos && (rank.empty() || rank.back() != '0')) return;
  throw Error(ErrorCode::InvalidArgument, "'" + std::string(rank.substr(0, 80)) +
                                              "' is no rank: ranks have the digits 0-9A-Za-z, and the last is not 0");
}

std::uint64_t digitAt(std::string_view rank, std::size_t i) { return i < rank.size() ? kDigits.find(rank[i]) : 0; }

// The digits of `rank` from `from` on, `count` of them, as an integer.
std::uint64_t windowOf(std::string_view rank, std::size_t from, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = from; i < from + count; i++) value = value * kBase + digitAt(rank, i);
  return value;
}

std::uint64_t power(std::size_t exponent) {
  std::uint64_t value = 1;
  while (exponent-- > 0) value *= kBase;
  return value;
}

std::string digitsOf(std::uint64_t value, std::size_t count) {
  std::string text(count, '0');
  for (std::size_t i = count; i-- > 0; value /= kBase) text[i] = kDigits[value % kBase];
  text.resize(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

std::string rankBetween(std::string_view before, std::string_view after) {
  requireRank(before);
  requireRank(after);
  if (!after.empty() && before >= after)
    throw Error(ErrorCode::InvalidArgument,
                "'" + std::string(before.substr(0, 80)) + "' is not below '" + std::string(after.substr(0, 80)) + "'");
  base::SystemRandom random;
  std::uint64_t dice = random.next64();

  // At an end: one step away.
  std::uint64_t step = 1 + dice % kRoom, all = power(kDigitsAtEnds);
  std::uint64_t last = windowOf(before, 0, kDigitsAtEnds), first = windowOf(after, 0, kDigitsAtEnds);
  if (before.empty() && after.empty()) return digitsOf(all / 2 + step, kDigitsAtEnds);
  if (after.empty() && last + step < all) return digitsOf(last + step, kDigitsAtEnds);
  if (before.empty() && first > step) return digitsOf(first - step, kDigitsAtEnds);

  std::string kept;
  bool open = after.empty();  // `after` is above everything that begins with what is kept
  for (;;) {
    std::size_t from = kept.size();
    if (!open && digitAt(before, from) == digitAt(after, from)) {
      kept += kDigits[digitAt(before, from)];
      continue;
    }
    for (std::size_t count = 1; count <= kWindow; count++) {
      std::uint64_t low = windowOf(before, from, count);
      std::uint64_t high = open ? power(count) : windowOf(after, from, count);
      if (high - low <= 2 * kRoom) continue;
      std::uint64_t between = high - low - 1;
      return kept + digitsOf(low + 1 + between / 4 + dice % (between / 2), count);
    }
    // `before` is followed by so many of the last digit that the window has no room below `after`.
    kept += kDigits[digitAt(before, from)];
    open = true;
  }
}

}  // namespace blazedb
