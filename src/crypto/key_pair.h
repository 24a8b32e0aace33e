// Keys of our own with a public half: to sign with, and to be sent secrets by whoever has the public half.
//
// Ed25519 (RFC 8032) and X25519 (RFC 7748), by libsodium. The public half of a signing key verifies as
// PublicKey::edDsa.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"
#include "crypto/secret_bytes.h"

namespace blazedb::crypto {

using PublicHalf = std::array<std::uint8_t, 32>;

// Any thread may call any function.
class SigningKey {
 public:
  static constexpr std::size_t kSignatureBytes = 64;
  using Signature = std::array<std::uint8_t, kSignatureBytes>;

  // `seed` has 32 random bytes, or comes from deriveSubkey().
  explicit SigningKey(base::ByteView seed);

  const PublicHalf& publicHalf() const { return public_; }
  Signature sign(base::ByteView message) const;

 private:
  SecretBytes secret_;
  PublicHalf public_;
};

// Any thread may call any function.
class BoxKey {
 public:
  // What a secret grows by when it is sealed.
  static constexpr std::size_t kSealBytes = 48;

  // `secret`: as the seed of a SigningKey.
  explicit BoxKey(base::ByteView secret);

  const PublicHalf& publicHalf() const { return public_; }
  // What sealTo() has sealed for the public half; std::nullopt if it is not that.
  std::optional<SecretBytes> open(base::ByteView sealed) const;

 private:
  SecretBytes secret_;
  PublicHalf public_;
};

// Seals for the owner of a public half. Nobody else can open it, not even the caller; and it does not say who has
// sealed it. libsodium's sealed box: a key of X25519 for this once, drawn from `random`, then XSalsa20-Poly1305. Throws
// Error(InvalidArgument) if no key can have this public half.
base::Bytes sealTo(const PublicHalf& owner, base::ByteView secret, base::Random& random);

}  // namespace blazedb::crypto
