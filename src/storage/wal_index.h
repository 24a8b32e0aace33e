// The index of the WAL and its locks, which SQLite would keep in a `-shm` file, in the memory of the one process that
// owns the database. Shared by the connections of one DatabaseFile; thread-safe. It is empty again when the last
// connection has let go of it, so that the next one recovers it from the WAL.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

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

  // The memory of one region, zeros at first; nullptr where it does not exist and `extend` is false.
  volatile void* region(std::size_t number, std::size_t bytes, bool extend);

  // All slots first .. first+count-1, or none. False where another holder is in the way.
  bool lock(int first, int count, bool exclusive);
  void unlock(int first, int count, bool exclusive);

  // The number of frames in the WAL that belong to committed transactions (the field mxFrame of the index header; see
  // sqlite.org/walformat.html, section 2.1). Only right while nobody writes.
  std::uint32_t committedFrames();
  // How many pages the database has then (the field nPage).
  std::uint32_t committedPages();

 private:
  std::uint32_t headerField(std::size_t at);

  std::mutex mutex_;
  int attached_ = 0;
  std::vector<std::unique_ptr<std::uint8_t[]>> regions_;
  std::array<int, kSlots> holders_ = {};  // how many share it; -1: one has it alone
};

}  // namespace blazedb::storage
