#include "query/functions.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "codec/date_text.h"
#include "query/walk.h"

namespace blazedb::query {
namespace {

using Type = Operand::Type;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool isSameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

// The length of the character that `text` begins with. Text is UTF-8.
std::size_t firstLength(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) length++;
  return length;
}

std::int64_t charactersIn(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// The rest of `text` behind `count` characters.
std::string_view behind(std::string_view text, std::int64_t count) {
  for (; count > 0 && !text.empty(); count--) text.remove_prefix(firstLength(text));
  return text;
}

Operand made(std::string text, Workshop& workshop) {
  std::string& kept = workshop.text();
  kept = std::move(text);
  return Operand::text(kept);
}

// Each code point mapped by `map`.
void appendMapped(std::string& out, std::string_view rest, utf8proc_int32_t (*map)(utf8proc_int32_t)) {
  while (!rest.empty()) {
    utf8proc_int32_t point = 0;
    utf8proc_ssize_t length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest.data()),
                                               static_cast<utf8proc_ssize_t>(rest.size()), &point);
    std::array<utf8proc_uint8_t, 4> bytes{};
    utf8proc_ssize_t written = utf8proc_encode_char(map(point), bytes.data());
    out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(written));
    rest.remove_prefix(static_cast<std::size_t>(std::max<utf8proc_ssize_t>(length, 1)));
  }
}

Operand mapped(const Call& call, utf8proc_int32_t (*map)(utf8proc_int32_t)) {
  const Operand& text = call.arguments[0];
  if (text.type() != Type::text) return Operand::null();
  std::string& out = call.workshop.text();
  appendMapped(out, text.text(), map);
  return out.size() <= kMadeBytesMax ? Operand::text(out) : Operand::null();
}

Operand trimmed(const Call& call, bool front, bool back) {
  if (call.arguments[0].type() != Type::text) return Operand::null();
  std::string_view text = call.arguments[0].text();
  auto isBlank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (front && !text.empty() && isBlank(text.front())) text.remove_prefix(1);
  while (back && !text.empty() && isBlank(text.back())) text.remove_suffix(1);
  return Operand::text(text);
}

Operand length(const Call& call) {
  const Operand& of = call.arguments[0];
  switch (of.type()) {
    case Type::text:
      return Operand::integer(charactersIn(of.text()));
    case Type::bytes:
      return Operand::integer(static_cast<std::int64_t>(of.bytes().size()));
    case Type::array:
      return Operand::integer(static_cast<std::int64_t>(Elements(of.bytes()).left()));
    case Type::object:
      return Operand::integer(static_cast<std::int64_t>(Members(of.bytes()).left()));
    default:
      return Operand::null();
  }
}

// substr(text, first, count): characters, the first one is 1; a negative first counts from the end.
Operand substring(const Call& call) {
  std::span<const Operand> given = call.arguments;
  if (given[0].type() != Type::text || given[1].type() != Type::integer) return Operand::null();
  if (given.size() == 3 && given[2].type() != Type::integer) return Operand::null();
  std::string_view text = given[0].text();
  std::int64_t first = given[1].integer(), all = charactersIn(text);
  first = first < 0 ? std::max<std::int64_t>(all + first, 0) : std::max<std::int64_t>(first - 1, 0);
  std::string_view rest = behind(text, first);
  std::int64_t count = given.size() == 3 ? std::max<std::int64_t>(given[2].integer(), 0) : all;
  return Operand::text(rest.substr(0, rest.size() - behind(rest, count).size()));
}

Operand replaced(const Call& call) {
  for (const Operand& each : call.arguments)
    if (each.type() != Type::text) return Operand::null();
  std::string_view text = call.arguments[0].text(), what = call.arguments[1].text(), by = call.arguments[2].text();
  if (what.empty()) return call.arguments[0];
  std::string& out = call.workshop.text();
  for (std::size_t found = findIn(text, what); found != std::string_view::npos; found = findIn(text, what)) {
    if (out.size() + found + by.size() > kMadeBytesMax) return Operand::null();
    out.append(text.substr(0, found)).append(by);
    text.remove_prefix(found + what.size());
  }
  if (out.size() + text.size() > kMadeBytesMax) return Operand::null();
  out.append(text);
  return Operand::text(out);
}

