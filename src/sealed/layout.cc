#include "sealed/layout.h"

namespace blazedb::sealed {

base::Bytes seal(base::ByteView key, base::ByteView plain, base::ByteView bound, base::Random& random) {
  std::array<std::uint8_t, crypto::kSealBytes> nonceTag;
  base::Bytes out(crypto::kNonceBytes + plain.size());
  crypto::Aead aead(crypto::Cipher::xchacha20Poly1305, key, random);
  aead.seal(out.data() + crypto::kNonceBytes, plain, bound, nonceTag.data());
  std::copy_n(nonceTag.begin(), crypto::kNonceBytes, out.begin());
  base::append(out, base::ByteView(nonceTag).subspan(crypto::kNonceBytes));
  return out;
}

std::optional<crypto::SecretBytes> unseal(base::ByteView key, base::ByteView sealed, base::ByteView bound) {
  if (sealed.size() < crypto::kSealBytes) return std::nullopt;
  base::ByteView nonce = sealed.first(crypto::kNonceBytes), tag = sealed.last(crypto::kTagBytes);
  base::ByteView ciphertext = sealed.subspan(nonce.size(), sealed.size() - crypto::kSealBytes);
  base::Bytes nonceTag(nonce.begin(), nonce.end());
  base::append(nonceTag, tag);
  base::SystemRandom random;  // opening draws nothing
  crypto::Aead aead(crypto::Cipher::xchacha20Poly1305, key, random);
  crypto::SecretBytes plain(ciphertext.size());
  return aead.open(plain.span().data(), ciphertext, bound, nonceTag.data()) ? std::optional(std::move(plain))
                                                                            : std::nullopt;
}

}  // namespace blazedb::sealed
