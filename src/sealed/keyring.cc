#include "sealed/keyring.h"

#include <algorithm>
#include <utility>

#include "blazedb/error.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/key_derivation.h"
#include "crypto/public_key.h"
#include "sealed/layout.h"

namespace blazedb::sealed {
namespace {

constexpr std::size_t kSealedKeyBytes = 32 + crypto::BoxKey::kSealBytes;
constexpr std::size_t kEpochBytes = 4 + 32 + 8 + 1;

bool hasRootSeed(MemberKind kind) { return kind != MemberKind::device; }

// The key that opens the secrets, and the commitment to it.
struct Opener {
  explicit Opener(base::ByteView opener)
      : seal(crypto::deriveSubkey(opener, "blazedb keyring")),
        commitment(crypto::deriveSubkey(opener, "blazedb keyring commitment")) {}
  crypto::SecretBytes seal, commitment;
};

void appendHead(base::Bytes& out, const KeyringHead& head) {
  base::append(out, head.group.bytes);
  base::append(out, head.team.bytes);
  base::appendFixed64(out, head.version);
  base::append(out, head.before);
  base::append(out, head.root);
  base::append(out, head.nextRoot);
}

crypto::SecretBytes encoded(const KeyringSecrets& secrets) {
  base::Bytes count;
  base::appendVarint(count, secrets.epochs.size());
  crypto::SecretBytes all(32 + count.size() + kEpochBytes * secrets.epochs.size());
  std::uint8_t* at = all.span().data();
  auto put = [&](base::ByteView bytes) { at = std::copy(bytes.begin(), bytes.end(), at); };
  put(secrets.tokenKey.view());
  put(count);
  for (const Epoch& each : secrets.epochs) {
    base::Bytes number, retired;
    appendFixed32(number, each.number);
    base::appendFixed64(retired, each.retired);
    put(number);
    put(each.key.view());
    put(retired);
    *at++ = each.closed;
  }
  return all;
}

std::optional<KeyringSecrets> decoded(base::ByteView bytes) {
  base::Reader in(bytes);
  KeyringSecrets secrets;
  secrets.tokenKey = crypto::SecretBytes(in.take(32));
  std::uint64_t count = in.varint();
  if (!in.ok() || count == 0 || count > kEpochsMax || in.remaining() != count * kEpochBytes) return std::nullopt;
  for (std::uint64_t i = 0; i < count; i++) {
    Epoch& epoch = secrets.epochs.emplace_back();
    epoch.number = fixed32(in);
    epoch.key = crypto::SecretBytes(in.take(32));
    epoch.retired = in.fixed64();
    epoch.closed = in.byte() != 0;
    if (i > 0 && epoch.number <= secrets.epochs[i - 1].number) return std::nullopt;
  }
  return secrets;
}

}  // namespace

crypto::BoxKey boxKeyOf(base::ByteView memberSecret) {
  return crypto::BoxKey(crypto::deriveSubkey(memberSecret, "blazedb member").view());
}

base::Bytes sealKeyring(const KeyringHead& head, const KeyringSecrets& secrets, base::ByteView rootSeed,
                        base::Random& random) {
  crypto::SigningKey root(rootSeed);
  if (head.members.empty() || head.members.size() > kMembersMax || secrets.epochs.empty() ||
      secrets.epochs.size() > kEpochsMax || root.publicHalf() != head.root)
    throw Error(ErrorCode::InvalidArgument, "a keyring has 1 to 1000 members and epochs, and its root signs it");
  crypto::SecretBytes opener(32);
  random.fill(opener.span());
  Opener keys(opener.view());
  base::Bytes out;
  appendHead(out, head);
  base::appendVarint(out, head.members.size());
  for (const Member& member : head.members) {
    out.push_back(static_cast<std::uint8_t>(member.kind));
    base::append(out, member.id.bytes);
    base::append(out, member.box);
    base::append(out, crypto::sealTo(member.box, opener.view(), random));
    if (hasRootSeed(member.kind)) base::append(out, crypto::sealTo(member.box, rootSeed, random));
  }
  base::append(out, keys.commitment.view());
  crypto::SecretBytes plain = encoded(secrets);
  base::Bytes sealed = seal(keys.seal.view(), plain.view(), out, random);
  base::appendSized(out, sealed);
  base::append(out, root.sign(out));
  return out;
}

std::optional<Keyring> Keyring::read(base::ByteView bytes) {
  base::Reader in(bytes);
  Keyring keyring;
  KeyringHead& head = keyring.head_;
  head.group = uuidFrom(in);
  head.team = uuidFrom(in);
  head.version = in.fixed64();
  takeInto(in, head.before);
  takeInto(in, head.root);
  takeInto(in, head.nextRoot);
  std::uint64_t members = in.varint();
  if (!in.ok() || members == 0 || members > kMembersMax) return std::nullopt;
  for (std::uint64_t i = 0; i < members; i++) {
    Member& member = head.members.emplace_back();
    std::uint8_t kind = in.byte();
    if (kind < 1 || kind > 3) return std::nullopt;
    member.kind = static_cast<MemberKind>(kind);
    member.id = uuidFrom(in);
    takeInto(in, member.box);
    base::ByteView opener = in.take(kSealedKeyBytes);
    base::ByteView seed = in.take(hasRootSeed(member.kind) ? kSealedKeyBytes : 0);
    keyring.sealed_.push_back({{opener.begin(), opener.end()}, {seed.begin(), seed.end()}});
  }
  takeInto(in, keyring.commitment_);
  keyring.boundBytes_ = bytes.size() - in.remaining();
  base::ByteView secrets = in.sized();
  std::size_t signedBytes = bytes.size() - in.remaining();
  base::ByteView signature = in.take(crypto::SigningKey::kSignatureBytes);
  if (!in.ok() || !in.atEnd()) return std::nullopt;
  std::optional<crypto::PublicKey> root = crypto::PublicKey::edDsa(head.root);
  if (!root || !root->verifies(bytes.first(signedBytes), signature)) return std::nullopt;
  keyring.secrets_.assign(secrets.begin(), secrets.end());
  keyring.bytes_.assign(bytes.begin(), bytes.end());
  keyring.hash_ = crypto::hash256(bytes);
  return keyring;
}

bool Keyring::follows(const Keyring& pinned) const {
  const KeyringHead &mine = head_, &its = pinned.head_;
  return mine.group == its.group && mine.team == its.team && mine.version == its.version + 1 &&
         mine.before == pinned.hash_ && (mine.root == its.root || mine.root == its.nextRoot);
}

const Keyring::Sealed* Keyring::sealedFor(const UUID& id, const crypto::BoxKey& key) const {
  for (std::size_t i = 0; i < head_.members.size(); i++)
    if (head_.members[i].id == id && head_.members[i].box == key.publicHalf()) return &sealed_[i];
  return nullptr;
}

std::optional<KeyringSecrets> Keyring::open(const UUID& id, const crypto::BoxKey& key) const {
  const Sealed* sealed = sealedFor(id, key);
  std::optional<crypto::SecretBytes> opener;
  if (sealed) opener = key.open(sealed->opener);
  if (!opener) return std::nullopt;
  Opener keys(opener->view());
  if (!crypto::equalInConstantTime(keys.commitment.view(), commitment_)) return std::nullopt;
  std::optional<crypto::SecretBytes> plain =
      unseal(keys.seal.view(), secrets_, base::ByteView(bytes_).first(boundBytes_));
  return plain ? decoded(plain->view()) : std::nullopt;
}

std::optional<crypto::SecretBytes> Keyring::rootSeed(const UUID& id, const crypto::BoxKey& key) const {
  const Sealed* sealed = sealedFor(id, key);
  if (!sealed || sealed->seed.empty()) return std::nullopt;
  std::optional<crypto::SecretBytes> seed = key.open(sealed->seed);
  if (!seed || seed->size() != 32 || crypto::SigningKey(seed->view()).publicHalf() != head_.root) return std::nullopt;
  return seed;
}

}  // namespace blazedb::sealed
