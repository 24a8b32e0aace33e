// The arguments and options of a command, and its --help, which is made from them.
//
// A command declares its arguments and the variable for each value; parse() fills in the variables. The parser is
// CLI11, which only arguments.cc includes: it adds ten seconds to the compilation of every file that includes it.
//
// Not thread-safe. The variables must live until parse() has returned.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace blazedb::cli {

// The command line is wrong: exit status 2. what() says what is wrong and how to write it.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Arguments {
 public:
  // `command`: the name that the user types ("insert"). `summary`: one line without a full stop.
  Arguments(const std::string& command, const std::string& summary);
  ~Arguments();

  // Positional arguments, in the order of these calls. Declare the optional ones last.
  void required(const std::string& name, std::string& target, const std::string& description);
  void requiredChoice(const std::string& name, const std::vector<std::string>& allowed, std::string& target,
                      const std::string& description);
  // One or more.
  void requiredMany(const std::string& name, std::vector<std::string>& target, const std::string& description);
  void optional(const std::string& name, std::string& target, const std::string& description);
  void optionalMany(const std::string& name, std::vector<std::string>& target, const std::string& description);

  // `flags`: "-c,--collection" or "--limit". `value` is the name of the value in the help: "FILE". An empty value, for
  // example from a shell variable that is not set, is a UsageError. It does not mean the default, which may be
  // everything.
  void option(const std::string& flags, const std::string& value, std::string& target, const std::string& description);
  // An option that the user may give several times.
  void list(const std::string& flags, const std::string& value, std::vector<std::string>& target,
            const std::string& description);
  // Names with commas between them.
  void names(const std::string& flags, std::vector<std::string>& target, const std::string& description);
  // A decimal number: only digits (parseNumber).
  void number(const std::string& flags, const std::string& value, std::uint64_t& target,
              const std::string& description);
  void number(const std::string& flags, const std::string& value, std::optional<std::uint64_t>& target,
              const std::string& description);
  // The value must be one of `allowed`.
  void choice(const std::string& flags, const std::vector<std::string>& allowed, std::string& target,
              const std::string& description);
  void flag(const std::string& flags, bool& target, const std::string& description);
  // At most one of these options may be given.
  void exclusive(const std::vector<std::string>& flags);

  // Adds a paragraph to the help, below the options. It has no line breaks.
  void note(const std::string& paragraph);
  // Adds a command line to the examples at the end of the help.
  void example(const std::string& line);

  // `words`: the words after the command's name. If they ask for --help, prints it and returns false. Throws
  // UsageError.
  bool parse(std::vector<std::string> words);

 private:
  void readNumber(const std::string& flags, const std::string& value, const std::string& description,
                  const std::function<void(std::uint64_t)>& keep);

  std::unique_ptr<CLI::App> parser_;
  std::vector<std::string> notes_;
  std::vector<std::string> examples_;
};

}  // namespace blazedb::cli
