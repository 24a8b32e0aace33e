// Hashes that need no secret.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace blazedb::crypto {

// SipHash-2-4 with 128 bits out and a fixed key: for digests that tell whether two honest parties hold the same bytes.
// Someone who chooses the bytes can make two that collide; use hash256 where that matters. The same everywhere and for
// ever: peers compare these.
std::array<std::uint64_t, 2> hash128(base::ByteView bytes);

// BLAKE2b, 32 bytes out, no key (RFC 7693).
std::array<std::uint8_t, 32> hash256(base::ByteView bytes);

// Whether two are equal, in a time that depends on their sizes and not on their bytes: for what a stranger sends to
// guess a secret.
bool equalInConstantTime(base::ByteView a, base::ByteView b);

}  // namespace blazedb::crypto
