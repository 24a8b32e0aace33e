// A file that appears when it is complete. If the process dies before, nothing of it remains (base/new_file.h).
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/new_file.h"

namespace blazedb::cli {

// For one thread. All throw Error(IoError), or Error(DiskFull).
class OutputFile {
 public:
  // What the file may replace.
  enum class Replaces { nothing, jsonLines };
  // Only the owner may read the file, because its contents come from an encrypted one. Error(AlreadyExists) if there is
  // a file at `path` that may not be replaced, Error(InvalidArgument) if `path` is not a regular file.
  OutputFile(std::string path, Replaces replaces);
  // Without keep() nothing of the file remains.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view text);
  // Syncs the file to the disk and gives it its name.
  void keep();

 private:
  [[noreturn]] void alreadyThere() const;
  [[noreturn]] void fail(const char* what, int reason) const;

  std::string path_;
  Replaces replaces_;
  base::NewFile new_;
  std::FILE* file_ = nullptr;
};

}  // namespace blazedb::cli
