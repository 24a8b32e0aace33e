// Authenticated encryption with nonces long enough to be random.
//
// A nonce from a counter repeats after a crash, in a restored copy or on a cloned machine, and a repeated nonce reveals
// the plaintext. So each seal draws 24 random bytes; one key is good for 2^80 of them. Two ciphers have such nonces:
//
//   xaes256Gcm           C2SP specification (c2sp.org/XAES-256-GCM) over OpenSSL's AES-256-GCM; fast where the CPU
//                        has AES
//   xchacha20Poly1305    draft-irtf-cfrg-xchacha, libsodium; fast everywhere else
//
// Rejected: plain AES-GCM, because one key is good for only 2^32 random nonces of 12 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"

struct evp_cipher_ctx_st;

namespace blazedb::crypto {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kNonceBytes = 24;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kSealBytes = kNonceBytes + kTagBytes;

// Files have these numbers.
enum class Cipher : std::uint8_t { xaes256Gcm = 1, xchacha20Poly1305 = 2 };

// The faster of the two on this CPU.
Cipher fastestCipher();
std::string_view cipherName(Cipher cipher);

// One key, ready for use. A call is cheap, because the cipher's contexts are kept, in ordinary memory. Not thread-safe.
class Aead {
 public:
  // Copies `key`, which has kKeyBytes. Draws nonces from `random`, which must outlive this object. Throws
  // Error(NotSupported) if OpenSSL has no AES-256-GCM.
  Aead(Cipher cipher, base::ByteView key, base::Random& random);
  ~Aead();
  Aead(const Aead&) = delete;
  Aead& operator=(const Aead&) = delete;

  // Encrypts `in` to `out` (in.size() bytes; may be in.data()), and writes nonce | tag (kSealBytes) to `nonceTag`. Also
  // authenticates `aad`, which open() needs again.
  void seal(std::uint8_t* out, base::ByteView in, base::ByteView aad, std::uint8_t* nonceTag);

  // Decrypts what seal() wrote. Returns false and fills `out` with zeros if ciphertext, aad, nonce or tag are not those
  // of one seal() with this key.
  [[nodiscard]] bool open(std::uint8_t* out, base::ByteView in, base::ByteView aad, const std::uint8_t* nonceTag);

 private:
  struct FreeContext {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, FreeContext>;

  void subkey(const std::uint8_t* nonce, std::uint8_t* out);

  Cipher cipher_;
  base::Random& random_;
  std::array<std::uint8_t, kKeyBytes> key_;  // zeroed by the destructor
  // XAES-256-GCM only: AES-GCM in both directions, AES-ECB for the subkeys, and the CMAC subkey K1 of the
  // specification.
  Context seal_, open_, block_;
  std::uint8_t k1_[16] = {};
};

}  // namespace blazedb::crypto
