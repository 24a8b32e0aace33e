#include "storage/main_lock.h"

namespace blazedb::storage {

bool MainLock::raise(Level& held, Level wanted) {
  base::Lock lock(mutex_);
  if (held >= wanted) return true;
  if (held == none) {
    if (highest_ >= pending) return false;
    sharers_++;
    held = shared;
    if (wanted == shared) return true;
  }
  if (held == shared && highest_ > shared) return false;
  held = highest_ = wanted == reserved ? reserved : pending;
  if (wanted < exclusive) return true;
  if (sharers_ > 1) return false;
  held = highest_ = exclusive;
  return true;
}

void MainLock::lower(Level& held, Level wanted) {
  base::Lock lock(mutex_);
  if (held <= wanted) return;
  if (held > shared) highest_ = none;
  if (wanted == none) sharers_--;
  held = wanted;
}

bool MainLock::taken() {
  base::Lock lock(mutex_);
  return highest_ >= reserved;
}

}  // namespace blazedb::storage
