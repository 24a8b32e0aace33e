#include "query/functions.h"

#include <gtest/gtest.h>

#include <set>

#include "query/support.h"
#include "support/errors.h"

namespace blazedb::query {
namespace {

struct Case {
  const char* expression;
  const char* value;
};

TEST(Functions, GiveWhatTheTableInTheDocumentSays) {
  const std::vector<Case> cases{
      {"abs(-3)", "3"},
      {"abs(-2.5)", "2.5"},
      {"abs(-9223372036854775808)", "9223372036854775808.0"},
      {"ceil(1.2)", "2.0"},
      {"floor(-1.2)", "-2.0"},
      {"round(2.5)", "3.0"},
      {"round(7)", "7"},
      {"coalesce(absent, nothing, 5)", "5"},
      {"coalesce(absent)", "null"},
      {"number('12')", "12"},
      {"number('1.5')", "1.5"},
      {"number('12x')", "null"},
      {"number('inf')", "null"},
      {"number('nan')", "null"},
      {"string(1.5)", "\"1.5\""},
      {"string(true)", "\"true\""},
      {"string(born)", "\"1816-02-29T00:00:00Z\""},
      {"string(id2)", "\"01890a5d-ac96-774b-bcce-b302099a8057\""},
      {"string(tags)", "null"},
      {"type(absent)", "\"missing\""},
      {"type(nothing)", "\"null\""},
      {"type(name)", "\"string\""},
      {"length(name)", "12"},
      {"length('\xC3\xA9\xF0\x9F\x98\x80')", "2"},
      {"length(raw)", "2"},
      {"length(tags)", "3"},
      {"length(home)", "2"},
      {"length(1)", "null"},
      {"lower('\xC3\x89"
       "A')",
       "\"\xC3\xA9"
       "a\""},
      {"upper('stra\xC3\x9F"
       "e')",
       "\"STRA\xE1\xBA\x9E"
       "E\""},
      {"lower('\xC4\xB0')", "\"i\""},
      {"trim('  a b\t')", "\"a b\""},
      {"ltrim('  a ')", "\"a \""},
      {"rtrim('  a ')", "\"  a\""},
      {"replace('aXbX', 'X', '--')", "\"a--b--\""},
      {"replace('a', '', 'b')", "\"a\""},
      {"substr('h\xC3\xA9llo', 2, 3)", "\"\xC3\xA9ll\""},
      {"substr('hello', -3)", "\"llo\""},
      {"substr('hello', 0, 2)", "\"he\""},
      {"substr('hello', 9)", "\"\""},
      {"substr('hello', 2, -1)", "\"\""},
      {"year(born)", "1816"},
      {"month(born)", "2"},
      {"day(born)", "29"},
      {"hour(date('1969-12-31T23:59:58.5Z'))", "23"},
      {"minute(date('1969-12-31T23:59:58.5Z'))", "59"},
      {"second(date('1969-12-31T23:59:58.5Z'))", "58"},
      {"weekday(date('2026-11-29'))", "0"},
      {"weekday(date('1969-12-31'))", "3"},
      {"id() = uuid('00000000-0000-0000-0000-000000000007')", "true"},
      {"lower(absent)", "null"},
      {"LOWER('A')", "\"a\""},
      {"now()", "{\"$date\":\"1970-01-01T00:00:00Z\"}"},
  };
  for (const Case& each : cases) EXPECT_EQ(valueOf(each.expression), each.value) << each.expression;
  EXPECT_EQ(valueOf("year($d)", {{"d", Date{INT64_MIN}}}), "-290308");
  EXPECT_EQ(valueOf("year($d)", {{"d", Date{INT64_MAX}}}), "294247");
}

// Every function has a line above.
TEST(Functions, AllAreTested) {
  std::string names = functionNames();
  EXPECT_EQ(
      names,
      "abs, ceil, coalesce, date, day, floor, hour, id, length, lower, ltrim, minute, month, now, number, replace, "
      "round, rtrim, second, string, substr, trim, type, upper, uuid, weekday, year");
}

TEST(Functions, TakeOnlyTheirNumberOfArguments) {
  EXPECT_ERROR(InvalidArgument, parse("lower()"));
  EXPECT_ERROR(InvalidArgument, parse("lower('a', 'b')"));
  EXPECT_ERROR(InvalidArgument, parse("now(1)"));
  EXPECT_ERROR(InvalidArgument, parse("date('yesterday')"));
  EXPECT_ERROR(InvalidArgument, parse("uuid('x')"));
}

}  // namespace
}  // namespace blazedb::query
