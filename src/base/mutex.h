// A mutex whose rules clang checks: a member that says GUARDED_BY(mutex_) is touched with the lock alone, or the build
// fails (the clang preset, -Wthread-safety). The names are those of clang's own documentation:
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#include <mutex>

#if defined(__clang__)
#define BLAZEDB_THREAD_RULE(rule) __attribute__((rule))
#else
#define BLAZEDB_THREAD_RULE(rule)
#endif

#define GUARDED_BY(mutex) BLAZEDB_THREAD_RULE(guarded_by(mutex))
#define REQUIRES(...) BLAZEDB_THREAD_RULE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) BLAZEDB_THREAD_RULE(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) BLAZEDB_THREAD_RULE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) BLAZEDB_THREAD_RULE(release_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) BLAZEDB_THREAD_RULE(try_acquire_capability(__VA_ARGS__))
#define NOT_CHECKED BLAZEDB_THREAD_RULE(no_thread_safety_analysis)  // says why beside it

namespace blazedb::base {

class BLAZEDB_THREAD_RULE(capability("mutex")) Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }
  bool try_lock() TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  // Tells the checker that this thread holds the lock, if the checker cannot see that.
  void isHeld() BLAZEDB_THREAD_RULE(assert_capability(this)) {}

 private:
  std::mutex mutex_;
};

// Holds the mutex for as long as it lives, except between unlock() and lock(), and while a std::condition_variable_any
// waits with it.
class BLAZEDB_THREAD_RULE(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  // Takes over a lock that this thread holds.
  Lock(Mutex& mutex, std::adopt_lock_t) REQUIRES(mutex) : mutex_(mutex) {}
  ~Lock() RELEASE() {
    if (held_) mutex_.unlock();
  }
  Lock(const Lock&) = delete;

  void lock() ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }
  void unlock() RELEASE() {
    held_ = false;
    mutex_.unlock();
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

}  // namespace blazedb::base
