#include "e2e/process.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace blazedb::e2e {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends;
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    reading = ends[0];
    writing = ends[1];
  }
  int reading;
  int writing;
};

void closeIfOpen(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

std::vector<std::string> environmentWith(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; entry++) {
    std::string_view text = *entry;
    std::string name(text.substr(0, text.find('=')));
    if (!name.starts_with("BLAZEDB_") && name != "NO_COLOR" && name != "TERM" && !changes.contains(name))
      result.emplace_back(text);
  }
  if (!changes.contains("TERM")) result.push_back("TERM=xterm");
  for (const auto& [name, value] : changes) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointersTo(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Process::Process(const std::vector<std::string>& words, const ProcessOptions& options) {
  signal(SIGPIPE, SIG_IGN);  // for write() to a process that has ended
  // All of this before the fork: the child of a process with threads may not allocate.
  std::vector<std::string> arguments = words;
  std::vector<std::string> environment = environmentWith(options.environment);
  if (options.hasTerminal)
    startOnTerminal(pointersTo(arguments), pointersTo(environment));
  else
    startWithPipes(pointersTo(arguments), pointersTo(environment), options.hasInput);
}

void Process::startWithPipes(const std::vector<char*>& argv, const std::vector<char*>& environment, bool hasInput) {
  Pipe input, output, errors;
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(hasInput ? input.reading : nothing, STDIN_FILENO);
    dup2(output.writing, STDOUT_FILENO);
    dup2(errors.writing, STDERR_FILENO);
    setsid();  // without a terminal, so that blazedb cannot ask for a password
    signal(SIGPIPE, SIG_DFL);
    execve(argv[0], argv.data(), environment.data());
    _exit(127);
  }
  for (int fd : {input.reading, output.writing, errors.writing, nothing}) close(fd);
  input_ = input.writing;
  output_ = output.reading;
  errors_ = errors.reading;
  if (!hasInput) closeIfOpen(input_);
}

void Process::startOnTerminal(const std::vector<char*>& argv, const std::vector<char*>& environment) {
  winsize size{.ws_row = 24, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
  pid_ = forkpty(&output_, nullptr, nullptr, &size);
  if (pid_ == 0) {
    signal(SIGPIPE, SIG_DFL);
    execve(argv[0], argv.data(), environment.data());
    _exit(127);
  }
  fcntl(output_, F_SETFD, FD_CLOEXEC);
  input_ = fcntl(output_, F_DUPFD_CLOEXEC, 0);
}

Process::~Process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  closeIfOpen(input_);
  closeIfOpen(output_);
  closeIfOpen(errors_);
}

void Process::write(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    ssize_t written = ::write(input_, text.data() + done, text.size() - done);
    if (written < 0) throw std::runtime_error(std::string("cannot write to the process: ") + std::strerror(errno));
    done += static_cast<std::size_t>(written);
  }
}

void Process::closeInput() { closeIfOpen(input_); }

void Process::closeOutput() { closeIfOpen(output_); }

void Process::send(int signal) { kill(pid_, signal); }

bool Process::readMore() {
  if (output_ < 0 && errors_ < 0) return false;
  std::array<pollfd, 2> waits = {{{output_, POLLIN, 0}, {errors_, POLLIN, 0}}};
  int ready = poll(waits.data(), waits.size(), static_cast<int>(std::chrono::milliseconds(kPatience).count()));
  if (ready == 0) throw std::runtime_error("the process is silent; it said:\n" + result_.out + result_.err);
  std::array<char, 65536> buffer;
  auto take = [&](const pollfd& wait, int& fd, std::string& text) {
    if (wait.revents == 0) return;
    ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got > 0)
      text.append(buffer.data(), static_cast<std::size_t>(got));
    else
      closeIfOpen(fd);  // the end; a terminal reports EIO
  };
  take(waits[0], output_, result_.out);
  take(waits[1], errors_, result_.err);
  return true;
}

void Process::readUntil(const std::function<bool(const std::string&)>& enough) {
  while (!enough(result_.out))
    if (!readMore()) throw std::runtime_error("the process has ended; it said:\n" + result_.out + result_.err);
}

void Process::readUntil(const std::string& text) {
  readUntil([&](const std::string& out) { return out.find(text) != std::string::npos; });
}

Result Process::wait() {
  while (readMore()) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  result_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result_;
}

}  // namespace blazedb::e2e
