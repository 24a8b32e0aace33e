// The header of a database file: the way from a password to the key of the pages.
//
//   password --Argon2id--> key-encrypting key --AEAD--> data key (random, of this file alone) --BLAKE2b--> page and log
//   keys
//
// A change of the password encrypts the same data key again and changes no page. The header must survive a power cut at
// that moment. So there are two copies, each in a 4096-byte block of its own (blocks 0 and 1): a drive that tears or
// garbles one block leaves the other. A change writes the older copy with the next generation and syncs. A change of
// the password then writes the other copy as well. The intact copy with the highest generation counts. Opening the file
// rewrites a copy that is damaged, or that another password opens.
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
//       56      8  the state from which the log began whose frames are in the pages
//       64      4  how many of its frames are in the pages
//       68   3924  zeros
//     3992     32  data key, sealed
//     4024     40  nonce and tag of that seal; bytes 0 to 3992 are its associated data
//     4064     32  BLAKE2b-256 of bytes 0 to 4064
//
// Integers are little-endian. The checksum distinguishes damage from a wrong password. An attacker can recompute it,
// but not the seal, which covers every other byte. Magic, version and checksum keep their places in every future
// version.
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

// The content of a header, and the keys that the secret gives.
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
  bool alone = false;  // the other copy is damaged, and may have had the next generation
  crypto::SecretBytes keyEncryptingKey;
  crypto::SecretBytes dataKey;

  // Makes `source` the secret that opens the file, with a new salt. Throws Error(InvalidArgument): an empty password, a
  // raw key that does not have 32 bytes, a cost out of bounds.
  void protectWith(const KeySource& source, const crypto::KdfCost& passwordCost, base::Random& random);
};

// Both copies, for a new file.
base::Bytes encodeHeader(const KeyHeader& header, base::Random& random);

// Reads, authenticates and unlocks. `path` is for messages only.
// Throws Error: NotADatabase, TruncatedFile, DamagedPage (both copies), NewerFormat, WrongPassword, IoError.
KeyHeader readHeader(File& file, const std::string& path, const KeySource& source, base::Random& random);

// Writes the header of an existing file with the next generation, one copy after the other, and syncs each. Throws
// Error(IoError, DiskFull); the old secret or the new one then opens the file.
void rewriteHeader(File& file, const std::string& path, KeyHeader& header, base::Random& random);

// Writes `header`, which has the next generation, to the older copy. Does not sync.
IoStatus writeOlderCopy(File& file, const KeyHeader& header, base::Random& random);

// Makes both copies the same again, from the one that counts, if a bad block left only one, or a power cut left one
// that another password opens. `header` comes from readHeader().
void repairHeader(File& file, const std::string& path, KeyHeader& header, base::Random& random);

// The numbers (0 or 1) of the copies that are not intact; empty for a sound file.
std::vector<int> damagedHeaderCopies(File& file);

}  // namespace blazedb::storage
