// A new folder in $TMPDIR or /tmp that only this user can enter. It is removed with the object.
#pragma once

#include <string>

namespace blazedb::cli {

class TemporaryFolder {
 public:
  // Throws Error(IoError).
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  // The folder then outlives the object.
  void keep() { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

}  // namespace blazedb::cli
