#include "crypto/key_pair.h"

#include <sodium.h>

#include <algorithm>

#include "blazedb/error.h"

namespace blazedb::crypto {
namespace {

static_assert(BoxKey::kSealBytes == crypto_box_SEALBYTES);
static_assert(SigningKey::kSignatureBytes == crypto_sign_BYTES);
static_assert(sizeof(PublicHalf) == crypto_sign_PUBLICKEYBYTES && sizeof(PublicHalf) == crypto_box_PUBLICKEYBYTES);

// As in key_derivation.cc.
constexpr std::size_t kStackBytes = 16u << 10;

void require32(base::ByteView secret) {
  if (secret.size() != 32) throw Error(ErrorCode::InvalidArgument, "a key pair is made from 32 secret bytes");
}

}  // namespace

SigningKey::SigningKey(base::ByteView seed) : secret_(crypto_sign_SECRETKEYBYTES) {
  require32(seed);
  sodium_stackzero(1);
  crypto_sign_seed_keypair(public_.data(), secret_.span().data(), seed.data());
  sodium_stackzero(kStackBytes);
}

SigningKey::Signature SigningKey::sign(base::ByteView message) const {
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_.view().data());
  sodium_stackzero(kStackBytes);
  return signature;
}

BoxKey::BoxKey(base::ByteView secret) : secret_(secret) {
  require32(secret);
  sodium_stackzero(1);
  crypto_scalarmult_base(public_.data(), secret.data());
  sodium_stackzero(kStackBytes);
}

std::optional<SecretBytes> BoxKey::open(base::ByteView sealed) const {
  if (sealed.size() < kSealBytes) return std::nullopt;
  SecretBytes secret(sealed.size() - kSealBytes);
  int failed =
      crypto_box_seal_open(secret.span().data(), sealed.data(), sealed.size(), public_.data(), secret_.view().data());
  sodium_stackzero(kStackBytes);
  return failed ? std::nullopt : std::optional(std::move(secret));
}

// As crypto_box_seal, which draws from libsodium's randomness.
base::Bytes sealTo(const PublicHalf& owner, base::ByteView secret, base::Random& random) {
  SecretBytes once(crypto_box_SECRETKEYBYTES);
  random.fill(once.span());
  BoxKey sender(once.view());
  std::uint8_t nonce[crypto_box_NONCEBYTES];
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, sizeof nonce);
  crypto_generichash_update(&state, sender.publicHalf().data(), sender.publicHalf().size());
  crypto_generichash_update(&state, owner.data(), owner.size());
  crypto_generichash_final(&state, nonce, sizeof nonce);
  base::Bytes sealed(secret.size() + BoxKey::kSealBytes);
  std::copy(sender.publicHalf().begin(), sender.publicHalf().end(), sealed.begin());
  int failed = crypto_box_easy(sealed.data() + sender.publicHalf().size(), secret.data(), secret.size(), nonce,
                               owner.data(), once.view().data());
  sodium_stackzero(kStackBytes);
  if (failed) throw Error(ErrorCode::InvalidArgument, "no key has this public half");
  return sealed;
}

}  // namespace blazedb::crypto
