// The calendar, a scanner for the text, and the two conversions.
#include "codec/date_text.h"

#include <cstdio>
#include <limits>
#include <utility>

namespace blazedb::codec {
namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::int64_t kSecondsPerMinute = 60;
constexpr std::int64_t kSecondsPerHour = 3'600;
constexpr std::int64_t kSecondsPerDay = 86'400;

struct Day {
  std::int64_t year;
  int month;  // 1 to 12
  int day;    // 1 to 31
};

std::int64_t floorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0); }

// Days since 1970 from a date of the Gregorian calendar and back, for any year: days_from_civil() and civil_from_days()
// of https://howardhinnant.github.io/date_algorithms.html. In these a year begins in March and ends with the leap day.
std::int64_t daysSince1970(const Day& day) {
  std::int64_t year = day.year - (day.month <= 2);
  std::int64_t era = floorDivide(year, 400);
  std::int64_t yearOfEra = year - era * 400;
  std::int64_t dayOfYear = (153 * (day.month + (day.month > 2 ? -3 : 9)) + 2) / 5 + day.day - 1;
  std::int64_t dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return era * 146'097 + dayOfEra - 719'468;
}

Day dayOf(std::int64_t daysSince1970) {
  std::int64_t days = daysSince1970 + 719'468;
  std::int64_t era = floorDivide(days, 146'097);
  std::int64_t dayOfEra = days - era * 146'097;
  std::int64_t yearOfEra = (dayOfEra - dayOfEra / 1'460 + dayOfEra / 36'524 - dayOfEra / 146'096) / 365;
  std::int64_t dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  std::int64_t monthFromMarch = (5 * dayOfYear + 2) / 153;
  auto day = static_cast<int>(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1);
  auto month = static_cast<int>(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9);
  return {yearOfEra + era * 400 + (month <= 2), month, day};
}

bool exists(const Day& day) {
  Day same = dayOf(daysSince1970(day));
  return day.month >= 1 && day.month <= 12 && same.month == day.month && same.day == day.day;
}

// Reads a text from its beginning. Once something is missing, failed() stays true.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  bool failed() const { return failed_; }
  bool atEnd() const { return rest_.empty(); }

  bool skip(char c) {
    bool found = rest_.starts_with(c);
    if (found) rest_.remove_prefix(1);
    return found;
  }
  void expect(char c) {
    if (!skip(c)) failed_ = true;
  }
  bool digitIsNext() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  // Reads a number with this many digits.
  int number(int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      if (!digitIsNext()) {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

Day readDay(Scanner& in) {
  Day day{};
  if (in.skip('-'))
    day.year = -in.number(6);
  else
    day.year = in.number(in.skip('+') ? 6 : 4);
  in.expect('-');
  day.month = in.number(2);
  in.expect('-');
  day.day = in.number(2);
  return day;
}

std::int64_t readFraction(Scanner& in) {
  if (!in.skip('.')) return 0;
  std::int64_t fraction = in.number(1);
  for (int digits = 1; digits < 6; digits++) fraction = fraction * 10 + (in.digitIsNext() ? in.number(1) : 0);
  return fraction;
}

// Seconds east of Greenwich.
std::optional<std::int64_t> readZone(Scanner& in) {
  if (in.skip('Z')) return 0;
  bool west = in.skip('-');
  if (!west) in.expect('+');
  int hours = in.number(2);
  in.expect(':');
  int minutes = in.number(2);
  if (hours > 23 || minutes > 59) return std::nullopt;
  std::int64_t seconds = hours * kSecondsPerHour + minutes * kSecondsPerMinute;
  return west ? -seconds : seconds;
}

}  // namespace

std::string toDateText(Date date) {
  std::int64_t seconds = floorDivide(date.microseconds, kMicrosecondsPerSecond);
  std::int64_t days = floorDivide(seconds, kSecondsPerDay);
  auto fraction = static_cast<int>(date.microseconds % kMicrosecondsPerSecond);
  if (fraction < 0) fraction += static_cast<int>(kMicrosecondsPerSecond);
  auto ofDay = static_cast<int>(seconds - days * kSecondsPerDay);
  Day day = dayOf(days);
  bool expanded = day.year < 0 || day.year > 9999;

  char text[64];
  std::snprintf(text, sizeof text, expanded ? "%+07lld-%02d-%02dT%02d:%02d:%02d" : "%04lld-%02d-%02dT%02d:%02d:%02d",
                static_cast<long long>(day.year), day.month, day.day, ofDay / 3600, ofDay / 60 % 60, ofDay % 60);
  std::string result = text;
  if (fraction != 0) {
    std::snprintf(text, sizeof text, ".%06d", fraction);
    result += text;
  }
  return result + 'Z';
}

std::optional<Date> fromDateText(std::string_view text) {
  Scanner in(text);
  Day day = readDay(in);
  in.expect('T');
  int hours = in.number(2);
  in.expect(':');
  int minutes = in.number(2);
  in.expect(':');
  int seconds = in.number(2);
  std::int64_t fraction = readFraction(in);
  std::optional<std::int64_t> zone = readZone(in);
  if (in.failed() || !in.atEnd() || !zone) return std::nullopt;
  if (!exists(day) || hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;

  std::int64_t ofDay = hours * kSecondsPerHour + minutes * kSecondsPerMinute + seconds;
  std::pair sum{daysSince1970(day) * kSecondsPerDay + ofDay - *zone, fraction};
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::pair kLast{kMost / kMicrosecondsPerSecond, kMost % kMicrosecondsPerSecond};
  constexpr std::pair kFirst{-kLast.first - 1, kMicrosecondsPerSecond - kLast.second - 1};
  if (sum < kFirst || sum > kLast) return std::nullopt;
  // In unsigned arithmetic: the seconds of the first date, rounded down, would overflow before the fraction is added.
  auto wrapped = static_cast<std::uint64_t>(sum.first) * kMicrosecondsPerSecond + static_cast<std::uint64_t>(fraction);
  return Date{static_cast<std::int64_t>(wrapped)};
}

}  // namespace blazedb::codec
