// A descent through the grammar, from what binds least to what binds most:
//
//   condition  = and, {OR and};  and = not, {AND not};  not = NOT not | EXISTS path | comparison
//   comparison = sum, [ =|==|!=|<>|<|<=|>|>= sum | [NOT] IN list | [NOT] BETWEEN sum AND sum | [NOT] LIKE sum [ESCAPE
//                text] | [NOT] CONTAINS|STARTS WITH|ENDS WITH sum | IS [NOT] NULL|MISSING|VALUED ], [NOCASE]
//   sum        = product, {+|-|'||' product};  product = unary, {*|/|% unary};  unary = -unary | value
//   value      = literal | $parameter | path | function(...) | [array] | (condition) | ANY|EVERY name IN sum SATISFIES
//                condition END
#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "base/limits.h"
#include "blazedb/error.h"
#include "codec/fields.h"
#include "codec/text.h"
#include "query/evaluate.h"
#include "query/expression.h"
#include "query/functions.h"
#include "query/lexer.h"

namespace blazedb::query {
namespace {

constexpr std::size_t kNodesMax = 10'000;

std::string upperOf(std::string_view name) {
  std::string upper(name);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return upper;
}

const std::set<std::string, std::less<>> kKeywords{
    "AND",  "ANY",     "BETWEEN", "CONTAINS", "END",  "ENDS", "ESCAPE", "EVERY", "EXISTS", "FALSE", "IN",       "IS",
    "LIKE", "MISSING", "NOCASE",  "NOT",      "NULL", "OR",   "STARTS", "TRUE",  "VALUED", "WITH",  "SATISFIES"};

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) { advance(); }

  Expression parseAll() {
    NodePtr root = condition();
    if (token_.kind != Token::Kind::end) expected("an operator, AND, OR or the end");
    return {std::move(root), std::move(fields_), std::move(parameters_), usesTime_};
  }

 private:
  // --- tokens

  void advance() { token_ = lexer_.next(); }
  bool isSymbol(std::string_view symbol) const {
    return token_.kind == Token::Kind::symbol && token_.content == symbol;
  }
  bool isKeyword(std::string_view word) const {
    return token_.kind == Token::Kind::name && upperOf(token_.content) == word;
  }
  bool takeSymbol(std::string_view symbol) {
    bool is = isSymbol(symbol);
    if (is) advance();
    return is;
  }
  bool takeKeyword(std::string_view word) {
    bool is = isKeyword(word);
    if (is) advance();
    return is;
  }
  [[noreturn]] void expected(const std::string& what) const {
    bool atEnd = token_.kind == Token::Kind::end;
    bool isKeyword = token_.kind == Token::Kind::name && kKeywords.contains(upperOf(token_.content));
    lexer_.fail(what + " was expected" + (atEnd ? ", and nothing follows" : "") +
                    (isKeyword ? ", and " + token_.content + " is a keyword: a field of that name stands in backticks"
                               : std::string()),
                token_.place);
  }
  void requireSymbol(const char* symbol) {
    if (!takeSymbol(symbol)) expected(symbol);
  }
  void requireKeyword(const char* word) {
    if (!takeKeyword(word)) expected(word);
  }

  // --- nodes

  NodePtr make(Node node) {
    if (++nodes_ > kNodesMax) lexer_.fail("there are more than " + std::to_string(kNodesMax) + " parts", token_.place);
    for (const NodePtr& child : node.children) node.depth = std::max(node.depth, child->depth + 1);
    if (node.depth > kExpressionDepthMax) tooDeep();
    return std::make_shared<const Node>(std::move(node));
  }
  [[noreturn]] void tooDeep() const {
    lexer_.fail("it is nested deeper than " + std::to_string(kExpressionDepthMax) + " levels", token_.place);
  }
  NodePtr make(Op op, std::vector<NodePtr> children) { return make(Node{.op = op, .children = std::move(children)}); }
  NodePtr literal(const Value& value, std::size_t place) {
    Node node;
    if (std::optional<Error> error = codec::encodeValue(node.encoded, value))
      lexer_.fail("a literal cannot be stored", place);
    node.literal = Operand::decode(node.encoded);
    return make(std::move(node));
  }
  NodePtr negate(NodePtr node) { return make(Op::negation, {std::move(node)}); }

