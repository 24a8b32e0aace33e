#include "codec/text.h"

#include <algorithm>

namespace blazedb::codec {
namespace {

bool inRange(std::uint8_t byte, std::uint8_t first, std::uint8_t last) { return byte >= first && byte <= last; }

// The length of the character that begins with a byte above 0x7F; 0 if it is not valid.
std::size_t characterLength(const std::uint8_t* at, std::size_t rest) {
  std::uint8_t lead = at[0];
  std::size_t length = inRange(lead, 0xC2, 0xDF)   ? 2
                       : inRange(lead, 0xE0, 0xEF) ? 3
                       : inRange(lead, 0xF0, 0xF4) ? 4
                                                   : 0;
  if (length == 0 || length > rest) return 0;
  // Four lead bytes limit the byte after them. After the others any continuation byte is valid.
  std::uint8_t first = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  std::uint8_t last = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!inRange(at[1], first, last)) return 0;
  for (std::size_t i = 2; i < length; i++)
    if (!inRange(at[i], 0x80, 0xBF)) return 0;
  return length;
}

}  // namespace

bool isUtf8Beyond7Bits(std::string_view text) {
  auto at = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t rest = text.size();
  while (rest > 0) {
    std::uint64_t word;
    if (rest >= sizeof word) {
      std::memcpy(&word, at, sizeof word);
      if ((word & 0x8080808080808080u) == 0) {
        at += sizeof word;
        rest -= sizeof word;
        continue;
      }
    }
    std::size_t length = *at < 0x80 ? 1 : characterLength(at, rest);
    if (length == 0) return false;
    at += length;
    rest -= length;
  }
  return true;
}

std::size_t steering(std::string_view text) {
  auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(i < text.size() ? text[i] : 0); };
  switch (at(0)) {
    case 0xC2:
      return inRange(at(1), 0x80, 0x9F) ? 2 : 0;
    case 0xD8:
      return at(1) == 0x9C ? 2 : 0;
    case 0xE2:
      if (at(1) == 0x80) return inRange(at(2), 0x8E, 0x8F) || inRange(at(2), 0xA8, 0xAE) ? 3 : 0;
      return at(1) == 0x81 && inRange(at(2), 0xA6, 0xA9) ? 3 : 0;
    default:
      return !text.empty() && (at(0) < 0x20 || at(0) == 0x7F) ? 1 : 0;
  }
}

bool isOneLine(std::string_view text) {
  if (!isUtf8(text)) return false;
  for (std::size_t i = 0; i < text.size(); i++)
    if (steering(text.substr(i)) > 0) return false;
  return true;
}

std::string onOneLine(std::string text) {
  bool utf8 = isUtf8(text);
  for (std::size_t i = 0; i < text.size(); i++) {
    std::size_t length = steering(std::string_view(text).substr(i));
    if (length == 0 && !utf8 && static_cast<std::uint8_t>(text[i]) >= 0x80) length = 1;
    if (length > 0) text.replace(i, length, " ");
  }
  return text;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kShownBytesMax = 160;
  static constexpr char kDigits[] = "0123456789abcdef";
  bool utf8 = isUtf8(text);
  std::size_t length = std::min(text.size(), kShownBytesMax);
  if (utf8 && length < text.size())
    while ((static_cast<std::uint8_t>(text[length]) & 0xC0) == 0x80) length--;  // not within a character
  std::string shown;
  std::size_t escaped = 0;  // bytes up to here are written as \xNN
  for (std::size_t i = 0; i < length; i++) {
    auto byte = static_cast<std::uint8_t>(text[i]);
    escaped = std::max(escaped, i + steering(text.substr(i)));
    if (i >= escaped && (byte < 0x80 || utf8))
      shown += text[i];
    else
      shown.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  }
  return length < text.size() ? shown + "..." : shown;
}

}  // namespace blazedb::codec
