// What expressions mean: the tables of docs/query.md, line by line.
#include "query/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "codec/counter.h"
#include "query/support.h"
#include "support/errors.h"

namespace blazedb::query {
namespace {

using Cases = std::vector<std::pair<const char*, const char*>>;

void expectAll(const Cases& cases) {
  for (const auto& [expression, value] : cases) EXPECT_EQ(valueOf(expression), value) << expression;
}

TEST(Evaluate, APathLeadsIntoObjectsAndArrays) {
  expectAll({{"name", "\"Ada Lovelace\""},
             {"home.street", "\"Main\""},
             {"home.rooms[0]", "1"},
             {"home.rooms[-1]", "\"attic\""},
             {"homes[1].street", "\"Side\""},
             {"`strange name`", "1"},
             {"home.`street`", "\"Main\""},
             {"nothing", "null"},
             {"absent", "missing"},
             {"home.absent", "missing"},
             {"home.rooms[3]", "missing"},
             {"home.rooms[-4]", "missing"},
             {"age.years", "missing"},
             {"name[0]", "missing"},
             {"home[0]", "missing"},
             {"tags.a", "missing"}});
}

TEST(Evaluate, LiteralsOfEveryType) {
  expectAll({{"null", "null"},
             {"TRUE", "true"},
             {"False", "false"},
             {"-9223372036854775808", "-9223372036854775808"},
             {"9223372036854775807", "9223372036854775807"},
             {"1.5e3", "1500.0"},
             {"'it''s'", "\"it's\""},
             {"\"say \"\"so\"\"\"", "\"say \\\"so\\\"\""},
             {"x'00fF'", "{\"$bytes\":\"AP8=\"}"},
             {"date('1969-12-31T23:59:59.999999Z')", "{\"$date\":\"1969-12-31T23:59:59.999999Z\"}"},
             {"date('2026-11-29')", "{\"$date\":\"2026-11-29T00:00:00Z\"}"},
             {"uuid('01890a5d-ac96-774b-bcce-b302099a8057')", "{\"$uuid\":\"01890a5d-ac96-774b-bcce-b302099a8057\"}"},
             {"[1, [name], []]", "[1,[\"Ada Lovelace\"],[]]"}});
}

TEST(Evaluate, AComparisonWithSomethingUnknownIsUnknown) {
  expectAll({{"age = 36", "true"},           {"age == 36.0", "true"},
             {"age != 36", "false"},         {"age <> 1", "true"},
             {"age < 37", "true"},           {"age >= 37", "false"},
             {"nothing = null", "null"},     {"absent = 1", "null"},
             {"absent != 1", "null"},        {"nothing < 1", "null"},
             {"NOT absent", "null"},         {"absent = absent", "null"},
             {"nothing IS NULL", "true"},    {"absent IS NULL", "null"},
             {"age IS NULL", "false"},       {"age IS NOT NULL", "true"},
             {"absent IS MISSING", "true"},  {"nothing IS MISSING", "false"},
             {"nothing IS VALUED", "false"}, {"absent IS NOT VALUED", "true"},
             {"age IS VALUED", "true"},      {"EXISTS nothing", "true"},
             {"EXISTS absent", "false"},     {"EXISTS home.rooms[2]", "true"}});
}

TEST(Evaluate, ValuesOfTwoTypesAreNotEqualAndNotInARow) {
  expectAll({{"age = '36'", "false"},
             {"age != '36'", "true"},
             {"age < 'a'", "null"},
             {"ok = 1", "false"},
             {"raw = 'x'", "false"},
             {"id2 = '01890a5d-ac96-774b-bcce-b302099a8057'", "false"},
             {"id2 = uuid('01890a5d-ac96-774b-bcce-b302099a8057')", "true"},
             {"born = date('1816-02-29')", "true"},
             {"born < date('1970-01-01')", "true"},
             {"home = home", "true"},
             {"homes[0] = home", "true"},
             {"tags = ['a', 'B', null]", "true"},
             {"tags < ['a', 'C']", "true"},
             {"[] < tags", "true"}});
}

TEST(Evaluate, NumbersCompareByTheirExactValue) {
  expectAll({{"big > 9007199254740992.0", "true"},
             {"big = 9007199254740992.0", "false"},
             {"big = 9007199254740993", "true"},
             {"9223372036854775807 < 9223372036854775808.0", "true"},
             {"-9223372036854775808 = -9223372036854775808.0", "true"},
             {"-0.0 = 0", "true"},
             {"1 < 1.5", "true"}});
  double nan = std::nan("");
  EXPECT_EQ(valueOf("$n = $n AND $n > 9e300 AND NOT $n < 1", {{"n", nan}}), "true");
  EXPECT_EQ(valueOf("$i > 9223372036854775807", {{"i", std::numeric_limits<double>::infinity()}}), "true");
}

TEST(Evaluate, LogicHasThreeValues) {
  expectAll({{"true AND absent", "null"},
             {"false AND absent", "false"},
             {"true OR absent", "true"},
             {"false OR absent", "null"},
             {"NOT ok", "false"},
             {"NOT NOT ok", "true"},
             {"age AND true", "null"},
             {"true OR false AND false", "true"},
             {"NOT false AND false", "false"}});
}

TEST(Evaluate, InAndBetween) {
  expectAll({{"age IN (1, 36)", "true"},
             {"age IN [1, 2]", "false"},
             {"age IN (1, null)", "null"},
             {"age NOT IN (1, 36.0)", "false"},
             {"'a' IN tags", "true"},
             {"'b' IN tags NOCASE", "true"},
             {"'c' IN tags", "null"},
             {"age IN ()", "false"},
             {"absent IN (1)", "null"},
             {"age IN name", "null"},
             {"age BETWEEN 30 AND 40", "true"},
             {"age NOT BETWEEN 30 AND 40", "false"},
             {"age BETWEEN absent AND 30", "false"},
             {"age BETWEEN absent AND 40", "null"},
             {"age BETWEEN 1 AND 2 OR ok", "true"}});
}

TEST(Evaluate, TextComparesByCodePoint) {
  EXPECT_EQ(valueOf("$a < $b", {{"a", "Z"}, {"b", "a"}}), "true");
  EXPECT_EQ(valueOf("$a < $b", {{"a", "\xEF\xBF\xBD"}, {"b", "\xF0\x9F\x98\x80"}}), "true");  // U+FFFD, U+1F600
  EXPECT_EQ(valueOf("$a = $b NOCASE", {{"a", "STRASSE"},
                                       {"b",
                                        "stra\xC3\x9F"
                                        "e"}}),
            "true");
  EXPECT_EQ(valueOf("$a = $b NOCASE", {{"a", "\xCE\xA3"}, {"b", "\xCF\x82"}}), "true");  // final sigma
  EXPECT_EQ(valueOf("$a = $b", {{"a", "\xC3\xA9"}, {"b", "e\xCC\x81"}}), "false") << "nothing is normalized";
  EXPECT_EQ(valueOf("name < 'B' NOCASE"), "true");
}

TEST(Evaluate, ALongListIsSearchedAsAShortOneIs) {
  Array list;
  for (int i = 0; i < 100; i++) list.emplace_back(i * 2);
  list.emplace_back("Texts");
  list.emplace_back(3.5);
  EXPECT_EQ(valueOf("age IN $l", {{"l", list}}), "true");
  EXPECT_EQ(valueOf("age + 1 IN $l", {{"l", list}}), "false");
  EXPECT_EQ(valueOf("36.0 IN $l AND score NOT IN $l", {{"l", list}}), "true");
  EXPECT_EQ(valueOf("'tEXTS' IN $l NOCASE AND 'tEXTS' NOT IN $l", {{"l", list}}), "true");
  EXPECT_EQ(valueOf("absent IN $l", {{"l", list}}), "null");
  list.emplace_back(nullptr);
  EXPECT_EQ(valueOf("age + 1 IN $l", {{"l", list}}), "null");
  EXPECT_EQ(valueOf("age IN $l", {{"l", list}}), "true");
  EXPECT_EQ(valueOf("age IN (1, 2, 3, 4, 5, 6, 7, $x, 9)", {{"x", 36}}), "true");
  EXPECT_EQ(valueOf("age IN (1, 2, 3, 4, 5, 6, 7, age, 9)"), "true");
  Object inside{{"deep", Object{{"list", list}, {"age", 36}}}};
  EXPECT_EQ(valueOf("age IN $o.deep.list", {{"o", inside}}), "true");
  EXPECT_EQ(valueOf("age + 1 IN $o.deep.list", {{"o", inside}}), "null");
  EXPECT_EQ(valueOf("age IN $o.list", {{"o", inside}}), "null");
  EXPECT_EQ(valueOf("age IN (1, 2, 3, 4, 5, 6, 7, $o.deep.age, 9)", {{"o", inside}}), "true");
  EXPECT_EQ(valueOf("age + 1 IN (1, 2, 3, 4, 5, 6, 7, $o.age, 9)", {{"o", inside}}), "null");
}

TEST(Evaluate, LikeContainsStartsAndEnds) {
  expectAll({{"name LIKE 'Ada%'", "true"},
             {"name LIKE '%love%'", "false"},
             {"name LIKE '%love%' NOCASE", "true"},
             {"name LIKE 'Ada Lovelac_'", "true"},
             {"name NOT LIKE '%x%'", "true"},
             {"'50%' LIKE '50!%' ESCAPE '!'", "true"},
             {"'505' LIKE '50!%' ESCAPE '!'", "false"},
             {"'a_c' LIKE 'a__c' ESCAPE '_'", "true"},
             {"'' LIKE '%'", "true"},
             {"'' LIKE '_'", "false"},
             {"'abcabc' LIKE '%abc'", "true"},
             {"'ab' LIKE '%a%b%'", "true"},
             {"age LIKE '3%'", "null"},
             {"absent LIKE '%'", "null"},
             {"name CONTAINS 'Love'", "true"},
             {"name CONTAINS 'love'", "false"},
             {"tags CONTAINS 'a'", "true"},
             {"tags CONTAINS 'c'", "null"},
             {"tags CONTAINS 'b' NOCASE", "true"},
             {"age CONTAINS 3", "null"},
             {"name STARTS WITH 'Ada'", "true"},
             {"name NOT STARTS WITH 'Ada'", "false"},
             {"name ENDS WITH 'LACE' NOCASE", "true"}});
  expectAll({{"'stra\xC3\x9F"
              "e' LIKE 'STRA_E' NOCASE",
              "true"},
             {"'STRASSE' LIKE 'stra\xC3\x9F"
              "e' NOCASE",
              "false"},
             {"'abc' LIKE '%b%c'", "true"},
             {"'abcbc' LIKE 'a%b_'", "true"},
             {"'abcb' LIKE 'a%b_'", "false"},
             {"'aXXbYc' LIKE 'a__b%c'", "true"},
             {"'ab' LIKE 'ab%b'", "false"},
             {"'abab' LIKE '%ab%ab%'", "true"},
             {"'aba' LIKE '%ab%ba%'", "false"},
             {"'a%b' LIKE 'a!%%' ESCAPE '!'", "true"},
             {"'a!' LIKE 'a!' ESCAPE '!'", "true"},
             {"'\xC3\xA9\xC3\xA9' LIKE '%_\xC3\xA9'", "true"},
             {"'\xC3\xA9' LIKE '%__'", "false"}});
  EXPECT_EQ(valueOf("$t LIKE '_'", {{"t", "\xF0\x9F\x98\x80"}}), "true") << "_ is a character, not a byte";
}

TEST(Evaluate, Arithmetic) {
  expectAll({{"1 + 2 * 3", "7"},
             {"(1 + 2) * 3", "9"},
             {"7 / 2", "3.5"},
             {"8 / 2", "4"},
             {"-7 % 3", "-1"},
             {"7.5 % 2", "1.5"},
             {"age + score", "38.5"},
             {"9223372036854775807 + 1", "9223372036854775808.0"},
             {"-9223372036854775808 - 1", "-9223372036854775808.0"},
             {"-9223372036854775808 / -1", "9223372036854775808.0"},
             {"-9223372036854775808 % -1", "0"},
             {"3037000500 * 3037000500", "9223372037000249344.0"},
             {"1 / 0", "null"},
             {"1 % 0", "null"},
             {"1.0 / 0", "null"},
             {"age + absent", "null"},
             {"age + 'a'", "null"},
             {"-age", "-36"},
             {"- -age", "36"},
             {"'a' || 'b' || 'c'", "\"abc\""},
             {"'a' || 1", "null"},
             {"'a' || string(1)", "\"a1\""}});
}

TEST(Evaluate, AnyAndEvery) {
  expectAll({{"ANY t IN tags SATISFIES t = 'B' END", "true"},
             {"ANY t IN tags SATISFIES t = 'x' END", "null"},
             {"EVERY t IN tags SATISFIES t IS VALUED END", "false"},
             {"ANY h IN homes SATISFIES h.street = 'Side' AND length(h.rooms) = 0 END", "true"},
             {"ANY h IN homes SATISFIES ANY r IN h.rooms SATISFIES r = 2.5 END END", "true"},
             {"ANY h IN homes SATISFIES h.street = name END", "false"},
             {"ANY x IN [] SATISFIES true END", "false"},
             {"EVERY x IN [] SATISFIES false END", "true"},
             {"ANY x IN absent SATISFIES true END", "null"},
             {"EVERY age IN [1, 2] SATISFIES age < 3 END AND age = 36", "true"}});
}

TEST(Evaluate, ParametersAreValuesAndNoText) {
  EXPECT_EQ(valueOf("name = $n", {{"n", "' OR true OR '"}}), "false");
  EXPECT_EQ(valueOf("age IN $list", {{"list", Array{Value(36)}}}), "true");
  EXPECT_EQ(valueOf("$o.a[1]", {{"o", Object{{"a", Array{Value(1), Value(2)}}}}}), "2");
  EXPECT_ERROR(InvalidArgument, valueOf("age = $a"));
  EXPECT_ERROR(InvalidArgument, valueOf("age = 1", {{"a", 1}}));
  EXPECT_ERROR(InvalidArgument, valueOf("age = $a", {{"a", "\xFF"}}));
}

TEST(Evaluate, ACounterIsTheNumberThatItMakes) {
  // As it is stored: 10 was assigned, having seen nothing, and two writers have added 3 and 4.
  base::Bytes fields;
  codec::appendMapHead(fields, 3);
  auto part = [&](std::uint64_t writer, std::int64_t sum) {
    std::string key = codec::partKey("n", writer);
    codec::appendByteString(fields, base::viewOf(key));
    base::Bytes value = codec::encodePart({sum, {}});
    fields.insert(fields.end(), value.begin(), value.end());
  };
  codec::appendText(fields, "n");
  codec::appendInteger(fields, 10);
  part(5, 3);
  part(6, 4);
  Bound bound(parse("n = 17 AND n + 1 = 18"), {});
  EXPECT_TRUE(Evaluator(bound, {}).matches({}, fields));
}

TEST(Evaluate, TextThatGrowsBeyondARecordIsNull) {
  Object large{{"t", std::string(7u << 20, 'x')}};
  EXPECT_EQ(valueOf("length(t || t)", {}, large), "null");
  EXPECT_EQ(valueOf("length(replace(t, 'x', 'yyyy'))", {}, large), "null");
  EXPECT_EQ(valueOf("length([t, t])", {}, large), "null");
  std::string widening;  // in lower case it takes three bytes instead of two
  for (int i = 0; i < 3'500'000; i++) widening += "\xC8\xBA";
  EXPECT_EQ(valueOf("length(lower(t))", {}, {{"t", widening}}), "null");
  EXPECT_EQ(valueOf("length(t)", {}, {{"t", widening}}), "3500000");
  EXPECT_EQ(valueOf("length(t)", {}, large), "7340032");
}

}  // namespace
}  // namespace blazedb::query