Operand rounded(const Call& call, double (*round)(double)) {
  const Operand& of = call.arguments[0];
  if (of.type() == Type::integer) return of;
  return of.type() == Type::real ? Operand::real(round(of.real())) : Operand::null();
}

Operand absolute(const Call& call) {
  const Operand& of = call.arguments[0];
  if (of.type() == Type::real) return Operand::real(std::abs(of.real()));
  if (of.type() != Type::integer) return Operand::null();
  if (of.integer() == INT64_MIN) return Operand::real(-static_cast<double>(of.integer()));
  return Operand::integer(std::abs(of.integer()));
}

Operand coalesced(const Call& call) {
  for (const Operand& each : call.arguments)
    if (!each.isUnknown()) return each;
  return Operand::null();
}

Operand typeOf(const Call& call) {
  constexpr std::array<std::string_view, 11> kNames{"missing", "null",   "boolean", "integer", "real",  "date",
                                                    "uuid",    "string", "bytes",   "array",   "object"};
  return Operand::text(kNames[static_cast<std::size_t>(call.arguments[0].type())]);
}

Operand toDate(const Call& call) {
  const Operand& of = call.arguments[0];
  if (of.type() == Type::date) return of;
  if (of.type() != Type::text) return Operand::null();
  std::string text(of.text());
  if (text.size() == 10) text += "T00:00:00Z";  // a day alone
  std::optional<Date> date = codec::fromDateText(text);
  return date ? Operand::date(*date) : Operand::null();
}

Operand toUuid(const Call& call) {
  const Operand& of = call.arguments[0];
  if (of.type() == Type::uuid) return of;
  std::optional<UUID> id = of.type() == Type::text ? UUID::parse(of.text()) : std::nullopt;
  if (!id) return Operand::null();
  std::string& bytes = call.workshop.text();
  bytes.assign(reinterpret_cast<const char*>(id->bytes.data()), id->bytes.size());
  return Operand::ofBytes(Type::uuid, base::viewOf(bytes));
}

Operand ownId(const Call& call) { return Operand::ofBytes(Type::uuid, call.id.bytes); }

// Text that is a number in full, or a number itself.
Operand toNumber(const Call& call) {
  const Operand& of = call.arguments[0];
  if (of.isNumber()) return of;
  if (of.type() != Type::text) return Operand::null();
  std::string_view text = of.text();
  if (text.find_first_of("iInN") != std::string_view::npos) return Operand::null();  // infinity and NaN in words
  const char* end = text.data() + text.size();
  std::int64_t integer = 0;
  if (auto read = std::from_chars(text.data(), end, integer); read.ec == std::errc() && read.ptr == end)
    return Operand::integer(integer);
  double real = 0;
  if (auto read = std::from_chars(text.data(), end, real); read.ec == std::errc() && read.ptr == end)
    return Operand::real(real);
  return Operand::null();
}

Operand toText(const Call& call) {
  const Operand& of = call.arguments[0];
  std::array<char, 32> digits{};
  switch (of.type()) {
    case Type::text:
      return of;
    case Type::boolean:
      return Operand::text(of.isTrue() ? "true" : "false");
    case Type::integer:
    case Type::real: {
      auto written = of.type() == Type::integer
                         ? std::to_chars(digits.data(), digits.data() + digits.size(), of.integer())
                         : std::to_chars(digits.data(), digits.data() + digits.size(), of.real());
      return made(std::string(digits.data(), written.ptr), call.workshop);
    }
    case Type::date:
      return made(codec::toDateText(Date{of.integer()}), call.workshop);
    case Type::uuid:
      return made(of.toValue().as<UUID>()->toString(), call.workshop);
    default:
      return Operand::null();
  }
}

