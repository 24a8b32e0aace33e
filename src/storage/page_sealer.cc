#include "storage/page_sealer.h"

#include <cstring>

#include "crypto/key_derivation.h"

namespace blazedb::storage {
namespace {

using Label = std::array<std::uint8_t, 8>;

Label label(const char (&kind)[5], std::uint32_t number) {
  Label bytes;
  std::memcpy(bytes.data(), kind, 4);
  for (std::size_t i = 0; i < 4; i++) bytes[4 + i] = static_cast<std::uint8_t>(number >> (8 * i));
  return bytes;
}

std::array<std::uint8_t, 8 + crypto::kSealBytes> frameLabel(std::uint32_t frame, const std::uint8_t* pageSeal) {
  std::array<std::uint8_t, 8 + crypto::kSealBytes> bytes;
  Label number = label("fram", frame);
  std::memcpy(bytes.data(), number.data(), number.size());
  std::memcpy(bytes.data() + number.size(), pageSeal, crypto::kSealBytes);
  return bytes;
}

}  // namespace

PageKeys::PageKeys(base::ByteView dataKey)
    : pages(crypto::deriveSubkey(dataKey, "blazedb pages")), wal(crypto::deriveSubkey(dataKey, "blazedb WAL")) {}

PageSealer::PageSealer(crypto::Cipher cipher, const PageKeys& keys, std::size_t pageBytes, base::Random& random)
    : pageBytes_(pageBytes), pages_(cipher, keys.pages.view(), random), wal_(cipher, keys.wal.view(), random) {}

void PageSealer::sealPage(std::uint32_t page, const std::uint8_t* plain, std::uint8_t* sealed) {
  std::size_t content = pageBytes_ - crypto::kSealBytes;
  pages_.seal(sealed, {plain, content}, label("page", page), sealed + content);
}

bool PageSealer::openPage(std::uint32_t page, const std::uint8_t* sealed, std::uint8_t* plain) {
  std::size_t content = pageBytes_ - crypto::kSealBytes;
  bool authentic = pages_.open(plain, {sealed, content}, label("page", page), sealed + content);
  std::memset(plain + content, 0, crypto::kSealBytes);
  return authentic;
}

void PageSealer::sealFrameHeader(std::uint32_t frame, const std::uint8_t* pageSeal, const WalRecord& plain,
                                 std::uint8_t* sealed) {
  wal_.seal(sealed, plain, frameLabel(frame, pageSeal), sealed + kWalRecordBytes);
}

bool PageSealer::openFrameHeader(std::uint32_t frame, const std::uint8_t* pageSeal, const std::uint8_t* sealed,
                                 WalRecord& plain) {
  return wal_.open(plain.data(), {sealed, kWalRecordBytes}, frameLabel(frame, pageSeal), sealed + kWalRecordBytes);
}

void PageSealer::sealWalHeader(std::uint8_t slot, const WalRecord& plain, std::uint8_t* sealed) {
  wal_.seal(sealed, plain, label("wlg2", slot), sealed + kWalRecordBytes);
}

bool PageSealer::openWalHeader(std::uint8_t slot, const std::uint8_t* sealed, WalRecord& plain, bool& ofBefore) {
  auto opens = [&](const char(&kind)[5]) {
    return wal_.open(plain.data(), {sealed, kWalRecordBytes}, label(kind, slot), sealed + kWalRecordBytes);
  };
  ofBefore = false;
  if (opens("wlg2")) return true;
  return ofBefore = opens("wlog");
}

}  // namespace blazedb::storage
