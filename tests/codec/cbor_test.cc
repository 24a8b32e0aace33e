#include "codec/cbor.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "codec/fields.h"
#include "codec/hex.h"

namespace blazedb::codec {
namespace {

constexpr std::uint64_t kUintMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t kIntMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kIntMin = std::numeric_limits<std::int64_t>::min();

TEST(Cbor, ItemsAreWrittenAsInAppendixAOfTheRfc) {
  base::Bytes out;
  auto written = [&out] { return toHex(std::exchange(out, {})); };
  const std::pair<std::uint64_t, const char*> uints[] = {{0, "00"},
                                                         {23, "17"},
                                                         {24, "1818"},
                                                         {255, "18ff"},
                                                         {256, "190100"},
                                                         {65535, "19ffff"},
                                                         {65536, "1a00010000"},
                                                         {4294967295, "1affffffff"},
                                                         {4294967296, "1b0000000100000000"},
                                                         {kUintMax, "1bffffffffffffffff"}};
  for (auto [value, hex] : uints) {
    appendUint(out, value);
    EXPECT_EQ(written(), hex);
  }
  const std::pair<std::int64_t, const char*> integers[] = {
      {kIntMax, "1b7fffffffffffffff"}, {-1, "20"}, {-24, "37"}, {-25, "3818"}, {-1000, "3903e7"},
      {kIntMin, "3b7fffffffffffffff"}};
  for (auto [value, hex] : integers) {
    appendInteger(out, value);
    EXPECT_EQ(written(), hex);
  }
  appendReal(out, 1.1);
  EXPECT_EQ(written(), "fb3ff199999999999a");
  appendReal(out, 0.0);
  EXPECT_EQ(written(), "fb0000000000000000");
  appendReal(out, std::bit_cast<double>(0x7FF0'0000'0000'0001));
  EXPECT_EQ(written(), "fb7ff0000000000001");
  appendBool(out, false);
  appendBool(out, true);
  appendNull(out);
  EXPECT_EQ(written(), "f4f5f6");
  appendByteString(out, fromHex("01020304"));
  appendByteString(out, {});
  EXPECT_EQ(written(), "440102030440");
  appendText(out, "ü");
  appendText(out, "");
  EXPECT_EQ(written(), "62c3bc60");
  appendArrayHead(out, 25);
  appendMapHead(out, 2);
  appendHead(out, {CborKind::tag, 1001});
  EXPECT_EQ(written(), "9819a2d903e9");
}

TEST(Cbor, WhatWasWrittenIsRead) {
  base::Bytes out;
  appendArrayHead(out, 8);
  appendUint(out, kUintMax);
  appendInteger(out, kIntMin);
  appendReal(out, -0.0);
  appendBool(out, true);
  appendByteString(out, fromHex("ff00"));
  appendText(out, std::string(300, 'x'));
  appendNull(out);
  appendMapHead(out, 1);
  appendUint(out, 1);
  appendUint(out, 2);

  CborReader in(out);
  EXPECT_EQ(in.arrayHead(), 8u);
  EXPECT_FALSE(in.nullIfNext());
  EXPECT_EQ(in.uint(), kUintMax);
  EXPECT_EQ(in.integer(), kIntMin);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(in.real()), std::uint64_t{1} << 63);
  EXPECT_TRUE(in.boolean());
  EXPECT_EQ(toHex(in.byteString()), "ff00");
  EXPECT_EQ(in.text(), std::string(300, 'x'));
  EXPECT_TRUE(in.nullIfNext());
  EXPECT_EQ(in.mapHead(), 1u);
  EXPECT_EQ(in.uint(), 1u);
  EXPECT_EQ(in.integer(), 2);
  EXPECT_TRUE(in.ok() && in.atEnd());
  EXPECT_FALSE(in.nullIfNext());
  EXPECT_TRUE(in.ok());
}

TEST(Cbor, AnItemOfAnotherKindFailsAndStaysFailed) {
  struct Ask {
    const char* hex;
    void (*ask)(CborReader&);
  };
  const Ask asks[] = {
      {"20", [](CborReader& in) { EXPECT_EQ(in.uint(), 0u); }},
      {"1b8000000000000000", [](CborReader& in) { EXPECT_EQ(in.integer(), 0); }},
      {"3b8000000000000000", [](CborReader& in) { EXPECT_EQ(in.integer(), 0); }},
      {"f5", [](CborReader& in) { EXPECT_EQ(in.integer(), 0); }},
      {"01", [](CborReader& in) { EXPECT_EQ(in.real(), 0.0); }},
      {"f6", [](CborReader& in) { EXPECT_FALSE(in.boolean()); }},
      {"f7", [](CborReader& in) { EXPECT_FALSE(in.boolean()); }},
      {"15", [](CborReader& in) { EXPECT_FALSE(in.boolean()); }},
      {"6161", [](CborReader& in) { EXPECT_TRUE(in.byteString().empty()); }},
      {"4161", [](CborReader& in) { EXPECT_TRUE(in.text().empty()); }},
      {"61ff", [](CborReader& in) { EXPECT_TRUE(in.text().empty()); }},
      {"a0", [](CborReader& in) { EXPECT_EQ(in.arrayHead(), 0u); }},
      {"80", [](CborReader& in) { EXPECT_EQ(in.mapHead(), 0u); }},
  };
  for (const Ask& ask : asks) {
    base::Bytes bytes = fromHex(ask.hex);
    bytes.resize(bytes.size() + 20);  // the bytes after the value must not be read
    CborReader in(bytes);
    ask.ask(in);
    EXPECT_FALSE(in.ok()) << ask.hex;
    EXPECT_EQ(in.uint(), 0u);
    EXPECT_EQ(in.take(1).size(), 0u);
    EXPECT_EQ(in.head().kind, CborKind::none);
    EXPECT_FALSE(in.ok());
  }
}

TEST(Cbor, HeadsThatAreNotInOurFormAreRefused) {
  for (const char* hex : {
           "1817",   "1900ff",     "1a0000ffff", "1b00000000ffffffff",  // longer than needed
           "3817",   "5817",       "7817",       "9817",
           "b817",   "d817",       "1c",         "1d",
           "1e",     "1f",         "5f",         "7f",
           "9f",     "bf",         "ff",  // reserved, indefinite length, break
           "e0",     "f0",         "f3",         "f8",
           "f820",   "f8ff",        // simple values
           "f93c00", "fa3f800000",  // half and single floats
           "18",     "19ff",       "1affffff",   "1bffffffffffffff",
           "fb3ff8", "",  // cut
       }) {
    base::Bytes bytes = fromHex(hex);
    CborReader in(bytes);
    EXPECT_EQ(in.head().kind, CborKind::none) << hex;
    EXPECT_FALSE(in.ok()) << hex;
  }
}

// Another implementation might write a double as a half if that loses nothing. Code that compares bytes would then see
// two values. So BlazeDB neither reads nor writes shorter floats, and keeps every bit of a double.
TEST(Cbor, HalfFloatsAreNeverReadOrWrittenAndWhatTheyWouldStandForKeepsItsBits) {
  for (std::uint32_t half = 0; half < 65'536; half++) {
    const base::Bytes short_ = {0xF9, static_cast<std::uint8_t>(half >> 8), static_cast<std::uint8_t>(half)};
    ASSERT_FALSE(decodeValue(short_)) << half;

    std::uint64_t exponent = half >> 10 & 31, fraction = half & 1023, sign = std::uint64_t{half >> 15} << 63;
    double value = std::ldexp(static_cast<double>(exponent == 0 ? fraction : fraction + 1024),
                              static_cast<int>(exponent == 0 ? 1 : exponent) - 25);
    std::uint64_t bits =
        sign | (exponent == 31 ? std::uint64_t{2047} << 52 | fraction << 42 : std::bit_cast<std::uint64_t>(value));
    base::Bytes written;
    ASSERT_FALSE(encodeValue(written, Value(std::bit_cast<double>(bits))));
    ASSERT_EQ(written.size(), 9u) << half;
    ASSERT_EQ(written[0], 0xFB) << half;
    std::optional<Value> read = decodeValue(written);
    ASSERT_TRUE(read && read->as<double>()) << half;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*read->as<double>()), bits) << half;
    base::Bytes again;
    ASSERT_FALSE(encodeValue(again, *read));
    ASSERT_EQ(again, written) << half;
  }
}

TEST(Cbor, CountsAndLengthsThatCannotFitAreRefused) {
  for (const char* hex : {"8400 0000", "a200 0000", "9b7fffffffffffffff00", "bbffffffffffffffff00"}) {
    base::Bytes bytes = fromHex(hex);
    CborReader arrays(bytes), maps(bytes);
    EXPECT_EQ(arrays.arrayHead() + maps.mapHead(), 0u) << hex;
    EXPECT_FALSE(arrays.ok() || maps.ok()) << hex;
  }
  for (const char* hex : {"42ff", "5bffffffffffffffffff", "7bffffffffffffffff61"}) {
    base::Bytes bytes = fromHex(hex);
    CborReader strings(bytes), texts(bytes);
    EXPECT_EQ(strings.byteString().size() + texts.text().size(), 0u) << hex;
    EXPECT_FALSE(strings.ok() || texts.ok()) << hex;
  }
  base::Bytes fits = fromHex("83000000");
  CborReader in(fits);
  EXPECT_EQ(in.arrayHead(), 3u);
}

}  // namespace
}  // namespace blazedb::codec
