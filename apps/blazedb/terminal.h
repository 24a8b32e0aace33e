// Whether the output goes to a terminal, how wide the terminal is, and colours for it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace blazedb::cli {

// `fd`: STDOUT_FILENO or STDERR_FILENO. Also false for a dumb terminal, which cannot redraw a line.
bool isTerminal(int fd);

// The width of the terminal at `fd`; 80 if it is unknown.
std::size_t terminalColumns(int fd);

// Colours for stdout. Without a terminal, or with NO_COLOR set (https://no-color.org), they do not change the text.
class Colours {
 public:
  Colours();
  std::string bold(std::string_view text) const { return wrap("1", text); }
  std::string dim(std::string_view text) const { return wrap("2", text); }
  std::string good(std::string_view text) const { return wrap("32", text); }
  std::string bad(std::string_view text) const { return wrap("31", text); }
  std::string accent(std::string_view text) const { return wrap("36", text); }

 private:
  std::string wrap(std::string_view code, std::string_view text) const;
  bool enabled_;
};

}  // namespace blazedb::cli
