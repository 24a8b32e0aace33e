// A file that is there when it is complete, and not before: nothing of it is left by a process that is killed
// (base/new_file.h).
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/new_file.h"

namespace blazedb::cli {

// For one thread. All throw Error(IoError), or Error(DiskFull).
class OutputFile {
 public:
  // Readable by its owner alone, like everything that leaves an encrypted file. Error(AlreadyExists) if `path` holds
  // something else than JSON Lines, Error(InvalidArgument) if it is no regular file.
  explicit OutputFile(std::string path);
  // Without keep() nothing remains.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view text);
  // Syncs it to the disk and lets it replace what was at `path`.
  void keep();

 private:
  [[noreturn]] void fail(const char* what, int reason) const;

  std::string path_;
  base::NewFile new_;
  std::FILE* file_ = nullptr;
};

}  // namespace blazedb::cli
