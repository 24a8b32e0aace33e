#include "storage/frame_cache.h"

#include <cstring>

namespace blazedb::storage {

FrameCache::FrameCache(std::size_t pageBytes)
    : pageBytes_(pageBytes), keys_(kBytes / pageBytes, kNone), pages_(new std::uint8_t[kBytes]) {}

FrameCache::~FrameCache() { clear(); }

void FrameCache::put(std::uint32_t generation, std::uint32_t frame, const std::uint8_t* page) {
  std::size_t slot = frame % keys_.size();
  base::Lock lock(locks_[slot % kLocks]);
  keys_[slot] = keyOf(generation, frame);
  std::memcpy(pages_.get() + slot * pageBytes_, page, pageBytes_);
}

bool FrameCache::get(std::uint32_t generation, std::uint32_t frame, std::uint8_t* page) {
  std::size_t slot = frame % keys_.size();
  base::Lock lock(locks_[slot % kLocks]);
  if (keys_[slot] != keyOf(generation, frame)) return false;
  std::memcpy(page, pages_.get() + slot * pageBytes_, pageBytes_);
  return true;
}

void FrameCache::clear() {
  for (std::size_t slot = 0; slot < keys_.size(); slot++) {
    base::Lock lock(locks_[slot % kLocks]);
    if (keys_[slot] == kNone) continue;
    keys_[slot] = kNone;
    explicit_bzero(pages_.get() + slot * pageBytes_, pageBytes_);
  }
}

}  // namespace blazedb::storage
