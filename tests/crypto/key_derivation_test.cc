#include "crypto/key_derivation.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "blazedb/error.h"

namespace blazedb::crypto {
namespace {

using base::Bytes;

constexpr KdfCost kCheapest{19 * 1024, 2};

std::string hexOf(base::ByteView bytes) {
  std::string text;
  char digits[3];
  for (std::uint8_t byte : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

// The output of `argon2 0123456789abcdef -id -t 2 -k 19456 -p 1 -l 32` of the reference implementation.
TEST(KeyDerivation, PasswordsAreStretchedWithArgon2id) {
  SecretBytes key = deriveFromPassword(base::viewOf("correct horse"), base::viewOf("0123456789abcdef"), kCheapest);
  EXPECT_EQ(hexOf(key.view()), "ae4d8c8b713876044c8347c76986a9b5655944aaacfffe9bea4dff9e7b6a1899");
}

TEST(KeyDerivation, PasswordSaltAndCostAllMatter) {
  auto derive = [](std::string_view password, std::string_view salt, KdfCost cost) {
    return hexOf(deriveFromPassword(base::viewOf(password), base::viewOf(salt), cost).view());
  };
  std::string one = derive("a", "0123456789abcdef", kCheapest);
  EXPECT_NE(one, derive("b", "0123456789abcdef", kCheapest));
  EXPECT_NE(one, derive("a", "0123456789abcdeg", kCheapest));
  EXPECT_NE(one, derive("a", "0123456789abcdef", {19 * 1024, 3}));
  EXPECT_NE(one, derive("a", "0123456789abcdef", {20 * 1024, 2}));
}

TEST(KeyDerivation, ACostBelowTheFloorOrBeyondTheCeilingIsRefused) {
  Bytes salt(kSaltBytes);
  EXPECT_TRUE(KdfCost{}.acceptable());
  for (KdfCost cost : {KdfCost{0, 0}, KdfCost{19 * 1024 - 1, 2}, KdfCost{19 * 1024, 1}, KdfCost{1024 * 1024 + 1, 2},
                       KdfCost{100u << 20, 2}, KdfCost{65536, 17}, KdfCost{~0u, ~0u}}) {
    EXPECT_FALSE(cost.acceptable());
    EXPECT_THROW(deriveFromPassword(base::viewOf("a"), salt, cost), Error);
  }
}

TEST(KeyDerivation, SubkeysAreIndependentForEachPurposeAndContext) {
  Bytes key(32, 9);
  std::string one = hexOf(deriveSubkey(key, "pages").view());
  EXPECT_EQ(one, hexOf(deriveSubkey(key, "pages").view()));
  EXPECT_NE(one, hexOf(deriveSubkey(key, "page", base::viewOf("s")).view()));
  EXPECT_NE(one, hexOf(deriveSubkey(key, "wal").view()));
  EXPECT_NE(one, hexOf(deriveSubkey(Bytes(32, 8), "pages").view()));
}

#ifdef BLAZEDB_MEASURES_MEMORY

// Four logins at once take the memory of one. In a child process, because the peak memory of a process never falls.
TEST(KeyDerivation, DerivationsOfOneProcessRunOneAfterTheOther) {
  pid_t child = ::fork();
  if (child == 0) {
    std::vector<std::thread> logins;
    for (int i = 0; i < 4; i++)
      logins.emplace_back([] { deriveFromPassword(base::viewOf("a"), base::viewOf("0123456789abcdef"), {}); });
    for (std::thread& login : logins) login.join();
    struct rusage usage;
    ::getrusage(RUSAGE_SELF, &usage);
    ::_exit(usage.ru_maxrss < 100 * 1024 ? 0 : 1);  // KiB; one derivation takes 64 MiB
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

#endif

}  // namespace
}  // namespace blazedb::crypto
