#include "codec/text.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "codec/base64.h"

namespace blazedb::codec {
namespace {

// Decodes, and checks that the shortest encoding of the same number gives the same bytes: slow and obviously right.
bool isUtf8ByDefinition(std::string_view text) {
  while (!text.empty()) {
    auto byte = [&text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    std::size_t length = byte(0) < 0x80       ? 1
                         : byte(0) >> 5 == 6  ? 2
                         : byte(0) >> 4 == 14 ? 3
                         : byte(0) >> 3 == 30 ? 4
                                              : 0;
    if (length == 0 || length > text.size()) return false;
    std::uint32_t code = length == 1 ? byte(0) : byte(0) & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; i++) {
      if (byte(i) >> 6 != 2) return false;
      code = code << 6 | (byte(i) & 63);
    }
    std::size_t shortest = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (length != shortest || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    text.remove_prefix(length);
  }
  return true;
}

TEST(Text, Utf8IsWhatTheStandardSaysForEveryEdgeOfEveryByte) {
  constexpr std::uint8_t kEdges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                     0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
  std::string text(4, '\0');
  int valid = 0;
  for (std::uint8_t a : kEdges)
    for (std::uint8_t b : kEdges)
      for (std::uint8_t c : kEdges)
        for (std::uint8_t d : kEdges) {
          text = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c), static_cast<char>(d)};
          ASSERT_EQ(isUtf8(text), isUtf8ByDefinition(text)) << printable(text);
          valid += isUtf8(text);
        }
  EXPECT_GT(valid, 1000);
}

TEST(Text, AWrongByteIsFoundAtEveryPlaceOfATextOfEveryLength) {
  for (std::size_t length = 0; length <= 40; length++) {
    std::string text(length, 'a');
    EXPECT_TRUE(isAscii(text) && isUtf8(text)) << length;
    for (std::size_t at = 0; at < length; at++) {
      text[at] = '\x80';
      EXPECT_FALSE(isAscii(text) || isUtf8(text)) << at << " of " << length;
      text[at] = 'a';
    }
    text += "ü";
    EXPECT_FALSE(isAscii(text));
    EXPECT_TRUE(isUtf8(text));
    text.pop_back();
    EXPECT_FALSE(isUtf8(text)) << "cut within a character";
  }
}

TEST(Text, WhatCannotBeShownIsEscapedAndWhatIsLongIsCut) {
  EXPECT_EQ(printable("größe\n"), "größe\\x0a");
  EXPECT_EQ(printable("a\xFF\xC3\x9F"), "a\\xff\\xc3\\x9f");
  EXPECT_EQ(printable(std::string(160, 'x')), std::string(160, 'x'));
  EXPECT_EQ(printable(std::string(161, 'x')), std::string(160, 'x') + "...");
  EXPECT_EQ(printable(std::string(159, 'x') + "üü"), std::string(159, 'x') + "...");
}

// Every character, against what Unicode calls control characters (Cc) and separators of lines (Zl, Zp), and what UAX 9
// calls formatting characters.
TEST(Text, WhatSteersATerminalIsNamed) {
  const std::set<unsigned> turning = {0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202B,
                                      0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069};
  for (unsigned code = 0; code < 0x3000; code++) {
    std::string text;
    if (code < 0x80) {
      text = {static_cast<char>(code)};
    } else if (code < 0x800) {
      text = {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
    } else {
      text = {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
              static_cast<char>(0x80 | (code & 0x3F))};
    }
    bool steers = code < 0x20 || (code >= 0x7F && code < 0xA0) || turning.contains(code);
    EXPECT_EQ(steering(text + "x"), steers ? text.size() : 0) << std::hex << code;
    EXPECT_EQ(isOneLine("a" + text), !steers) << std::hex << code;
    EXPECT_EQ(onOneLine("a" + text + "b"), steers ? "a b" : "a" + text + "b") << std::hex << code;
    EXPECT_TRUE(isOneLine(printable("a" + text))) << std::hex << code;
  }
  EXPECT_EQ(steering(""), 0u);
  EXPECT_EQ(steering("\xE2\x80"), 0u) << "a character that was cut";
  EXPECT_EQ(onOneLine("a\xFF\x9B"), "a  ") << "no UTF-8";
  EXPECT_EQ(printable("\xC2\x9B\xE2\x80\xAE"), "\\xc2\\x9b\\xe2\\x80\\xae");
}

TEST(Base64, TheVectorsOfRfc4648RoundTrip) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (auto [plain, text] : vectors) {
    base::ByteView bytes = base::viewOf(plain);
    EXPECT_EQ(toBase64(bytes), text);
    auto back = fromBase64(text);
    ASSERT_TRUE(back) << text;
    EXPECT_TRUE(base::equal(*back, bytes));
  }
  base::Bytes every;
  for (int i = 0; i < 256; i++) every.push_back(static_cast<std::uint8_t>(i));
  EXPECT_EQ(fromBase64(toBase64(every)), every);
}

TEST(Base64, TheFormForUrlsHasOtherCharactersAndNoPadding) {
  base::Bytes every;
  for (int i = 0; i < 256; i++) {
    every.push_back(static_cast<std::uint8_t>(255 - i));
    EXPECT_EQ(fromBase64Url(toBase64Url(every)), every);
  }
  EXPECT_EQ(toBase64Url(base::Bytes{0xFB, 0xFF}), "-_8");
  EXPECT_EQ(fromBase64Url(""), base::Bytes());
  for (const char* text : {"-_8=", "+/8", "-_9", "-", "-_8-A", "-_ 8", "-_8\n"})
    EXPECT_EQ(fromBase64Url(text), std::nullopt) << text;
}

TEST(Base64, ATextThatNoBytesHaveIsRefused) {
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm 9", "Zm9v\n", "Zm-_", "=Zm9"})
    EXPECT_EQ(fromBase64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace blazedb::codec
