#include "crypto/aead.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <string>

#include "blazedb/error.h"

namespace blazedb::crypto {
namespace {

using base::Bytes;
using base::ByteView;

// A random source that returns given bytes: published vectors come with their nonces.
class FixedRandom final : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::copy_n(next.begin(), out.size(), out.begin()); }
  Bytes next;
};

Bytes fromHex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

Bytes bytesOf(std::string_view text) { return Bytes(text.begin(), text.end()); }

// Ciphertext, then tag, as specifications print it.
Bytes sealWith(Cipher cipher, const Bytes& key, const Bytes& nonce, ByteView plain, ByteView aad) {
  FixedRandom random;
  random.next = nonce;
  Aead aead(cipher, key, random);
  Bytes out(plain.size());
  std::uint8_t nonceTag[kSealBytes];
  aead.seal(out.data(), plain, aad, nonceTag);
  EXPECT_TRUE(base::equal({nonceTag, kNonceBytes}, nonce));
  base::append(out, {nonceTag + kNonceBytes, kTagBytes});
  return out;
}

Bytes shake128(ByteView in, std::size_t bytes) {
  Bytes out(bytes);
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EXPECT_EQ(EVP_DigestInit_ex(context.get(), EVP_shake128(), nullptr), 1);
  EXPECT_EQ(EVP_DigestUpdate(context.get(), in.data(), in.size()), 1);
  EXPECT_EQ(EVP_DigestFinalXOF(context.get(), out.data(), out.size()), 1);
  return out;
}

constexpr Cipher kCiphers[] = {Cipher::xaes256Gcm, Cipher::xchacha20Poly1305};

// c2sp.org/XAES-256-GCM, "Test vectors": the two keys take the two branches of the subkey's shift.
TEST(Aead, XaesGivesThePublishedVectors) {
  Bytes nonce = bytesOf("ABCDEFGHIJKLMNOPQRSTUVWX");
  Bytes plain = bytesOf("XAES-256-GCM");
  EXPECT_EQ(sealWith(Cipher::xaes256Gcm, Bytes(32, 0x01), nonce, plain, {}),
            fromHex("ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"));
  EXPECT_EQ(sealWith(Cipher::xaes256Gcm, Bytes(32, 0x03), nonce, plain, bytesOf("c2sp.org/XAES-256-GCM")),
            fromHex("986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"));
}

// The same page, "Accumulated randomized tests": 10,000 keys, nonces, plaintexts and associated data from one SHAKE-128
// stream.
TEST(Aead, XaesGivesThePublishedAccumulatedHash) {
  Bytes stream = shake128({}, 10'000 * (32 + 24 + 2 * 256));
  ByteView rest = stream;
  auto take = [&](std::size_t bytes) {
    Bytes taken(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(bytes));
    rest = rest.subspan(bytes);
    return taken;
  };
  Bytes all;
  for (int i = 0; i < 10'000; i++) {
    Bytes key = take(32), nonce = take(24);
    Bytes plain = take(take(1)[0]);
    Bytes aad = take(take(1)[0]);
    base::append(all, sealWith(Cipher::xaes256Gcm, key, nonce, plain, aad));
  }
  EXPECT_EQ(shake128(all, 32), fromHex("e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"));
}

// draft-irtf-cfrg-xchacha-03, A.3.1.
TEST(Aead, XchachaGivesThePublishedVector) {
  Bytes key, nonce;
  for (int i = 0; i < 32; i++) key.push_back(static_cast<std::uint8_t>(0x80 + i));
  for (int i = 0; i < 24; i++) nonce.push_back(static_cast<std::uint8_t>(0x40 + i));
  Bytes plain = bytesOf(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "
      "it.");
  EXPECT_EQ(sealWith(Cipher::xchacha20Poly1305, key, nonce, plain, fromHex("50515253c0c1c2c3c4c5c6c7")),
            fromHex("bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
                    "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"));
}

TEST(Aead, OpensWhatItSealedAlsoInPlaceAndEmpty) {
  base::SystemRandom random;
  for (Cipher cipher : kCiphers) {
    Aead aead(cipher, Bytes(32, 7), random);
    for (std::size_t size : {0u, 1u, 32u, 4056u, 65536u}) {
      Bytes bytes(size, 0x5A);
      Bytes original = bytes;
      Bytes aad = bytesOf("page 7");
      std::uint8_t nonceTag[kSealBytes];
      aead.seal(bytes.data(), bytes, aad, nonceTag);
      if (size > 16) {
        EXPECT_NE(bytes, original);
      }
      EXPECT_TRUE(aead.open(bytes.data(), bytes, aad, nonceTag));
      EXPECT_EQ(bytes, original);
    }
  }
}

TEST(Aead, RefusesEveryFlippedBitAndThenGivesZeros) {
  base::SystemRandom random;
  for (Cipher cipher : kCiphers) {
    Aead aead(cipher, Bytes(32, 7), random);
    Bytes plain(48, 0x5A);
    // sealed: ciphertext | nonce | tag | associated data
    Bytes sealed(plain.size() + kSealBytes + 8, 0x11);
    std::size_t seal = plain.size(), aad = seal + kSealBytes;
    aead.seal(sealed.data(), plain, ByteView(sealed).subspan(aad), sealed.data() + seal);
    for (std::size_t bit = 0; bit < 8 * sealed.size(); bit++) {
      Bytes changed = sealed;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      Bytes out(plain.size(), 0xFF);
      EXPECT_FALSE(
          aead.open(out.data(), ByteView(changed).first(seal), ByteView(changed).subspan(aad), changed.data() + seal));
      EXPECT_EQ(out, Bytes(plain.size(), 0));
    }
    Aead other(cipher, Bytes(32, 8), random);
    Bytes out(plain.size());
    EXPECT_FALSE(
        other.open(out.data(), ByteView(sealed).first(seal), ByteView(sealed).subspan(aad), sealed.data() + seal));
  }
}

TEST(Aead, AKeyHas32Bytes) {
  base::SystemRandom random;
  EXPECT_THROW(Aead(Cipher::xaes256Gcm, Bytes(16), random), Error);
}

// A buffer of random bytes would be the same in both.
TEST(Aead, AForkedChildDrawsOtherNoncesThanItsParent) {
  base::SystemRandom random;
  Aead aead(Cipher::xaes256Gcm, Bytes(32, 7), random);
  std::array<std::uint8_t, kSealBytes> nonceTag;
  aead.seal(nullptr, {}, {}, nonceTag.data());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  pid_t child = ::fork();
  std::set<std::array<std::uint8_t, kSealBytes>> seen;
  for (int i = 0; i < 50; i++) {
    aead.seal(nullptr, {}, {}, nonceTag.data());
    if (child == 0 && ::write(ends[1], nonceTag.data(), nonceTag.size()) < 0) ::_exit(1);
    std::fill(nonceTag.begin() + kNonceBytes, nonceTag.end(), std::uint8_t{0});
    if (child != 0) seen.insert(nonceTag);
  }
  if (child == 0) ::_exit(0);
  ::close(ends[1]);
  while (::read(ends[0], nonceTag.data(), nonceTag.size()) == static_cast<ssize_t>(nonceTag.size())) {
    std::fill(nonceTag.begin() + kNonceBytes, nonceTag.end(), std::uint8_t{0});
    EXPECT_TRUE(seen.insert(nonceTag).second);
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace blazedb::crypto
