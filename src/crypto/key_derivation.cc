#include "crypto/key_derivation.h"

#include <sodium.h>

#include <string>

#include "base/mutex.h"
#include "blazedb/error.h"
#include "crypto/aead.h"

namespace blazedb::crypto {
namespace {

// libsodium leaves copies of keys on the stack. These are more than twice the bytes of stack that its functions use.
constexpr std::size_t kHashStackBytes = 8u << 10;
constexpr std::size_t kPasswordStackBytes = 32u << 10;

// Must be called before there is a key. At the first call of a function the loader saves the registers on the stack,
// beneath the part that the function would wipe.
void findWiper() { sodium_stackzero(1); }

}  // namespace

bool KdfCost::acceptable() const {
  return memoryKiB >= 19 * 1024 && memoryKiB <= 1024 * 1024 && passes >= 2 && passes <= 16;
}

SecretBytes deriveFromPassword(base::ByteView password, base::ByteView salt, const KdfCost& cost) {
  if (!cost.acceptable() || salt.size() != kSaltBytes)
    throw Error(ErrorCode::InvalidArgument, "key derivation takes 19 MiB to 1 GiB, 2 to 16 passes and a 16-byte salt");
  static base::Mutex oneAtATime;  // of the process, because derivations share its memory
  SecretBytes key(kKeyBytes);
  base::Lock lock(oneAtATime);
  findWiper();
  int failed =
      crypto_pwhash(key.span().data(), key.size(), reinterpret_cast<const char*>(password.data()), password.size(),
                    salt.data(), cost.passes, std::size_t{cost.memoryKiB} * 1024, crypto_pwhash_ALG_ARGON2ID13);
  sodium_stackzero(kPasswordStackBytes);
  if (failed != 0)
    throw Error(ErrorCode::OutOfMemory, "Argon2id needs " + std::to_string(cost.memoryKiB / 1024) +
                                            " MiB of memory for " +
                                            "this password, and there is not enough; free some and try again");
  return key;
}

SecretBytes deriveSubkey(base::ByteView key, std::string_view purpose, base::ByteView context) {
  base::Bytes message;
  base::appendSized(message, base::viewOf(purpose));
  base::append(message, context);
  SecretBytes subkey(kKeyBytes);
  findWiper();
  crypto_generichash(subkey.span().data(), subkey.size(), message.data(), message.size(), key.data(), key.size());
  sodium_stackzero(kHashStackBytes);
  return subkey;
}

}  // namespace blazedb::crypto
