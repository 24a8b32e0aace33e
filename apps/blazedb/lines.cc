#include "lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "blazedb/error.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

}  // namespace

LineReader::LineReader(const std::string& path) : path_(path), buffer_(kBufferBytes) {
  fd_ = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0)
    throw Error(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::IoError,
                "cannot open " + path + ": " + std::strerror(errno));
  struct stat status {};
  if (fstat(fd_, &status) == 0 && S_ISREG(status.st_mode)) bytesTotal_ = static_cast<std::uint64_t>(status.st_size);
}

LineReader::~LineReader() {
  if (fd_ != STDIN_FILENO) close(fd_);
}

bool LineReader::fill(Interrupt& interrupt) {
  if (!interrupt.waitReadable(fd_)) return false;
  ssize_t got = read(fd_, buffer_.data(), buffer_.size());
  if (got < 0) throw Error(ErrorCode::IoError, "cannot read " + path_ + ": " + std::strerror(errno));
  begin_ = 0;
  end_ = static_cast<std::size_t>(got);
  return got > 0;
}

bool LineReader::next(std::string& line, Interrupt& interrupt) {
  line.clear();
  for (;;) {
    if (begin_ == end_ && !fill(interrupt)) return !line.empty() && !interrupt.requested();
    const char* from = buffer_.data() + begin_;
    const char* to = buffer_.data() + end_;
    const char* newline = std::find(from, to, '\n');
    auto length = static_cast<std::size_t>(newline - from);
    if (line.size() + length > kLineBytesMax) throw Error(ErrorCode::TooLarge, "the line is longer than 64 MiB");
    line.append(from, length);
    std::size_t used = length + (newline != to ? 1 : 0);
    begin_ += used;
    bytesRead_ += used;
    if (newline != to) return true;
  }
}

}  // namespace blazedb::cli
