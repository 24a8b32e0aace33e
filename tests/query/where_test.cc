#include "blazedb/where.h"

#include <gtest/gtest.h>

#include "query/support.h"
#include "support/errors.h"

namespace blazedb::query {
namespace {

std::string valueOf(const Where& where) { return query::valueOf(where.expression(), where.parameters()); }

TEST(Where, MakesTheTextThatOneWouldWrite) {
  Where both = field("age") > 30 && field("city").in({"Oslo", nullptr});
  EXPECT_EQ(both.expression(), "`age` > $1 AND `city` IN $2");
  EXPECT_EQ(both.parameters(), (Object{{"1", 30}, {"2", Array{Value("Oslo"), Value(nullptr)}}}));
  EXPECT_EQ((both && field("a") == 1).expression(), "`age` > $1 AND `city` IN $2 AND `a` = $3");
  EXPECT_EQ((both || !(field("a") == 1)).expression(), "(`age` > $1 AND `city` IN $2) OR NOT (`a` = $3)");
  EXPECT_EQ((!both && (field("a").isNull() || field("b").exists())).expression(),
            "NOT (`age` > $1 AND `city` IN $2) AND (`a` IS NULL OR `b` IS NOT MISSING)");
  EXPECT_EQ((field("ok") && field("done")).expression(), "`ok` AND `done`");
}

TEST(Where, EveryOperatorMeansWhatTheTextMeans) {
  EXPECT_EQ(valueOf(field("age") == 36 && field("age") != 1 && field("age") < 37 && field("age") <= 36 &&
                    field("age") > 35.5 && field("age") >= 36 && field("age").between(36, 40)),
            "true");
  EXPECT_EQ(valueOf(field("name").like("Ada%") && field("name").contains("Love") && field("name").startsWith("Ada") &&
                    field("name").endsWith("LACE").nocase() && field("tags").contains("a")),
            "true");
  EXPECT_EQ(valueOf(field("nothing").isNull() && field("absent").isMissing() && field("age").isValued() &&
                    field("nothing").exists() && !field("absent").exists()),
            "true");
  EXPECT_EQ(valueOf(field("born") == Date{-4'854'729'600'000'000} && field("raw") == Bytes{0, 255}), "true");
  EXPECT_EQ(valueOf(field("name") == "' OR true OR '"), "false");
}

TEST(Where, NocaseBelongsToOneComparison) {
  EXPECT_EQ((field("s") == "A" && (field("t") == "B").nocase()).expression(), "`s` = $1 AND `t` = $2 NOCASE");
  EXPECT_ERROR(InvalidArgument, (field("s") == "A" && field("t") == "B").nocase());
  EXPECT_ERROR(InvalidArgument, (!(field("s") == "A")).nocase());
  EXPECT_ERROR(InvalidArgument, field("s").isNull().nocase());
  EXPECT_ERROR(InvalidArgument, field("s").nocase());
}

TEST(Where, APathIsNeverMoreThanAPath) {
  EXPECT_EQ(valueOf(field("home.rooms[0]")), "1");
  EXPECT_EQ(valueOf(field("homes[-2].rooms[1]")), "2.5");
  EXPECT_EQ(valueOf(field("strange name")), "1");
  EXPECT_EQ(field("a[0][-1].b").expression(), "`a`[0][-1].`b`");
  EXPECT_EQ(field("a` OR true OR `b").expression(), "`a`` OR true OR ``b`");
  EXPECT_EQ(valueOf(field("a[x]")), "missing");
  EXPECT_EQ(valueOf(field("a[]")), "missing");
  EXPECT_ERROR(InvalidArgument, valueOf(field("")));
  EXPECT_ERROR(InvalidArgument, valueOf(field("a..b")));
}

TEST(Where, LongChainsAreNotDeep) {
  Where all = field("age") == 0, any = all;
  for (int i = 1; i < 1000; i++) {
    any = any || field("age") == i;
    all = field("age") != 1000 + i && all;
  }
  EXPECT_EQ(valueOf(any), "true");
  EXPECT_EQ(valueOf(all), "false");
}

}  // namespace
}  // namespace blazedb::query