// The parts of a date, in UTC.
enum class DatePart { year, month, day, hour, minute, second, weekday };
template <DatePart part>
Operand partOf(const Call& call) {
  using namespace std::chrono;
  if (call.arguments[0].type() != Type::date) return Operand::null();
  constexpr std::int64_t kMicrosPerDay = std::int64_t{24} * 60 * 60 * 1'000'000;
  std::int64_t micros = call.arguments[0].integer();
  std::int64_t inDay = micros % kMicrosPerDay, days = micros / kMicrosPerDay;
  if (inDay < 0) inDay += kMicrosPerDay, days--;
  // Civil days from 400 years, which have 146,097 days: std::chrono::year ends at 32767.
  constexpr std::int64_t kDaysPerEra = 146'097, kYearsPerEra = 400;
  std::int64_t era = days / kDaysPerEra - (days % kDaysPerEra < 0 ? 1 : 0);
  year_month_day date{sys_days(std::chrono::days(static_cast<int>(days - era * kDaysPerEra)))};
  std::int64_t seconds = inDay / 1'000'000;
  switch (part) {
    case DatePart::year:
      return Operand::integer(static_cast<int>(date.year()) + era * kYearsPerEra);
    case DatePart::month:
      return Operand::integer(static_cast<unsigned>(date.month()));
    case DatePart::day:
      return Operand::integer(static_cast<unsigned>(date.day()));
    case DatePart::hour:
      return Operand::integer(seconds / 3600);
    case DatePart::minute:
      return Operand::integer(seconds / 60 % 60);
    case DatePart::second:
      return Operand::integer(seconds % 60);
    case DatePart::weekday:  // 0 is Sunday
      return Operand::integer(((days % 7) + 7 + 4) % 7);
  }
  return Operand::null();
}

constexpr std::size_t kMany = 100;
constexpr std::array kFunctions{
    FunctionRule{"abs", 1, 1, false, true, absolute},
    FunctionRule{"ceil", 1, 1, false, true, [](const Call& call) { return rounded(call, std::ceil); }},
    FunctionRule{"coalesce", 1, kMany, true, true, coalesced},
    FunctionRule{"date", 1, 1, false, true, toDate},
    FunctionRule{"day", 1, 1, false, true, partOf<DatePart::day>},
    FunctionRule{"floor", 1, 1, false, true, [](const Call& call) { return rounded(call, std::floor); }},
    FunctionRule{"hour", 1, 1, false, true, partOf<DatePart::hour>},
    FunctionRule{"id", 0, 0, false, false, ownId},
    FunctionRule{"length", 1, 1, false, true, length},
    FunctionRule{"lower", 1, 1, false, true, [](const Call& call) { return mapped(call, utf8proc_tolower); }},
    FunctionRule{"ltrim", 1, 1, false, true, [](const Call& call) { return trimmed(call, true, false); }},
    FunctionRule{"minute", 1, 1, false, true, partOf<DatePart::minute>},
    FunctionRule{"month", 1, 1, false, true, partOf<DatePart::month>},
    FunctionRule{"now", 0, 0, false, false, [](const Call& call) { return Operand::date(call.now); }},
    FunctionRule{"number", 1, 1, false, true, toNumber},
    FunctionRule{"replace", 3, 3, false, true, replaced},
    FunctionRule{"round", 1, 1, false, true, [](const Call& call) { return rounded(call, std::round); }},
    FunctionRule{"rtrim", 1, 1, false, true, [](const Call& call) { return trimmed(call, false, true); }},
    FunctionRule{"second", 1, 1, false, true, partOf<DatePart::second>},
    FunctionRule{"string", 1, 1, false, true, toText},
    FunctionRule{"substr", 2, 3, false, true, substring},
    FunctionRule{"trim", 1, 1, false, true, [](const Call& call) { return trimmed(call, true, true); }},
    FunctionRule{"type", 1, 1, true, true, typeOf},
    FunctionRule{"upper", 1, 1, false, true, [](const Call& call) { return mapped(call, utf8proc_toupper); }},
    FunctionRule{"uuid", 1, 1, false, true, toUuid},
    FunctionRule{"weekday", 1, 1, false, true, partOf<DatePart::weekday>},
    FunctionRule{"year", 1, 1, false, true, partOf<DatePart::year>},
};

}  // namespace

std::string& Workshop::text() {
  if (used_ == texts_.size()) texts_.emplace_back();
  std::string& text = texts_[used_++];
  text.clear();
  return text;
}

const FunctionRule* functionNamed(std::string_view name) {
  auto found = std::find_if(kFunctions.begin(), kFunctions.end(),
                            [&](const FunctionRule& rule) { return isSameName(rule.name, name); });
  return found == kFunctions.end() ? nullptr : &*found;
}

