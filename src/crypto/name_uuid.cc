#include <openssl/evp.h>

#include <algorithm>

#include "base/bytes.h"
#include "blazedb/error.h"
#include "blazedb/uuid.h"

namespace blazedb {

// Section 5.5 of RFC 9562: the first 16 bytes of SHA-1 over namespace and name, with version and variant put in.
UUID UUID::fromName(const UUID& space, std::string_view name) {
  base::Bytes input;
  input.reserve(space.bytes.size() + name.size());
  base::append(input, space.bytes);
  base::append(input, base::viewOf(name));
  std::uint8_t hash[EVP_MAX_MD_SIZE];
  if (EVP_Digest(input.data(), input.size(), hash, nullptr, EVP_sha1(), nullptr) != 1)
    throw Error(ErrorCode::NotSupported, "OpenSSL on this machine has no SHA-1, which ids from names need");
  UUID id;
  std::copy_n(hash, id.bytes.size(), id.bytes.begin());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x50);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

}  // namespace blazedb
