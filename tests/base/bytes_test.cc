#include "base/bytes.h"

#include <gtest/gtest.h>

namespace blazedb::base {
namespace {

TEST(Bytes, IntegersRoundTrip) {
  for (std::uint64_t value : {0ull, 1ull, 127ull, 128ull, 300ull, (1ull << 63) - 1, 1ull << 63, ~0ull}) {
    Bytes out;
    appendVarint(out, value);
    appendFixed64(out, value);
    Reader in(out);
    EXPECT_EQ(in.varint(), value);
    EXPECT_EQ(in.fixed64(), value);
    EXPECT_TRUE(in.ok() && in.atEnd());
  }
}

TEST(Bytes, AReaderFailsOnceAndStaysFailed) {
  Bytes cut = {0x05, 'a', 'b'};  // announces five bytes, has two
  Reader in(cut);
  EXPECT_TRUE(in.sized().empty());
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.byte(), 0);
  EXPECT_EQ(in.varint(), 0u);
}

TEST(Bytes, OverlongAndOverflowingVarintsAreRefused) {
  Bytes tooLong(11, 0x80);
  Reader longer(tooLong);
  longer.varint();
  EXPECT_FALSE(longer.ok());
  Bytes overflow(9, 0xFF);
  overflow.push_back(0x02);
  Reader in(overflow);
  in.varint();
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace blazedb::base
