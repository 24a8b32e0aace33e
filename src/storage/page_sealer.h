// Encrypts and authenticates ("seals") the units of a database file and its WAL.
//
//   page          ciphertext (P - 40) | nonce 24 | tag 16      associated data: "page", page number
//   frame header  ciphertext 32       | nonce 24 | tag 16      associated data: "fram", frame number, nonce and tag
//                                                              of its page
//   WAL header    ciphertext 32       | nonce 24 | tag 16      associated data: "wlg2", slot; in logs from before
//                                                              file_header.h: "wlog", slot
//
// SQLite leaves the last 40 bytes of each page alone ("reserved bytes"), so a sealed page is as large as a plain one.
// The seal of a page covers its number and not its place: a checkpoint moves the page from the WAL into the main file
// as it is. The frame header binds the page to its place in the log. Each file has keys of its own, so nothing from
// another file passes. Not thread-safe: each connection has its own sealer.
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

// The keys of one file: one for pages, in the file and in the WAL, and one for the headers in the WAL.
struct PageKeys {
  explicit PageKeys(base::ByteView dataKey);
  crypto::SecretBytes pages;
  crypto::SecretBytes wal;
};

class PageSealer {
 public:
  // `random` must outlive this object.
  PageSealer(crypto::Cipher cipher, const PageKeys& keys, std::size_t pageBytes, base::Random& random);

  std::size_t pageBytes() const { return pageBytes_; }

  // `plain` and `sealed` have pageBytes() and may be the same memory. The reserved bytes of `plain` are zeros.
  void sealPage(std::uint32_t page, const std::uint8_t* plain, std::uint8_t* sealed);
  [[nodiscard]] bool openPage(std::uint32_t page, const std::uint8_t* sealed, std::uint8_t* plain);

  // `sealed` has kSealedRecordBytes; `pageSeal` are the last 40 bytes of the frame's sealed page.
  void sealFrameHeader(std::uint32_t frame, const std::uint8_t* pageSeal, const WalRecord& plain, std::uint8_t* sealed);
  [[nodiscard]] bool openFrameHeader(std::uint32_t frame, const std::uint8_t* pageSeal, const std::uint8_t* sealed,
                                     WalRecord& plain);
  void sealWalHeader(std::uint8_t slot, const WalRecord& plain, std::uint8_t* sealed);
  // Sets `ofBefore` if the header is of an earlier version, which names no state.
  [[nodiscard]] bool openWalHeader(std::uint8_t slot, const std::uint8_t* sealed, WalRecord& plain, bool& ofBefore);

 private:
  std::size_t pageBytes_;
  crypto::Aead pages_;
  crypto::Aead wal_;
};

}  // namespace blazedb::storage
