// What the byte layouts of this layer share.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"
#include "blazedb/uuid.h"
#include "crypto/aead.h"
#include "crypto/secret_bytes.h"

namespace blazedb::sealed {

inline void appendFixed32(base::Bytes& out, std::uint32_t value) {
  for (int i = 0; i < 4; i++) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
inline std::uint32_t fixed32(base::Reader& in) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; i++) value |= std::uint32_t{in.byte()} << (8 * i);
  return value;
}
template <std::size_t kBytes>
void takeInto(base::Reader& in, std::array<std::uint8_t, kBytes>& out) {
  base::ByteView bytes = in.take(kBytes);
  std::copy(bytes.begin(), bytes.end(), out.begin());
}
inline UUID uuidFrom(base::Reader& in) {
  UUID id;
  takeInto(in, id.bytes);
  return id;
}

// nonce 24 | ciphertext | tag 16, by XChaCha20-Poly1305: the same on every machine, whatever its processor has.
base::Bytes seal(base::ByteView key, base::ByteView plain, base::ByteView bound, base::Random& random);
std::optional<crypto::SecretBytes> unseal(base::ByteView key, base::ByteView sealed, base::ByteView bound);

}  // namespace blazedb::sealed
