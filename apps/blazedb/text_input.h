// The reader for all text input: a password, a token, a record, lines to import. So the same rules hold everywhere:
//
// - It skips a byte order mark at the beginning. A line ends with \n or \r\n. It removes nothing else: a password may
//   end with a blank.
// - Text that is too long is an error. It is never cut.
// - A pipe works like a file, as in --password-file <(pass notes). A folder is an error that names it.
// - ^C ends the wait for input, also if no input ever comes.
// - The buffer is overwritten at the end, because it may have held a secret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace blazedb::cli {

// The JSON of the largest record, with room for what JSON costs on top.
inline constexpr std::size_t kJsonBytesMax = std::size_t{64} << 20;

// A file to read, and its name in messages.
struct TextSource {
  std::string path;                                  // "-": standard input. For a visitor (visitor.h) it reads both
  std::string name = {};                             // "the password file notes.key"; empty: the path
  std::string unit = "the line";                     // "the password"
  std::size_t bytesMax = kJsonBytesMax;              // the largest unit
  std::size_t bytesAtOnce = std::size_t{256} << 10;  // read() size; 1: takes nothing after the line from the input
};

// For one thread. All throw Error: NotFound, InvalidArgument (a folder), IoError, TooLarge.
class TextInput {
 public:
  explicit TextInput(TextSource source);
  // Reads what the user types at a terminal; leaves it open. `wait` waits for input and returns false to stop.
  TextInput(TextSource source, int terminal, std::function<bool()> wait);
  ~TextInput();
  TextInput(const TextInput&) = delete;
  TextInput& operator=(const TextInput&) = delete;

  // Reads the next line, without its line end. Returns false at the end of the input, or if a signal came while an
  // Interrupt lives. `line` does not move in memory if it has room for bytesMax.
  bool nextLine(std::string& line);
  // Reads the rest as one unit. Throws Cancelled after a signal.
  std::string rest();
  // The next bytes as they come; empty at the end; none after a signal.
  std::optional<std::string> part();

  // Whether a signal has come, or `wait` has returned false.
  bool interrupted() const { return interrupted_; }
  std::uint64_t bytesRead() const { return bytesRead_; }
  // 0 if unknown.
  std::uint64_t bytesTotal() const { return bytesTotal_; }

 private:
  bool fill();
  void take(std::string& unit, std::size_t length);
  void finish(std::string& unit);

  TextSource source_;
  int fd_ = -1;
  bool owned_ = false;
  std::function<bool()> wait_;
  std::uint64_t bytesRead_ = 0;
  std::uint64_t bytesTotal_ = 0;
  bool first_ = true;
  bool interrupted_ = false;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace blazedb::cli
