// SQLite's five-level lock on the main file, among the connections of one process. Other processes are kept out by the
// lock of the FileSystem. In WAL mode every connection holds `shared` all the time; only closing the last one, and
// creating a file, ask for more. Thread-safe.
#pragma once

#include <mutex>

namespace blazedb::storage {

class MainLock {
 public:
  enum Level { none = 0, shared = 1, reserved = 2, pending = 3, exclusive = 4 };  // SQLite's numbers

  // Raises the holder's level from `held`; false, and `held` unchanged or `pending`, where others are in the way.
  bool raise(Level& held, Level wanted);
  void lower(Level& held, Level wanted);
  // Whether anyone holds `reserved` or more.
  bool taken();

 private:
  std::mutex mutex_;
  int sharers_ = 0;
  Level highest_ = none;  // above `shared`, which one holder has at a time
};

}  // namespace blazedb::storage
