// What is no expression: the message says what was expected, and where.
#include <gtest/gtest.h>

#include <string>

#include "query/expression.h"
#include "query/support.h"
#include "support/errors.h"

namespace blazedb::query {
namespace {

std::string messageAbout(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidArgument) << text;
    return error.what();
  }
  return "it was understood";
}

TEST(Parser, SaysWhatWasExpectedAndWhere) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "a field, a value or ( was expected, and nothing follows at character 1"},
      {"age >", "a field, a value or ( was expected, and nothing follows at character 6"},
      {"age > 3 city", "an operator, AND, OR or the end was expected at character 9: age > 3  >>> city"},
      {"(age > 3", ") was expected, and nothing follows at character 9"},
      {"age > 3)", "an operator, AND, OR or the end was expected at character 8"},
      {"age BETWEEN 1", "AND was expected"},
      {"age NOT 3", "IN, BETWEEN, LIKE, CONTAINS, STARTS WITH or ENDS WITH was expected"},
      {"age IS 3", "NULL, MISSING or VALUED was expected"},
      {"age STARTS 'a'", "WITH was expected"},
      {"nosuch(1)", "there is no function nosuch"},
      {"a[x]", "the number of an element was expected"},
      {"a[1.5]", "the number of an element was expected"},
      {"a.", "the name of a field was expected"},
      {"'abc", "a ' is not closed at character 1"},
      {"`abc", "a ` is not closed"},
      {"``", "a name is empty"},
      {"x'0'", "pairs of hexadecimal digits"},
      {"x'0g'", "pairs of hexadecimal digits"},
      {"$ = 1", "a parameter has no name"},
      {"9223372036854775808", "an integer is beyond 64 bits"},
      {"1e999", "a number is too large or too small for a real"},
      {"1e-999", "a number is too large or too small for a real"},
      {"end > 5", "and end is a keyword: a field of that name stands in backticks at character 1"},
      {"a && b", "AND is written as a word"},
      {"!a", "NOT is written as a word"},
      {"name = \xE2\x80\x98"
       "Ada\xE2\x80\x99",
       "this is no letter; quotation marks are ' or \""},
      {"age\xC2\xA0>= 5", "this is no letter"},
      {"date('2026-11-29T12:00:00')", "this is no date: write 2026-11-29 or 2026-11-29T12:00:00Z"},
      {"12abc", "a number is followed by letters"},
      {"a ; b", "this means nothing here at character 3"},
      {"a LIKE 'x' ESCAPE 'ab'", "a text of one character was expected after ESCAPE"},
      {"ANY x IN a SATISFIES x = 1", "END was expected"},
      {"ANY AND IN a SATISFIES x END", "a name for the element was expected"},
      {"a IN (1 2)", "a comma or ) was expected"},
      {"select = 1 AND", "nothing follows"},
      {"a < 1 < 2", "an operator, AND, OR or the end was expected"},
  };
  for (const auto& [text, message] : cases)
    EXPECT_NE(messageAbout(text).find(message), std::string::npos) << text << " -> " << messageAbout(text);
  EXPECT_NE(messageAbout("\xC3\xA9 = 1 ;").find("at character 7"), std::string::npos) << "characters, not bytes";
}

TEST(Parser, IsBounded) {
  auto times = [](const std::string& text, std::size_t count) {
    std::string all;
    while (count-- > 0) all += text;
    return all;
  };
  EXPECT_ERROR(TooLarge, parse(std::string(kExpressionBytesMax + 1, ' ')));
  for (const std::string& deep :
       {times("(", 10'000), times("NOT ", 10'000) + "a", times("-", 10'000) + "a", times("[", 10'000),
        times("abs(", 10'000), times("EXISTS ", 5'000), times("ANY x IN a SATISFIES ", 3'000),
        "1" + times("+1", 20'000), "1" + times("*1", 20'000), "a" + times("||a", 10'000), "a" + times(".b", 10'000),
        "a" + times(" OR a", 12'000), "a IN (1" + times(",1", 20'000) + ")"})
    EXPECT_ERROR(InvalidArgument, parse(deep)) << deep.substr(0, 20);
  EXPECT_NO_THROW(parse("a" + times(" OR a", 5'000)));
  EXPECT_NO_THROW(parse("1" + times("+1", 190)));
  EXPECT_NO_THROW(parse(times("(", 150) + "a" + times(")", 150)));
  EXPECT_ERROR(InvalidArgument, parse("a = '\xFF'"));
}

TEST(Parser, KnowsWhichFieldsAndParametersThereAre) {
  Expression expression = parse("a.b > $x AND c = $y OR a.d = $x AND ANY e IN f SATISFIES e.g = 1 END");
  EXPECT_EQ(expression.fields, (std::vector<std::string>{"a", "c", "f"}));
  EXPECT_EQ(expression.parameters, (std::vector<std::string>{"x", "y"}));
  EXPECT_FALSE(expression.usesTime);
  EXPECT_TRUE(parse("a < now()").usesTime);
}

TEST(Parser, KeywordsMayBeNamesInBackticks) {
  EXPECT_EQ(valueOf("`and`.`null` = 1", {}, {{"and", Object{{"null", 1}}}}), "true");
  EXPECT_EQ(valueOf("a.and = 1", {}, {{"a", Object{{"and", 1}}}}), "true") << "behind a point every name is one";
  EXPECT_NE(messageAbout("and = 1"), "it was understood");
}

}  // namespace
}  // namespace blazedb::query
