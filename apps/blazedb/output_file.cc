#include "output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "blazedb/error.h"

namespace blazedb::cli {

OutputFile::OutputFile(std::string path) : path_(std::move(path)), partial_(path_ + ".XXXXXX") {
  std::error_code error;
  auto status = std::filesystem::status(path_, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw Error(ErrorCode::InvalidArgument, path_ + " is no regular file; write to standard output instead, with >");
  int fd = mkstemp(partial_.data());
  if (fd < 0) fail("cannot create");
  file_ = fdopen(fd, "w");
}

OutputFile::~OutputFile() {
  if (!file_) return;
  std::fclose(file_);
  unlink(partial_.c_str());
}

void OutputFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail("cannot write");
}

void OutputFile::keep() {
  if (std::fflush(file_) != 0 || fsync(fileno(file_)) != 0) fail("cannot write");
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) fail("cannot replace");
  std::fclose(file_);
  file_ = nullptr;
}

void OutputFile::fail(const char* what) const {
  ErrorCode code = errno == ENOSPC || errno == EDQUOT ? ErrorCode::DiskFull : ErrorCode::IoError;
  throw Error(code, std::string(what) + " " + path_ + ": " + std::strerror(errno));
}

}  // namespace blazedb::cli
