#include <gtest/gtest.h>

#include <limits>

#include "codec/cbor_date.h"
#include "codec/date_text.h"
#include "codec/hex.h"
#include "codec/random_values.h"

namespace blazedb::codec {
namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();

base::Bytes encoded(Date date) {
  base::Bytes bytes(kDateBytesMax);
  bytes.resize(writeDate(bytes.data(), date));
  return bytes;
}

std::optional<Date> decoded(base::ByteView bytes) {
  CborReader in(bytes);
  CborHead head = in.head();
  if (head.kind != CborKind::tag) return std::nullopt;
  Date date = readDate(in, head.argument, bytes);
  return in.ok() && in.atEnd() ? std::optional(date) : std::nullopt;
}

TEST(CborDate, TheFormIsTheFirstThatIsExact) {
  EXPECT_EQ(toHex(encoded({0})), "c100");
  EXPECT_EQ(toHex(encoded({-1'000'000})), "c120");
  EXPECT_EQ(toHex(encoded({1'363'896'240'000'000})), "c11a514b67b0");          // RFC 8949, appendix A
  EXPECT_EQ(toHex(encoded({1'363'896'240'500'000})), "c1fb41d452d9ec200000");  // the same
  EXPECT_EQ(toHex(encoded({-1})), "c1fbbeb0c6f7a0b5ed8d");
  EXPECT_EQ(toHex(encoded({kFirst})),
            "d903e9a2013b00000863"
            "7bd05af6"
            "251a00036bc0");
  EXPECT_EQ(toHex(encoded({kLast})), "d903e9a2011b000008637bd05af6251a000bd67f");
}

TEST(CborDate, EveryDateRoundTrips) {
  RandomValues random(1);
  for (std::int64_t edge : {kFirst, kFirst + 1, kLast - 1, kLast, std::int64_t{1} << 53, (std::int64_t{1} << 53) + 1})
    EXPECT_EQ(decoded(encoded({edge})), Date{edge});
  for (int i = 0; i < 200'000; i++) {
    Date date = random.date();
    ASSERT_EQ(decoded(encoded(date)), date) << date.microseconds;
  }
}

TEST(CborDate, ADoubleServesFrom1834To2105) {
  for (const char* text : {"1834-01-01T00:00:00.000001Z", "1969-12-31T23:59:59.999999Z", "2105-12-31T23:59:59.999999Z"})
    EXPECT_EQ(encoded(*fromDateText(text)).size(), 10u) << text;
}

TEST(CborDate, AnyOtherFormOfTheSameDateIsRefused) {
  for (const char* hex : {
           "c1fb0000000000000000",                      // 0 as a double
           "c1fb7ff8000000000000",                      // NaN
           "c1fb7ff0000000000000",                      // infinity
           "c1fb41d452d9ec200001",                      // between two microseconds
           "d903e9a201000500",                          // another key
           "d903e9a201002500",                          // tag 1001 for whole seconds
           "d903e9a201002501",                          // tag 1001 for a date that a double can hold
           "d903e9a201002520",                          // microseconds below 0
           "d903e9a2011b000008637bd05af6251a000bd680",  // one microsecond after the last date
           "d903e9a2013b000008637bd05af6251a00036bbf",  // one before the first
           "d903e9a1011b000008637bd05af6251a000bd67f",  // a map of one
           "d903e9a3011b000008637bd05af6251a000bd67f",  // a map of three
           "c13b7fffffffffffffff",                      // seconds beyond the microseconds of an int64
           "c11bffffffffffffffff",
           "c1",
           "c16161",
           "c1f5",
           "c1f6",
           "c1c100",
           "d903e9",
           "d903e900",
       })
    EXPECT_EQ(decoded(fromHex(hex)), std::nullopt) << hex;
}

TEST(DateText, KnownDates) {
  const std::pair<std::int64_t, const char*> known[] = {
      {0, "1970-01-01T00:00:00Z"},
      {-1, "1969-12-31T23:59:59.999999Z"},
      {951'782'400'000'000, "2000-02-29T00:00:00Z"},
      {1'763'805'600'123'456, "2025-11-22T10:00:00.123456Z"},
      {253'402'300'799'000'001, "9999-12-31T23:59:59.000001Z"},
      {253'402'300'800'000'000, "+010000-01-01T00:00:00Z"},
      {-62'167'219'200'000'000, "0000-01-01T00:00:00Z"},
      {-62'167'219'200'000'001, "-000001-12-31T23:59:59.999999Z"},
      {kFirst, "-290308-12-21T19:59:05.224192Z"},
      {kLast, "+294247-01-10T04:00:54.775807Z"},
  };
  for (auto [microseconds, text] : known) {
    EXPECT_EQ(toDateText({microseconds}), text);
    EXPECT_EQ(fromDateText(text), Date{microseconds}) << text;
  }
}

TEST(DateText, EveryDateRoundTrips) {
  RandomValues random(2);
  for (int i = 0; i < 100'000; i++) {
    Date date = random.date();
    ASSERT_EQ(fromDateText(toDateText(date)), date) << date.microseconds;
  }
}

TEST(DateText, ZonesAndShortFractionsAreUnderstood) {
  EXPECT_EQ(fromDateText("2025-11-22T12:00:00+02:00"), fromDateText("2025-11-22T10:00:00Z"));
  EXPECT_EQ(fromDateText("2025-11-22T04:30:00-05:30"), fromDateText("2025-11-22T10:00:00Z"));
  EXPECT_EQ(fromDateText("2025-11-22T10:00:00.5Z"), fromDateText("2025-11-22T10:00:00.500000Z"));
}

TEST(DateText, WhatIsNoDateIsRefused) {
  for (const char* text : {"",
                           "2025",
                           "2025-11-22",
                           "2025-11-22T10:00:00",
                           "2025-11-22 10:00:00Z",
                           "2025-11-22T10:00:00ZZ",
                           "2025-13-01T00:00:00Z",
                           "2025-00-01T00:00:00Z",
                           "2025-02-29T00:00:00Z",
                           "2025-04-31T00:00:00Z",
                           "2025-01-00T00:00:00Z",
                           "2025-01-01T24:00:00Z",
                           "2025-01-01T00:60:00Z",
                           "2025-01-01T00:00:60Z",
                           "2025-01-01T00:00:00.Z",
                           "2025-01-01T00:00:00.1234567Z",
                           "2025-01-01T00:00:00+0200",
                           "2025-01-01T00:00:00+24:00",
                           "25-01-01T00:00:00Z",
                           "+2025-01-01T00:00:00Z",
                           "-290308-12-21T19:59:05.224191Z",
                           "+294247-01-10T04:00:54.775808Z",
                           "+999999-01-01T00:00:00Z",
                           "-999999-01-01T00:00:00Z"})
    EXPECT_EQ(fromDateText(text), std::nullopt) << text;
}

}  // namespace
}  // namespace blazedb::codec
