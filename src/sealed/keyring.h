// The keys of a team, and who has them: a chain of signed versions that a hub keeps and cannot read or extend.
//
//   group 16 | team 16 | version 8 | hash of the version before 32 (zeros for the first) |
//   root 32 | next root 32 |
//   varint number of members, of each: kind 1 | id 16 | box key 32 | sealed opener 80 |
//                                      password and recovery: sealed seed of the root 80 |
//   commitment 32 | varint bytes, nonce 24 | ciphertext | tag 16 |
//   signature 64
//
// The *root* is the Ed25519 key that signs the version: the `next root` of the version before, or the same key. Members
// that a person can bring back with a password or a recovery code have its seed, too, so that they can make the next
// version. The *opener* is drawn anew for each version, and sealed to each member's box key (crypto/key_pair.h). It
// commits to itself ("blazedb keyring commitment") and opens ("blazedb keyring", bound to everything before the nonce)
//
//   token key 32 | varint number of epochs, of each: number 4 | key 32 | retired 8 | closed 1
//
// Cells of an epoch that was retired before their stamp are refused; those of a closed epoch are all sealed anew.
//
// A client pins the version that it has: it takes another one only if a chain of versions leads from there to it. So a
// hub can withhold a version, and cannot add a member, take a version back or make one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "blazedb/uuid.h"
#include "crypto/key_pair.h"
#include "crypto/secret_bytes.h"
#include "sealed/envelope.h"

namespace blazedb::sealed {

inline constexpr std::size_t kMembersMax = 1000, kEpochsMax = 1000;

using Hash = std::array<std::uint8_t, 32>;

struct Member {
  MemberKind kind = MemberKind::device;
  UUID id;
  crypto::PublicHalf box{};
};

// What everybody can read of a version.
struct KeyringHead {
  UUID group, team;
  std::uint64_t version = 1;
  Hash before{};
  crypto::PublicHalf root{}, nextRoot{};
  std::vector<Member> members;
};

struct Epoch {
  std::uint32_t number = 1;
  crypto::SecretBytes key;    // 32 bytes
  std::uint64_t retired = 0;  // a time as in stamps; 0: cells are sealed with it
  bool closed = false;
};

// What members can read.
struct KeyringSecrets {
  crypto::SecretBytes tokenKey;  // 32 bytes
  std::vector<Epoch> epochs;     // ascending; the last one is the present one
};

// `rootSeed` is of head.root. Throws InvalidArgument if the keyring has no member or no epoch, or too many, or the root
// is another one.
base::Bytes sealKeyring(const KeyringHead& head, const KeyringSecrets& secrets, base::ByteView rootSeed,
                        base::Random& random);

// A version whose signature fits the root that it names; std::nullopt if these bytes are not that.
class Keyring {
 public:
  static std::optional<Keyring> read(base::ByteView bytes);

  const KeyringHead& head() const { return head_; }
  const Hash& hash() const { return hash_; }
  const base::Bytes& bytes() const { return bytes_; }
  // Whether it may take the place of a version that a client has pinned: it is the next one of the same chain.
  bool follows(const Keyring& pinned) const;
  // For a member of `id`; std::nullopt if there is none with this key, or what it would open was made by nobody who had
  // the opener.
  std::optional<KeyringSecrets> open(const UUID& id, const crypto::BoxKey& key) const;
  // The same member's seed of the root; std::nullopt for a device.
  std::optional<crypto::SecretBytes> rootSeed(const UUID& id, const crypto::BoxKey& key) const;

 private:
  struct Sealed {
    base::Bytes opener, seed;
  };

  const Sealed* sealedFor(const UUID& id, const crypto::BoxKey& key) const;

  base::Bytes bytes_;
  KeyringHead head_;
  Hash hash_{};
  std::vector<Sealed> sealed_;  // by member
  Hash commitment_{};
  std::size_t boundBytes_ = 0;  // of bytes_: what the secrets are bound to
  base::Bytes secrets_;         // nonce | ciphertext | tag
};

// A member's box key comes from its secret (envelope.h).
crypto::BoxKey boxKeyOf(base::ByteView memberSecret);

}  // namespace blazedb::sealed