  // Counts how deep the grammar is in itself, before there are nodes.
  class Depth {
   public:
    explicit Depth(Parser& parser) : parser_(parser) {
      if (++parser.depth_ > kExpressionDepthMax) parser.tooDeep();
    }
    ~Depth() { parser_.depth_--; }
    Depth(const Depth&) = delete;

   private:
    Parser& parser_;
  };

  // --- the grammar

  NodePtr condition() {
    std::vector<NodePtr> parts{conjunction()};
    while (takeKeyword("OR")) parts.push_back(conjunction());
    return parts.size() == 1 ? parts[0] : make(Op::disjunction, std::move(parts));
  }

  NodePtr conjunction() {
    std::vector<NodePtr> parts{negation()};
    while (takeKeyword("AND")) parts.push_back(negation());
    return parts.size() == 1 ? parts[0] : make(Op::conjunction, std::move(parts));
  }

  NodePtr negation() {
    if (takeKeyword("EXISTS")) return negate(make(Op::isMissing, {value()}));
    if (!takeKeyword("NOT")) return comparison();
    Depth depth(*this);
    return negate(negation());
  }

  NodePtr comparison() {
    NodePtr left = sum();
    if (std::optional<Op> op = comparingOp()) {
      advance();
      return endOfComparison(Node{.op = *op, .children = {left, sum()}}, false);
    }
    if (takeKeyword("IS")) {
      bool isNot = takeKeyword("NOT");
      Op op = Op::isNull;
      if (takeKeyword("MISSING"))
        op = Op::isMissing;
      else if (takeKeyword("VALUED"))
        op = Op::isValued;
      else if (!takeKeyword("NULL"))
        expected("NULL, MISSING or VALUED");
      NodePtr is = make(op, {left});
      return isNot ? negate(is) : is;
    }
    bool isNot = takeKeyword("NOT");
    if (takeKeyword("IN")) return endOfComparison(Node{.op = Op::in, .children = {left, list()}}, isNot);
    if (takeKeyword("BETWEEN")) {
      NodePtr low = sum();
      requireKeyword("AND");
      return endOfComparison(Node{.op = Op::between, .children = {left, low, sum()}}, isNot);
    }
    if (takeKeyword("LIKE")) {
      Node like{.op = Op::like, .children = {left, sum()}};
      if (takeKeyword("ESCAPE")) like.children.push_back(escape());
      return endOfComparison(std::move(like), isNot);
    }
    if (takeKeyword("CONTAINS")) return endOfComparison(Node{.op = Op::contains, .children = {left, sum()}}, isNot);
    if (isKeyword("STARTS") || isKeyword("ENDS")) {
      Op op = isKeyword("STARTS") ? Op::startsWith : Op::endsWith;
      advance();
      requireKeyword("WITH");
      return endOfComparison(Node{.op = op, .children = {left, sum()}}, isNot);
    }
    if (isNot) expected("IN, BETWEEN, LIKE, CONTAINS, STARTS WITH or ENDS WITH");
    return left;
  }

  NodePtr endOfComparison(Node node, bool isNot) {
    node.ignoresCase = takeKeyword("NOCASE");
    NodePtr made = make(std::move(node));
    return isNot ? negate(made) : made;
  }

  std::optional<Op> comparingOp() const {
    static constexpr std::pair<const char*, Op> kOps[] = {
        {"=", Op::equal},        {"==", Op::equal}, {"!=", Op::unequal},        {"<>", Op::unequal},
        {"<=", Op::lessOrEqual}, {"<", Op::less},   {">=", Op::greaterOrEqual}, {">", Op::greater}};
    for (const auto& [symbol, op] : kOps)
      if (isSymbol(symbol)) return op;
    return std::nullopt;
  }

  NodePtr escape() {
    std::size_t place = token_.place;
    NodePtr text = value();
    bool isOne = text->op == Op::literal && text->literal.type() == Operand::Type::text;
    if (isOne) {
      std::string_view character = text->literal.text();
      isOne = std::count_if(character.begin(), character.end(),
                            [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }) == 1;
    }
    if (!isOne) lexer_.fail("a text of one character was expected after ESCAPE", place);
    return text;
  }

