// The public keys of an issuer, from a JSON Web Key Set (RFC 7517).
//
// A set holds what the issuer has: also keys for encryption, and of algorithms that this hub does not take. As the RFC
// says, such keys are left out and the others are used; if none is left, the set is refused. A set in which a name is
// given twice, or that is not strict JSON, is refused as a whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/public_key.h"

namespace blazedb::topology {

// Immutable; any thread may call any function.
class IssuerKeys {
 public:
  // Throws Error(InvalidArgument), which says what is wrong with the set.
  explicit IssuerKeys(std::string_view set);

  struct Key {
    std::string id;  // `kid`; empty: it has none
    crypto::PublicKey key;
  };
  const std::vector<Key>& keys() const { return keys_; }
  // The keys of the set that are not used, each with the reason; empty: none.
  const std::string& unused() const { return unused_; }

 private:
  std::vector<Key> keys_;
  std::string unused_;
};

}  // namespace blazedb::topology
