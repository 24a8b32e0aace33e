// What a command takes: its arguments, options, notes and examples, and from these its --help.
//
// A command declares what it takes and where each value goes; parse() fills the variables in. The parser behind it is
// CLI11. It stays in arguments.cc: as a template library in one header it costs ten seconds in every file that sees it.
//
// Not thread-safe; the variables have to live until parse() has returned.
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

// The command line is wrong: exit status 2. what() says how to write it.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Arguments {
 public:
  // `command` as it is typed ("insert"), `summary`: one line without a full stop.
  Arguments(const std::string& command, const std::string& summary);
  ~Arguments();

  // Arguments by position, in the order of these calls. Those that may be left out come last.
  void required(const std::string& name, std::string& target, const std::string& description);
  void requiredChoice(const std::string& name, const std::vector<std::string>& allowed, std::string& target,
                      const std::string& description);
  // One or more.
  void requiredMany(const std::string& name, std::vector<std::string>& target, const std::string& description);
  void optional(const std::string& name, std::string& target, const std::string& description);

  // `flags`: "-c,--collection" or "--limit". `value` names what follows, for the help: "FILE". An option that is given
  // and empty, as by a variable that is not set, is a UsageError and not its default, which may be everything.
  void option(const std::string& flags, const std::string& value, std::string& target, const std::string& description);
  // May be given several times.
  void list(const std::string& flags, const std::string& value, std::vector<std::string>& target,
            const std::string& description);
  // Names with commas between them.
  void names(const std::string& flags, std::vector<std::string>& target, const std::string& description);
  // Digits alone, which are decimal (parseNumber).
  void number(const std::string& flags, const std::string& value, std::uint64_t& target,
              const std::string& description);
  void number(const std::string& flags, const std::string& value, std::optional<std::uint64_t>& target,
              const std::string& description);
  // The value has to be one of `allowed`.
  void choice(const std::string& flags, const std::vector<std::string>& allowed, std::string& target,
              const std::string& description);
  void flag(const std::string& flags, bool& target, const std::string& description);
  // At most one of these options may be given.
  void exclusive(const std::vector<std::string>& flags);

  // A paragraph of the help, below the options, without line breaks.
  void note(const std::string& paragraph);
  // A command line of the help's end.
  void example(const std::string& line);

  // `words`: what stands after the command. False where they ask for --help, which has been printed then. Throws
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
