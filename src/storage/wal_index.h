// The index of the WAL and its locks. SQLite would keep them in a `-shm` file; here they are in the memory of the one
// process that owns the database. Shared by the connections of one DatabaseFile; thread-safe. When the last connection
// detaches, the index becomes empty, and the next connection recovers it from the WAL.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"

namespace blazedb::storage {

class WalIndex {
 public:
  // SQLite's slots, in its order: write, checkpoint, recover, and five read marks.
  static constexpr int kWriteSlot = 0;
  static constexpr int kCheckpointSlot = 1;
  static constexpr int kRecoverSlot = 2;
  static constexpr int kSlots = 8;

  void attach();
  void detach();

  // The memory of one region, zeros at first. If it does not exist, makes it, or returns nullptr if `extend` is false.
  volatile void* region(std::size_t number, std::size_t bytes, bool extend);

  // Locks all slots first .. first+count-1, or none. Returns false if another holder prevents it.
  bool lock(int first, int count, bool exclusive);
  void unlock(int first, int count, bool exclusive);

  // The number of frames in the WAL that belong to committed transactions: the field mxFrame of the index header
  // (sqlite.org/walformat.html, section 2.1). Only right while no connection writes.
  std::uint32_t committedFrames();
  // The number of pages that the database then has: the field nPage.
  std::uint32_t committedPages();

 private:
  std::uint32_t headerField(std::size_t at);

  base::Mutex mutex_;
  int attached_ GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<std::uint8_t[]>> regions_ GUARDED_BY(mutex_);
  std::array<int, kSlots> holders_ GUARDED_BY(mutex_) = {};  // how many holders share a slot; -1: one has it alone
};

}  // namespace blazedb::storage
