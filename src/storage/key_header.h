// The header of a database file: how to get from a password to the key of its pages.
//
//   password --Argon2id--> key-encrypting key --AEAD--> data key (random, of this file alone) --BLAKE2b--> page and log
//   keys
//
// Changing the password wraps the same data key anew and touches no page. The header must survive a power cut in that
// moment, so it is kept twice, each copy in a 4096-byte block of its own (blocks 0 and 1): a drive that tears or
// garbles one block leaves the other. A change writes the older one with the next generation and syncs; a change of the
// password then writes the other as well. The intact copy with the highest generation counts; one that is damaged, or
// opened by another password, is rewritten when the file is opened.
//
//   offset  bytes
//        0      8  "BlazeDB\n"
//        8      4  format version, 1
//       12      4  generation, counts header writes
//       16      1  cipher (crypto::Cipher)
//       17      1  0: the secret is the key-encrypting key; 1: it is a password, stretched with Argon2id
//       18      2  zeros
//       20      4  page size
//       24      4  Argon2id memory, KiB
//       28      4  Argon2id passes
//       32     16  Argon2id salt
//       48      8  state of the pages (file_header.h)
//       56      8  state that the log began from whose frames are in the pages
//       64      4  how many of its frames
//       68   3924  zeros
//     3992     32  data key, sealed
//     4024     40  nonce and tag of that seal; bytes 0 to 3992 are its associated data
//     4064     32  BLAKE2b-256 of bytes 0 to 4064
//
// Integers are little-endian. The checksum tells damage from a wrong password; against someone who recomputes it stands
// the seal, which covers every other byte. Magic, version and checksum keep their places in every future version.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "crypto/aead.h"
#include "crypto/key_derivation.h"
#include "crypto/secret_bytes.h"
#include "storage/file_system.h"
#include "storage/key_source.h"

namespace blazedb::storage {

inline constexpr std::size_t kHeaderBlockBytes = 4096;
inline constexpr std::size_t kHeaderBytes = 2 * kHeaderBlockBytes;  // the pages begin here
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint32_t kPageBytesMin = 1024;
inline constexpr std::uint32_t kPageBytesMax = 65536;

// What a header says, and the keys that it gives to whoever has the secret.
struct KeyHeader {
  std::uint32_t generation = 1;
  crypto::Cipher cipher = crypto::Cipher::xaes256Gcm;
  std::uint32_t pageBytes = 0;
  KeySource::Kind kind = KeySource::Kind::rawKey;
  crypto::KdfCost cost;  // zeros without a password
  std::array<std::uint8_t, crypto::kSaltBytes> salt = {};
  std::uint64_t state = 0;
  std::uint64_t logState = 0;
  std::uint32_t logFrames = 0;
  bool alone = false;  // the other copy is damaged: it may have had the next generation
  crypto::SecretBytes keyEncryptingKey;
  crypto::SecretBytes dataKey;

  // Takes `source` as what opens the file from now on, with a new salt. Throws Error(InvalidArgument) for an empty
  // password, a raw key that has not 32 bytes, or a cost that is not acceptable.
  void protectWith(const KeySource& source, const crypto::KdfCost& passwordCost, base::Random& random);
};

// Both blocks of a new file.
base::Bytes encodeHeader(const KeyHeader& header, base::Random& random);

// Reads, authenticates and unlocks. `path` is for messages only.
// Throws Error: NotADatabase, TruncatedFile, DamagedPage (both copies), NewerFormat, WrongPassword, IoError.
KeyHeader readHeader(File& file, const std::string& path, const KeySource& source, base::Random& random);

// Replaces the header of an existing file with the next generation, one copy after the other, each synced. Throws
// Error(IoError, DiskFull); the file then opens with the old secret or with the new one.
void rewriteHeader(File& file, const std::string& path, KeyHeader& header, base::Random& random);

// Writes `header` to the copy that does not count; it has the next generation. Not synced.
IoStatus writeOlderCopy(File& file, const KeyHeader& header, base::Random& random);

// Where a bad block left one copy only, or a power cut left one that another password opens: makes them the same again,
// from the one that counts. `header` is what readHeader() gave.
void repairHeader(File& file, const std::string& path, KeyHeader& header, base::Random& random);

// The number (0 or 1) of each copy that is not intact; empty for a sound file.
std::vector<int> damagedHeaderCopies(File& file);

}  // namespace blazedb::storage
