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
  // What the file may take the place of.
  enum class Replaces { nothing, jsonLines };
  // Readable by its owner alone, like everything that leaves an encrypted file. Error(AlreadyExists) if there is
  // something at `path` that it may not replace, Error(InvalidArgument) if that is no regular file.
  OutputFile(std::string path, Replaces replaces);
  // Without keep() nothing remains.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view text);
  // Syncs it to the disk and gives it its name.
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
