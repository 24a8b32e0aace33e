// Base64 (RFC 4648, section 4): the standard alphabet, with padding.
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

}  // namespace blazedb::codec
