// Expression: a condition or a value over the fields of a record, as a tree. parse() makes one from text, evaluate.h
// gives its value. docs/query.md has the language.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "query/operand.h"

namespace blazedb::query {

struct FunctionRule;

enum class Op : std::uint8_t {
  literal,
  parameter,  // `slot`: its place in Expression::parameters; `steps` from there
  path,       // `slot`: its place in Expression::fields; `steps` from there
  variable,   // `steps`, from the element that ANY or EVERY looks at; `slot`: how deep that is nested
  array,      // of the children
  negation,   // NOT
  conjunction,
  disjunction,
  equal,
  unequal,
  less,
  lessOrEqual,
  greater,
  greaterOrEqual,
  in,       // children: value, array
  between,  // children: value, low, high
  like,     // children: value, pattern, or also the character that escapes
  contains,
  startsWith,
  endsWith,
  isNull,
  isMissing,
  isValued,  // neither null nor missing
  add,
  subtract,
  multiply,
  divide,
  modulo,
  concatenate,
  minus,
  any,    // children: array, condition; `slot` as for a variable
  every,  // the same
  function,
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;
using Step = std::variant<std::string, std::int64_t>;  // a field's name, or an index

struct Node {
  Op op = Op::literal;
  std::vector<NodePtr> children = {};
  std::vector<Step> steps = {};
  std::size_t slot = 0;
  std::size_t depth = 1;                   // of this subtree
  bool ignoresCase = false;                // NOCASE
  const FunctionRule* function = nullptr;  // a static one
  base::Bytes encoded = {};                // of a literal
  Operand literal = {};                    // a view into `encoded`
};

struct Expression {
  NodePtr root;
  std::vector<std::string> fields;      // of the record, that it looks at
  std::vector<std::string> parameters;  // their names, without the $
  bool usesTime = false;                // now()
};

// Bounds of an expression. A deeper one would take much stack when it is evaluated or destroyed.
inline constexpr std::size_t kExpressionBytesMax = 64u << 10;
inline constexpr std::size_t kExpressionDepthMax = 200;

// Throws Error: InvalidArgument, which says what was expected and shows the place, or TooLarge.
Expression parse(std::string_view text);

}  // namespace blazedb::query
