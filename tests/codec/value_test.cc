#include "blazedb/value.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "blazedb/record.h"

namespace blazedb {
namespace {

std::string names(const Object& object) {
  std::string all;
  for (const Field& field : object) all += field.name + ' ';
  return all;
}

TEST(Value, EveryTypeHasItsName) {
  const Value values[] = {nullptr, true, 1, 1.0, "s", Bytes{}, Date{}, UUID{}, Array{}, Object{}};
  const char* expected[] = {"null", "boolean", "integer", "real", "string", "bytes", "date", "uuid", "array", "object"};
  for (std::size_t i = 0; i < std::size(values); i++) EXPECT_EQ(typeName(values[i].type()), expected[i]);
}

TEST(Value, EqualMeansSameTypeAndSameContent) {
  EXPECT_EQ(Value(1), Value(1L));
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_NE(Value(Bytes{'a'}), Value("a"));
  EXPECT_NE(Value(Date{1}), Value(1));
  EXPECT_EQ(Value(Array{1, Object{{"a", 2}}}), Value(Array{1, Object{{"a", 2}}}));
  EXPECT_NE(Value(Array{1, Object{{"a", 2}}}), Value(Array{1, Object{{"a", 3}}}));
}

TEST(Value, DoublesAreComparedBitByBit) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  double otherNaN = std::bit_cast<double>(std::bit_cast<std::uint64_t>(nan) + 1);
  EXPECT_EQ(Value(nan), Value(nan));
  EXPECT_NE(Value(nan), Value(otherNaN));
  EXPECT_NE(Value(0.0), Value(-0.0));
  EXPECT_EQ(Value(Array{nan}), Value(Array{nan}));
}

TEST(Value, NowIsBetweenTheTimesAroundIt) {
  Date before = Date::now();
  Date now = Date::now();
  EXPECT_LE(before, now);
  EXPECT_GT(before.microseconds, 1'700'000'000'000'000);  // microseconds, not something shorter
  EXPECT_LT(before.microseconds, 10'000'000'000'000'000);
}

TEST(Object, FieldsAreSortedBytewiseHoweverTheyCome) {
  EXPECT_EQ(names({{"b", 1}, {"a", 2}, {"ab", 3}, {"B", 4}, {"ß", 5}}), "B a ab b ß ");
  Object object;
  for (const char* name : {"m", "z", "a", "n"}) object.set(name, 1);
  EXPECT_EQ(names(object), "a m n z ");
}

TEST(Object, OfANameGivenTwiceTheLastCounts) {
  Object object{{"b", 1}, {"a", 2}, {"b", 3}, {"a", 4}, {"b", 5}};
  EXPECT_EQ(object, (Object{{"a", 4}, {"b", 5}}));
  // Enough values to expose a sort that is not stable.
  Object many{{"a", 1},  {"b", 2},  {"a", 3},  {"b", 4},  {"a", 5},  {"b", 6},  {"a", 7},
              {"b", 8},  {"a", 9},  {"b", 10}, {"a", 11}, {"b", 12}, {"a", 13}, {"b", 14},
              {"a", 15}, {"b", 16}, {"a", 17}, {"b", 18}, {"a", 19}, {"b", 20}};
  EXPECT_EQ(many, (Object{{"a", 19}, {"b", 20}}));
  object.set("a", "new");
  EXPECT_EQ(object.size(), 2u);
  EXPECT_EQ(object["a"], Value("new"));
  EXPECT_EQ(object["b"], Value(5));
}

TEST(Object, AFieldIsFoundAndErasedByItsName) {
  Object object{{"a", 1}, {"b", nullptr}, {"c", 3}};
  EXPECT_TRUE(object.contains("b"));
  EXPECT_FALSE(object.contains("bb"));
  EXPECT_EQ(object.find("d"), nullptr);
  EXPECT_TRUE(object.erase("b"));
  EXPECT_FALSE(object.erase("b"));
  EXPECT_FALSE(object.erase("z"));
  EXPECT_EQ(names(object), "a c ");
  EXPECT_FALSE(Object().erase("a"));
  EXPECT_TRUE(Object().empty());
}

TEST(Object, AnAbsentFieldReadsAsNull) {
  const Object object{{"a", 1}};
  EXPECT_TRUE(object["b"].isNull());
  EXPECT_EQ(&object["b"], &object["c"]);
}

TEST(Object, GettersAnswerNothingWhereTheTypeIsAnother) {
  Object object{{"bool", true},   {"int", 7},          {"real", 2.5},
                {"text", "x"},    {"bytes", Bytes{1}}, {"date", Date{5}},
                {"uuid", UUID{}}, {"array", Array{1}}, {"object", Object{{"k", 1}}}};
  EXPECT_EQ(object.boolean("bool"), true);
  EXPECT_EQ(object.integer("int"), 7);
  EXPECT_EQ(object.real("real"), 2.5);
  EXPECT_EQ(object.string("text"), "x");
  EXPECT_EQ(object.bytes("bytes"), Bytes{1});
  EXPECT_EQ(object.date("date"), Date{5});
  EXPECT_EQ(object.uuid("uuid"), UUID{});
  EXPECT_EQ(object.array("array"), Array{1});
  EXPECT_EQ(object.object("object"), (Object{{"k", 1}}));
  EXPECT_EQ(object.real("int"), std::nullopt);
  EXPECT_EQ(object.integer("real"), std::nullopt);
  EXPECT_EQ(object.boolean("int"), std::nullopt);
  EXPECT_EQ(object.string("absent"), std::nullopt);
}

TEST(Record, EqualityLooksAtFieldsOnly) {
  Record a{{"x", 1}};
  Record b{{"x", 1}};
  b.setId(UUID::generate());
  EXPECT_EQ(a, b);
  EXPECT_FALSE(a.id());
  b.clearId();
  EXPECT_FALSE(b.id());
}

}  // namespace
}  // namespace blazedb
