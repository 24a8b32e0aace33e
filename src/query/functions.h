// The functions of expressions: one table.
//
// A function of something unknown is null, unless its rule says otherwise; so is a function of a value of a type that
// it does not take. Functions throw nothing but std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "blazedb/uuid.h"
#include "query/operand.h"

namespace blazedb::query {

// A longer text, or array, than a record may hold is not made: null takes its place.
inline constexpr std::size_t kMadeBytesMax = base::kRecordBytesMax;

// Keeps the text that functions make for as long as an expression is evaluated.
class Workshop {
 public:
  std::string& text();  // an empty one
  void clear() { used_ = 0; }
  // Gives up what was made since the mark.
  using Mark = std::size_t;
  Mark mark() const { return used_; }
  void release(Mark mark) { used_ = mark; }

 private:
  std::deque<std::string> texts_;
  std::size_t used_ = 0;
};

struct Call {
  std::span<const Operand> arguments;
  Workshop& workshop;
  Date now;
  const UUID& id;  // of the record
};

struct FunctionRule {
  std::string_view name;
  std::size_t least, most;  // arguments
  bool takesUnknown;        // is called with null and missing too
  bool isPure;              // gives the same for the same arguments
  Operand (*call)(const Call&);
};

// nullptr if there is none of this name. The case of ASCII letters does not count.
const FunctionRule* functionNamed(std::string_view name);
// All names, for a message.
std::string functionNames();

// Text as it counts with NOCASE: Unicode's full case folding.
std::string_view folded(std::string_view text, Workshop& workshop);
// Where `part` stands first in `text`, as std::string_view::find, but in linear time.
std::size_t findIn(std::string_view text, std::string_view part);
// The version of Unicode by which texts are folded, lowered and put into upper case.
std::string unicodeVersion();
// Text with each code point in its lower case.
std::string_view lowered(std::string_view text, Workshop& workshop);
// Whether `text` matches a pattern of LIKE: % stands for any text, _ for one character, and what follows `escape`, if
// that is not empty, for itself.
bool isLike(std::string_view text, std::string_view pattern, std::string_view escape);

}  // namespace blazedb::query
