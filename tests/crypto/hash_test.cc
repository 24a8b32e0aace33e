#include "crypto/hash.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace blazedb::crypto {
namespace {

template <typename Container>
std::string hexOf(const Container& bytes) {
  std::string text;
  char digits[3];
  for (std::uint8_t byte : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

TEST(Hash, Hash256IsBlake2b256) {
  EXPECT_EQ(hexOf(hash256(base::viewOf("abc"))), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  EXPECT_EQ(hexOf(hash256({})), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

// Computed with hashlib of Python 3.11: hashlib.blake2b(b"abc", digest_size=8, key=bytes(range(32))).
TEST(Hash, KeyedHash64IsBlake2b64) {
  base::Bytes key(32);
  for (std::size_t i = 0; i < key.size(); i++) key[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(hexOf(keyedHash64(key, base::viewOf("abc"))), "30531c41ec34cdef");
}

// Peers compare these hashes, so they must be the same in every version and on every machine. Checked against a second
// implementation of SipHash-2-4-128 with the key "BlazeDB digest 1".
TEST(Hash, Hash128NeverChanges) {
  EXPECT_EQ(hash128({}), (std::array<std::uint64_t, 2>{15493493827984030722u, 11990445191085563456u}));
  EXPECT_EQ(hash128(base::viewOf("BlazeDB")),
            (std::array<std::uint64_t, 2>{4790492427327426907u, 15704756239982845028u}));
}

TEST(Hash, EqualInConstantTimeSeesEachByteAndTheSize) {
  const base::Bytes bytes(32, 0x5A);
  EXPECT_TRUE(equalInConstantTime(bytes, base::Bytes(bytes)));
  EXPECT_TRUE(equalInConstantTime({}, {}));
  EXPECT_FALSE(equalInConstantTime(bytes, base::ByteView(bytes).first(31)));
  for (std::size_t i = 0; i < bytes.size(); i++) {
    base::Bytes other = bytes;
    other[i] ^= 1;
    EXPECT_FALSE(equalInConstantTime(bytes, other)) << i;
  }
}

}  // namespace
}  // namespace blazedb::crypto