  // (a, b, c), or an array.
  NodePtr list() {
    if (!isSymbol("(")) return sum();
    advance();
    return elements(")");
  }

  NodePtr elements(const char* end) {
    std::vector<NodePtr> all;
    if (!takeSymbol(end)) {
      do all.push_back(condition());
      while (takeSymbol(","));
      if (!takeSymbol(end)) expected(std::string("a comma or ") + end);
    }
    return make(Op::array, std::move(all));
  }

  NodePtr sum() {
    NodePtr left = product();
    while (true) {
      Op op = isSymbol("+") ? Op::add : isSymbol("-") ? Op::subtract : Op::concatenate;
      if (op == Op::concatenate && !isSymbol("||")) return left;
      advance();
      left = make(op, {left, product()});
    }
  }

  NodePtr product() {
    NodePtr left = unary();
    while (true) {
      Op op = isSymbol("*") ? Op::multiply : isSymbol("/") ? Op::divide : Op::modulo;
      if (op == Op::modulo && !isSymbol("%")) return left;
      advance();
      left = make(op, {left, unary()});
    }
  }

  NodePtr unary() {
    if (!takeSymbol("-")) return value();
    if (token_.kind == Token::Kind::number) return number(true);
    Depth depth(*this);
    return make(Op::minus, {unary()});
  }

  NodePtr value() {
    Depth depth(*this);
    Token token = token_;
    switch (token.kind) {
      case Token::Kind::text:
        advance();
        return literal(token.content, token.place);
      case Token::Kind::bytes:
        advance();
        return literal(Bytes(token.content.begin(), token.content.end()), token.place);
      case Token::Kind::number:
        return number(false);
      case Token::Kind::parameter:
        advance();
        return parameter(token.content);
      case Token::Kind::quotedName:
        return path();
      case Token::Kind::symbol:
        if (takeSymbol("(")) {
          NodePtr inner = condition();
          requireSymbol(")");
          return inner;
        }
        if (takeSymbol("[")) return elements("]");
        break;
      case Token::Kind::name:
        if (takeKeyword("TRUE")) return literal(true, token.place);
        if (takeKeyword("FALSE")) return literal(false, token.place);
        if (takeKeyword("NULL")) return literal(nullptr, token.place);
        if (isKeyword("ANY") || isKeyword("EVERY")) return quantifier();
        if (!kKeywords.contains(upperOf(token.content))) return pathOrCall();
        break;
      case Token::Kind::end:
        break;
    }
    expected("a field, a value or (");
  }

  NodePtr number(bool isNegative) {
    std::string text = (isNegative ? "-" : "") + token_.content;
    std::size_t place = token_.place;
    const char* end = text.data() + text.size();
    advance();
    if (text.find_first_of(".eE") == std::string::npos) {
      std::int64_t integer = 0;
      if (std::from_chars(text.data(), end, integer).ec != std::errc())
        lexer_.fail("an integer is beyond 64 bits (write it with a point for a real)", place);
      return literal(integer, place);
    }
    double real = 0;
    if (std::from_chars(text.data(), end, real).ec != std::errc())
      lexer_.fail("a number is too large or too small for a real", place);
    return literal(real, place);
  }

  NodePtr parameter(const std::string& name) {
    Node node{.op = Op::parameter, .slot = placeIn(parameters_, name)};
    takeSteps(node);
    return make(std::move(node));
  }

  static std::size_t placeIn(std::vector<std::string>& names, const std::string& name) {
    auto found = std::find(names.begin(), names.end(), name);
    std::size_t place = static_cast<std::size_t>(found - names.begin());
    if (found == names.end()) names.push_back(name);
    return place;
  }

  NodePtr pathOrCall() {
    Token name = token_;
    advance();
    if (!isSymbol("(")) return pathFrom(name.content);
    const FunctionRule* rule = functionNamed(name.content);
    if (!rule) lexer_.fail("there is no function " + name.content + " (there are " + functionNames() + ")", name.place);
    advance();
    std::vector<NodePtr> arguments;
    if (!takeSymbol(")")) {
      do arguments.push_back(condition());
      while (takeSymbol(","));
      if (!takeSymbol(")")) expected("a comma or )");
    }
    if (arguments.size() < rule->least || arguments.size() > rule->most)
      lexer_.fail(std::string(rule->name) + "() takes " + takenBy(*rule), name.place);
    usesTime_ |= rule->name == "now";
    return folded(make(Node{.op = Op::function, .children = std::move(arguments), .function = rule}), name.place);
  }

