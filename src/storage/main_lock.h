// SQLite's five-level lock on the main file, among the connections of one process. The lock of the FileSystem keeps
// other processes out. In WAL mode every connection holds `shared` all the time. Only creating a file, and closing the
// last connection, take more. Thread-safe.
#pragma once

#include "base/mutex.h"

namespace blazedb::storage {

class MainLock {
 public:
  enum Level { none = 0, shared = 1, reserved = 2, pending = 3, exclusive = 4 };  // SQLite's numbers

  // Raises the holder's level. Returns false if other holders prevent it; `held` is then unchanged, or `pending`.
  bool raise(Level& held, Level wanted);
  void lower(Level& held, Level wanted);
  // Whether a holder has `reserved` or more.
  bool taken();

 private:
  base::Mutex mutex_;
  int sharers_ GUARDED_BY(mutex_) = 0;
  Level highest_ GUARDED_BY(mutex_) = none;  // levels above `shared` have one holder at a time
};

}  // namespace blazedb::storage
