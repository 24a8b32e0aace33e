// SecretBytes: bytes that must not leak, such as passwords and keys.
//
// They are in memory of their own (sodium_malloc): locked against swapping if the system allows it, left out of core
// dumps, between guard pages, and zeroed when the object is destroyed or assigned to. A SecretBytes has one owner, and
// cannot be copied or printed. This does not cover data that a cipher derives from a key and keeps for speed, such as
// an AES key schedule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace blazedb::crypto {

class SecretBytes {
 public:
  SecretBytes() = default;
  // `size` zero bytes. Throws std::bad_alloc.
  explicit SecretBytes(std::size_t size);
  explicit SecretBytes(base::ByteView bytes);
  explicit SecretBytes(std::string_view text) : SecretBytes(base::viewOf(text)) {}
  ~SecretBytes();

  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  base::ByteView view() const { return {data_, size_}; }
  std::span<std::uint8_t> span() { return {data_, size_}; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace blazedb::crypto
