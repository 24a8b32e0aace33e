// Splits the text of an expression into tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace blazedb::query {

struct Token {
  enum class Kind : std::uint8_t {
    end,
    name,        // of a field, a function, or a keyword in any case
    quotedName,  // `in backticks`: never a keyword
    text,        // 'in single' or "in double" quotes
    bytes,       // x'00ff'
    number,
    parameter,  // $name
    symbol,     // an operator or a bracket
  };
  Kind kind = Kind::end;
  std::string_view source;  // as it stands in the text
  std::string content;      // without quotes and $; of bytes, the bytes themselves
  std::size_t place = 0;    // its first byte in the text
};

// The name of a field as it stands in an expression.
std::string inBackticks(std::string_view name);

class Lexer {
 public:
  // `text` must be UTF-8 and outlive the lexer.
  explicit Lexer(std::string_view text) : text_(text) {}

  // The next token. Throws Error(InvalidArgument) for text that is none.
  Token next();
  // Throws Error(InvalidArgument) with `what` and the place, which is a byte of the text.
  [[noreturn]] void fail(const std::string& what, std::size_t place) const;

 private:
  Token quoted(char quote, Token::Kind kind);
  void skipBlanks();
  void requireLetters(std::size_t from) const;

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace blazedb::query
