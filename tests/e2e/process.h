// A child process whose input, output and errors the test controls, or that has its own terminal. Nothing here sleeps:
// it waits for output or for the end, and gives up after kPatience (std::runtime_error, with the output until then).
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
  std::string err;  // empty with a terminal: there it is part of `out`
};

struct ProcessOptions {
  std::map<std::string, std::string> environment = {};  // added to ours, without the variables that begin with BLAZEDB_
  bool hasInput = false;                                // a pipe for write(), else /dev/null
  bool hasTerminal = false;                             // a terminal for input, output and errors
};

class Process {
 public:
  // `words`: the program's path and its arguments.
  Process(const std::vector<std::string>& words, const ProcessOptions& options = {});
  // Kills the process if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void write(const std::string& text);
  void closeInput();
  // Reads until `enough` returns true for the output so far.
  void readUntil(const std::function<bool(const std::string& out)>& enough);
  void readUntil(const std::string& text);
  // Closes the output, as `head` does.
  void closeOutput();
  void send(int signal);
  pid_t pid() const { return pid_; }
  // Waits until the process has ended by itself.
  Result wait();

 private:
  void startWithPipes(const std::vector<char*>& argv, const std::vector<char*>& environment, bool hasInput);
  void startOnTerminal(const std::vector<char*>& argv, const std::vector<char*>& environment);
  // Reads output, or waits for it. Returns false when both outputs have ended.
  bool readMore();

  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  int errors_ = -1;
  Result result_;
};

}  // namespace blazedb::e2e
