// Expressions and records by chance: the evaluator, which reads encoded fields, agrees with a plain one that works on
// Values and is written from docs/query.md.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "query/plain_order.h"
#include "query/support.h"

namespace blazedb::query {
namespace {

using Result = std::optional<Value>;  // absent: missing
__extension__ using Wide = __int128;

struct Surroundings {
  Object record;
  std::vector<Value> elements = {};  // of the ANY and EVERY around
};
using Meaning = std::function<Result(const Surroundings&)>;

// An expression as text, and what it means.
struct Written {
  std::string text;
  Meaning meaning;
};

bool isUnknown(const Result& value) { return !value || value->isNull(); }
bool isTrue(const Result& value) { return value == Result(true); }
bool isFalse(const Result& value) { return value == Result(false); }
bool isNumber(const Result& value) { return value && (value->as<std::int64_t>() || value->as<double>()); }
double realOf(const Value& value) {
  return value.as<double>() ? *value.as<double>() : static_cast<double>(*value.as<std::int64_t>());
}

Result notOf(const Result& value) {
  if (isTrue(value)) return false;
  if (isFalse(value)) return true;
  return nullptr;
}

Result allOf(const std::vector<Result>& parts) {
  bool unknown = false;
  for (const Result& part : parts) {
    if (isFalse(part)) return false;
    unknown |= !isTrue(part);
  }
  return unknown ? Result(nullptr) : Result(true);
}

Result anyOf(std::vector<Result> parts) {
  for (Result& part : parts) part = notOf(part);
  return notOf(allOf(parts));
}

Result equals(const Result& a, const Result& b) {
  if (isUnknown(a) || isUnknown(b)) return nullptr;
  return rankOf(*a) == rankOf(*b) && plainOrder(*a, *b) == 0;
}

Result compares(const Result& a, const Result& b, const std::function<bool(int)>& is) {
  if (isUnknown(a) || isUnknown(b) || rankOf(*a) != rankOf(*b)) return nullptr;
  return is(plainOrder(*a, *b));
}

// With 128 bits, so that it sees what goes beyond 64.
Result calculates(char op, const Result& a, const Result& b) {
  if (!isNumber(a) || !isNumber(b)) return nullptr;
  const auto *x = a->as<std::int64_t>(), *y = b->as<std::int64_t>();
  bool divides = op == '/' || op == '%';
  if (divides && realOf(*b) == 0) return nullptr;
  if (x && y && (op != '/' || static_cast<Wide>(*x) % *y == 0)) {
    Wide wide = *x;
    wide = op == '+' ? wide + *y : op == '-' ? wide - *y : op == '*' ? wide * *y : op == '/' ? wide / *y : wide % *y;
    if (wide >= INT64_MIN && wide <= INT64_MAX) return static_cast<std::int64_t>(wide);
  }
  double p = realOf(*a), q = realOf(*b);
  return op == '+' ? p + q : op == '-' ? p - q : op == '*' ? p * q : op == '/' ? p / q : std::fmod(p, q);
}

bool likes(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (std::size_t skip = 0; skip <= text.size(); skip++)
      if (likes(text.substr(skip), pattern.substr(1))) return true;
    return false;
  }
  if (text.empty()) return false;
  std::size_t length = 1;
  while (pattern[0] == '_' && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    length++;
  return (pattern[0] == '_' || pattern[0] == text[0]) && likes(text.substr(length), pattern.substr(1));
}

std::string literalOf(const Value& value) {
  if (value.isNull()) return "null";
  if (const auto* boolean = value.as<bool>()) return *boolean ? "true" : "false";
  if (const auto* integer = value.as<std::int64_t>()) return std::to_string(*integer);
  if (const auto* text = value.as<std::string>()) {
    std::string quoted = "'";
    for (char c : *text) quoted += c == '\'' ? "''" : std::string(1, c);
    return quoted + "'";
  }
  return "";  // it becomes a parameter
}

class Author {
 public:
  explicit Author(std::uint64_t seed) : dice_(seed) {}

  Object parameters;

  Object record() {
    Object record;
    for (const char* name : kNames)
      if (below(4) > 0) record.set(name, below(3) == 0 ? Value(text()) : dice_.value());
    return record;
  }

