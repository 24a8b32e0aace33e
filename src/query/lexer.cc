#include "query/lexer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "blazedb/error.h"
#include "codec/text.h"

namespace blazedb::query {
namespace {

constexpr std::size_t kShownBytes = 40;  // of the text around a place

bool isDigit(char c) { return c >= '0' && c <= '9'; }
// Bytes above 0x7F belong to letters of other alphabets; the text is UTF-8.
bool beginsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) > 0x7F;
}
bool continuesName(char c) { return beginsName(c) || isDigit(c); }

int digitOf(char c) {
  if (isDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// At most `length` bytes that end, or begin, at the border of a character.
std::string_view endOf(std::string_view text, std::size_t length) {
  if (text.size() <= length) return text;
  std::size_t from = text.size() - length;
  while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) from++;
  return text.substr(from);
}
std::string_view beginOf(std::string_view text, std::size_t length) {
  if (text.size() <= length) return text;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) length--;
  return text.substr(0, length);
}

}  // namespace

std::string inBackticks(std::string_view name) {
  std::string quoted = "`";
  for (char c : name) quoted += c == '`' ? "``" : std::string(1, c);
  return quoted + '`';
}

void Lexer::fail(const std::string& what, std::size_t place) const {
  auto isBegin = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  std::string_view before = text_.substr(0, place);
  auto character = std::count_if(before.begin(), before.end(), isBegin) + 1;
  std::string_view shownBefore = endOf(before, kShownBytes), shownAfter = beginOf(text_.substr(place), kShownBytes);
  throw Error(ErrorCode::InvalidArgument,
              codec::onOneLine("in the expression, " + what + " at character " + std::to_string(character) + ": " +
                               (shownBefore.size() < before.size() ? "..." : "") + std::string(shownBefore) + " >>> " +
                               std::string(shownAfter) + (shownAfter.size() < text_.size() - place ? "..." : "")));
}

void Lexer::skipBlanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) at_++;
}

// A quote inside is written twice.
Token Lexer::quoted(char quote, Token::Kind kind) {
  Token token{kind, {}, {}, at_};
  for (at_++; at_ < text_.size(); at_++) {
    if (text_[at_] == quote) {
      if (at_ + 1 == text_.size() || text_[at_ + 1] != quote) {
        at_++;
        token.source = text_.substr(token.place, at_ - token.place);
        return token;
      }
      at_++;
    }
    token.content.push_back(text_[at_]);
  }
  fail(std::string("a ") + quote + " is not closed", token.place);
}

// What stands above 0x7F in a name has to be letters, marks or digits: a quotation mark or a space that a web page has
// made special would be a part of the name.
void Lexer::requireLetters(std::size_t from) const {
  while (from < at_) {
    utf8proc_int32_t point = 0;
    utf8proc_ssize_t length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text_.data() + from),
                                               static_cast<utf8proc_ssize_t>(at_ - from), &point);
    utf8proc_category_t category = utf8proc_category(point);
    bool isLetter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_PC;
    if (!isLetter) fail("this is no letter; quotation marks are ' or \", and other names stand in backticks", from);
    from += static_cast<std::size_t>(std::max<utf8proc_ssize_t>(length, 1));
  }
}

Token Lexer::next() {
  skipBlanks();
  Token token{Token::Kind::end, {}, {}, at_};
  if (at_ == text_.size()) return token;
  char c = text_[at_];
  auto isNext = [&](std::size_t ahead, auto&& is) { return at_ + ahead < text_.size() && is(text_[at_ + ahead]); };
  auto takeWhile = [&](auto&& is) {
    while (at_ < text_.size() && is(text_[at_])) at_++;
  };

  if (c == '\'' || c == '"') return quoted(c, Token::Kind::text);
  if (c == '`') {
    token = quoted(c, Token::Kind::quotedName);
    if (token.content.empty()) fail("a name is empty", token.place);
    return token;
  }
  if ((c == 'x' || c == 'X') && isNext(1, [](char n) { return n == '\''; })) {
    at_++;
    token = quoted('\'', Token::Kind::bytes);
    std::string digits = std::move(token.content);
    token.content.clear();
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
      int high = digitOf(digits[i]), low = digitOf(digits[i + 1]);
      if (high < 0 || low < 0) fail("bytes are not written as pairs of hexadecimal digits", token.place);
      token.content.push_back(static_cast<char>(high * 16 + low));
    }
    if (digits.size() % 2 != 0) fail("bytes are not written as pairs of hexadecimal digits", token.place);
    return token;
  }
  if (beginsName(c)) {
    token.kind = Token::Kind::name;
    takeWhile(continuesName);
    requireLetters(token.place);
  } else if (c == '$') {
    token.kind = Token::Kind::parameter;
    at_++;
    takeWhile(continuesName);
    if (at_ == token.place + 1) fail("a parameter has no name", token.place);
  } else if (isDigit(c) || (c == '.' && isNext(1, isDigit))) {
    token.kind = Token::Kind::number;
    takeWhile(isDigit);
    if (at_ < text_.size() && text_[at_] == '.') at_++, takeWhile(isDigit);
    bool exponent = at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E');
    bool sign = exponent && isNext(1, [](char n) { return n == '+' || n == '-'; });
    if (exponent && isNext(sign ? 2 : 1, isDigit)) at_ += sign ? 2 : 1, takeWhile(isDigit);
    if (at_ < text_.size() && continuesName(text_[at_])) fail("a number is followed by letters", token.place);
  } else {
    constexpr std::array kSymbols{"<=", ">=", "<>", "!=", "==", "||"};
    token.kind = Token::Kind::symbol;
    auto isHere = [&](const char* symbol) { return text_.substr(at_, 2) == symbol; };
    if (std::any_of(kSymbols.begin(), kSymbols.end(), isHere))
      at_ += 2;
    else if (std::string_view("()[],.+-*/%=<>").find(c) != std::string_view::npos)
      at_++;
    else if (c == '&' || c == '!')
      fail(c == '&' ? "AND is written as a word" : "NOT is written as a word", token.place);
    else
      fail("this means nothing here", token.place);
  }
  token.source = text_.substr(token.place, at_ - token.place);
  token.content = token.source.substr(token.kind == Token::Kind::parameter ? 1 : 0);
  return token;
}

}  // namespace blazedb::query
