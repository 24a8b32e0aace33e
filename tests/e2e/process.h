// A child process with its input, output and errors in our hands, or with a terminal of its own. Nothing here sleeps:
// it waits for output or for the end, and gives up (std::runtime_error, with what was said until then) after kPatience.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace blazedb::e2e {

inline constexpr std::chrono::seconds kPatience{120};

struct Result {
  int status = 0;  // the exit status, or 128 + the signal that ended it
  std::string out;
  std::string err;  // empty for one with a terminal: there it is part of `out`
};

struct ProcessOptions {
  std::map<std::string, std::string> environment = {};  // beside ours, less all that begins with BLAZEDB_
  bool hasInput = false;                                // a pipe for write(), else /dev/null
  bool hasTerminal = false;                             // a terminal for input, output and errors
};

class Process {
 public:
  // `words`: the program's path and its arguments.
  Process(const std::vector<std::string>& words, const ProcessOptions& options = {});
  // Ends it, if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void write(const std::string& text);
  void closeInput();
  // Until what it has put out so far is to the taste of `enough`.
  void readUntil(const std::function<bool(const std::string& out)>& enough);
  void readUntil(const std::string& text);
  // As `head` does.
  void closeOutput();
  void send(int signal);
  pid_t pid() const { return pid_; }
  // Until it has ended by itself.
  Result wait();

 private:
  void startWithPipes(const std::vector<char*>& argv, const std::vector<char*>& environment, bool hasInput);
  void startOnTerminal(const std::vector<char*>& argv, const std::vector<char*>& environment);
  // Reads what is there, or waits for it. False when both outputs have ended.
  bool readMore();

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
  Result result_;
};

}  // namespace blazedb::e2e
