// From a password to a key, and from a key to keys for each purpose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "crypto/secret_bytes.h"

namespace blazedb::crypto {

inline constexpr std::size_t kSaltBytes = 16;

// What one guess at the password costs: 64 MiB and three passes take about 75 ms on a desktop CPU.
struct KdfCost {
  std::uint32_t memoryKiB = 65536;
  std::uint32_t passes = 3;

  // Whether a file may ask for this. The floor (19 MiB, 2 passes: OWASP's minimum) keeps an attacker from writing a
  // cheap cost into a header and having the owner's password derived with it; the ceiling (1 GiB, 16 passes) keeps a
  // hostile header from taking all memory.
  bool acceptable() const;

  friend bool operator==(const KdfCost&, const KdfCost&) = default;
};

// Argon2id (RFC 9106), one lane, 32 bytes out. `salt` has kSaltBytes. Takes cost.memoryKiB of memory while it runs;
// derivations of one process run one after the other, so that many logins at once cannot exhaust it. Thread-safe.
// Throws Error: InvalidArgument where the cost is not acceptable, OutOfMemory.
SecretBytes deriveFromPassword(base::ByteView password, base::ByteView salt, const KdfCost& cost);

// An independent 32-byte key for one purpose: BLAKE2b keyed with `key` (32 bytes) over the purpose's name and a
// context.
SecretBytes deriveSubkey(base::ByteView key, std::string_view purpose, base::ByteView context = {});

}  // namespace blazedb::crypto
