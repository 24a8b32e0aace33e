// Limits the files that this process may have open.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

namespace blazedb::test {

// As long as it lives, the process can open only descriptors below `files`.
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

// The descriptor that the next file will get.
inline int nextFile() {
  int next = dup(0);
  close(next);
  return next;
}

}  // namespace blazedb::test
