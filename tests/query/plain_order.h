// Values by chance, and their order as docs/query.md has it, on decoded values.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <string>

#include "blazedb/value.h"

namespace blazedb::query {

// Values that are near each other, or at an edge.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  Value value(int depth = 0) {
    switch (below(depth < 3 ? 12 : 9)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
      case 3:
        return integer();
      case 4:
        return real();
      case 5:
        return Date{integer()};
      case 6: {
        UUID id;
        for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(below(3) * 127);
        return id;
      }
      case 7:
        return text();
      case 8: {
        std::string bytes = text();
        return Bytes(bytes.begin(), bytes.end());
      }
      case 9:
      case 10: {
        Array array;
        for (auto left = below(4); left > 0; left--) array.push_back(value(depth + 1));
        return array;
      }
      default: {
        Object object;
        for (auto left = below(4); left > 0; left--) object.set("k" + text(), value(depth + 1));
        return object;
      }
    }
  }

  std::uint64_t below(std::uint64_t end) { return random_() % end; }

 private:
  std::int64_t integer() {
    constexpr std::int64_t kEdges[] = {0, 1, -1, 1LL << 53, -(1LL << 53), INT64_MAX - 1, INT64_MIN + 1, 1LL << 62};
    return kEdges[below(std::size(kEdges))] + (static_cast<std::int64_t>(below(3)) - 1);
  }
  double real() {
    switch (below(6)) {
      case 0:
        return std::nan("");
      case 1:
        return below(2) == 0 ? 0.0 : -0.0;
      case 2:
        return (below(2) == 0 ? 1 : -1) * std::numeric_limits<double>::infinity();
      case 3:
        return std::nextafter(static_cast<double>(integer()), below(2) == 0 ? 1e300 : -1e300);
      case 4:
        return static_cast<double>(integer()) + 0.5;
      default:
        return static_cast<double>(integer());
    }
  }
  std::string text() {
    std::string text;
    const char* parts[] = {"", "a", "b", "ab", "\xC3\xA9", "\xF0\x9F\x98\x80", "\xEF\xBF\xBD", "\x01", "\x7F"};
    for (auto left = below(3); left > 0; left--) text += parts[below(std::size(parts))];
    if (below(4) == 0) text.push_back('\0');
    return text;
  }
  std::mt19937_64 random_;
};

inline int sign(auto order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

// The place of its type in the order of all values.
inline int rankOf(const Value& value) {
  using Type = Value::Type;
  switch (value.type()) {
    case Type::null:
      return 0;
    case Type::boolean:
      return 1;
    case Type::integer:
    case Type::real:
      return 2;
    case Type::date:
      return 3;
    case Type::uuid:
      return 4;
    case Type::string:
      return 5;
    case Type::bytes:
      return 6;
    case Type::array:
      return 7;
    default:
      return 8;
  }
}

inline long double exact(const Value& value) {
  if (const auto* integer = value.as<std::int64_t>()) return static_cast<long double>(*integer);
  return static_cast<long double>(*value.as<double>());
}

// -1, 0 or 1. Numbers by long double, which has 64 bits of mantissa on x86 and more elsewhere.
inline int plainOrder(const Value& a, const Value& b) {
  if (rankOf(a) != rankOf(b)) return sign(rankOf(a) <=> rankOf(b));
  switch (rankOf(a)) {
    case 1:
      return sign(*a.as<bool>() <=> *b.as<bool>());
    case 2: {
      long double x = exact(a), y = exact(b);
      if (std::isnan(x) || std::isnan(y)) return sign(std::isnan(x) <=> std::isnan(y));
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case 3:
      return sign(*a.as<Date>() <=> *b.as<Date>());
    case 4:
      return sign(a.as<UUID>()->bytes <=> b.as<UUID>()->bytes);
    case 5:
      return sign(a.as<std::string>()->compare(*b.as<std::string>()) <=> 0);
    case 6:
      return sign(*a.as<Bytes>() <=> *b.as<Bytes>());
    case 7: {
      const Array &x = *a.as<Array>(), &y = *b.as<Array>();
      for (std::size_t i = 0; i < std::min(x.size(), y.size()); i++)
        if (int order = plainOrder(x[i], y[i])) return order;
      return sign(x.size() <=> y.size());
    }
    case 8: {
      const Object &x = *a.as<Object>(), &y = *b.as<Object>();
      auto left = x.begin(), right = y.begin();
      for (; left != x.end() && right != y.end(); ++left, ++right) {
        if (int order = plainOrder(Value(left->name), Value(right->name))) return order;
        if (int order = plainOrder(left->value, right->value)) return order;
      }
      return sign(x.size() <=> y.size());
    }
    default:
      return 0;
  }
}

}  // namespace blazedb::query
