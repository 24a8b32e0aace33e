// Authenticated encryption with nonces long enough to be drawn at random.
//
// A counter repeats after a crash, a restored copy or a cloned machine, and a repeated nonce gives the plaintext away.
// So each seal draws 24 random bytes; 2^80 of them may be drawn under one key. Two ciphers take nonces of that length:
//
//   xaes256Gcm           C2SP specification (c2sp.org/XAES-256-GCM) over OpenSSL's AES-256-GCM; fast where the CPU
//                        has AES
//   xchacha20Poly1305    draft-irtf-cfrg-xchacha, libsodium; fast everywhere else
//
// Plain AES-GCM is not offered: its 12-byte nonces may be drawn at random 2^32 times at most.
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

// The numbers stand in files.
enum class Cipher : std::uint8_t { xaes256Gcm = 1, xchacha20Poly1305 = 2 };

// The faster of the two on this CPU.
Cipher fastestCipher();
std::string_view cipherName(Cipher cipher);

// One key, ready for use. Cheap per call: the cipher's contexts are kept, in ordinary memory. Not thread-safe.
class Aead {
 public:
  // `key` has kKeyBytes and is copied; `random` gives the nonces and must outlive this.
  Aead(Cipher cipher, base::ByteView key, base::Random& random);
  ~Aead();
  Aead(const Aead&) = delete;
  Aead& operator=(const Aead&) = delete;

  // Writes in.size() bytes of ciphertext to `out`, which may be in.data(), and nonce | tag (kSealBytes) to `nonceTag`.
  // `aad` is authenticated beside it and must be given to open() again.
  void seal(std::uint8_t* out, base::ByteView in, base::ByteView aad, std::uint8_t* nonceTag);

  // The reverse. False where ciphertext, aad, nonce or tag is not what seal() made with this key; `out` is then all
  // zeros.
  [[nodiscard]] bool open(std::uint8_t* out, base::ByteView in, base::ByteView aad, const std::uint8_t* nonceTag);

 private:
  struct FreeContext {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, FreeContext>;

  void subkey(const std::uint8_t* nonce, std::uint8_t* out);

  Cipher cipher_;
  base::Random& random_;
  std::array<std::uint8_t, kKeyBytes> key_;  // zeroed in the end
  // XAES-256-GCM only: AES-GCM each way, AES in ECB mode for the subkeys, and the CMAC subkey K1 of the specification.
  Context seal_, open_, block_;
  std::uint8_t k1_[16] = {};
};

}  // namespace blazedb::crypto
