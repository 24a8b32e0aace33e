// Bytes written as people read them: "fb 3ff8" and back.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace blazedb::codec {

inline base::Bytes fromHex(std::string_view text) {
  auto digit = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  std::string digits;
  for (char c : text)
    if (c != ' ') digits += c;
  base::Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(digit(digits[i]) << 4 | digit(digits[i + 1])));
  return bytes;
}

inline std::string toHex(base::ByteView bytes) {
  std::string text;
  for (std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace blazedb::codec