  Written write(int depth) {
    if (depth == 0) return below(3) == 0 ? constant(below(4) == 0 ? Value(text()) : dice_.value()) : path();
    switch (below(13)) {
      case 0:
        return binary(depth, "=", equals);
      case 1:
        return binary(depth, "!=", [](const Result& a, const Result& b) { return notOf(equals(a, b)); });
      case 2: {
        static const std::pair<const char*, std::function<bool(int)>> kOps[] = {
            {"<", [](int order) { return order < 0; }},
            {"<=", [](int order) { return order <= 0; }},
            {">", [](int order) { return order > 0; }},
            {">=", [](int order) { return order >= 0; }}};
        const auto& [op, is] = kOps[below(4)];
        return binary(depth, op, [is = is](const Result& a, const Result& b) { return compares(a, b, is); });
      }
      case 3:
      case 4: {
        char op = "+-*/%"[below(5)];
        return binary(depth, std::string(1, op).c_str(),
                      [op](const Result& a, const Result& b) { return calculates(op, a, b); });
      }
      case 5: {
        bool all = below(2) == 0;
        return binary(depth, all ? "AND" : "OR", [all](const Result& a, const Result& b) {
          return all ? allOf({a, b}) : anyOf({a, b});
        });
      }
      case 6: {
        Written inner = write(depth - 1);
        return {"NOT (" + inner.text + ")", [inner](const Surroundings& s) { return notOf(inner.meaning(s)); }};
      }
      case 7: {
        static const char* kTests[] = {"NULL", "MISSING", "VALUED"};
        std::size_t test = below(3);
        bool negated = below(2) == 0;
        Written inner = write(depth - 1);
        return {"(" + inner.text + ") IS " + (negated ? "NOT " : "") + kTests[test],
                [inner, test, negated](const Surroundings& s) {
                  Result value = inner.meaning(s), is = test == 1 ? Result(!value) : Result(!isUnknown(value));
                  if (test == 0) is = value ? Result(value->isNull()) : Result(nullptr);
                  return negated ? notOf(is) : is;
                }};
      }
      case 8: {
        Written value = write(depth - 1), low = write(depth - 1), high = write(depth - 1);
        return {"(" + value.text + ") BETWEEN (" + low.text + ") AND (" + high.text + ")", [=](const Surroundings& s) {
                  Result v = value.meaning(s);
                  return allOf({compares(v, low.meaning(s), [](int order) { return order >= 0; }),
                                compares(v, high.meaning(s), [](int order) { return order <= 0; })});
                }};
      }
      case 9: {
        Written value = write(depth - 1), one = write(depth - 1), two = write(depth - 1);
        return {"(" + value.text + ") IN ((" + one.text + "), (" + two.text + "))", [=](const Surroundings& s) {
                  Result v = value.meaning(s);
                  return anyOf({equals(v, one.meaning(s)), equals(v, two.meaning(s))});
                }};
      }
      case 10:
        return quantified(depth);
      case 11:
        return binary(depth, "LIKE", [](const Result& a, const Result& b) -> Result {
          if (isUnknown(a) || isUnknown(b) || !a->as<std::string>() || !b->as<std::string>()) return nullptr;
          return likes(*a->as<std::string>(), *b->as<std::string>());
        });
      default:
        return binary(depth, "CONTAINS", [](const Result& a, const Result& b) -> Result {
          if (isUnknown(a) || isUnknown(b)) return nullptr;
          if (const auto* array = a->as<Array>()) {
            std::vector<Result> each;
            for (const Value& element : *array) each.push_back(equals(element, b));
            return anyOf(each);
          }
          if (!a->as<std::string>() || !b->as<std::string>()) return nullptr;
          return a->as<std::string>()->find(*b->as<std::string>()) != std::string::npos;
        });
    }
  }

 private:
  static constexpr const char* kNames[] = {"a", "b", "c d", "\xC3\xA9"};

  std::uint64_t below(std::uint64_t end) { return dice_.below(end); }
  std::string text() {
    std::string text;
    for (auto left = below(4); left > 0; left--) text += "ab%_"[below(4)];
    return text;
  }

  Written constant(const Value& value) {
    std::string text = literalOf(value);
    if (text.empty()) {
      std::string name = "p" + std::to_string(parameters.size());
      parameters.set(name, value);
      text = "$" + name;
    }
    return {text, [value](const Surroundings&) { return Result(value); }};
  }

