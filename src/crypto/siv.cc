#include "crypto/siv.h"

#include <sodium.h>

#include <algorithm>

#include "crypto/hash.h"

namespace blazedb::crypto {

Siv::Tag Siv::tagOf(base::ByteView text, base::ByteView bound) const {
  crypto_generichash_state state;
  crypto_generichash_init(&state, tagKey_.view().data(), tagKey_.size(), kSivTagBytes);
  crypto_generichash_update(&state, bound.data(), bound.size());
  crypto_generichash_update(&state, text.data(), text.size());
  Tag tag;
  crypto_generichash_final(&state, tag.data(), tag.size());
  sodium_memzero(&state, sizeof state);
  return tag;
}

void Siv::encrypt(base::ByteView in, const Tag& tag, const Salt& salt, std::uint8_t* out) const {
  std::uint8_t key[crypto_core_hchacha20_OUTPUTBYTES];
  crypto_core_hchacha20(key, salt.data(), cipherKey_.view().data(), nullptr);
  crypto_stream_chacha20_ietf_xor(out, in.data(), in.size(), tag.data(), key);
  sodium_memzero(key, sizeof key);
}

void Siv::seal(base::ByteView text, base::ByteView bound, const Salt& salt, base::Bytes& out) const {
  Tag tag = tagOf(text, bound);
  base::append(out, tag);
  std::size_t at = out.size();
  out.resize(at + text.size());
  encrypt(text, tag, salt, out.data() + at);
}

bool Siv::open(base::ByteView sealed, base::ByteView bound, const Salt& salt, base::Bytes& text) const {
  text.clear();
  if (sealed.size() < kSivTagBytes) return false;
  Tag tag;
  std::copy_n(sealed.begin(), tag.size(), tag.begin());
  base::ByteView ciphertext = sealed.subspan(tag.size());
  text.resize(ciphertext.size());
  encrypt(ciphertext, tag, salt, text.data());
  if (equalInConstantTime(tagOf(text, bound), tag)) return true;
  text.clear();
  return false;
}

}  // namespace blazedb::crypto
