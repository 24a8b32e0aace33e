// Where (blazedb/where.h). It keeps the text in pieces with a value between any two, so that parts can be put together
// before the values are numbered.
#include "blazedb/where.h"

#include <algorithm>
#include <utility>

#include "base/typed.h"
#include "blazedb/error.h"
#include "query/lexer.h"

namespace blazedb {
namespace {

// The place of a trailing [12] or [-1] in a step of a path; its end if there is none.
std::size_t indexIn(std::string_view step) {
  if (!step.ends_with(']')) return step.size();
  std::size_t open = step.rfind('[');
  if (open == std::string_view::npos || open == 0) return step.size();
  std::string_view digits = step.substr(open + 1, step.size() - open - 2);
  if (digits.starts_with('-')) digits.remove_prefix(1);
  bool isNumber =
      !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return isNumber ? open : step.size();
}

// "home.rooms[0]" as `home`.`rooms`[0]
std::string pathText(std::string_view path) {
  std::string text;
  for (bool more = true; more;) {
    std::size_t point = path.find('.');
    std::string_view step = path.substr(0, point);
    more = point != std::string_view::npos;
    if (more) path.remove_prefix(point + 1);
    std::string indexes;
    for (std::size_t at = indexIn(step); at < step.size(); at = indexIn(step)) {
      indexes.insert(0, step.substr(at));
      step = step.substr(0, at);
    }
    text += (text.empty() ? "" : ".") + query::inBackticks(step) + indexes;
  }
  return text;
}

}  // namespace

Where::Where(Kind kind, std::vector<std::string> pieces, std::vector<Value> values)
    : kind_(kind), pieces_(std::move(pieces)), values_(std::move(values)) {}

Where::Where(std::string_view path) {
  base::typed([&] { pieces_ = {pathText(path)}; });
}

// `op` has a \1 for each value.
Where Where::compared(const std::string& op, std::vector<Value> values) const {
  return base::typed([&] {
    Where whole = asAtom();
    std::string rest = " " + op;
    for (Value& value : values) {
      std::size_t place = rest.find('\1');
      whole.pieces_.back() += rest.substr(0, place);
      whole.pieces_.emplace_back();
      whole.values_.push_back(std::move(value));
      rest.erase(0, place + 1);
    }
    whole.pieces_.back() += rest;
    whole.kind_ = Kind::comparison;
    return whole;
  });
}

Where Where::tested(const std::string& test) const {
  Where whole = compared(test, {});
  whole.kind_ = Kind::test;
  return whole;
}

Where Where::asAtom() const {
  Where whole = *this;
  if (kind_ == Kind::atom) return whole;
  whole.pieces_.front().insert(0, "(");
  whole.pieces_.back() += ")";
  whole.kind_ = Kind::atom;
  return whole;
}

Where Where::joined(Kind kind, const Where& a, const std::string& word, const Where& b) {
  return base::typed([&] {
    auto standsAlone = [&](const Where& part) {
      return part.kind_ == kind || part.kind_ == Kind::comparison || part.kind_ == Kind::test;
    };
    Where whole = standsAlone(a) ? a : a.asAtom();
    Where right = standsAlone(b) ? b : b.asAtom();
    whole.pieces_.back() += word + right.pieces_.front();
    whole.pieces_.insert(whole.pieces_.end(), right.pieces_.begin() + 1, right.pieces_.end());
    whole.values_.insert(whole.values_.end(), right.values_.begin(), right.values_.end());
    whole.kind_ = kind;
    return whole;
  });
}

Where Where::in(const std::vector<Value>& values) const { return compared("IN \1", {Array(values)}); }
Where Where::between(const Value& low, const Value& high) const { return compared("BETWEEN \1 AND \1", {low, high}); }
Where Where::like(const std::string& pattern) const { return compared("LIKE \1", {pattern}); }
Where Where::contains(const Value& part) const { return compared("CONTAINS \1", {part}); }
Where Where::startsWith(const std::string& text) const { return compared("STARTS WITH \1", {text}); }
Where Where::endsWith(const std::string& text) const { return compared("ENDS WITH \1", {text}); }
Where Where::isNull() const { return tested("IS NULL"); }
Where Where::isMissing() const { return tested("IS MISSING"); }
Where Where::isValued() const { return tested("IS VALUED"); }
Where Where::exists() const { return tested("IS NOT MISSING"); }

Where Where::nocase() const {
  return base::typed([&] {
    if (kind_ != Kind::comparison)
      throw Error(ErrorCode::InvalidArgument,
                  "nocase() belongs to one comparison, as in field(\"name\").startsWith(\"a\").nocase()");
    Where whole = *this;
    whole.pieces_.back() += " NOCASE";
    whole.kind_ = Kind::test;
    return whole;
  });
}

Where operator==(const Where& a, const Value& b) { return a.compared("= \1", {b}); }
Where operator!=(const Where& a, const Value& b) { return a.compared("!= \1", {b}); }
Where operator<(const Where& a, const Value& b) { return a.compared("< \1", {b}); }
Where operator<=(const Where& a, const Value& b) { return a.compared("<= \1", {b}); }
Where operator>(const Where& a, const Value& b) { return a.compared("> \1", {b}); }
Where operator>=(const Where& a, const Value& b) { return a.compared(">= \1", {b}); }
Where operator&&(const Where& a, const Where& b) { return Where::joined(Where::Kind::conjunction, a, " AND ", b); }
Where operator||(const Where& a, const Where& b) { return Where::joined(Where::Kind::disjunction, a, " OR ", b); }

Where operator!(const Where& a) {
  return base::typed([&] {
    Where whole = a.asAtom();
    whole.pieces_.front().insert(0, "NOT ");
    whole.kind_ = Where::Kind::test;
    return whole;
  });
}

std::string Where::expression() const {
  return base::typed([&] {
    std::string text = pieces_.front();
    for (std::size_t i = 1; i < pieces_.size(); i++) text += "$" + std::to_string(i) + pieces_[i];
    return text;
  });
}

Object Where::parameters() const {
  return base::typed([&] {
    Object parameters;
    for (std::size_t i = 0; i < values_.size(); i++) parameters.set(std::to_string(i + 1), values_[i]);
    return parameters;
  });
}

}  // namespace blazedb
