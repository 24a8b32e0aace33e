// Encoding and unlocking the header, and the order in which its two copies are written.
#include "storage/key_header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "blazedb/error.h"
#include "crypto/hash.h"

namespace blazedb::storage {
namespace {

constexpr std::string_view kMagic = "BlazeDB\n";
constexpr std::size_t kSealedKeyAt = 3992;
constexpr std::size_t kSealAt = kSealedKeyAt + crypto::kKeyBytes;
constexpr std::size_t kChecksumAt = kSealAt + crypto::kSealBytes;

using Block = std::array<std::uint8_t, kHeaderBlockBytes>;

void put32(std::uint8_t* at, std::uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void put64(std::uint8_t* at, std::uint64_t value) {
  put32(at, static_cast<std::uint32_t>(value));
  put32(at + 4, static_cast<std::uint32_t>(value >> 32));
}

std::uint32_t get32(const std::uint8_t* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; i++) value |= std::uint32_t{at[i]} << (8 * i);
  return value;
}

std::uint64_t get64(const std::uint8_t* at) { return get32(at) | std::uint64_t{get32(at + 4)} << 32; }

base::ByteView part(const Block& block, std::size_t from, std::size_t bytes) {
  return base::ByteView(block).subspan(from, bytes);
}

crypto::Aead wrappingCipher(const KeyHeader& header, base::Random& random) {
  crypto::SecretBytes key = crypto::deriveSubkey(header.keyEncryptingKey.view(), "blazedb wrapped data key");
  return crypto::Aead(header.cipher, key.view(), random);
}

Block encodeBlock(const KeyHeader& header, base::Random& random) {
  Block block = {};
  std::uint8_t* at = block.data();
  std::memcpy(at, kMagic.data(), kMagic.size());
  put32(at + 8, kFormatVersion);
  put32(at + 12, header.generation);
  at[16] = static_cast<std::uint8_t>(header.cipher);
  at[17] = static_cast<std::uint8_t>(header.kind);
  put32(at + 20, header.pageBytes);
  put32(at + 24, header.cost.memoryKiB);
  put32(at + 28, header.cost.passes);
  std::memcpy(at + 32, header.salt.data(), header.salt.size());
  put64(at + 48, header.state);
  put64(at + 56, header.logState);
  put32(at + 64, header.logFrames);
  wrappingCipher(header, random)
      .seal(at + kSealedKeyAt, header.dataKey.view(), part(block, 0, kSealedKeyAt), at + kSealAt);
  auto checksum = crypto::hash256(part(block, 0, kChecksumAt));
  std::memcpy(at + kChecksumAt, checksum.data(), checksum.size());
  return block;
}

bool hasMagic(const Block& block) { return std::memcmp(block.data(), kMagic.data(), kMagic.size()) == 0; }

bool intact(const Block& block) {
  return hasMagic(block) && base::equal(crypto::hash256(part(block, 0, kChecksumAt)), part(block, kChecksumAt, 32));
}

crypto::SecretBytes keyEncryptingKey(const KeySource& source, const KeyHeader& header) {
  if (source.kind() == KeySource::Kind::rawKey) return crypto::SecretBytes(source.secret());
  return crypto::deriveFromPassword(source.secret(), header.salt, header.cost);
}

// The fields of an intact block. An attacker may have written them, so each is checked.
std::optional<KeyHeader> parsePublicPart(const Block& block) {
  const std::uint8_t* at = block.data();
  KeyHeader header;
  header.generation = get32(at + 12);
  header.cipher = static_cast<crypto::Cipher>(at[16]);
  header.kind = static_cast<KeySource::Kind>(at[17]);
  header.pageBytes = get32(at + 20);
  header.cost = {get32(at + 24), get32(at + 28)};
  std::memcpy(header.salt.data(), at + 32, header.salt.size());
  header.state = get64(at + 48);
  header.logState = get64(at + 56);
  header.logFrames = get32(at + 64);
  bool known = (header.cipher == crypto::Cipher::xaes256Gcm || header.cipher == crypto::Cipher::xchacha20Poly1305) &&
               at[17] <= 1 && std::has_single_bit(header.pageBytes) && header.pageBytes >= kPageBytesMin &&
               header.pageBytes <= kPageBytesMax;
  bool affordable = header.kind == KeySource::Kind::rawKey || header.cost.acceptable();
  if (!known || !affordable) return std::nullopt;
  return header;
}

void writeCopy(File& file, const std::string& path, int copy, const Block& block) {
  IoStatus status = file.writeAt(static_cast<std::uint64_t>(copy) * kHeaderBlockBytes, block);
  if (status == IoStatus::noSpace) throw Error(ErrorCode::DiskFull, path + ": the header could not be written");
  if (status != IoStatus::ok || file.sync() != IoStatus::ok)
    throw Error(ErrorCode::IoError,
                path + ": the header could not be written; check the disk, then open the file again");
}

// Reads both copies. One that cannot be read counts as damaged, because a drive reports a torn block in this way.
std::array<Block, 2> readCopies(File& file, const std::string& path) {
  std::uint64_t bytes = 0;
  if (file.size(bytes) != IoStatus::ok) throw Error(ErrorCode::IoError, path + " cannot be read");
  std::array<Block, 2> copies = {};
  int unreadable = 0;
  for (std::size_t copy = 0; copy < 2; copy++) {
    IoStatus status = file.readAt(copy * kHeaderBlockBytes, copies[copy]);
    if (status == IoStatus::ok || status == IoStatus::shortRead) continue;
    copies[copy] = {};
    unreadable++;
  }
  if (unreadable == 2) throw Error(ErrorCode::IoError, path + " cannot be read; check the disk");
  std::size_t comparable = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kMagic.size()));
  bool ours = std::memcmp(copies[0].data(), kMagic.data(), comparable) == 0 || hasMagic(copies[1]);
  if (!ours) throw Error(ErrorCode::NotADatabase, path + " is not a BlazeDB database");
  if (bytes < kHeaderBytes)
    throw Error(ErrorCode::TruncatedFile, path + " ends within its header; restore it from a backup");
  return copies;
}