std::string functionNames() {
  std::string names;
  for (const FunctionRule& rule : kFunctions) names += (names.empty() ? "" : ", ") + std::string(rule.name);
  return names;
}

std::string_view folded(std::string_view text, Workshop& workshop) {
  utf8proc_uint8_t* folded = nullptr;
  utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &folded, static_cast<utf8proc_option_t>(UTF8PROC_CASEFOLD));
  std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(folded, std::free);
  if (length == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
  if (length < 0) return text;
  std::string& kept = workshop.text();
  kept.assign(reinterpret_cast<const char*>(folded), static_cast<std::size_t>(length));
  return kept;
}

std::size_t findIn(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  const void* found = memmem(text.data(), text.size(), part.data(), part.size());
  return found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
}

std::string unicodeVersion() { return utf8proc_unicode_version(); }

std::string_view lowered(std::string_view text, Workshop& workshop) {
  std::string& kept = workshop.text();
  appendMapped(kept, text, utf8proc_tolower);
  return kept;
}

namespace {

// What stands between two % of a pattern.
struct Segment {
  std::string bytes;
  std::vector<std::size_t> wildcards;  // where a _ stands for one character, with no byte of its own
  std::size_t characters = 0;

  // The length of the match at the beginning of `text`.
  std::optional<std::size_t> matchAt(std::string_view text) const {
    std::size_t at = 0, done = 0;
    for (std::size_t wildcard : wildcards) {
      std::string_view literal = std::string_view(bytes).substr(done, wildcard - done);
      if (!text.substr(at).starts_with(literal)) return std::nullopt;
      at += literal.size();
      done = wildcard;
      if (at == text.size()) return std::nullopt;
      at += firstLength(text.substr(at));
    }
    std::string_view literal = std::string_view(bytes).substr(done);
    if (!text.substr(at).starts_with(literal)) return std::nullopt;
    return at + literal.size();
  }

  // The text behind the first match.
  std::optional<std::string_view> behindFirst(std::string_view text) const {
    if (wildcards.empty()) {
      std::size_t found = findIn(text, bytes);
      if (found == std::string_view::npos) return std::nullopt;
      return text.substr(found + bytes.size());
    }
    for (;; text.remove_prefix(firstLength(text))) {
      if (std::optional<std::size_t> length = matchAt(text)) return text.substr(*length);
      if (text.empty()) return std::nullopt;
    }
  }
};

std::vector<Segment> segmentsOf(std::string_view pattern, std::string_view escape) {
  std::vector<Segment> segments(1);
  while (!pattern.empty()) {
    std::string_view one = pattern.substr(0, firstLength(pattern));
    pattern.remove_prefix(one.size());
    bool isLiteral = !escape.empty() && one == escape && !pattern.empty();
    if (isLiteral) {
      one = pattern.substr(0, firstLength(pattern));
      pattern.remove_prefix(one.size());
    }
    if (one == "%" && !isLiteral) {
      segments.emplace_back();
      continue;
    }
    Segment& segment = segments.back();
    segment.characters++;
    if (one == "_" && !isLiteral)
      segment.wildcards.push_back(segment.bytes.size());
    else
      segment.bytes += one;
  }
  return segments;
}

}  // namespace

// The first segment stands at the beginning, the last one at the end, and each of the others as early as it can.
bool isLike(std::string_view text, std::string_view pattern, std::string_view escape) {
  std::vector<Segment> segments = segmentsOf(pattern, escape);
  std::optional<std::size_t> begin = segments.front().matchAt(text);
  if (!begin) return false;
  text.remove_prefix(*begin);
  if (segments.size() == 1) return text.empty();
  for (std::size_t i = 1; i + 1 < segments.size(); i++) {
    std::optional<std::string_view> rest = segments[i].behindFirst(text);
    if (!rest) return false;
    text = *rest;
  }
  std::size_t end = text.size();
  for (std::size_t left = segments.back().characters; left > 0; left--) {
    if (end == 0) return false;
    do end--;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  }
  return segments.back().matchAt(text.substr(end)) == text.size() - end;
}

}  // namespace blazedb::query
