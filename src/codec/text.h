// Checks of text: UTF-8, and what may stand in a message of one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace blazedb::codec {

// Field names and most texts are short and ASCII. This reads them in whole words; the last may overlap the one before.
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

// The length in bytes of the first character of `text`, if a terminal obeys that character instead of showing it: a
// control character (U+0000 to U+001F, U+007F to U+009F), a separator of lines (U+2028, U+2029), or one that changes
// the direction of writing. Otherwise 0. Text that a peer wrote and a person reads must have no such character.
std::size_t steering(std::string_view text);

// Whether the text may stand in a message of one line as it is: UTF-8 without characters that steer a terminal.
bool isOneLine(std::string_view text);

// Makes text fit for one line: replaces characters that steer a terminal, and bytes that are not UTF-8, by spaces.
std::string onOneLine(std::string text);

// Makes any bytes fit for a message of one line, without loss: writes characters that steer a terminal as \xNN, and
// bytes above 0x7F too if the text is not UTF-8. Cuts after 160 bytes.
std::string printable(std::string_view text);

}  // namespace blazedb::codec
