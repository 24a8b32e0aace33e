#include "crypto/siv.h"

#include <gtest/gtest.h>

#include "crypto/key_derivation.h"

namespace blazedb::crypto {
namespace {

using base::Bytes;

class SivTest : public testing::Test {
 protected:
  static Siv make(std::uint8_t key) {
    Bytes bytes(32, key);
    return {deriveSubkey(bytes, "tag"), deriveSubkey(bytes, "cipher")};
  }
  Bytes seal(const Bytes& text) const {
    Bytes sealed;
    siv_.seal(text, bound_, salt_, sealed);
    return sealed;
  }
  // std::nullopt if it does not open.
  std::optional<Bytes> open(const Siv& with, const Bytes& sealed) const {
    Bytes text;
    return with.open(sealed, bound_, salt_, text) ? std::optional(text) : std::nullopt;
  }

  Siv siv_ = make(1);
  Bytes bound_ = {7, 8, 9};
  Siv::Salt salt_ = {1, 2, 3};
};

TEST_F(SivTest, OpensWhatItHasSealed) {
  for (std::size_t size : {0, 1, 15, 16, 63, 64, 65, 1000}) {
    Bytes text(size, 5), sealed = seal(text);
    EXPECT_EQ(sealed.size(), size + kSivTagBytes);
    EXPECT_EQ(open(siv_, sealed), text);
    EXPECT_EQ(seal(text), sealed) << "nothing is random";
  }
}

TEST_F(SivTest, ADifferentTextOrPlaceGivesDifferentBytes) {
  Bytes text(40, 5), other(40, 5), sealed = seal(text);
  other.back() = 6;
  Bytes ofOther = seal(other);
  EXPECT_FALSE(std::equal(sealed.begin() + kSivTagBytes, sealed.end(), ofOther.begin() + kSivTagBytes))
      << "no part of the stream is used twice";
  bound_.push_back(0);
  EXPECT_NE(seal(text), sealed);
}

TEST_F(SivTest, OpensNothingElse) {
  Bytes sealed = seal({1, 2, 3, 4, 5, 6, 7, 8});
  for (std::size_t i = 0; i < sealed.size(); i++) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(open(siv_, changed)) << i;
    EXPECT_FALSE(open(siv_, {sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(i)})) << i;
  }
  EXPECT_FALSE(open(make(2), sealed));
  salt_[0] ^= 1;
  EXPECT_FALSE(open(siv_, sealed));
  salt_[0] ^= 1;
  bound_[0] ^= 1;
  EXPECT_FALSE(open(siv_, sealed));
}

}  // namespace
}  // namespace blazedb::crypto
