// Deterministic authenticated encryption of short texts.
//
// SIV (Rogaway and Shrimpton, "Deterministic Authenticated-Encryption", 2006): the tag is a keyed hash of the text and
// of all that it is bound to, and the nonce of the cipher that encrypts the text. So nothing is drawn at random. The
// same text at the same place always gives the same bytes; two that are equal show that they are, and nothing else.
//
//   tag          BLAKE2b with 16 bytes of output, keyed, over what the text is bound to and the text
//   ciphertext   text xor ChaCha20 (RFC 8439, counter 0; key: HChaCha20(key, salt); nonce: the first 12 bytes of the
//                tag)
//
// What texts are bound to has one size for all texts of a key, because it is not separated from the text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/secret_bytes.h"

namespace blazedb::crypto {

inline constexpr std::size_t kSivTagBytes = 16;

// Two keys, ready for use. Any thread may call any function.
class Siv {
 public:
  using Salt = std::array<std::uint8_t, 16>;

  // Takes two independent keys of kKeyBytes.
  Siv(SecretBytes tagKey, SecretBytes cipherKey) : tagKey_(std::move(tagKey)), cipherKey_(std::move(cipherKey)) {}

  // Appends tag | ciphertext (kSivTagBytes + text.size()) to `out`. `salt` is part of the cipher's key, and not of what
  // is authenticated: name it in `bound` as well.
  void seal(base::ByteView text, base::ByteView bound, const Salt& salt, base::Bytes& out) const;
  // Replaces `text` by what was sealed. Returns false, and leaves `text` empty, if these bytes are not from a seal()
  // with these keys, `bound` and `salt`.
  [[nodiscard]] bool open(base::ByteView sealed, base::ByteView bound, const Salt& salt, base::Bytes& text) const;

 private:
  using Tag = std::array<std::uint8_t, kSivTagBytes>;
  Tag tagOf(base::ByteView text, base::ByteView bound) const;
  void encrypt(base::ByteView in, const Tag& tag, const Salt& salt, std::uint8_t* out) const;

  SecretBytes tagKey_, cipherKey_;
};

}  // namespace blazedb::crypto
