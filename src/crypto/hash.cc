#include "crypto/hash.h"

#include <sodium.h>

namespace blazedb::crypto {

std::array<std::uint64_t, 2> hash128(base::ByteView bytes) {
  static constexpr std::uint8_t kKey[crypto_shorthash_siphashx24_KEYBYTES] = {'B', 'l', 'a', 'z', 'e', 'D', 'B', ' ',
                                                                              'd', 'i', 'g', 'e', 's', 't', ' ', '1'};
  std::uint8_t raw[crypto_shorthash_siphashx24_BYTES];
  crypto_shorthash_siphashx24(raw, bytes.data(), bytes.size(), kKey);
  base::Reader in(raw);
  std::uint64_t first = in.fixed64();
  return {first, in.fixed64()};
}

std::array<std::uint8_t, 32> hash256(base::ByteView bytes) {
  std::array<std::uint8_t, 32> out;
  crypto_generichash(out.data(), out.size(), bytes.data(), bytes.size(), nullptr, 0);
  return out;
}

std::array<std::uint8_t, 8> keyedHash64(base::ByteView key, base::ByteView bytes) {
  std::array<std::uint8_t, 8> out;
  crypto_generichash_blake2b(out.data(), out.size(), bytes.data(), bytes.size(), key.data(), key.size());
  return out;
}

bool equalInConstantTime(base::ByteView a, base::ByteView b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace blazedb::crypto
