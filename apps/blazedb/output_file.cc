#include "output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "blazedb/error.h"

namespace blazedb::cli {

OutputFile::OutputFile(std::string path, Replaces replaces) : path_(std::move(path)), replaces_(replaces), new_(path_) {
  int reason = errno;
  std::error_code error;
  auto status = std::filesystem::status(path_, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw Error(ErrorCode::InvalidArgument, path_ + " is not a regular file; write to standard output instead, with >");
  if (replaces_ == Replaces::nothing && std::filesystem::exists(status)) alreadyThere();
  // A wrong path must not replace a database or its log, which is empty for moments.
  constexpr std::string_view kLog = "-wal";
  bool isLog = path_.ends_with(kLog) && std::filesystem::exists(path_.substr(0, path_.size() - kLog.size()), error);
  char first = '{';
  std::ifstream(path_, std::ios::binary).get(first);
  if (isLog || first != '{')
    throw Error(ErrorCode::AlreadyExists,
                path_ + " exists and is not an earlier export; write to another file, or remove this one first");
  if (!new_.good()) fail("cannot create", reason);
  file_ = fdopen(dup(new_.descriptor()), "w");
  if (!file_) fail("cannot create", errno);
}

OutputFile::~OutputFile() {
  if (file_) std::fclose(file_);
}

void OutputFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail("cannot write", errno);
}

void OutputFile::keep() {
  if (std::fflush(file_) != 0 || fsync(new_.descriptor()) != 0) fail("cannot write", errno);
  if (replaces_ == Replaces::jsonLines) {
    if (int reason = new_.replace(); reason != 0) fail("cannot replace", reason);
  } else if (int reason = new_.publish(); reason == EEXIST) {
    alreadyThere();
  } else if (reason != 0) {
    fail("cannot create", reason);
  }
}

void OutputFile::alreadyThere() const {
  throw Error(ErrorCode::AlreadyExists, path_ + " exists; write to another file, or remove this one first");
}

void OutputFile::fail(const char* what, int reason) const {
  ErrorCode code = reason == ENOSPC || reason == EDQUOT ? ErrorCode::DiskFull : ErrorCode::IoError;
  throw Error(code, std::string(what) + " " + path_ + ": " + std::strerror(reason));
}

}  // namespace blazedb::cli
