// Public keys of others, and the signatures that they verify: three of the algorithms of RFC 7518 and RFC 8037.
//
// A key has one algorithm, whatever somebody says who shows a signature. That is the defence against the usual attack,
// in which the author of a signature also chooses how it is verified. OpenSSL does the mathematics; this knows how keys
// and signatures stand in JSON Web Keys and Signatures: numbers with the highest byte first, and an ES256 signature as
// its two numbers, 32 bytes each, and not as the DER that OpenSSL takes.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"

struct evp_pkey_st;

namespace blazedb::crypto {

// Immutable; any thread may call any function.
class PublicKey {
 public:
  // Each gives none if the numbers are no sound key: an RSA modulus of fewer than 2,048 bits or more than 8,192, a
  // point that is not on the curve, an exponent that signs nothing. A check of RSA takes some milliseconds.
  static std::optional<PublicKey> rs256(base::ByteView modulus, base::ByteView exponent);
  static std::optional<PublicKey> es256(base::ByteView x, base::ByteView y);  // a point of P-256, 32 bytes each
  static std::optional<PublicKey> edDsa(base::ByteView key);                  // Ed25519, 32 bytes

  // "RS256", "ES256" or "EdDSA".
  std::string_view algorithm() const { return algorithm_; }
  bool verifies(base::ByteView message, base::ByteView signature) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Key = std::unique_ptr<evp_pkey_st, Free>;
  static std::optional<PublicKey> sound(std::string_view algorithm, Key key);
  PublicKey(std::string_view algorithm, Key key) : algorithm_(algorithm), key_(std::move(key)) {}

  std::string_view algorithm_;
  Key key_;
};

}  // namespace blazedb::crypto
