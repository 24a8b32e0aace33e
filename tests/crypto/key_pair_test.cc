#include "crypto/key_pair.h"

#include <gtest/gtest.h>

#include <string>

#include "blazedb/error.h"
#include "crypto/public_key.h"

namespace blazedb::crypto {
namespace {

using base::Bytes;

Bytes fromHex(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

// RFC 8032, section 7.1, test 3.
TEST(SigningKey, SignsAsTheSpecificationSays) {
  SigningKey key(fromHex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"));
  EXPECT_TRUE(
      base::equal(key.publicHalf(), fromHex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")));
  EXPECT_TRUE(base::equal(key.sign(fromHex("af82")),
                          fromHex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                                  "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")));
}

TEST(SigningKey, ItsPublicHalfVerifies) {
  SigningKey key(Bytes(32, 1)), another(Bytes(32, 2));
  SigningKey::Signature signature = key.sign(base::viewOf("text"));
  std::optional<PublicKey> mine = PublicKey::edDsa(key.publicHalf()), other = PublicKey::edDsa(another.publicHalf());
  EXPECT_TRUE(mine->verifies(base::viewOf("text"), signature));
  EXPECT_FALSE(mine->verifies(base::viewOf("test"), signature));
  EXPECT_FALSE(other->verifies(base::viewOf("text"), signature));
}

// RFC 7748, section 6.1: Bob's keys.
TEST(BoxKey, HasThePublicHalfOfTheSpecification) {
  BoxKey key(fromHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
  EXPECT_TRUE(
      base::equal(key.publicHalf(), fromHex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")));
}

TEST(BoxKey, OpensWhatWasSealedForItAndNothingElse) {
  base::SystemRandom random;
  BoxKey key(Bytes(32, 1)), another(Bytes(32, 2));
  const Bytes secret(32, 9);
  Bytes sealed = sealTo(key.publicHalf(), secret, random);
  EXPECT_EQ(sealed.size(), secret.size() + BoxKey::kSealBytes);
  EXPECT_TRUE(base::equal(key.open(sealed)->view(), secret));
  EXPECT_FALSE(another.open(sealed));
  EXPECT_NE(sealTo(key.publicHalf(), secret, random), sealed);
  for (std::size_t i = 0; i < sealed.size(); i++) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(key.open(changed)) << i;
    EXPECT_FALSE(key.open(base::ByteView(sealed).first(i))) << i;
  }
  EXPECT_TRUE(key.open(sealTo(key.publicHalf(), {}, random))->empty());
}

TEST(BoxKey, NobodySealsForAHalfThatNoKeyHas) {
  base::SystemRandom random;
  try {
    sealTo(PublicHalf{}, Bytes(32, 9), random);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
  }
}

TEST(KeyPairs, AreMadeFrom32Bytes) {
  EXPECT_THROW(SigningKey(Bytes(31)), Error);
  EXPECT_THROW(BoxKey(Bytes(33)), Error);
}

}  // namespace
}  // namespace blazedb::crypto
