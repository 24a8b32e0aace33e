#include "text_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "blazedb/error.h"
#include "interrupt.h"
#include "text.h"
#include "visitor.h"

namespace blazedb::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

[[noreturn]] void fail(const std::string& what, int reason) {
  throw Error(reason == ENOENT ? ErrorCode::NotFound : ErrorCode::IoError, what + ": " + std::strerror(reason));
}

}  // namespace

TextInput::TextInput(TextSource source) : source_(std::move(source)), buffer_(source_.bytesAtOnce) {
  bool standard = source_.path == "-";
  if (source_.name.empty()) source_.name = standard ? "standard input" : source_.path;
  if (visitor()) return;
  // Without O_NONBLOCK, open() of a pipe waits for a writer, and a blocked signal (interrupt.h) does not end the wait.
  fd_ = standard ? STDIN_FILENO : open(source_.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd_ < 0) fail("cannot open " + source_.name, errno);
  owned_ = !standard;
  wait_ = [this] { return waitReadable(fd_); };
  struct stat status {};
  if (fstat(fd_, &status) == 0 && S_ISREG(status.st_mode)) bytesTotal_ = static_cast<std::uint64_t>(status.st_size);
}

TextInput::TextInput(TextSource source, int terminal, std::function<bool()> wait)
    : source_(std::move(source)), fd_(terminal), wait_(std::move(wait)), buffer_(source_.bytesAtOnce) {}

TextInput::~TextInput() {
  explicit_bzero(buffer_.data(), buffer_.size());
  if (owned_) close(fd_);
}

bool TextInput::fill() {
  begin_ = end_ = 0;
  if (fd_ < 0) {
    std::optional<std::string> part = visitor()->input(source_.path);
    interrupted_ = !part;
    if (!part) return false;
    buffer_.assign(part->begin(), part->end());
    end_ = part->size();
    return end_ > 0;
  }
  while (wait_()) {
    ssize_t got = read(fd_, buffer_.data(), buffer_.size());
    if (got >= 0) {
      end_ = static_cast<std::size_t>(got);
      return got > 0;
    }
    if (errno == EISDIR) throw Error(ErrorCode::InvalidArgument, source_.name + " is a folder, not a file");
    if (errno != EINTR && errno != EAGAIN) fail("cannot read " + source_.name, errno);
  }
  interrupted_ = true;
  return false;
}

void TextInput::take(std::string& unit, std::size_t length) {
  if (unit.size() + length > source_.bytesMax)
    throw Error(ErrorCode::TooLarge, source_.unit + " is longer than " + sizeText(source_.bytesMax));
  unit.append(buffer_.data() + begin_, length);
  begin_ += length;
  bytesRead_ += length;
}

void TextInput::finish(std::string& unit) {
  if (first_ && unit.starts_with(kByteOrderMark)) unit.erase(0, kByteOrderMark.size());
  first_ = false;
}

bool TextInput::nextLine(std::string& line) {
  line.clear();
  bool any = false;
  for (bool ended = false; !ended;) {
    if (begin_ == end_ && !fill()) break;
    any = true;
    const char* from = buffer_.data() + begin_;
    const char* to = buffer_.data() + end_;
    const char* newline = std::find(from, to, '\n');
    take(line, static_cast<std::size_t>(newline - from));
    ended = newline != to;
    if (!ended) continue;
    begin_++;
    bytesRead_++;
  }
  if (any) finish(line);
  if (line.ends_with('\r')) line.pop_back();
  return any && !interrupted_;
}

std::optional<std::string> TextInput::part() {
  if (begin_ == end_ && !fill() && interrupted_) return std::nullopt;
  std::string part(buffer_.data() + begin_, end_ - begin_);
  begin_ = end_;
  bytesRead_ += part.size();
  return part;
}

std::string TextInput::rest() {
  std::string all;
  while (fill()) take(all, end_ - begin_);
  if (interrupted_) throw Error(ErrorCode::Cancelled, "interrupted while " + source_.name + " was read");
  finish(all);
  return all;
}

}  // namespace blazedb::cli
