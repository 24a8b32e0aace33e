#include "temporary_folder.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "blazedb/error.h"

namespace blazedb::cli {

TemporaryFolder::TemporaryFolder() {
  const char* chosen = std::getenv("TMPDIR");
  path_ = std::string(chosen != nullptr && *chosen == '/' ? chosen : "/tmp") + "/blazedb-XXXXXX";
  if (!mkdtemp(path_.data()) || chmod(path_.c_str(), 0700) != 0)  // whatever the umask is
    throw Error(ErrorCode::IoError,
                "cannot make the folder " + path_ + ": " + std::strerror(errno) + "; set TMPDIR to another folder");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // a folder that cannot be removed is no reason to fail
  if (!kept_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace blazedb::cli
