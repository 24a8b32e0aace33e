// Random values of every type from a seed, often at the limits of the type. The seed lets a property test and its
// failures be replayed.
#pragma once

#include <bit>
#include <limits>
#include <random>
#include <string>
#include <utility>

#include "blazedb/value.h"

namespace blazedb::codec {

class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::int64_t integer() {
    constexpr std::int64_t kEdges[] = {0,     23,    24,         255,        256,
                                       65535, 65536, 4294967295, 4294967296, std::numeric_limits<std::int64_t>::max()};
    std::int64_t value =
        below(2) ? kEdges[below(std::size(kEdges))] : static_cast<std::int64_t>(random_() >> below(64));
    return below(2) ? value : ~value;
  }
  // Any bits: also NaNs of all kinds, infinities and subnormals.
  double real() { return below(2) ? std::bit_cast<double>(random_()) : static_cast<double>(integer()) / 8; }
  std::string text() {
    static const std::string kCharacters[] = {"a",    "Z", "_", ".", "$", "\"", "\\", "\n", std::string(1, '\0'),
                                              "\x7F", "ß", "€", "😀"};
    std::string text;
    for (std::uint64_t length = below(below(8) ? 6 : 300); text.size() < length;)
      text += kCharacters[below(std::size(kCharacters))];
    return text;
  }
  std::string name() {
    std::string name = below(4) ? std::string(1, static_cast<char>('a' + below(26))) : text();
    return name.empty() || name.size() > 100 ? "_id" : name;
  }
  Date date() {
    std::int64_t any = integer();
    if (below(2)) return {any};
    return {static_cast<std::int64_t>(below(1u << 31)) * 1'000'000 +
            (below(2) ? static_cast<std::int64_t>(below(1'000'000)) : 0)};
  }
  UUID uuid() {
    UUID id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random_());
    return id;
  }

  Value value(int depth = 0) {
    switch (below(depth < 4 ? 10 : 8)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return integer();
      case 3:
        return real();
      case 4:
        return text();
      case 5: {
        Bytes bytes(below(40));
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
        return bytes;
      }
      case 6:
        return date();
      case 7:
        return uuid();
      case 8: {
        Array array(below(5));
        for (Value& element : array) element = value(depth + 1);
        return array;
      }
      default:
        return object(depth + 1);
    }
  }
  Object object(int depth = 0) {
    Object object;
    for (std::uint64_t count = below(6); count > 0; count--) object.set(name(), value(depth));
    return object;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace blazedb::codec
