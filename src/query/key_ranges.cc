#include "query/key_ranges.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "query/sort_key.h"
#include "query/walk.h"

namespace blazedb::query {
namespace {

using Type = Operand::Type;

// More combinations of values than this are not looked up one by one.
constexpr std::size_t kCombinationsMax = 10'000;

base::Bytes keyOf(const Operand& value) {
  base::Bytes key;
  appendSortKey(key, value);
  return key;
}

// An operand that is the same for every record.
std::optional<Operand> constantIn(const Bound& bound, const Node& node) {
  if (node.op == Op::literal) return node.literal;
  if (node.op != Op::parameter) return std::nullopt;
  Operand value = follow(bound.parameter(node.slot), node.steps);
  return value.type() == Type::missing ? std::nullopt : std::optional(value);
}

bool sameNode(const Bound& inA, const Node& a, const Bound& inB, const Node& b) {
  std::optional<Operand> constantA = constantIn(inA, a), constantB = constantIn(inB, b);
  if (constantA || constantB)
    return constantA && constantB && constantA->type() == constantB->type() &&
           constantA->toValue() == constantB->toValue();  // -0.0 is another constant than 0.0
  if (a.op != b.op || a.children.size() != b.children.size() || a.steps != b.steps || a.ignoresCase != b.ignoresCase ||
      a.function != b.function)
    return false;
  bool namesField = a.op == Op::path;
  if (namesField ? inA.fieldName(a.slot) != inB.fieldName(b.slot) : a.slot != b.slot) return false;
  if (a.op == Op::parameter) return false;
  for (std::size_t i = 0; i < a.children.size(); i++)
    if (!sameNode(inA, *a.children[i], inB, *b.children[i])) return false;
  return true;
}

// Calls `use` with each of the terms that AND joins.
void eachTerm(const Node& node, const std::function<void(const Node&)>& use) {
  if (node.op != Op::conjunction) return use(node);
  for (const NodePtr& child : node.children) eachTerm(*child, use);
}

// What one term says of the values of one expression: that it is one of these, or in a range of keys. Or nothing.
struct Held {
  std::optional<std::vector<base::Bytes>> values = {};
  std::optional<KeyRange> range = {};
  bool isExact = true;  // and it says nothing else
};

// The keys of all values of the same type as this one.
KeyRange ofType(const base::Bytes& key) {
  base::Bytes type(1, key.front());
  base::Bytes next = behind(type);
  return {std::move(type), std::move(next)};
}

// Reads what one term says about one expression.
class Reading {
 public:
  Reading(const Bound& condition, const Bound& expression, Held& held)
      : condition_(condition), expression_(expression), held_(held) {}

  void term(const Node& node) {
    if (is(node)) return one(keyOf(Operand::boolean(true)));
    if (node.op == Op::negation && is(*node.children[0])) return one(keyOf(Operand::boolean(false)));
    if (node.ignoresCase || node.children.empty()) return;
    switch (node.op) {
      case Op::equal:
        if (auto value = other(node)) one(keyOf(*value));
        return;
      case Op::less:
      case Op::lessOrEqual:
      case Op::greater:
      case Op::greaterOrEqual:
        return compared(node);
      case Op::between:
        return between(node);
      case Op::in:
        return among(node);
      case Op::startsWith:
      case Op::like:
        return beginning(node);
      case Op::isNull:
        if (is(*node.children[0])) one(keyOf(Operand::null()));
        return;
      case Op::isMissing:
        if (is(*node.children[0])) one(keyOf(Operand()));
        return;
      case Op::isValued:
        if (is(*node.children[0])) held_.range = {behind(keyOf(Operand::null())), base::Bytes(1, 0xFF)};
        return;
      default:
        return;
    }
  }

 private:
  bool is(const Node& node) const { return sameNode(condition_, node, expression_, expression_.root()); }
  // A known constant.
  std::optional<Operand> constant(const Node& node) const {
    std::optional<Operand> value = constantIn(condition_, node);
    return value && !value->isUnknown() ? value : std::nullopt;
  }
  // What the expression is compared with.
  std::optional<Operand> other(const Node& node) const {
    if (is(*node.children[0])) return constant(*node.children[1]);
    return is(*node.children[1]) ? constant(*node.children[0]) : std::nullopt;
  }
  void one(base::Bytes key) { held_.values = {std::move(key)}; }

  void compared(const Node& node) {
    std::optional<Operand> value = other(node);
    if (!value) return;
    base::Bytes key = keyOf(*value);
    KeyRange type = ofType(key);
    bool isLess = node.op == Op::less || node.op == Op::lessOrEqual;
    bool hasEqual = node.op == Op::lessOrEqual || node.op == Op::greaterOrEqual;
    if (!is(*node.children[0])) isLess = !isLess;
    if (isLess == hasEqual) key = behind(std::move(key));  // the end of those that are equal
    if (isLess)
      held_.range = {std::move(type.from), std::move(key)};
    else
      held_.range = {std::move(key), std::move(type.to)};
  }

