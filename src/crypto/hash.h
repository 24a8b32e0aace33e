// Hashes: digests, and short names that only the owner of a key can make.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace blazedb::crypto {

// SipHash-2-4 with 128 bits of output and a fixed key, for digests by which two honest peers compare what they hold. An
// attacker who chooses the bytes can make two inputs collide: use hash256 where that matters. The result must never
// change, because peers compare it.
std::array<std::uint64_t, 2> hash128(base::ByteView bytes);

// BLAKE2b with 32 bytes of output and no key (RFC 7693).
std::array<std::uint8_t, 32> hash256(base::ByteView bytes);

// BLAKE2b with 8 bytes of output, keyed with a key of 32 bytes: a short name for something, which tells nothing to
// somebody without the key, but that two are the same.
std::array<std::uint8_t, 8> keyedHash64(base::ByteView key, base::ByteView bytes);

// Whether two values are equal, in a time that depends on their sizes and not on their bytes. For comparing a secret
// with what a stranger sends.
bool equalInConstantTime(base::ByteView a, base::ByteView b);

}  // namespace blazedb::crypto
