// A member's secret, sealed with a password, so that a hub can keep it for whoever knows the password.
//
//   header       64 bytes: `BZE1` | kind 1 | zeros 3 | group 16 | member 16 | KiB 4 | passes 4 | salt 16
//   commitment   32 bytes: subkey "blazedb envelope commitment" of the key that Argon2id makes
//   nonce        24 bytes
//   ciphertext   64 bytes: the member's secret | the root's public half; XChaCha20-Poly1305 with the subkey "blazedb
//                envelope", bound to the header
//   tag          16 bytes
//
// The commitment is compared before the ciphertext is opened. An AEAD does not commit to its key: a hub that may offer
// envelopes could make one that opens with each of many keys, and learn from the answer which of many passwords it was
// (Len, Grubbs and Ristenpart, "Partitioning Oracle Attacks", USENIX Security 2021).
//
// Who offers an envelope chooses what it costs to open it: little, so that the key is quickly guessed by others, or so
// much that the client stands still. So the cost is checked before anything is derived.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"
#include "blazedb/uuid.h"
#include "crypto/key_derivation.h"
#include "crypto/key_pair.h"
#include "crypto/secret_bytes.h"

namespace blazedb::sealed {

enum class MemberKind : std::uint8_t { password = 1, recovery = 2, device = 3 };

// 256 MiB and three passes: about 0.4 s on a desktop CPU.
inline constexpr crypto::KdfCost kEnvelopeCost{256 * 1024, 3};
inline constexpr std::size_t kEnvelopeBytes = 64 + 32 + 24 + 64 + 16;

struct MemberSecret {
  UUID group, member;
  MemberKind kind = MemberKind::password;
  crypto::SecretBytes secret;  // 32 bytes
  crypto::PublicHalf root{};   // which keyrings of the group are to be believed
};

// Whether a client derives a key at this cost: 64 to 512 MiB, 3 to 16 passes.
bool isEnvelopeCost(const crypto::KdfCost& cost);

// Takes as long as the derivation. Throws Error: InvalidArgument (the cost is none for an envelope), OutOfMemory.
base::Bytes sealEnvelope(const MemberSecret& member, base::ByteView password, base::Random& random,
                         const crypto::KdfCost& cost = kEnvelopeCost);

enum class EnvelopeFault : std::uint8_t {
  unreadable,     // it is no envelope
  weak,           // its cost is below the least, or above the most: nothing was derived
  wrongPassword,  // it was made with another one
  tampered,       // made with this one, and changed since
};
struct OpenedEnvelope {
  std::optional<MemberSecret> member;
  EnvelopeFault fault = EnvelopeFault::unreadable;  // if there is no member
};
// Throws OutOfMemory.
OpenedEnvelope openEnvelope(base::ByteView envelope, base::ByteView password);

}  // namespace blazedb::sealed
