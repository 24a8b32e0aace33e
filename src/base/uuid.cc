#include <unistd.h>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/uuid_v7.h"
#include "blazedb/uuid.h"

namespace blazedb {
namespace {

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool dashAt(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

UUID UUID::generate() {
  static base::Mutex mutex;
  static base::SystemClock clock;
  static base::SystemRandom random;
  static base::UuidV7 ids GUARDED_BY(mutex){clock, random};
  base::Lock lock(mutex);
  return ids.next();
}

std::optional<UUID> UUID::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  UUID id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); i++) {
    if (dashAt(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    int digit = hexDigit(text[i]);
    if (digit < 0) return std::nullopt;
    auto& byte = id.bytes[nibble / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | digit);
    nibble++;
  }
  return id;
}

std::string UUID::toString() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::uint8_t byte : bytes) {
    if (dashAt(text.size())) text += '-';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

namespace base {

UUID UuidV7::next() {
  if (used_ + 10 > sizeof pool_ || process_ != ::getpid()) {
    random_.fill(pool_);
    process_ = ::getpid();
    used_ = 0;
  }
  auto now = static_cast<std::uint64_t>(clock_.wallMs());
  if (now > lastMs_) {
    lastMs_ = now;
    counter_ = static_cast<std::uint32_t>(pool_[used_] << 8 | pool_[used_ + 1]) & 0x7FF;  // room to count up
  } else if (++counter_ > 0xFFF) {
    lastMs_++;
    counter_ = 0;
  }
  UUID id;
  for (std::size_t i = 0; i < 6; i++) id.bytes[i] = static_cast<std::uint8_t>(lastMs_ >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | counter_ >> 8);
  id.bytes[7] = static_cast<std::uint8_t>(counter_);
  for (std::size_t i = 8; i < 16; i++) id.bytes[i] = pool_[used_ + i - 6];
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  used_ += 10;
  return id;
}

}  // namespace base
}  // namespace blazedb

std::size_t std::hash<blazedb::UUID>::operator()(const blazedb::UUID& id) const noexcept {
  std::uint64_t high = 0, low = 0;
  for (std::size_t i = 0; i < 8; i++) {
    high = high << 8 | id.bytes[i];
    low = low << 8 | id.bytes[8 + i];
  }
  return (high * 0x9E3779B97F4A7C15ull) ^ low;
}
