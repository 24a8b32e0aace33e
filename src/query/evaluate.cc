#include "query/evaluate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "blazedb/error.h"
#include "codec/counter.h"
#include "codec/fields.h"
#include "codec/text.h"
#include "query/sort_key.h"
#include "query/walk.h"

namespace blazedb::query {
namespace {

using Type = Operand::Type;

// A list of fewer elements is compared one by one.
constexpr std::size_t kSetMin = 8;

Operand unknownOr(std::optional<bool> truth) { return truth ? Operand::boolean(*truth) : Operand::null(); }

Operand equal(const Operand& a, const Operand& b) {
  if (a.isUnknown() || b.isUnknown()) return Operand::null();
  auto order = compare(a, b);
  return Operand::boolean(order && *order == 0);
}

Operand ofIntegers(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflows = false;
  switch (op) {
    case Op::add:
      overflows = __builtin_add_overflow(a, b, &result);
      break;
    case Op::subtract:
      overflows = __builtin_sub_overflow(a, b, &result);
      break;
    case Op::multiply:
      overflows = __builtin_mul_overflow(a, b, &result);
      break;
    case Op::divide:
    case Op::modulo:
      if (b == 0) return Operand::null();
      overflows = a == INT64_MIN && b == -1;
      if (op == Op::modulo) return Operand::integer(overflows ? 0 : a % b);
      if (!overflows && a % b != 0) return Operand::real(static_cast<double>(a) / static_cast<double>(b));
      if (!overflows) result = a / b;
      break;
    default:
      break;
  }
  if (!overflows) return Operand::integer(result);
  double x = static_cast<double>(a), y = static_cast<double>(b);
  return Operand::real(op == Op::add ? x + y : op == Op::subtract ? x - y : op == Op::multiply ? x * y : x / y);
}

Operand ofReals(Op op, double a, double b) {
  switch (op) {
    case Op::add:
      return Operand::real(a + b);
    case Op::subtract:
      return Operand::real(a - b);
    case Op::multiply:
      return Operand::real(a * b);
    case Op::divide:
      return b == 0 ? Operand::null() : Operand::real(a / b);
    default:
      return b == 0 ? Operand::null() : Operand::real(std::fmod(a, b));
  }
}

}  // namespace

Bound::Bound(Expression expression, const Object& parameters) : expression_(std::move(expression)) {
  const std::vector<std::string>& names = expression_.parameters;
  for (const Field& given : parameters)
    if (std::find(names.begin(), names.end(), given.name) == names.end())
      throw Error(ErrorCode::InvalidArgument,
                  "a value is given for $" + codec::printable(given.name) + ", which is not in the expression");
  encoded_.reserve(names.size());
  for (const std::string& name : names) {
    const Value* value = parameters.find(name);
    if (!value) throw Error(ErrorCode::InvalidArgument, "no value is given for $" + name);
    base::Bytes& encoded = encoded_.emplace_back();
    if (std::optional<Error> error = codec::encodeValue(encoded, *value)) throw std::move(*error);
    parameters_.push_back(Operand::decode(encoded));
  }
  makeSets(*expression_.root);
  for (const std::string& name : expression_.fields) fields_.emplace_back(name, fields_.size());
  std::sort(fields_.begin(), fields_.end());
  for (const std::string& name : expression_.fields)
    lastName_ = std::max(lastName_, name + std::string(codec::kPartSuffixBytes, '\xFF'));
}

// Of each IN with a long list that does not depend on the record.
void Bound::makeSets(const Node& node) {
  for (const NodePtr& child : node.children) makeSets(*child);
  if (node.op != Op::in) return;
  const Node& list = *node.children[1];
  auto constant = [&](const Node& each) -> std::optional<Operand> {
    if (each.op == Op::literal) return each.literal;
    if (each.op == Op::parameter) return follow(parameters_[each.slot], each.steps);
    return std::nullopt;
  };
  std::vector<Operand> elements;
  if (list.op == Op::array) {
    for (const NodePtr& child : list.children) {
      std::optional<Operand> element = constant(*child);
      if (!element) return;
      elements.push_back(*element);
    }
  } else {
    std::optional<Operand> array = constant(list);
    if (!array || array->type() != Type::array) return;
    for (Elements each(array->bytes()); each.next();) elements.push_back(each.value());
  }
  if (elements.size() < kSetMin) return;
  Set& set = sets_[&node];
  Workshop workshop;
  for (const Operand& element : elements) {
    if (element.isUnknown()) {
      set.hasUnknown = true;
      continue;
    }
    bool folds = node.ignoresCase && element.type() == Type::text;
    appendSortKey(set.keys.emplace_back(), folds ? Operand::text(folded(element.text(), workshop)) : element);
    workshop.clear();
  }
  std::sort(set.keys.begin(), set.keys.end());
}

const Bound::Set* Bound::setOf(const Node& node) const {
  if (sets_.empty()) return nullptr;
  auto found = sets_.find(&node);
  return found == sets_.end() ? nullptr : &found->second;
}

Operand Evaluator::value(const UUID& id, base::ByteView fields) {
  workshop_.clear();
  variables_.clear();
  id_ = &id;
  if (!look(fields)) {
    Object visible;
    if (!codec::decodeFields(fields, visible))
      throw Error(ErrorCode::DamagedPage,
                  "the record " + id.toString() + " cannot be decoded; restore the file from a backup");
    counted_.clear();
    if (std::optional<Error> error = codec::encodeFields(counted_, visible)) throw std::move(*error);
    look(counted_);
  }
  return of(bound_.root());
}

// Finds the fields that the expression looks at. Returns false if one of them, or of those before them, is a counter.
bool Evaluator::look(base::ByteView fields) {
  std::fill(fields_.begin(), fields_.end(), Operand());
  auto wanted = bound_.fields().begin();
  const auto end = bound_.fields().end();
  for (Members members(fields); members.next();) {
    if (wanted == end && members.name() > bound_.lastName()) return true;
    if (codec::isPart(members.name()) || codec::isAssigned(members.encoded())) return false;
    while (wanted != end && wanted->first < members.name()) ++wanted;
    if (wanted != end && wanted->first == members.name()) fields_[wanted++->second] = members.value();
  }
  return true;
}

Operand Evaluator::of(const Node& node) {
  switch (node.op) {
    case Op::literal:
      return node.literal;
    case Op::parameter:
      return follow(bound_.parameter(node.slot), node.steps);
    case Op::path:
      return follow(fields_[node.slot], node.steps);
    case Op::variable:
      return follow(variables_[node.slot], node.steps);
    case Op::array:
      return arrayOf(node);
    case Op::negation: {
      Operand operand = of(*node.children[0]);
      return operand.type() == Type::boolean ? Operand::boolean(!operand.isTrue()) : Operand::null();
    }
    case Op::conjunction:
    case Op::disjunction: {
      bool decides = node.op == Op::disjunction;
      bool unknown = false;
      for (const NodePtr& child : node.children) {
        Operand operand = of(*child);
        if (decides ? operand.isTrue() : operand.isFalse()) return Operand::boolean(decides);
        unknown |= operand.type() != Type::boolean;
      }
      return unknown ? Operand::null() : Operand::boolean(!decides);
    }
    case Op::equal:
    case Op::unequal:
    case Op::less:
    case Op::lessOrEqual:
    case Op::greater:
    case Op::greaterOrEqual:
    case Op::between:
      return compared(node);
    case Op::in:
      return inside(node);
    case Op::like:
    case Op::contains:
    case Op::startsWith:
    case Op::endsWith:
      return found(node);
    case Op::isNull: {
      Operand operand = of(*node.children[0]);
      return unknownOr(operand.type() == Type::missing ? std::nullopt : std::optional(operand.type() == Type::null));
    }
    case Op::isMissing:
      return Operand::boolean(of(*node.children[0]).type() == Type::missing);
    case Op::isValued:
      return Operand::boolean(!of(*node.children[0]).isUnknown());
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
    case Op::minus:
      return calculated(node);
    case Op::concatenate:
      return joined(node);
    case Op::any:
    case Op::every:
      return quantified(node);
    case Op::function:
      return called(node);
  }
  return Operand::null();
}

// With NOCASE texts count as their folded form.
Operand Evaluator::textFor(const Node& node, const Operand& operand) {
  bool folds = node.ignoresCase && operand.type() == Type::text;
  return folds ? Operand::text(folded(operand.text(), workshop_)) : operand;
}

Operand Evaluator::compared(const Node& node) {
  Operand a = textFor(node, of(*node.children[0])), b = textFor(node, of(*node.children[1]));
  if (node.op == Op::equal) return equal(a, b);
  if (node.op == Op::unequal) {
    Operand same = equal(a, b);
    return same.isUnknown() ? same : Operand::boolean(!same.isTrue());
  }
  auto order = compare(a, b);
  if (node.op == Op::between) {
    auto high = compare(a, textFor(node, of(*node.children[2])));
    if ((order && *order < 0) || (high && *high > 0)) return Operand::boolean(false);
    return order && high ? Operand::boolean(true) : Operand::null();
  }
  if (!order) return Operand::null();
  switch (node.op) {
    case Op::less:
      return Operand::boolean(*order < 0);
    case Op::lessOrEqual:
      return Operand::boolean(*order <= 0);
    case Op::greater:
      return Operand::boolean(*order > 0);
    default:
      return Operand::boolean(*order >= 0);
  }
}

// As a = x OR a = y OR ...
Operand Evaluator::inside(const Node& node) {
  Operand a = textFor(node, of(*node.children[0]));
  const Node& list = *node.children[1];
  if (const Bound::Set* set = bound_.setOf(node)) {
    if (a.isUnknown()) return Operand::null();
    key_.clear();
    appendSortKey(key_, a);
    if (std::binary_search(set->keys.begin(), set->keys.end(), key_)) return Operand::boolean(true);
    return set->hasUnknown ? Operand::null() : Operand::boolean(false);
  }
  if (list.op != Op::array) return among(node, a, of(list));
  bool unknown = false;
  for (const NodePtr& child : list.children) {
    Operand same = equal(a, textFor(node, of(*child)));
    if (same.isTrue()) return same;
    unknown |= same.isUnknown();
  }
  return unknown ? Operand::null() : Operand::boolean(false);
}

// Whether `a`, which textFor() has folded, is one of the elements.
Operand Evaluator::among(const Node& node, const Operand& a, const Operand& array) {
  if (array.type() != Type::array) return Operand::null();
  bool unknown = false;
  for (Elements elements(array.bytes()); elements.next();) {
    Workshop::Mark mark = workshop_.mark();
    Operand same = equal(a, textFor(node, elements.value()));
    workshop_.release(mark);
    if (same.isTrue()) return same;
    unknown |= same.isUnknown();
  }
  return unknown ? Operand::null() : Operand::boolean(false);
}

// LIKE, CONTAINS, STARTS WITH and ENDS WITH.
Operand Evaluator::found(const Node& node) {
  Operand in = of(*node.children[0]), what = of(*node.children[1]);
  if (in.isUnknown() || what.isUnknown()) return Operand::null();
  if (node.op == Op::contains && in.type() == Type::array) return among(node, textFor(node, what), in);
  if (in.type() != Type::text || what.type() != Type::text) return Operand::null();
  if (node.op == Op::like) {
    std::string_view escape;
    if (node.children.size() == 3) escape = node.children[2]->literal.text();
    // Letter by letter: folding would make two of some letters, and _ stands for one.
    auto one = [&](std::string_view text) { return node.ignoresCase ? lowered(text, workshop_) : text; };
    return Operand::boolean(isLike(one(in.text()), one(what.text()), one(escape)));
  }
  std::string_view text = textFor(node, in).text(), part = textFor(node, what).text();
  switch (node.op) {
    case Op::contains:
      return Operand::boolean(findIn(text, part) != std::string_view::npos);
    case Op::startsWith:
      return Operand::boolean(text.starts_with(part));
    default:
      return Operand::boolean(text.ends_with(part));
  }
}

Operand Evaluator::calculated(const Node& node) {
  Operand a = of(*node.children[0]);
  if (node.op == Op::minus) {
    if (a.type() == Type::integer) return ofIntegers(Op::subtract, 0, a.integer());
    return a.type() == Type::real ? Operand::real(-a.real()) : Operand::null();
  }
  Operand b = of(*node.children[1]);
  if (!a.isNumber() || !b.isNumber()) return Operand::null();
  if (a.type() == Type::integer && b.type() == Type::integer) return ofIntegers(node.op, a.integer(), b.integer());
  return ofReals(node.op, a.asReal(), b.asReal());
}

Operand Evaluator::joined(const Node& node) {
  Operand a = of(*node.children[0]), b = of(*node.children[1]);
  if (a.type() != Type::text || b.type() != Type::text) return Operand::null();
  if (a.bytes().size() + b.bytes().size() > kMadeBytesMax) return Operand::null();
  std::string& text = workshop_.text();
  text.append(a.text()).append(b.text());
  return Operand::text(text);
}

// Of no elements ANY is false and EVERY true. Unknown conditions count as OR and AND count them.
Operand Evaluator::quantified(const Node& node) {
  Operand array = of(*node.children[0]);
  if (array.type() != Type::array) return Operand::null();
  bool decides = node.op == Op::any, unknown = false;
  for (Elements elements(array.bytes()); elements.next();) {
    Workshop::Mark mark = workshop_.mark();
    variables_.push_back(elements.value());
    Operand operand = of(*node.children[1]);
    variables_.pop_back();
    workshop_.release(mark);
    if (decides ? operand.isTrue() : operand.isFalse()) return Operand::boolean(decides);
    unknown |= operand.type() != Type::boolean;
  }
  return unknown ? Operand::null() : Operand::boolean(!decides);
}

Operand Evaluator::called(const Node& node) {
  constexpr std::size_t kUsual = 4;
  std::array<Operand, kUsual> few;
  std::vector<Operand> many(node.children.size() > kUsual ? node.children.size() : 0);
  std::span<Operand> arguments = many.empty() ? std::span(few).first(node.children.size()) : std::span(many);
  for (std::size_t i = 0; i < arguments.size(); i++) {
    arguments[i] = of(*node.children[i]);
    if (arguments[i].isUnknown() && !node.function->takesUnknown) return Operand::null();
  }
  return node.function->call({arguments, workshop_, now_, *id_});
}

Operand Evaluator::arrayOf(const Node& node) {
  base::Bytes encoded;
  codec::appendArrayHead(encoded, node.children.size());
  for (const NodePtr& child : node.children) {
    Operand element = of(*child);
    if (encoded.size() + element.bytes().size() > kMadeBytesMax) return Operand::null();
    if (codec::encodeValue(encoded, element.toValue())) return Operand::null();  // nested too deep
  }
  std::string& text = workshop_.text();
  text.assign(base::textOf(encoded));
  return Operand::ofBytes(Type::array, base::viewOf(text));
}

Value constantOf(const NodePtr& node) {
  Bound bound({node, {}, {}, false}, {});
  constexpr std::uint8_t kEmptyMap = 0xA0;
  return Evaluator(bound, {}).value({}, base::ByteView(&kEmptyMap, 1)).toValue();
}

}  // namespace blazedb::query