  static std::string takenBy(const FunctionRule& rule) {
    if (rule.most == 0) return "no argument";
    std::string least = std::to_string(rule.least), most = std::to_string(rule.most);
    return (rule.least == rule.most ? least : least + " to " + most) + (rule.most == 1 ? " argument" : " arguments");
  }

  // Calls a pure function of literals now.
  NodePtr folded(const NodePtr& call, std::size_t place) {
    auto isLiteral = [](const NodePtr& child) { return child->op == Op::literal; };
    if (!call->function->isPure || !std::all_of(call->children.begin(), call->children.end(), isLiteral)) return call;
    Value value = constantOf(call);
    bool converts = call->function->name == "date" || call->function->name == "uuid";
    if (converts && value.isNull() && call->children[0]->literal.type() == Operand::Type::text)
      lexer_.fail("this is no " + std::string(call->function->name) +
                      (call->function->name == "date" ? ": write 2026-11-29 or 2026-11-29T12:00:00Z" : ""),
                  place);
    return literal(value, place);
  }

  NodePtr path() {
    std::string name = token_.content;
    advance();
    return pathFrom(name);
  }

  NodePtr pathFrom(const std::string& name) {
    Node node{.op = Op::path};
    auto variable = std::find(variables_.rbegin(), variables_.rend(), name);
    if (variable != variables_.rend()) {
      node.op = Op::variable;
      node.slot = static_cast<std::size_t>(variables_.rend() - variable) - 1;
    } else {
      node.slot = placeIn(fields_, name);
    }
    takeSteps(node);
    return make(std::move(node));
  }

  // .name and [index], as many as follow.
  void takeSteps(Node& node) {
    while (true) {
      if (takeSymbol(".")) {
        if (token_.kind != Token::Kind::name && token_.kind != Token::Kind::quotedName) expected("the name of a field");
        node.steps.emplace_back(token_.content);
        advance();
      } else if (takeSymbol("[")) {
        bool isNegative = takeSymbol("-");
        std::int64_t index = 0;
        const char* end = token_.content.data() + token_.content.size();
        bool isIndex = token_.kind == Token::Kind::number;
        if (isIndex) {
          auto read = std::from_chars(token_.content.data(), end, index);
          isIndex = read.ec == std::errc() && read.ptr == end;
        }
        if (!isIndex) expected("the number of an element");
        advance();
        requireSymbol("]");
        node.steps.emplace_back(isNegative ? -index : index);
      } else {
        break;
      }
      if (node.steps.size() > static_cast<std::size_t>(base::kNestingMax))
        lexer_.fail("a path is longer than records are deep", token_.place);
    }
  }

  NodePtr quantifier() {
    Op op = isKeyword("ANY") ? Op::any : Op::every;
    advance();
    if (token_.kind != Token::Kind::quotedName &&
        (token_.kind != Token::Kind::name || kKeywords.contains(upperOf(token_.content))))
      expected("a name for the element");
    std::string name = token_.content;
    advance();
    requireKeyword("IN");
    NodePtr array = sum();
    requireKeyword("SATISFIES");
    variables_.push_back(name);
    NodePtr satisfies = condition();
    variables_.pop_back();
    requireKeyword("END");
    return make(Node{.op = op, .children = {array, satisfies}, .slot = variables_.size()});
  }

  Lexer lexer_;
  Token token_;
  std::size_t depth_ = 0;
  std::size_t nodes_ = 0;
  std::vector<std::string> fields_;
  std::vector<std::string> parameters_;
  std::vector<std::string> variables_;
  bool usesTime_ = false;
};

}  // namespace

Expression parse(std::string_view text) {
  if (text.size() > kExpressionBytesMax)
    throw Error(ErrorCode::TooLarge, "the expression has " + std::to_string(text.size()) + " bytes, and at most " +
                                         std::to_string(kExpressionBytesMax) + " are allowed");
  if (!codec::isUtf8(text)) throw Error(ErrorCode::InvalidArgument, "the expression is not UTF-8");
  return Parser(text).parseAll();
}

}  // namespace blazedb::query