// The number of the copy that counts: the intact one with the highest generation.
int currentCopy(const std::array<Block, 2>& copies, const std::string& path) {
  bool first = intact(copies[0]), second = intact(copies[1]);
  if (!first && !second)
    throw Error(ErrorCode::DamagedPage, path + ": both copies of the header are damaged; restore it from a backup");
  if (!first || !second) return first ? 0 : 1;
  return get32(copies[1].data() + 12) > get32(copies[0].data() + 12) ? 1 : 0;
}

// Whether the same secret opens both copies: they have the same kind, cost and salt.
bool sameSecret(const Block& a, const Block& b) {
  return a[17] == b[17] && base::equal(part(a, 24, 24), part(b, 24, 24));
}

}  // namespace

void KeyHeader::protectWith(const KeySource& source, const crypto::KdfCost& passwordCost, base::Random& random) {
  kind = source.kind();
  if (kind == KeySource::Kind::rawKey) {
    if (source.secret().size() != crypto::kKeyBytes) throw Error(ErrorCode::InvalidArgument, "a raw key has 32 bytes");
    cost = {0, 0};
    salt = {};
  } else {
    if (source.secret().empty()) throw Error(ErrorCode::InvalidArgument, "a password must not be empty");
    cost = passwordCost;
    random.fill(salt);
  }
  keyEncryptingKey = storage::keyEncryptingKey(source, *this);
}

base::Bytes encodeHeader(const KeyHeader& header, base::Random& random) {
  base::Bytes bytes;
  for (int copy = 0; copy < 2; copy++) base::append(bytes, encodeBlock(header, random));
  return bytes;
}

KeyHeader readHeader(File& file, const std::string& path, const KeySource& source, base::Random& random) {
  std::array<Block, 2> copies = readCopies(file, path);
  const Block& block = copies[static_cast<std::size_t>(currentCopy(copies, path))];
  std::uint32_t version = get32(block.data() + 8);
  if (version > kFormatVersion)
    throw Error(ErrorCode::NewerFormat, path + " has format " + std::to_string(version) +
                                            ", and this version of BlazeDB reads formats up to " +
                                            std::to_string(kFormatVersion) + "; install a newer BlazeDB");
  std::optional<KeyHeader> header = parsePublicPart(block);
  if (!header || version != kFormatVersion)
    throw Error(ErrorCode::DamagedPage,
                path + ": its header has values that no version of BlazeDB writes; restore it from a backup");
  if (header->kind != source.kind())
    throw Error(ErrorCode::WrongPassword,
                path + (header->kind == KeySource::Kind::password ? " is opened by a password, not by a raw key"
                                                                  : " is opened by a raw key, not by a password"));
  if (source.kind() == KeySource::Kind::rawKey && source.secret().size() != crypto::kKeyBytes)
    throw Error(ErrorCode::InvalidArgument, "a raw key has 32 bytes");
  header->alone = !intact(copies[0]) || !intact(copies[1]);
  header->keyEncryptingKey = keyEncryptingKey(source, *header);
  header->dataKey = crypto::SecretBytes(crypto::kKeyBytes);
  if (!wrappingCipher(*header, random)
           .open(header->dataKey.span().data(), part(block, kSealedKeyAt, crypto::kKeyBytes),
                 part(block, 0, kSealedKeyAt), block.data() + kSealAt))
    throw Error(ErrorCode::WrongPassword, path + ": the password or key does not open it");
  return std::move(*header);
}

void rewriteHeader(File& file, const std::string& path, KeyHeader& header, base::Random& random) {
  int current = currentCopy(readCopies(file, path), path);
  header.generation++;
  for (int copy : {1 - current, current}) writeCopy(file, path, copy, encodeBlock(header, random));
}

IoStatus writeOlderCopy(File& file, const KeyHeader& header, base::Random& random) {
  std::array<Block, 2> copies = {};
  for (std::size_t copy = 0; copy < 2; copy++)
    if (file.readAt(copy * kHeaderBlockBytes, copies[copy]) != IoStatus::ok) copies[copy] = {};
  bool firstCounts =
      intact(copies[0]) && (!intact(copies[1]) || get32(copies[0].data() + 12) >= get32(copies[1].data() + 12));
  return file.writeAt(firstCounts ? kHeaderBlockBytes : 0, encodeBlock(header, random));
}

void repairHeader(File& file, const std::string& path, KeyHeader& header, base::Random& random) {
  std::array<Block, 2> copies = readCopies(file, path);
  bool sound = intact(copies[0]) && intact(copies[1]) && sameSecret(copies[0], copies[1]);
  if (!sound) rewriteHeader(file, path, header, random);
  header.alone = false;
}

std::vector<int> damagedHeaderCopies(File& file) {
  std::vector<int> damaged;
  for (int copy = 0; copy < 2; copy++) {
    Block block = {};
    IoStatus status = file.readAt(static_cast<std::uint64_t>(copy) * kHeaderBlockBytes, block);
    if (status != IoStatus::ok || !intact(block)) damaged.push_back(copy);
  }
  return damaged;
}

}  // namespace blazedb::storage
