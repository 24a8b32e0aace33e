// The latest frames of the WAL, opened, for all connections of one file.
//
// SQLite has a page cache for each connection and empties those of readers with every commit, so that whoever follows
// the commits, a link above all, would read and open the same few pages again each time. Here is what was written or
// read last, 2 MiB at most, at a slot given by the frame's number: the log is filled in order, so this keeps its end,
// and needs no list to tell what is oldest.
//
// What is found here is not read from the disk, and so not authenticated again; SQLite's own cache does the same. It is
// never older than the file:
//
//   - A frame is known by its filling of the WAL (its generation) and its number. Once it is committed, nobody writes
//     it again before the next filling.
//   - It comes here when the writer seals it. A transaction that is taken back leaves frames that no reader's snapshot
//     has; the next one writes the same numbers, and so replaces them here, before it commits.
//   - Recoveries and checkpoints do not ask here: they want what is on the disk.
//
// Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace blazedb::storage {

class FrameCache {
 public:
  explicit FrameCache(std::size_t pageBytes);
  // Zeroes all pages.
  ~FrameCache();
  FrameCache(const FrameCache&) = delete;

  // `page` has pageBytes.
  void put(std::uint32_t generation, std::uint32_t frame, const std::uint8_t* page);
  // False where it is not here; `page` is as it was then.
  [[nodiscard]] bool get(std::uint32_t generation, std::uint32_t frame, std::uint8_t* page);
  // Forgets and zeroes all of them.
  void clear();

 private:
  static constexpr std::size_t kBytes = 2 << 20;
  static constexpr std::size_t kLocks = 16;
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};

  static std::uint64_t keyOf(std::uint32_t generation, std::uint32_t frame) {
    return std::uint64_t{generation} << 32 | frame;
  }

  const std::size_t pageBytes_;
  // Neighbours have different locks: readers of one transaction's pages do not wait for each other.
  std::array<std::mutex, kLocks> locks_;  // lock `slot mod kLocks` guards a slot
  std::vector<std::uint64_t> keys_;       // of the frame in each slot
  // Not initialised, so that memory is taken from the system as slots are used. A database that is open need not have
  // any: most that a process holds have nothing in their WAL.
  std::unique_ptr<std::uint8_t[]> pages_;
};

}  // namespace blazedb::storage
