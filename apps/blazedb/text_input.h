// Text that the command line reads: a password, a token, a record, lines to import. One reader for all of it, so that
// the same holds everywhere:
//
// - A byte order mark at the beginning is no part of the text, and a line ends with \n or \r\n. Nothing else is taken
//   away: a password may end with a blank.
// - What is too long is an error; nothing is ever cut.
// - A pipe does where a file does, as in --password-file <(pass notes). A folder is refused by its name.
// - Waiting ends with ^C, for who writes as for who writes nothing.
// - What was read from a file is overwritten here in the end, for it may be a secret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace blazedb::cli {

// The JSON of the largest record, with room for what JSON costs on top.
inline constexpr std::size_t kJsonBytesMax = std::size_t{64} << 20;

// What is read from a file, and how messages call it.
struct TextSource {
  std::string path;                                  // "-" is standard input, also that of a visitor (visitor.h)
  std::string name = {};                             // "the password file notes.key"; empty: the path
  std::string unit = "the line";                     // "the password"
  std::size_t bytesMax = kJsonBytesMax;              // of one unit
  std::size_t bytesAtOnce = std::size_t{256} << 10;  // 1: nothing behind the line is taken from the input
};

// For one thread. All throw Error: NotFound, InvalidArgument (a folder), IoError, TooLarge.
class TextInput {
 public:
  explicit TextInput(TextSource source);
  // What somebody types at a terminal, which stays open. `wait` waits for it; false: no more.
  TextInput(TextSource source, int terminal, std::function<bool()> wait);
  ~TextInput();
  TextInput(const TextInput&) = delete;
  TextInput& operator=(const TextInput&) = delete;

  // The next line without its end; false at the end of the input, or when a signal has come while an Interrupt lives.
  // `line` does not move in memory if it has room for bytesMax.
  bool nextLine(std::string& line);
  // All that is left, as one unit. Cancelled after a signal.
  std::string rest();

  // Has a signal come, or whoever waits for a terminal said no?
  bool interrupted() const { return interrupted_; }
  std::uint64_t bytesRead() const { return bytesRead_; }
  // 0 where nobody can tell.
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
