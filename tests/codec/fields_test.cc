#include "codec/fields.h"

#include <gtest/gtest.h>

#include <limits>

namespace blazedb::codec {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Fields, EveryTypeRoundTrips) {
  Object fields{{"null", nullptr},
                {"bool", true},
                {"least", kMin},
                {"most", kMax},
                {"real", -0.0},
                {"text", "grüße"},
                {"bytes", Bytes{0, 255}},
                {"date", Date{-1}},
                {"first date", Date{kMin}},
                {"last date", Date{kMax}},
                {"uuid", UUID{}},
                {"array", Array{1, 2.5, "x", Array{}}},
                {"object", Object{{"deep", Object{}}}}};
  base::Bytes encoded;
  ASSERT_FALSE(encodeFields(encoded, fields));
  Object back;
  ASSERT_TRUE(decodeFields(encoded, back));
  EXPECT_EQ(back, fields);
}

TEST(Fields, AProblemIsReportedWithItsPathAndNothingIsAppended) {
  base::Bytes out{7};
  auto problem = encodeFields(out, {{"address", Object{{"lines", Array{"ok", "\xFF"}}}}});
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->code(), ErrorCode::InvalidArgument);
  EXPECT_STREQ(problem->what(),
               "InvalidArgument: field \"address.lines[1]\" is not UTF-8: convert it, or store it as bytes");
  EXPECT_EQ(out, base::Bytes{7});
}

TEST(Fields, TheReaderShowsRemovedFieldsAndDecodingPassesThemOver) {
  base::Bytes encoded;
  appendMapHead(encoded, 2);
  appendText(encoded, "gone");
  base::append(encoded, kRemoved);
  appendText(encoded, "here");
  appendInteger(encoded, -1);

  FieldsReader reader(encoded);
  EXPECT_EQ(reader.count(), 2u);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.name(), "gone");
  EXPECT_TRUE(reader.removed());
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.name(), "here");
  EXPECT_EQ(decodeValue(reader.value()), Value(-1));
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());

  Object fields;
  ASSERT_TRUE(decodeFields(encoded, fields));
  EXPECT_EQ(fields, (Object{{"here", -1}}));
}

}  // namespace
}  // namespace blazedb::codec
