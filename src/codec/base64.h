// Base64 (RFC 4648): with the standard alphabet and padding (section 4), and with the alphabet for URLs and without
// padding (section 5), as signed tokens have it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace blazedb::codec {

std::string toBase64(base::ByteView bytes);

// std::nullopt for a character outside the alphabet, wrong padding, or unused bits that are not zero: each sequence of
// bytes has exactly one text.
std::optional<base::Bytes> fromBase64(std::string_view text);

std::string toBase64Url(base::ByteView bytes);
// As fromBase64: a padded text is refused as well.
std::optional<base::Bytes> fromBase64Url(std::string_view text);

}  // namespace blazedb::codec
