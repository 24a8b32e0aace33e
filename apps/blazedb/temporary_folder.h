// A folder of one's own below /tmp, for its owner's eyes alone, which is gone when the object is.
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
  // It stays.
  void keep() { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

}  // namespace blazedb::cli
