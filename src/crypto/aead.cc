// XAES-256-GCM by the steps of its specification over OpenSSL, and XChaCha20-Poly1305 by libsodium.
#include "crypto/aead.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <climits>
#include <cstddef>
#include <cstring>
#include <new>

#include "blazedb/error.h"

namespace blazedb::crypto {
namespace {

// OpenSSL fails here only if memory runs out, or if its provider lacks AES.
void require(bool ok) {
  if (!ok) throw Error(ErrorCode::NotSupported, "OpenSSL refused AES-256-GCM; check its configuration");
}

int length(base::ByteView bytes) {
  if (bytes.size() > INT_MAX) throw Error(ErrorCode::TooLarge, "more than 2 GiB cannot be sealed at once");
  return static_cast<int>(bytes.size());
}

// OpenSSL would free everything when exit() begins, but a database in a global object is closed after that. This must
// be the first call of OpenSSL. The memory is freed with the process.
void keepOpenSslToTheEnd() {
  [[maybe_unused]] static const int once = OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
}

}  // namespace

Cipher fastestCipher() {
  return sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() ? Cipher::xaes256Gcm : Cipher::xchacha20Poly1305;
}

std::string_view cipherName(Cipher cipher) {
  switch (cipher) {
    case Cipher::xaes256Gcm:
      return "XAES-256-GCM";
    case Cipher::xchacha20Poly1305:
      return "XChaCha20-Poly1305";
  }
  return "unknown";
}

void Aead::FreeContext::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

Aead::Aead(Cipher cipher, base::ByteView key, base::Random& random) : cipher_(cipher), random_(random) {
  keepOpenSslToTheEnd();
  if (key.size() != kKeyBytes) throw Error(ErrorCode::InvalidArgument, "a key has 32 bytes");
  std::memcpy(key_.data(), key.data(), key.size());
  if (cipher == Cipher::xchacha20Poly1305) return;
  seal_.reset(EVP_CIPHER_CTX_new());
  open_.reset(EVP_CIPHER_CTX_new());
  block_.reset(EVP_CIPHER_CTX_new());
  if (!seal_ || !open_ || !block_) throw std::bad_alloc();
  require(EVP_EncryptInit_ex(seal_.get(), EVP_aes_256_gcm(), nullptr, nullptr, nullptr) == 1);
  require(EVP_DecryptInit_ex(open_.get(), EVP_aes_256_gcm(), nullptr, nullptr, nullptr) == 1);
  require(EVP_EncryptInit_ex(block_.get(), EVP_aes_256_ecb(), nullptr, key.data(), nullptr) == 1);
  require(EVP_CIPHER_CTX_set_padding(block_.get(), 0) == 1);

  // K1 = L << 1, reduced if a bit is shifted out; L = AES(0). Steps 1 and 2 of the specification.
  const std::uint8_t zeros[16] = {};
  std::uint8_t l[16];
  int written = 0;
  require(EVP_EncryptUpdate(block_.get(), l, &written, zeros, sizeof zeros) == 1);
  for (int i = 0; i < 16; i++) k1_[i] = static_cast<std::uint8_t>(l[i] << 1 | (i < 15 ? l[i + 1] >> 7 : 0));
  if (l[0] & 0x80) k1_[15] ^= 0x87;
  sodium_memzero(l, sizeof l);
}

Aead::~Aead() {
  sodium_memzero(key_.data(), key_.size());
  sodium_memzero(k1_, sizeof k1_);
}

// Kx = AES(M1 ^ K1) | AES(M2 ^ K1), Mi = 0, i, 'X', 0, nonce[0..12). Steps 3 to 5 of the specification.
void Aead::subkey(const std::uint8_t* nonce, std::uint8_t* out) {
  std::uint8_t blocks[32] = {};
  for (int i = 0; i < 2; i++) {
    std::uint8_t* m = blocks + std::ptrdiff_t{16} * i;
    m[1] = static_cast<std::uint8_t>(i + 1);
    m[2] = 'X';
    std::memcpy(m + 4, nonce, 12);
    for (int j = 0; j < 16; j++) m[j] ^= k1_[j];
  }
  int written = 0;
  require(EVP_EncryptUpdate(block_.get(), out, &written, blocks, sizeof blocks) == 1);
}

void Aead::seal(std::uint8_t* out, base::ByteView in, base::ByteView aad, std::uint8_t* nonceTag) {
  std::uint8_t* tag = nonceTag + kNonceBytes;
  std::uint8_t nothing;
  if (in.empty()) out = &nothing;  // the libraries need a pointer even if they write nothing
  random_.fill({nonceTag, kNonceBytes});
  if (cipher_ == Cipher::xchacha20Poly1305) {
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(out, tag, nullptr, in.data(), in.size(), aad.data(), aad.size(),
                                                        nullptr, nonceTag, key_.data());
    return;
  }
  std::uint8_t key[kKeyBytes];
  subkey(nonceTag, key);
  int written = 0;
  EVP_CIPHER_CTX* context = seal_.get();
  require(EVP_EncryptInit_ex(context, nullptr, nullptr, key, nonceTag + 12) == 1 &&
          EVP_EncryptUpdate(context, nullptr, &written, aad.data(), length(aad)) == 1 &&
          EVP_EncryptUpdate(context, out, &written, in.data(), length(in)) == 1 &&
          EVP_EncryptFinal_ex(context, out + written, &written) == 1 &&
          EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1);
  sodium_memzero(key, sizeof key);
}

bool Aead::open(std::uint8_t* out, base::ByteView in, base::ByteView aad, const std::uint8_t* nonceTag) {
  const std::uint8_t* tag = nonceTag + kNonceBytes;
  std::uint8_t nothing = 0;
  if (in.empty()) {  // as in seal(); and libsodium declares that the ciphertext is not null
    out = &nothing;
    in = {&nothing, 0};
  }
  bool authentic;
  if (cipher_ == Cipher::xchacha20Poly1305) {
    authentic = crypto_aead_xchacha20poly1305_ietf_decrypt_detached(out, nullptr, in.data(), in.size(), tag, aad.data(),
                                                                    aad.size(), nonceTag, key_.data()) == 0;
  } else {
    std::uint8_t key[kKeyBytes];
    std::uint8_t expected[kTagBytes];  // OpenSSL takes it as mutable
    std::memcpy(expected, tag, kTagBytes);
    subkey(nonceTag, key);
    int written = 0;
    EVP_CIPHER_CTX* context = open_.get();
    require(EVP_DecryptInit_ex(context, nullptr, nullptr, key, nonceTag + 12) == 1 &&
            EVP_DecryptUpdate(context, nullptr, &written, aad.data(), length(aad)) == 1 &&
            EVP_DecryptUpdate(context, out, &written, in.data(), length(in)) == 1 &&
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, expected) == 1);
    authentic = EVP_DecryptFinal_ex(context, out + written, &written) == 1;
    sodium_memzero(key, sizeof key);
  }
  if (!authentic && !in.empty()) std::memset(out, 0, in.size());
  return authentic;
}

}  // namespace blazedb::crypto
