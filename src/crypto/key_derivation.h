// Derives a key from a password, and from a key further keys, one for each purpose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "crypto/secret_bytes.h"

namespace blazedb::crypto {

inline constexpr std::size_t kSaltBytes = 16;

// The cost of one guess at the password. 64 MiB and three passes take about 75 ms on a desktop CPU.
struct KdfCost {
  std::uint32_t memoryKiB = 65536;
  std::uint32_t passes = 3;

  // Whether a file may have this cost. The minimum (19 MiB, 2 passes: OWASP's) prevents an attacker from writing a
  // cheap cost into a header and having the owner derive a key with it. The maximum (1 GiB, 16 passes) prevents a
  // hostile header from taking all memory.
  bool acceptable() const;

  friend bool operator==(const KdfCost&, const KdfCost&) = default;
};

// Argon2id (RFC 9106) with one lane and 32 bytes of output. `salt` has kSaltBytes. Takes cost.memoryKiB of memory while
// it runs. Derivations of one process run one after the other, so that many at once cannot exhaust the memory.
// Thread-safe. Throws Error: InvalidArgument (the cost is not acceptable), OutOfMemory.
SecretBytes deriveFromPassword(base::ByteView password, base::ByteView salt, const KdfCost& cost);

// An independent 32-byte key for one purpose: BLAKE2b, keyed with `key` (32 bytes), over the name of the purpose and a
// context. Thread-safe.
SecretBytes deriveSubkey(base::ByteView key, std::string_view purpose, base::ByteView context = {});

}  // namespace blazedb::crypto
