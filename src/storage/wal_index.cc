#include "storage/wal_index.h"

#include <cstring>

namespace blazedb::storage {

void WalIndex::attach() {
  base::Lock lock(mutex_);
  attached_++;
}

void WalIndex::detach() {
  base::Lock lock(mutex_);
  if (--attached_ == 0) regions_.clear();
}

volatile void* WalIndex::region(std::size_t number, std::size_t bytes, bool extend) {
  base::Lock lock(mutex_);
  if (number >= regions_.size() && !extend) return nullptr;
  while (number >= regions_.size()) regions_.push_back(std::make_unique<std::uint8_t[]>(bytes));
  return regions_[number].get();
}

bool WalIndex::lock(int first, int count, bool exclusive) {
  base::Lock lock(mutex_);
  for (int slot = first; slot < first + count; slot++) {
    int holders = holders_[static_cast<std::size_t>(slot)];
    if (exclusive ? holders != 0 : holders < 0) return false;
  }
  for (int slot = first; slot < first + count; slot++) holders_[static_cast<std::size_t>(slot)] += exclusive ? -1 : 1;
  return true;
}

void WalIndex::unlock(int first, int count, bool exclusive) {
  base::Lock lock(mutex_);
  for (int slot = first; slot < first + count; slot++) holders_[static_cast<std::size_t>(slot)] += exclusive ? 1 : -1;
}

std::uint32_t WalIndex::committedFrames() { return headerField(16); }
std::uint32_t WalIndex::committedPages() { return headerField(20); }

std::uint32_t WalIndex::headerField(std::size_t at) {
  base::Lock lock(mutex_);
  std::uint32_t field = 0;
  if (!regions_.empty()) std::memcpy(&field, regions_[0].get() + at, sizeof field);
  return field;
}

}  // namespace blazedb::storage
