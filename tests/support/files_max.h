// What happens where a process may have few files.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

namespace blazedb::test {

// This process may have so many files until it ends: the numbers below `files`.
class FilesMax {
 public:
  explicit FilesMax(int files) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(files);
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FilesMax() { setrlimit(RLIMIT_NOFILE, &before_); }
  FilesMax(const FilesMax&) = delete;

 private:
  rlimit before_{};
};

// The number that the next file will have.
inline int nextFile() {
  int next = dup(0);
  close(next);
  return next;
}

}  // namespace blazedb::test
