// Sealing the units that a database file and its WAL are made of.
//
//   page          ciphertext (P - 40) | nonce 24 | tag 16      associated data: "page", page number
//   frame header  ciphertext 32       | nonce 24 | tag 16      associated data: "fram", frame number, nonce and tag
//                                                              of its page
//   WAL header    ciphertext 32       | nonce 24 | tag 16      associated data: "wlg2", slot; of before file_header.h:
//                                                              "wlog", slot
//
// SQLite leaves the last 40 bytes of each page alone ("reserved bytes"), so that a sealed page has the size of a plain
// one. A page is sealed for its number and not for its place: a checkpoint moves it from the WAL into the main file as
// it is. A frame header binds the page to its place in the log. Keys are those of one file, so nothing from another
// file passes. Not thread-safe: one for each connection.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/random.h"
#include "crypto/aead.h"
#include "crypto/secret_bytes.h"

namespace blazedb::storage {

inline constexpr std::size_t kWalRecordBytes = 32;  // plain size of frame and WAL headers
inline constexpr std::size_t kSealedRecordBytes = kWalRecordBytes + crypto::kSealBytes;
using WalRecord = std::array<std::uint8_t, kWalRecordBytes>;

// The keys of one file: one for pages, wherever they are, one for the rest of the WAL.
struct PageKeys {
  explicit PageKeys(base::ByteView dataKey);
  crypto::SecretBytes pages;
  crypto::SecretBytes wal;
};

class PageSealer {
 public:
  // `random` must outlive this.
  PageSealer(crypto::Cipher cipher, const PageKeys& keys, std::size_t pageBytes, base::Random& random);

  std::size_t pageBytes() const { return pageBytes_; }

  // `plain` and `sealed` have pageBytes() and may be the same; the reserved bytes of `plain` must be and become zeros.
  void sealPage(std::uint32_t page, const std::uint8_t* plain, std::uint8_t* sealed);
  [[nodiscard]] bool openPage(std::uint32_t page, const std::uint8_t* sealed, std::uint8_t* plain);

  // `sealed` has kSealedRecordBytes; `pageSeal` are the last 40 bytes of the frame's sealed page.
  void sealFrameHeader(std::uint32_t frame, const std::uint8_t* pageSeal, const WalRecord& plain, std::uint8_t* sealed);
  [[nodiscard]] bool openFrameHeader(std::uint32_t frame, const std::uint8_t* pageSeal, const std::uint8_t* sealed,
                                     WalRecord& plain);
  void sealWalHeader(std::uint8_t slot, const WalRecord& plain, std::uint8_t* sealed);
  // `ofBefore`: the header names no state.
  [[nodiscard]] bool openWalHeader(std::uint8_t slot, const std::uint8_t* sealed, WalRecord& plain, bool& ofBefore);

 private:
  std::size_t pageBytes_;
  crypto::Aead pages_;
  crypto::Aead wal_;
};

}  // namespace blazedb::storage
