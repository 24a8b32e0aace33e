// A key must leave no trace on the stack: a core dump contains the stack.
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "base/random.h"
#include "crypto/aead.h"
#include "crypto/key_derivation.h"
#include "crypto/key_pair.h"
#include "crypto/siv.h"

namespace blazedb::crypto {
namespace {

// Runs it on a thread with a stack of this test, and returns the contents of that stack afterwards.
base::Bytes stackAfter(const std::function<void()>& body) {
  constexpr std::size_t kBytes = 1u << 20, kAlign = 4096;
  base::Bytes memory(kBytes + kAlign);
  auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  void* stack = memory.data() + (kAlign - address % kAlign);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (pthread_attr_setstack(&attributes, stack, kBytes) != 0) throw std::runtime_error("no stack");
  pthread_t thread;
  auto run = [](void* what) -> void* {
    (*static_cast<const std::function<void()>*>(what))();
    return nullptr;
  };
  if (pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&body)) != 0)
    throw std::runtime_error("no thread");
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  return memory;
}

// Half of a key is enough to show that a key was there.
bool isIn(base::ByteView key, const base::Bytes& memory) {
  for (base::ByteView half : {key.first(16), key.last(16)})
    if (std::search(memory.begin(), memory.end(), half.begin(), half.end()) != memory.end()) return true;
  return false;
}

class Stack : public testing::Test {
 protected:
  Stack() { random.fill(key.span()); }

  base::SystemRandom random;
  SecretBytes key{kKeyBytes};
};

TEST_F(Stack, ATestCanFail) {
  auto careless = [&] {
    std::uint8_t copy[16u << 10];  // as deep as the frames of a library
    std::copy(key.view().begin(), key.view().end(), copy);
    asm volatile("" : : "r"(copy) : "memory");
  };
  EXPECT_TRUE(isIn(key.view(), stackAfter(careless)));
}

TEST_F(Stack, ADerivedKeyLeavesNeitherItselfNorWhatItCameFrom) {
  SecretBytes derived;
  base::Bytes memory = stackAfter([&] { derived = deriveSubkey(key.view(), "purpose"); });
  EXPECT_FALSE(isIn(key.view(), memory));
  EXPECT_FALSE(isIn(derived.view(), memory));
}

TEST_F(Stack, AKeyOutOfAPasswordIsNowhereElse) {
  SecretBytes derived, password(std::string_view("a password that is long enough"));
  base::Bytes salt(kSaltBytes, 3), memory;
  memory = stackAfter([&] { derived = deriveFromPassword(password.view(), salt, {19 * 1024, 2}); });
  EXPECT_FALSE(isIn(derived.view(), memory));
  EXPECT_FALSE(isIn(password.view(), memory));
}

TEST_F(Stack, SealingAndOpeningLeaveNoKey) {
  for (Cipher cipher : {Cipher::xaes256Gcm, Cipher::xchacha20Poly1305}) {
    base::Bytes memory = stackAfter([&] {
      Aead aead(cipher, key.view(), random);
      std::uint8_t text[64] = {}, seal[kSealBytes];
      aead.seal(text, text, {}, seal);
      if (!aead.open(text, text, {}, seal)) throw std::runtime_error("not authentic");
    });
    EXPECT_FALSE(isIn(key.view(), memory)) << cipherName(cipher);
  }
}

TEST_F(Stack, ShortTextsLeaveNoKey) {
  SecretBytes other(kKeyBytes);
  random.fill(other.span());
  base::Bytes memory = stackAfter([&] {
    Siv siv(SecretBytes(key.view()), SecretBytes(other.view()));
    base::Bytes sealed, text(64);
    siv.seal(text, {}, {}, sealed);
    if (!siv.open(sealed, {}, {}, text)) throw std::runtime_error("not authentic");
  });
  EXPECT_FALSE(isIn(key.view(), memory));
  EXPECT_FALSE(isIn(other.view(), memory));
}

TEST_F(Stack, KeyPairsLeaveNoSecret) {
  SecretBytes secret(kKeyBytes);
  random.fill(secret.span());
  base::Bytes memory = stackAfter([&] {
    SigningKey(key.view()).sign(base::viewOf("text"));
    BoxKey box(key.view());
    if (!box.open(sealTo(box.publicHalf(), secret.view(), random))) throw std::runtime_error("not authentic");
  });
  EXPECT_FALSE(isIn(key.view(), memory));
  EXPECT_FALSE(isIn(secret.view(), memory));
}

}  // namespace
}  // namespace blazedb::crypto
