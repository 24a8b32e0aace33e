#include "crypto/secret_bytes.h"

#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <utility>

namespace blazedb::crypto {
namespace {

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::copyable<SecretBytes> && std::movable<SecretBytes> && !Printable<SecretBytes>);

TEST(SecretBytes, HoldWhatTheyWereGivenAndMoveItWhole) {
  SecretBytes secret("correct horse");
  EXPECT_EQ(base::textOf(secret.view()), "correct horse");
  SecretBytes taken(std::move(secret));
  EXPECT_EQ(base::textOf(taken.view()), "correct horse");
  SecretBytes other("battery staple");
  other = std::move(taken);
  EXPECT_EQ(base::textOf(other.view()), "correct horse");
  other = SecretBytes();
  EXPECT_TRUE(other.empty());
}

TEST(SecretBytes, BeginAsZeros) {
  SecretBytes secret(32);
  for (std::uint8_t byte : secret.view()) EXPECT_EQ(byte, 0);
  secret.span()[0] = 1;
  EXPECT_EQ(secret.view()[0], 1);
}

// A write past the end hits a guard page: an overrun crashes and leaks no key.
TEST(SecretBytesDeathTest, StandBetweenGuardPages) {
  SecretBytes secret(4096);
  volatile std::uint8_t* end = secret.span().data() + 4096;
  EXPECT_DEATH(*end = 1, "");
}

}  // namespace
}  // namespace blazedb::crypto
