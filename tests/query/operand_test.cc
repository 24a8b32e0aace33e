// The order of values, against a plain one on Values, and that sort keys have the same.
#include "query/operand.h"

#include <gtest/gtest.h>

#include "query/plain_order.h"
#include "query/sort_key.h"
#include "query/support.h"

namespace blazedb::query {
namespace {

TEST(Operand, TheOrderIsThatOfValues) {
  Dice dice(1);
  for (int i = 0; i < 300'000; i++) {
    Value a = dice.value(), b = dice.value();
    base::Bytes x, y, keyOfX, keyOfY;
    ASSERT_FALSE(codec::encodeValue(x, a));
    ASSERT_FALSE(codec::encodeValue(y, b));
    Operand left = Operand::decode(x), right = Operand::decode(y);
    int expected = plainOrder(a, b);
    std::string shown = codec::valueToJson(Array{a, b});
    ASSERT_EQ(sign(order(left, right)), expected) << shown;
    ASSERT_EQ(sign(order(right, left)), -expected) << shown;
    auto compared = compare(left, right);
    bool comparable = rankOf(a) == rankOf(b) && !a.isNull();
    ASSERT_EQ(compared.has_value(), comparable) << shown;
    if (compared) {
      ASSERT_EQ(sign(*compared), expected) << shown;
    }
    appendSortKey(keyOfX, left);
    appendSortKey(keyOfY, right);
    ASSERT_EQ(sign(keyOfX <=> keyOfY), expected) << shown;
    // What follows a key has no part in its order.
    if (expected != 0) {
      keyOfX.push_back(0xFF);
      keyOfY.push_back(0);
      ASSERT_EQ(sign(keyOfX <=> keyOfY), expected) << shown;
    }
    keyOfX.clear();
    keyOfY.clear();
    appendSortKey(keyOfX, left, true);
    appendSortKey(keyOfY, right, true);
    ASSERT_EQ(sign(keyOfX <=> keyOfY), -expected) << shown;
  }
}

TEST(Operand, MissingComesFirst) {
  base::Bytes missing, null;
  appendSortKey(missing, Operand());
  appendSortKey(null, Operand::null());
  EXPECT_LT(missing, null);
  EXPECT_TRUE(order(Operand(), Operand::null()) < 0);
}

TEST(Operand, AValueComesBackAsItWas) {
  Dice dice(2);
  for (int i = 0; i < 20'000; i++) {
    Value value = dice.value();
    base::Bytes bytes;
    ASSERT_FALSE(codec::encodeValue(bytes, value));
    ASSERT_EQ(Operand::decode(bytes).toValue(), value);
  }
}

}  // namespace
}  // namespace blazedb::query
