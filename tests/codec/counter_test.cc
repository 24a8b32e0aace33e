// Counters as bytes. What they come to is in tests/sync/counter_test.cc.
#include "codec/counter.h"

#include <gtest/gtest.h>

#include "codec/fields.h"
#include "codec/hex.h"

namespace blazedb::codec {
namespace {

// A map of one field or part, under the keys "n" and n | FF | writer 1.
const std::string kField = "a1616e", kPart = "a14a6eff0100000000000000";
const std::string kOne = "480100000000000000", kTwo = "480200000000000000";

// The value of "n"; nothing if the bytes are refused, and null if they are not, and the field is absent.
std::optional<Value> valueIn(const std::string& hex) {
  base::Bytes bytes = fromHex(hex);
  Object fields;
  bool valid = decodeFields(bytes, fields);
  FieldsReader reader(bytes);
  while (reader.next()) {
  }
  EXPECT_EQ(reader.ok(), valid) << hex;
  if (!valid) return std::nullopt;
  return fields["n"];
}

TEST(Counter, IsReadFromItsParts) {
  EXPECT_EQ(valueIn(kPart + "05"), Value(5));
  EXPECT_EQ(valueIn(kPart + "fb3fe0000000000000"), Value(0.5));
  EXPECT_EQ(valueIn(kPart + "8305" + kTwo + "03"), Value(8)) << "it has taken over another part";
  EXPECT_EQ(valueIn(kPart + "f7"), Value()) << "a removed part";
  EXPECT_EQ(valueIn("a2616e0a" + kPart.substr(2) + "05"), Value(15));
  EXPECT_EQ(valueIn("a2616e6161" + kPart.substr(2) + "05"), Value("a")) << "no number: the part is hidden";
  EXPECT_EQ(valueIn(kField + "da42444231830a" + kOne + "05"), Value(10)) << "the part that it had seen is not here";
  EXPECT_EQ(valueIn("a2616eda42444231830a" + kOne + "05" + kPart.substr(2) + "07"), Value(12));
  EXPECT_EQ(valueIn("a2616eda4244423183f7" + kOne + "05" + kPart.substr(2) + "05"), Value()) << "removed";
  EXPECT_EQ(valueIn("a2616eda4244423183f7" + kOne + "05" + kPart.substr(2) + "07"), Value(2));
}

TEST(Counter, AnInfiniteSumThatAnAssignmentHasSeenIsGone) {
  std::string infinite = "fb7ff0000000000000";
  EXPECT_EQ(valueIn("a2616eda42444231830a" + kOne + infinite + kPart.substr(2) + infinite), Value(10));
}

TEST(Counter, InAnyOtherFormIsRefused) {
  for (const std::string& bad : {
           kPart + "6161",                                         // a sum that is no number
           kPart + "81" + "05",                                    // a list without a writer
           kPart + "8205" + kTwo,                                  // without its sum
           kPart + "8505" + kTwo + "01" + kOne + "01",             // not ascending
           kPart + "8505" + kTwo + "01" + kTwo + "01",             // twice
           kPart + "830541" + "0203",                              // a writer of one byte
           kPart + "da42444231830a" + kOne + "05",                 // a part that is assigned
           kField + "da424442310a",                                // no array
           kField + "da42444231810a",                              // nothing seen
           kField + "da42444231850a" + kTwo + "01" + kOne + "01",  // not ascending
           kField + "da42444232830a" + kOne + "05",                // another tag
           kField + "da42444231830a" + kOne + "f7",                // what was seen is no number
           std::string("a14a6efe010000000000000005"),              // a key without FF
           std::string("a149ff010000000000000005"),                // without a name
           std::string("a14affff010000000000000005"),              // whose name is no UTF-8
           std::string("a2") + kPart.substr(2) + "05" + "616e0a",  // before its field
           kField + "a1616e" + "da42444231830a" + kOne + "05",     // within an object
       })
    EXPECT_FALSE(valueIn(bad)) << bad;
}

}  // namespace
}  // namespace blazedb::codec
