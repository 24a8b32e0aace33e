// A file that is there when it is complete, and not before: it is written under another name and then takes its place.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace blazedb::cli {

// For one thread. All throw Error(IoError), or Error(DiskFull).
class OutputFile {
 public:
  // Readable by its owner alone, like everything that leaves an encrypted file.
  explicit OutputFile(std::string path);
  // Without keep() nothing remains.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view text);
  // Syncs it to the disk and lets it replace what was at `path`.
  void keep();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::string path_;
  std::string partial_;
  std::FILE* file_ = nullptr;
};

}  // namespace blazedb::cli
