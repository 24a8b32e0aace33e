// Bytes and the few integer encodings that the file and the wire share.
//
// Fixed-width integers are little-endian. A varint is LEB128: seven bits a byte, lowest first, at most ten bytes. The
// reader refuses a varint that overflows or is longer than necessary. Reading never throws and never runs past the end.
// After a failure further reads return zeros and ok() stays false, so a parser checks only once, at its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace blazedb::base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView viewOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view textOf(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

inline bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

inline void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

inline void appendFixed64(Bytes& out, std::uint64_t value) {
  std::size_t at = out.size();
  out.resize(at + 8);
  for (std::size_t i = 0; i < 8; i++) out[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

inline void appendVarint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

// A varint length, then the bytes.
inline void appendSized(Bytes& out, ByteView bytes) {
  appendVarint(out, bytes.size());
  append(out, bytes);
}

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool atEnd() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }

  std::uint8_t byte() {
    if (rest_.empty()) return fail();
    std::uint8_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }
  std::uint64_t fixed64() {
    ByteView raw = take(8);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < raw.size(); i++) value |= std::uint64_t{raw[i]} << (8 * i);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      std::uint8_t part = byte();
      if (!ok_ || (shift == 63 && part > 1)) return fail();
      value |= std::uint64_t{part & 0x7Fu} << shift;
      if (part < 0x80) return part == 0 && shift > 0 ? fail() : value;
    }
    return fail();
  }
  // The next `count` bytes, a view into the bytes of the constructor; empty after a failure.
  ByteView take(std::size_t count) {
    if (count > rest_.size()) {
      fail();
      return {};
    }
    ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  ByteView sized() { return take(varint()); }

  // Makes the reader fail, for a fault that the caller found.
  std::uint8_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace blazedb::base
