// The secret that opens a database: a password, or a key that the application keeps elsewhere.
#pragma once

#include <string_view>
#include <utility>

#include "crypto/secret_bytes.h"

namespace blazedb::storage {

class KeySource {
 public:
  enum class Kind : std::uint8_t { rawKey = 0, password = 1 };  // files have these numbers

  // Stretched with Argon2id. Any bytes; UTF-8 is not normalised.
  static KeySource password(std::string_view text) { return {Kind::password, crypto::SecretBytes(text)}; }
  // 32 random bytes, used without stretching: for key stores, and for tests that open thousands of files.
  static KeySource rawKey(base::ByteView key) { return {Kind::rawKey, crypto::SecretBytes(key)}; }

  Kind kind() const { return kind_; }
  base::ByteView secret() const { return secret_.view(); }

 private:
  KeySource(Kind kind, crypto::SecretBytes secret) : kind_(kind), secret_(std::move(secret)) {}

  Kind kind_;
  crypto::SecretBytes secret_;
};

}  // namespace blazedb::storage
