#include "sealed/envelope.h"

#include <algorithm>

#include "blazedb/error.h"
#include "crypto/hash.h"
#include "sealed/layout.h"

namespace blazedb::sealed {
namespace {

constexpr std::string_view kMagic = "BZE1";
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kContentBytes = 64;

// What is made from the password.
struct Keys {
  Keys(base::ByteView password, base::ByteView salt, const crypto::KdfCost& cost)
      : Keys(crypto::deriveFromPassword(password, salt, cost)) {}
  explicit Keys(const crypto::SecretBytes& key)
      : seal(crypto::deriveSubkey(key.view(), "blazedb envelope")),
        commitment(crypto::deriveSubkey(key.view(), "blazedb envelope commitment")) {}
  crypto::SecretBytes seal, commitment;
};

}  // namespace

bool isEnvelopeCost(const crypto::KdfCost& cost) {
  return cost.memoryKiB >= 64 * 1024 && cost.memoryKiB <= 512 * 1024 && cost.passes >= 3 && cost.passes <= 16;
}

base::Bytes sealEnvelope(const MemberSecret& member, base::ByteView password, base::Random& random,
                         const crypto::KdfCost& cost) {
  if (!isEnvelopeCost(cost))
    throw Error(ErrorCode::InvalidArgument, "an envelope costs 64 to 512 MiB and 3 to 16 passes");
  std::array<std::uint8_t, crypto::kSaltBytes> salt;
  random.fill(salt);
  base::Bytes out;
  base::append(out, base::viewOf(kMagic));
  out.push_back(static_cast<std::uint8_t>(member.kind));
  out.resize(8);
  base::append(out, member.group.bytes);
  base::append(out, member.member.bytes);
  appendFixed32(out, cost.memoryKiB);
  appendFixed32(out, cost.passes);
  base::append(out, salt);
  base::Bytes header = out;
  Keys keys(password, salt, cost);
  base::append(out, keys.commitment.view());
  crypto::SecretBytes content(kContentBytes);
  std::copy_n(member.secret.view().begin(), 32, content.span().begin());
  std::copy_n(member.root.begin(), 32, content.span().begin() + 32);
  base::append(out, seal(keys.seal.view(), content.view(), header, random));
  return out;
}

OpenedEnvelope openEnvelope(base::ByteView envelope, base::ByteView password) {
  base::Reader in(envelope);
  base::ByteView magic = in.take(kMagic.size());
  MemberSecret member;
  std::uint8_t kind = in.byte();
  base::ByteView zeros = in.take(3);
  member.kind = static_cast<MemberKind>(kind);
  member.group = uuidFrom(in);
  member.member = uuidFrom(in);
  crypto::KdfCost cost;
  cost.memoryKiB = fixed32(in);
  cost.passes = fixed32(in);
  base::ByteView salt = in.take(crypto::kSaltBytes), commitment = in.take(32);
  base::ByteView sealed = in.take(crypto::kSealBytes + kContentBytes);
  bool isReadable = in.ok() && in.atEnd() && base::equal(magic, base::viewOf(kMagic)) &&
                    std::all_of(zeros.begin(), zeros.end(), [](std::uint8_t byte) { return byte == 0; }) &&
                    (member.kind == MemberKind::password || member.kind == MemberKind::recovery);
  if (!isReadable) return {std::nullopt, EnvelopeFault::unreadable};
  if (!isEnvelopeCost(cost)) return {std::nullopt, EnvelopeFault::weak};
  Keys keys(password, salt, cost);
  if (!crypto::equalInConstantTime(keys.commitment.view(), commitment))
    return {std::nullopt, EnvelopeFault::wrongPassword};
  std::optional<crypto::SecretBytes> content = unseal(keys.seal.view(), sealed, envelope.first(kHeaderBytes));
  if (!content) return {std::nullopt, EnvelopeFault::tampered};
  member.secret = crypto::SecretBytes(content->view().first(32));
  std::copy_n(content->view().begin() + 32, 32, member.root.begin());
  return {std::move(member), {}};
}

}  // namespace blazedb::sealed
