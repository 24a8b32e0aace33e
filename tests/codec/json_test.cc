#include "codec/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "base/limits.h"
#include "blazedb/error.h"
#include "codec/random_values.h"

namespace blazedb::codec {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const UUID kId = *UUID::parse("01890a5d-ac96-774b-bcce-b302099a8057");

std::string problemOf(std::string_view json) {
  try {
    return "accepted: " + recordToJson(recordFromJson(json), {});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
    return error.what();
  }
}

TEST(Json, EachValueHasExactlyThisText) {
  const std::pair<Value, const char*> golden[] = {
      {nullptr, "null"},
      {true, "true"},
      {false, "false"},
      {0, "0"},
      {kMin, "-9223372036854775808"},
      {kMax, "9223372036854775807"},
      {42.0, "42.0"},
      {-0.0, "-0.0"},
      {0.1, "0.1"},
      {1e22, "1e+22"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {std::bit_cast<double>(0x7FF8'0000'0000'0000), R"({"$double":"NaN"})"},
      {std::bit_cast<double>(0xFFF0'0000'0000'0001), R"({"$double":"fff0000000000001"})"},
      {kInfinity, R"({"$double":"Infinity"})"},
      {-kInfinity, R"({"$double":"-Infinity"})"},
      {"", R"("")"},
      {"a \"\\\n\t\x01\x1F\x7F ü😀", "\"a \\\"\\\\\\n\\u0009\\u0001\\u001f\\u007f ü😀\""},
      {std::string("\0", 1), R"("\u0000")"},
      {"\xC2\x80 \xC2\x9B"
       "31m \xC2\x9F\xC2\xA0",
       "\"\\u0080 \\u009b31m \\u009f\xC2\xA0\""},
      {"\xD8\x9C\xE2\x80\x8E\xE2\x80\xAEx\xE2\x80\xAC \xE2\x81\xA9\xE2\x81\xAA",
       "\"\\u061c\\u200e\\u202ex\\u202c \\u2069\xE2\x81\xAA\""},
      {Object{{"\x1B[2J", 1}}, R"({"\u001b[2J":1})"},
      {Bytes{0x00, 0xFF}, R"({"$bytes":"AP8="})"},
      {Date{1'763'805'600'123'456}, R"({"$date":"2025-11-22T10:00:00.123456Z"})"},
      {kId, R"({"$uuid":"01890a5d-ac96-774b-bcce-b302099a8057"})"},
      {Array{}, "[]"},
      {Array{1, Array{"x", nullptr}}, R"([1,["x",null]])"},
      {Object{}, "{}"},
      {Object{{"b", 1}, {"a", Object{}}}, R"({"a":{},"b":1})"},
      {Object{{"$date", 1}}, R"({"$$date":1})"},
      {Object{{"$$", 1}}, R"({"$$$":1})"},
      {Object{{"$bytes", 1}, {"x", 2}}, R"({"$bytes":1,"x":2})"},
      {Object{{"_id", 1}}, R"({"_id":1})"},
  };
  for (const auto& [value, json] : golden) {
    EXPECT_EQ(valueToJson(value), json);
    EXPECT_EQ(valueFromJson(json), value) << json;
    EXPECT_EQ(valueFromJson(valueToJson(value, JsonStyle::pretty)), value) << json;
  }
}

TEST(Json, ARecordCarriesItsIdAndItsOwnFieldsOfThatNameStandBehindADollar) {
  Object fields{{"_id", 1}, {"$_id", 2}, {"$bytes", "AP8="}, {"x_id", 3}};
  std::string json = recordToJson(fields, kId);
  EXPECT_EQ(json, R"({"_id":"01890a5d-ac96-774b-bcce-b302099a8057","$$_id":2,"$bytes":"AP8=","$_id":1,"x_id":3})");
  Record back = recordFromJson(json);
  EXPECT_EQ(back, fields);
  EXPECT_EQ(back.id(), kId);
  EXPECT_EQ(recordFromJson(recordToJson(fields, {})).id(), std::nullopt);
  EXPECT_EQ(recordFromJson("{}"), Object());
}

TEST(Json, PrettyHasALineForEachElement) {
  EXPECT_EQ(
      recordToJson({{"a", Array{1, Object{{"b", Bytes{}}}}}, {"c", Array{}}, {"d", Object{}}}, {}, JsonStyle::pretty),
      R"({
  "a": [
    1,
    {
      "b": {"$bytes": ""}
    }
  ],
  "c": [],
  "d": {}
})");
}

TEST(Json, RandomRecordsRoundTripInBothStyles) {
  for (std::uint64_t seed = 0; seed < 3000; seed++) {
    RandomValues random(seed);
    Object fields = random.object();
    std::optional<UUID> id = random.below(2) ? std::optional(random.uuid()) : std::nullopt;
    for (JsonStyle style : {JsonStyle::compact, JsonStyle::pretty}) {
      Record back = recordFromJson(recordToJson(fields, id, style));
      ASSERT_EQ(back, fields) << "seed " << seed;
      ASSERT_EQ(back.id(), id);
    }
    EXPECT_EQ(recordToJson(fields, id).find('\n'), std::string::npos);
  }
}

TEST(Json, PeoplesJsonIsUnderstood) {
  Record record = recordFromJson(" { \"z\" : -1 , \"a\" : [ 1.5E3, \"\\u00fc\\ud83d\\ude00\\/\" ] , \"e\" : 1e2 } \n");
  EXPECT_EQ(record, (Object{{"z", -1}, {"a", Array{1500.0, "ü😀/"}}, {"e", 100.0}}));
  EXPECT_EQ(valueFromJson("-0"), Value(0));
  EXPECT_EQ(valueFromJson(R"({"$date":"2025-11-22T12:00:00+02:00"})"),
            valueFromJson(R"({"$date":"2025-11-22T10:00:00Z"})"));
}

TEST(Json, WhatIsWrongIsSaidWithItsPosition) {
  const std::pair<const char*, const char*> problems[] = {
      {"",
       "line 1, column 1: syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal"},
      {"{\"a\":\n nul}",
       "line 2, column 5: syntax error while parsing value - invalid literal; last read: '\"a\":<U+000A> nul}'"},
      {R"({"a":1} x)",
       "line 1, column 9: syntax error while parsing value - invalid literal; last read: '1} x'; expected end "
       "of input"},
      {R"([1])", "line 1, column 1: a record is an object"},
      {R"(7)", "line 1, column 1: a record is an object"},
      {R"({"a":9223372036854775808})",
       "line 1, column 25: an integer beyond 64 bits: write it as a real, with .0, or as a string"},
      {R"({"a":-9223372036854775809})",
       "line 1, column 26: an integer beyond 64 bits: write it as a real, with .0, or as a string"},
      {R"({"a":99999999999999999999})",
       "line 1, column 26: an integer beyond 64 bits: write it as a real, with .0, or as a string"},
      {R"({"a":1e999})", "line 1, column 11: number overflow parsing '1e999'"},
      {R"({"a":1,"b":2,"a":3})", "line 1, column 19: \"a\" is given twice in this object"},
      {R"({"a":{"b":1,"b":1}})", "line 1, column 18: \"b\" is given twice in this object"},
      {R"({"_id":7})", "line 1, column 9: \"_id\" is not a UUID; a field of that name is written \"$_id\""},
      {R"({"_id":{"$uuid":"01890a5d-ac96-774b-bcce-b302099a8057"}})",
       "line 1, column 55: \"_id\" is not a UUID; a field of that name is written \"$_id\""},
      {R"({"_id":"01890a5d-ac96-774b-bcce-b302099a8057","_id":1})", "line 1, column 51: \"_id\" is given twice"},
      {R"({"a":{"$day":1}})", "line 1, column 15: \"$day\" means nothing; a field of that name is written \"$$day\""},
      {R"({"a":{"$date":1}})", "line 1, column 16: \"$date\" needs a date such as 2026-11-22T10:00:00.123456Z"},
      {R"({"a":{"$date":"today"}})", "line 1, column 22: \"$date\" needs a date such as 2026-11-22T10:00:00.123456Z"},
      {R"({"a":{"$bytes":"AP8"}})", "line 1, column 21: \"$bytes\" needs base64 with padding"},
      {R"({"a":{"$uuid":"1"}})", "line 1, column 18: \"$uuid\" needs a UUID of 36 characters"},
      {R"({"a":{"$double":"1.5"}})",
       "line 1, column 22: \"$double\" needs \"NaN\", \"Infinity\", \"-Infinity\" or the 16 hex digits of a NaN"},
  };
  for (auto [json, problem] : problems)
    EXPECT_EQ(problemOf(json), std::string("InvalidArgument: JSON up to ") + problem);
}

TEST(Json, EverythingThatIsNotJsonIsRefused) {
  for (std::string json : {"{",
                           "}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\":01}",
                           "{\"a\":+1}",
                           "{\"a\":.5}",
                           "{\"a\":1.}",
                           "{\"a\":NaN}",
                           "{\"a\":Infinity}",
                           "{\"a\":0x1}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\u12\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\xFF\"}",
                           "{\"a\":\"\xED\xA0\x80\"}",
                           "{\"\xC0\x80\":1}",
                           "{\"a\":\"x}",
                           "// c\n{}",
                           "{}{}",
                           "{}\x01",
                           "{\"a\":[1,2}",
                           "{\"a\":{\"$double\":\"0000000000000000\"}}",
                           "{\"a\":{\"$double\":\"7ff0000000000000\"}}"})
    EXPECT_TRUE(problemOf(json).starts_with("InvalidArgument: JSON up to line ")) << json << " " << problemOf(json);
  EXPECT_EQ(problemOf(std::string("{}\n\0", 4)), "InvalidArgument: JSON up to line 2, column 1: a NUL byte");
}

TEST(Json, NestingGoesUpToTheLimitAndAValueMayStandAtTheDeepestLevel) {
  auto arrays = [](int levels, std::string_view inside) {
    auto count = static_cast<std::size_t>(levels);
    return "{\"a\":" + std::string(count, '[') + std::string(inside) + std::string(count, ']') + "}";
  };
  for (const char* inside : {"1", R"({"$bytes":""})"})
    EXPECT_EQ(problemOf(arrays(base::kNestingMax, inside)), "accepted: " + arrays(base::kNestingMax, inside));
  for (const char* inside : {"[]", "{}", R"({"$$bytes":""})", R"({"b":{"$bytes":""}})"})
    EXPECT_NE(problemOf(arrays(base::kNestingMax, inside)).find("nested more than 64 levels deep"), std::string::npos)
        << inside;
  EXPECT_NE(problemOf(arrays(1'000'000, "")).find("nested more than 64 levels deep"), std::string::npos);
  std::string value(base::kNestingMax, '[');
  EXPECT_EQ(valueToJson(valueFromJson(value + std::string(base::kNestingMax, ']'))).size(), 2u * base::kNestingMax);
  EXPECT_THROW(valueFromJson(value + "[]" + std::string(base::kNestingMax, ']')), Error);
}

}  // namespace
}  // namespace blazedb::codec