  void between(const Node& node) {
    std::optional<Operand> low = constant(*node.children[1]), high = constant(*node.children[2]);
    if (!low || !high || !is(*node.children[0])) return;
    base::Bytes from = keyOf(*low), to = keyOf(*high);
    held_.isExact = from.front() == to.front();
    held_.range = {std::move(from), behind(std::move(to))};
  }

  void among(const Node& node) {
    if (!is(*node.children[0])) return;
    std::vector<base::Bytes> keys;
    auto add = [&](const Operand& value) {
      if (!value.isUnknown()) keys.push_back(keyOf(value));
    };
    const Node& list = *node.children[1];
    if (list.op == Op::array) {
      for (const NodePtr& child : list.children) {
        std::optional<Operand> value = constantIn(condition_, *child);
        if (!value) return;
        add(*value);
      }
    } else {
      std::optional<Operand> array = constantIn(condition_, list);
      if (!array || array->type() != Type::array) return;
      for (Elements elements(array->bytes()); elements.next();) add(elements.value());
    }
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    held_.values = std::move(keys);
  }

  // The text before the first % or _ of a pattern that escapes nothing.
  void beginning(const Node& node) {
    std::optional<Operand> value = constant(*node.children[1]);
    if (!value || value->type() != Type::text || !is(*node.children[0])) return;
    std::string_view text = value->text();
    if (node.op == Op::like) {
      if (node.children.size() > 2) return;
      std::string_view beginning = text.substr(0, text.find_first_of("%_"));
      held_.isExact = text.substr(beginning.size()) == "%";
      text = beginning;
    }
    base::Bytes from = keyOf(Operand::text(text));
    from.resize(from.size() - kTextEndBytes);
    base::Bytes to = behind(from);
    held_.range = {std::move(from), std::move(to)};
  }

  const Bound& condition_;
  const Bound& expression_;
  Held& held_;
};

base::Bytes joined(base::Bytes a, const base::Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

base::Bytes behind(base::Bytes prefix) {
  while (!prefix.empty() && prefix.back() == 0xFF) prefix.pop_back();
  if (prefix.empty()) return base::Bytes(1, 0xFF);
  prefix.back()++;
  return prefix;
}

KeyRanges keyRanges(const Bound* condition, std::span<const Bound* const> expressions) {
  KeyRanges found;
  std::vector<base::Bytes> prefixes(1);
  std::optional<KeyRange> range;
  std::vector<const Node*> terms;
  if (condition) eachTerm(condition->root(), [&](const Node& term) { terms.push_back(&term); });
  std::set<const Node*> said;  // the terms that the ranges say all of
  for (const Bound* expression : expressions) {
    Held best;  // by the term with the fewest values; or by all that give a range
    const Node* valuesTerm = nullptr;
    std::set<const Node*> rangeTerms;
    for (const Node* term : terms) {
      Held held;
      Reading(*condition, *expression, held).term(*term);
      if (held.values && (!best.values || held.values->size() < best.values->size())) {
        best.values = std::move(held.values);
        valuesTerm = term;
      }
      if (!held.range) continue;
      if (best.range) {
        held.range->from = std::max(held.range->from, best.range->from);
        held.range->to = std::min(held.range->to, best.range->to);
      }
      best.range = std::move(held.range);
      if (held.isExact) rangeTerms.insert(term);
    }
    bool fits = best.values && best.values->size() * prefixes.size() <= kCombinationsMax;
    if (!fits) {
      range = best.range;
      said.merge(rangeTerms);
      break;
    }
    std::vector<base::Bytes> longer;
    for (const base::Bytes& prefix : prefixes)
      for (const base::Bytes& value : *best.values) longer.push_back(joined(prefix, value));
    prefixes = std::move(longer);
    found.equal++;
    found.isSingle &= best.values->size() == 1;
    said.insert(valuesTerm);
  }
  found.isExact = said.size() == terms.size();
  found.isBounded = range.has_value();
  if (found.isSingle) found.prefix = prefixes.front();
  for (const base::Bytes& prefix : prefixes) {
    KeyRange each{range ? joined(prefix, range->from) : prefix, range ? joined(prefix, range->to) : behind(prefix)};
    if (each.from < each.to) found.ranges.push_back(std::move(each));
  }
  return found;
}

bool implies(const Bound* condition, const Bound& part) {
  bool all = true;
  eachTerm(part.root(), [&](const Node& wanted) {
    bool has = false;
    if (condition)
      eachTerm(condition->root(), [&](const Node& term) { has = has || sameNode(*condition, term, part, wanted); });
    all = all && has;
  });
  return all;
}

bool isSame(const Bound& a, const Bound& b) { return sameNode(a, a.root(), b, b.root()); }

}  // namespace blazedb::query
