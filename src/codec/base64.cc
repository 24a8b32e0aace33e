#include "codec/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace blazedb::codec {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNotInAlphabet = 0xFF;

using SixBits = std::array<std::uint8_t, 256>;
constexpr SixBits sixBitsOf(std::string_view alphabet) {
  SixBits table{};
  table.fill(kNotInAlphabet);
  for (std::size_t i = 0; i < alphabet.size(); i++)
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}
constexpr SixBits kSixBits = sixBitsOf(kAlphabet), kUrlSixBits = sixBitsOf(kUrlAlphabet);

// `text` without padding.
std::optional<base::Bytes> decoded(std::string_view text, const SixBits& sixBits) {
  base::Bytes bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  int pendingBits = 0;
  for (char c : text) {
    std::uint8_t six = sixBits[static_cast<std::uint8_t>(c)];
    if (six == kNotInAlphabet) return std::nullopt;
    pending = pending << 6 | six;
    pendingBits += 6;
    if (pendingBits < 8) continue;
    pendingBits -= 8;
    bytes.push_back(static_cast<std::uint8_t>(pending >> pendingBits));
    pending &= (1u << pendingBits) - 1;
  }
  if (pending != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string toBase64(base::ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (; !bytes.empty(); bytes = bytes.subspan(bytes.size() < 3 ? bytes.size() : 3)) {
    std::uint32_t group = static_cast<std::uint32_t>(bytes[0]) << 16;
    if (bytes.size() > 1) group |= static_cast<std::uint32_t>(bytes[1]) << 8;
    if (bytes.size() > 2) group |= bytes[2];
    text += kAlphabet[group >> 18];
    text += kAlphabet[group >> 12 & 63];
    text += bytes.size() > 1 ? kAlphabet[group >> 6 & 63] : '=';
    text += bytes.size() > 2 ? kAlphabet[group & 63] : '=';
  }
  return text;
}

std::optional<base::Bytes> fromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  return decoded(text, kSixBits);
}

std::string toBase64Url(base::ByteView bytes) {
  std::string text = toBase64(bytes);
  text.erase(std::min(text.find('='), text.size()));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<base::Bytes> fromBase64Url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  return decoded(text, kUrlSixBits);
}

}  // namespace blazedb::codec
