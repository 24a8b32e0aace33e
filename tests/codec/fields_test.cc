#include "codec/fields.h"

#include <cbor.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <memory>

#include "base/limits.h"
#include "codec/hex.h"
#include "codec/random_values.h"

namespace blazedb::codec {
namespace {

using base::kFieldNameBytesMax;
using base::kNestingMax;
using base::kRecordBytesMax;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

base::Bytes encoded(const Object& fields) {
  base::Bytes out;
  auto problem = encodeFields(out, fields);
  EXPECT_FALSE(problem) << problem->what();
  return out;
}

std::optional<Object> decoded(base::ByteView bytes) {
  Object fields{{"left", "over"}};
  bool valid = decodeFields(bytes, fields);
  EXPECT_TRUE(valid || fields.empty());
  return valid ? std::optional(fields) : std::nullopt;
}

bool readerAccepts(base::ByteView bytes) {
  FieldsReader reader(bytes);
  while (reader.next()) {
  }
  return reader.ok();
}

// Decodes and encodes again, removed fields included. Returns nothing if the bytes are refused; decoding and walking
// must agree on that.
base::Bytes again(base::ByteView bytes) {
  EXPECT_EQ(readerAccepts(bytes), decoded(bytes).has_value()) << toHex(bytes);
  if (!readerAccepts(bytes)) return {};
  base::Bytes out;
  FieldsReader reader(bytes);
  appendMapHead(out, reader.count());
  while (reader.next()) {
    appendText(out, reader.name());
    std::optional<Value> value = decodeValue(reader.value());
    EXPECT_NE(value.has_value(), reader.removed());
    if (value)
      EXPECT_FALSE(encodeValue(out, *value));
    else
      base::append(out, kRemoved);
  }
  return out;
}

Value nested(int levels) {
  Value value = 1;
  for (int i = 0; i < levels; i++)
    value = i % 2 ? Value(Array{std::move(value)}) : Value(Object{{"o", std::move(value)}});
  return value;
}

TEST(Fields, EachValueHasExactlyTheseBytes) {
  const std::pair<Value, const char*> golden[] = {
      {nullptr, "f6"},
      {false, "f4"},
      {true, "f5"},
      {0, "00"},
      {42, "182a"},
      {-1, "20"},
      {kMax, "1b7fffffffffffffff"},
      {kMin, "3b7fffffffffffffff"},
      {1.5, "fb3ff8000000000000"},
      {1.0, "fb3ff0000000000000"},
      {-0.0, "fb8000000000000000"},
      {std::numeric_limits<double>::infinity(), "fb7ff0000000000000"},
      {std::bit_cast<double>(0xFFF8'0000'0000'BEEF), "fbfff800000000beef"},
      {std::bit_cast<double>(0x7FF0'0000'0000'0001), "fb7ff0000000000001"},  // signalling
      {"", "60"},
      {"hi", "626869"},
      {"ü", "62c3bc"},
      {Bytes{}, "40"},
      {Bytes{0x00, 0xFF}, "4200ff"},
      {Date{1'763'893'952'000'000}, "c11a6922e2c0"},
      {Date{1'363'896'240'500'000}, "c1fb41d452d9ec200000"},
      {Date{kMax}, "d903e9a2011b000008637bd05af6251a000bd67f"},
      {*UUID::parse("01890a5d-ac96-774b-bcce-b302099a8057"), "d8255001890a5dac96774bbcceb302099a8057"},
      {Array{}, "80"},
      {Array{1, 2}, "820102"},
      {Object{}, "a0"},
      {Object{{"b", 1}, {"aa", 2}},
       "a2626161026162"
       "01"},  // by name, not by length
  };
  for (const auto& [value, hex] : golden) {
    base::Bytes out;
    ASSERT_FALSE(encodeValue(out, value));
    EXPECT_EQ(toHex(out), hex);
    EXPECT_EQ(decodeValue(out), value) << hex;
  }
  EXPECT_EQ(toHex(encoded({})), "a0");
  EXPECT_EQ(toHex(encoded({{"name", "Ada"}, {"age", 36}})),
            "a2"
            "63616765"
            "1824"
            "646e616d65"
            "63416461");
}

TEST(Fields, RandomRecordsRoundTrip) {
  for (std::uint64_t seed = 0; seed < 3000; seed++) {
    Object fields = RandomValues(seed).object();
    base::Bytes bytes = encoded(fields);
    EXPECT_EQ(decoded(bytes), fields) << "seed " << seed;
    EXPECT_EQ(again(bytes), bytes) << "seed " << seed;
  }
}

TEST(Fields, AnotherImplementationReadsAndWritesTheSame) {
  for (std::uint64_t seed = 0; seed < 1000; seed++) {
    base::Bytes bytes = encoded(RandomValues(seed).object());
    cbor_load_result result;
    cbor_item_t* item = cbor_load(bytes.data(), bytes.size(), &result);
    ASSERT_NE(item, nullptr) << "seed " << seed;
    EXPECT_EQ(result.read, bytes.size());
    base::Bytes back(bytes.size());
    EXPECT_EQ(cbor_serialize(item, back.data(), back.size()), bytes.size());
    EXPECT_EQ(back, bytes) << "seed " << seed;
    cbor_decref(&item);
  }
}

TEST(Fields, EncodingAppendsAndAProblemLeavesWhatWasThere) {
  base::Bytes out{7};
  ASSERT_FALSE(encodeFields(out, {{"a", 1}}));
  EXPECT_EQ(toHex(out), "07a1616101");
  auto problem = encodeFields(out, {{"a", 1}, {"b", "\xFF"}});
  ASSERT_TRUE(problem);
  EXPECT_EQ(toHex(out), "07a1616101");
}

TEST(Fields, AProblemSaysWhichFieldAndWhatToDo) {
  const std::string longName(129, 'n');
  const std::pair<Object, const char*> problems[] = {
      {{{"address", Object{{"lines", Array{"ok", "\xFF"}}}}},
       "InvalidArgument: field \"address.lines[1]\" is not UTF-8: convert it, or store it as bytes"},
      {{{"a", Array{0, Array{1, Object{{"", 1}}}}}},
       "InvalidArgument: field \"a[1][1]\" has a field without a name: give it one"},
      {{{"x\xFFy", 1}}, "InvalidArgument: field \"x\\xffy\" has a name that is not UTF-8: convert it"},
  };
  for (const auto& [fields, what] : problems) {
    base::Bytes out;
    auto problem = encodeFields(out, fields);
    ASSERT_TRUE(problem) << what;
    EXPECT_STREQ(problem->what(), what);
  }
  base::Bytes out;
  EXPECT_STREQ(encodeValue(out, "\xFF")->what(),
               "InvalidArgument: the value is not UTF-8: convert it, or store it as bytes");
}

TEST(Fields, NamesMayHaveUpToTheLimitOfBytes) {
  for (bool nestedName : {false, true}) {
    auto fields = [nestedName](std::size_t bytes) {
      Object object{{std::string(bytes, 'n'), 1}};
      return nestedName ? Object{{"o", object}} : object;
    };
    base::Bytes longest = encoded(fields(kFieldNameBytesMax));
    EXPECT_EQ(decoded(longest), fields(kFieldNameBytesMax));
    base::Bytes out;
    auto problem = encodeFields(out, fields(kFieldNameBytesMax + 1));
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->code(), ErrorCode::TooLarge);
    EXPECT_NE(std::string(problem->what()).find("has a name of 129 bytes: shorten it to 128"), std::string::npos);
  }
  for (std::size_t bytes : {std::size_t{0}, kFieldNameBytesMax + 1}) {
    base::Bytes out;
    appendMapHead(out, 1);
    appendText(out, std::string(bytes, 'n'));
    appendUint(out, 1);
    EXPECT_EQ(decoded(out), std::nullopt) << bytes;
    EXPECT_FALSE(readerAccepts(out));
  }
}

TEST(Fields, NestingGoesUpToTheLimit) {
  Object deepest{{"f", nested(kNestingMax)}};
  base::Bytes bytes = encoded(deepest);
  EXPECT_EQ(decoded(bytes), deepest);
  for (int tooMany : {1, 2}) {  // ends in an object, ends in an array
    base::Bytes out;
    auto problem = encodeFields(out, {{"f", nested(kNestingMax + tooMany)}});
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->code(), ErrorCode::TooLarge);
  }
  for (const char* level : {"81", "a1616f"}) {
    auto levels = [level](int count) {
      std::string hex = "a16166";
      for (int i = 0; i < count; i++) hex += level;
      return fromHex(hex + "00");
    };
    EXPECT_TRUE(decoded(levels(kNestingMax))) << level;
    EXPECT_FALSE(decoded(levels(kNestingMax + 1))) << level;
    EXPECT_FALSE(readerAccepts(levels(kNestingMax + 1))) << level;
    EXPECT_FALSE(decoded(levels(1'000'000))) << level;
  }
}

TEST(Fields, ARecordMayHaveUpToTheLimitOfBytes) {
  std::size_t head = encoded({{"f", std::string(kRecordBytesMax / 2, 'x')}}).size() - kRecordBytesMax / 2;
  Object largest{{"f", std::string(kRecordBytesMax - head, 'x')}};
  base::Bytes bytes = encoded(largest);
  EXPECT_EQ(bytes.size(), kRecordBytesMax);
  EXPECT_EQ(decoded(bytes), largest);

  base::Bytes out;
  auto problem = encodeFields(out, {{"f", Bytes(kRecordBytesMax - head + 1)}});
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->code(), ErrorCode::TooLarge);
  EXPECT_TRUE(out.empty());
  appendMapHead(out, 1);
  appendText(out, "f");
  appendByteString(out, Bytes(base::kMergedBytesMax - head + 1));
  EXPECT_EQ(out.size(), base::kMergedBytesMax + 1);
  EXPECT_EQ(decoded(out), std::nullopt);
  EXPECT_FALSE(readerAccepts(out));
  out.clear();
  EXPECT_EQ(encodeFields(out, {{"f", Array(kRecordBytesMax / 9, kMax)}})->code(), ErrorCode::TooLarge);
  EXPECT_EQ(encodeFields(out, {{"f", Bytes(3 * kRecordBytesMax)}})->code(), ErrorCode::TooLarge);
}

TEST(Fields, TheReaderShowsRemovedFieldsAndDecodingPassesThemOver) {
  base::Bytes bytes = fromHex("a2 64676f6e65 f7 6468657265 20");
  FieldsReader reader(bytes);
  EXPECT_EQ(reader.count(), 2u);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.name(), "gone");
  EXPECT_TRUE(reader.removed() && isRemoved(reader.value()));
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.name(), "here");
  EXPECT_FALSE(reader.removed());
  EXPECT_EQ(decodeValue(reader.value()), Value(-1));
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());

  EXPECT_EQ(decoded(bytes), (Object{{"here", -1}}));
  EXPECT_EQ(again(bytes), bytes);
  EXPECT_EQ(decodeValue(kRemoved), std::nullopt);
}

TEST(Fields, OneValueIsPassedOverAmongOthers) {
  base::Bytes bytes = fromHex("01 a1616182 0203 04 9f");
  CborReader in(bytes);
  EXPECT_EQ(toHex(readEncodedValue(in)), "01");
  EXPECT_EQ(toHex(readEncodedValue(in)), "a16161820203");
  EXPECT_EQ(in.uint(), 4u);
  EXPECT_TRUE(readEncodedValue(in).empty());
  EXPECT_FALSE(in.ok());
}

TEST(Fields, EverythingThatWeWouldNotHaveWrittenIsRefused) {
  for (const char* hex : {
           "",
           "00",
           "80",
           "f6",
           "f7",  // not a map
           "a0 00",
           "a1 6161 01 00",  // bytes after the map
           "a1",
           "a1 6161",
           "a2 6161 01",
           "a3 6161 01 6162 02",  // less than announced
           "bbffffffffffffffff",
           "a1 6161 9bffffffffffffffff",  // more than is possible
           "bf 6161 01 ff",
           "a1 7f6161ff 01",
           "a1 6161 9f01ff",  // indefinite lengths
           "b801 6161 01",
           "a1 780161 01",
           "a1 6161 1801",  // longer heads than needed
           "a2 6162 01 6161 02",
           "a2 6161 01 6161 02",    // not sorted, twice
           "a2 6162 01 626161 02",  // sorted by length
           "a1 6161 a2 6162 01 6161 02",
           "a1 6161 a2 6161 01 6161 02",
           "a1 01 02",
           "a1 4161 01",
           "a1 60 01",
           "a1 61ff 01",  // invalid names
           "a1 6161 61ff",
           "a1 6161 63eda080",  // not UTF-8
           "a1 6161 1b8000000000000000",
           "a1 6161 3b8000000000000000",  // beyond int64
           "a1 6161 f93c00",
           "a1 6161 fa3f800000",  // shorter floats
           "a1 6161 e0",
           "a1 6161 f820",
           "a1 6161 ff",  // simple values
           "a1 6161 81f7",
           "a1 6161 a1 6162 f7",  // a removed value that is not a field
           "a1 6161 c0 6161",
           "a1 6161 c2 4101",
           "a1 6161 d9d9f7 01",
           "d9d9f7 a0",  // tags
           "a1 6161 d825 4f01890a5dac96774bbcceb302099a80",
           "a1 6161 d825 51"
           "01890a5dac96774bbcceb302099a805700",
           "a1 6161 d825 01",
       }) {
    EXPECT_EQ(decoded(fromHex(hex)), std::nullopt) << hex;
    EXPECT_FALSE(readerAccepts(fromHex(hex))) << hex;
  }
}

TEST(Fields, CutAnywhereTheyAreRefused) {
  for (std::uint64_t seed = 0; seed < 50; seed++) {
    base::Bytes bytes = encoded(RandomValues(seed).object());
    for (std::size_t length = 0; length < bytes.size(); length++) {
      // A separate copy, so that a sanitizer sees a read past the end.
      auto cut = std::make_unique<std::uint8_t[]>(length);
      std::copy_n(bytes.begin(), length, cut.get());
      EXPECT_TRUE(again({cut.get(), length}).empty()) << "seed " << seed << ", " << length;
    }
  }
}

TEST(Fields, WithAnyBitFlippedTheyAreRefusedOrAreAnotherRecordInItsOneForm) {
  int accepted = 0;
  for (std::uint64_t seed = 0; seed < 50; seed++) {
    base::Bytes bytes = encoded(RandomValues(seed).object());
    for (std::size_t bit = 0; bit < 8 * bytes.size(); bit++) {
      auto mask = static_cast<std::uint8_t>(1u << bit % 8);
      bytes[bit / 8] ^= mask;
      base::Bytes other = again(bytes);
      EXPECT_TRUE(other.empty() || other == bytes) << "seed " << seed << ", bit " << bit;
      accepted += !other.empty();
      bytes[bit / 8] ^= mask;
    }
  }
  EXPECT_GT(accepted, 1000);
}

TEST(Fields, RandomBytesAreRefusedOrAreARecordInItsOneForm) {
  RandomValues random(7);
  for (int i = 0; i < 200'000; i++) {
    base::Bytes bytes{static_cast<std::uint8_t>(0xA0 + random.below(4))};
    while (bytes.size() < 1 + random.below(30)) bytes.push_back(static_cast<std::uint8_t>(random.below(256)));
    base::Bytes other = again(bytes);
    ASSERT_TRUE(other.empty() || other == bytes) << toHex(bytes);
  }
}

TEST(Fields, ArraysThatAllClaimTheSameBytesCostNoMemory) {
  base::Bytes bytes = fromHex("a16161");
  for (int i = 0; i < kNestingMax; i++) appendArrayHead(bytes, 7'000'000);
  bytes.push_back(0xFF);
  bytes.resize(base::kMergedBytesMax);
  EXPECT_EQ(decoded(bytes), std::nullopt);  // 64 times 7 million values of 40 bytes would be 18 GB
}

}  // namespace
}  // namespace blazedb::codec
