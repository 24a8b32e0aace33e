// A cache of the latest frames of the WAL, decrypted, for all connections of one file.
//
// SQLite has a page cache for each connection and empties those of readers with every commit. A reader that follows the
// commits, as a link does, would read and decrypt the same few pages again each time. This cache keeps what was written
// or read last, 2 MiB at most. The number of a frame gives its slot. The log is filled in order, so the cache holds its
// end, and needs no list of ages.
//
// A page from the cache is not read from the disk, and so not authenticated again; SQLite's own cache works in the same
// way. It is never older than the file:
//
//   - The key of a frame is its filling of the WAL (the generation) and its number. Once it is committed, it is not
//     written again before the next filling.
//   - The writer puts a frame here when it seals it. A transaction that rolls back leaves frames that no reader's
//     snapshot has. The next transaction writes the same numbers, and so replaces them, before it commits.
//   - Recoveries and checkpoints do not use the cache: they need what is on the disk.
//
// Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"

namespace blazedb::storage {

class FrameCache {
 public:
  explicit FrameCache(std::size_t pageBytes);
  // Zeroes all pages.
  ~FrameCache();
  FrameCache(const FrameCache&) = delete;

  // `page` has pageBytes.
  void put(std::uint32_t generation, std::uint32_t frame, const std::uint8_t* page);
  // Returns false and leaves `page` alone if the frame is not in the cache.
  [[nodiscard]] bool get(std::uint32_t generation, std::uint32_t frame, std::uint8_t* page);
  // Forgets and zeroes all pages.
  void clear();

 private:
  static constexpr std::size_t kBytes = 2 << 20;
  static constexpr std::size_t kLocks = 16;
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};

  static std::uint64_t keyOf(std::uint32_t generation, std::uint32_t frame) {
    return std::uint64_t{generation} << 32 | frame;
  }

  const std::size_t pageBytes_;
  // Neighbours have different locks, so that readers of one transaction's pages do not wait for each other.
  // Lock `slot mod kLocks` guards a slot, which the checker cannot express.
  std::array<base::Mutex, kLocks> locks_;
  std::vector<std::uint64_t> keys_;  // of the frame in each slot
  // Not initialised, so that the system gives memory only as slots are used. Most open databases of a process have
  // nothing in their WAL, and need none.
  std::unique_ptr<std::uint8_t[]> pages_;
};

}  // namespace blazedb::storage
