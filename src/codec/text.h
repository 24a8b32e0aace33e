// UTF-8 as Unicode defines it (table 3-7 of the standard, RFC 3629): no overlong forms, no surrogates, nothing above
// U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace blazedb::codec {

// Field names and most texts are ASCII, and short: they are read in whole words, the last of which may overlap the one
// before.
inline bool isAscii(std::string_view text) {
  const char* at = text.data();
  std::size_t length = text.size();
  auto eight = [](const char* from) {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof word);
    return word;
  };
  auto four = [](const char* from) {
    std::uint32_t word;
    std::memcpy(&word, from, sizeof word);
    return word;
  };
  std::uint64_t bits = 0;
  if (length >= 8) {
    for (std::size_t i = 0; i + 8 < length; i += 8) bits |= eight(at + i);
    bits |= eight(at + length - 8);
  } else if (length >= 4) {
    bits = four(at) | four(at + length - 4);
  } else if (length > 0) {
    bits = static_cast<std::uint8_t>(at[0] | at[length / 2] | at[length - 1]);
  }
  return (bits & 0x8080808080808080u) == 0;
}

bool isUtf8Beyond7Bits(std::string_view text);

// UTF-8 as Unicode defines it (table 3-7 of the standard, RFC 3629): no overlong forms, no surrogates, nothing above
// U+10FFFF.
inline bool isUtf8(std::string_view text) { return isAscii(text) || isUtf8Beyond7Bits(text); }

// The length in bytes of the character with which `text` begins, if it is one that a terminal obeys instead of showing
// it: a control character (U+0000 to U+001F, U+007F to U+009F), or one that turns the direction of what follows. Else
// 0. What a peer wrote and a person reads must have none of them.
std::size_t steering(std::string_view text);

// May it stand in a message of one line as it is? UTF-8, without characters that steer a terminal.
bool isOneLine(std::string_view text);

// So that it may: characters that steer a terminal, and bytes that are no UTF-8, become spaces.
std::string onOneLine(std::string text);

// Any bytes as they may stand in a message of one line, without loss: what steers a terminal, and bytes above 0x7F
// where the text is not UTF-8, as \xNN; cut after 160 bytes.
std::string printable(std::string_view text);

}  // namespace blazedb::codec