  Written path() {
    std::string text;
    Meaning from;
    if (depthOfElements_ > 0 && below(2) == 0) {
      std::size_t which = below(depthOfElements_);
      text = "x" + std::to_string(which);
      from = [which](const Surroundings& s) { return Result(s.elements[which]); };
    } else {
      std::string name = kNames[below(std::size(kNames))];
      text = "`" + name + "`";
      from = [name](const Surroundings& s) {
        const Value* value = s.record.find(name);
        return value ? Result(*value) : std::nullopt;
      };
    }
    for (auto left = below(4); left > 1; left--) {
      if (below(2) == 0) {
        auto index = static_cast<std::int64_t>(below(4)) - 2;
        text += "[" + std::to_string(index) + "]";
        from = [from, index](const Surroundings& s) -> Result {
          Result value = from(s);
          const auto* array = value ? value->as<Array>() : nullptr;
          if (!array) return std::nullopt;
          std::int64_t at = index < 0 ? index + std::ssize(*array) : index;
          return at < 0 || at >= std::ssize(*array) ? std::nullopt : Result((*array)[static_cast<std::size_t>(at)]);
        };
      } else {
        std::string name = below(2) == 0 ? "k" : "ka";
        text += "." + name;
        from = [from, name](const Surroundings& s) -> Result {
          Result value = from(s);
          const Value* found = value && value->as<Object>() ? value->as<Object>()->find(name) : nullptr;
          return found ? Result(*found) : std::nullopt;
        };
      }
    }
    return {text, from};
  }

  template <class Does>
  Written binary(int depth, const char* op, const Does& does) {
    Written a = write(depth - 1), b = write(depth - 1);
    return {"(" + a.text + ") " + op + " (" + b.text + ")",
            [=](const Surroundings& s) { return Result(does(a.meaning(s), b.meaning(s))); }};
  }

  Written quantified(int depth) {
    bool any = below(2) == 0;
    Written array = path();
    std::string name = "x" + std::to_string(depthOfElements_++);
    Written condition = write(depth - 1);
    depthOfElements_--;
    return {std::string(any ? "ANY " : "EVERY ") + name + " IN " + array.text + " SATISFIES " + condition.text + " END",
            [=](const Surroundings& s) -> Result {
              Result value = array.meaning(s);
              if (!value || !value->as<Array>()) return nullptr;
              std::vector<Result> each;
              for (const Value& element : *value->as<Array>()) {
                Surroundings inside = s;
                inside.elements.push_back(element);
                each.push_back(condition.meaning(inside));
              }
              return any ? anyOf(each) : allOf(each);
            }};
  }

  Dice dice_;
  std::size_t depthOfElements_ = 0;
};

bool isSame(const Result& a, const Result& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  if (a->as<double>() && b->as<double>() && std::isnan(*a->as<double>())) return std::isnan(*b->as<double>());
  return *a == *b;
}

TEST(Agreement, OfAMillionExpressionsOnRecords) {
  constexpr int kExpressions = 20'000, kRecords = 50;
  std::size_t decided = 0;
  for (int i = 0; i < kExpressions; i++) {
    Author author(static_cast<std::uint64_t>(i));
    Written written = author.write(1 + i % 4);
    Bound bound(parse(written.text), author.parameters);
    Evaluator evaluator(bound, {});
    for (int j = 0; j < kRecords; j++) {
      Object record = author.record();
      base::Bytes fields = encoded(record);
      Operand value = evaluator.value({}, fields);
      Result got = value.type() == Operand::Type::missing ? std::nullopt : Result(value.toValue());
      Result expected = written.meaning({record});
      ASSERT_TRUE(isSame(got, expected)) << "seed " << i << ": " << written.text << " on " << codec::valueToJson(record)
                                         << " with " << codec::valueToJson(author.parameters) << " gives "
                                         << (got ? codec::valueToJson(*got) : "missing") << ", not "
                                         << (expected ? codec::valueToJson(*expected) : "missing");
      decided += isTrue(got) || isFalse(got) ? 1 : 0;
    }
  }
  EXPECT_GT(decided, kExpressions * kRecords / 10) << "most say nothing";
}

}  // namespace
}  // namespace blazedb::query
