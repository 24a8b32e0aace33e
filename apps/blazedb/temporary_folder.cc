#include "temporary_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "blazedb/error.h"

namespace blazedb::cli {

TemporaryFolder::TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "blazedb-XXXXXX").string()) {
  if (!mkdtemp(path_.data()))
    throw Error(ErrorCode::IoError, "cannot make the folder " + path_ + ": " + std::strerror(errno));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // what cannot be removed from /tmp is no reason to fail
  if (!kept_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace blazedb::cli
