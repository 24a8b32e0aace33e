// Lines of a file or of standard input, one at a time, of bounded length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "interrupt.h"

namespace blazedb::cli {

// The JSON of the largest record, with room for what JSON costs on top.
inline constexpr std::size_t kLineBytesMax = std::size_t{64} << 20;

class LineReader {
 public:
  // "-" is standard input. Throws Error: NotFound, IoError.
  explicit LineReader(const std::string& path);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its end; false at the end of the input, or when a signal has come. Throws Error: TooLarge,
  // IoError.
  bool next(std::string& line, Interrupt& interrupt);

  std::uint64_t bytesRead() const { return bytesRead_; }
  // 0 where nobody can tell.
  std::uint64_t bytesTotal() const { return bytesTotal_; }

 private:
  bool fill(Interrupt& interrupt);

  std::string path_;
  int fd_;
  std::uint64_t bytesRead_ = 0;
  std::uint64_t bytesTotal_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace blazedb::cli
