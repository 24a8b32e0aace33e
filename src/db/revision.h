// A number that changes with each change of what clients may do (replica::TokenCheck::tokenRevision). Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

#include "db/listeners.h"

namespace blazedb::db {

class Revision {
 public:
  std::uint64_t now() const { return count_.load(); }
  // A change has been committed. Calls the listeners.
  void next() {
    count_.fetch_add(1);
    listeners_.call();
  }
  ListenerList& listeners() { return listeners_; }

 private:
  std::atomic<std::uint64_t> count_{0};
  ListenerList listeners_;
};

}  // namespace blazedb::db
