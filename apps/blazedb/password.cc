#include "password.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "blazedb/error.h"
#include "codec/text.h"
#include "text_input.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kPasswordBytesMax = std::size_t{128} << 10;  // the limit of an environment variable on Linux
// A terminal keeps 4,095 bytes of a line and silently drops the rest.
constexpr std::size_t kTypedBytesMax = 4094;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

TextSource sourceOf(const PasswordSource& source, std::size_t bytesMax) {
  return {.path = source.file,
          .name = "the " + source.noun + " file " + source.file,
          .unit = "the " + source.noun,
          .bytesMax = bytesMax,
          .bytesAtOnce = 1};
}

// Reads the line into memory that never moves, so that no copy stays behind. Returns nothing if the input is empty.
std::optional<Password> firstLine(TextInput& input) {
  std::string line;
  line.reserve(kPasswordBytesMax);
  bool any = false;
  try {
    any = input.nextLine(line);
  } catch (...) {
    Password wiped(std::move(line));
    throw;
  }
  Password password(std::move(line));
  if (!any) return std::nullopt;
  return password;
}

Password fromFile(const PasswordSource& source) {
  TextInput input(sourceOf(source, kPasswordBytesMax));
  std::optional<Password> password = firstLine(input);
  if (input.interrupted()) throw Error(ErrorCode::Cancelled, "interrupted before a " + source.noun + " was given");
  if (!password)
    throw Error(ErrorCode::InvalidArgument,
                "the " + source.noun + " file " + source.file + " is empty: its first line must be the " + source.noun);
  return std::move(*password);
}

sigset_t promptSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) sigaddset(&signals, signal);
  return signals;
}

// A terminal that does not show what the user types. The destructor turns the display on again, also after ^C: the
// signals that would end the process are blocked meanwhile, and delivered when the terminal is restored.
class SilentTerminal {
 public:
  SilentTerminal(int terminal, const sigset_t& signals) : terminal_(terminal) {
    pthread_sigmask(SIG_BLOCK, &signals, &mask_);
    tcgetattr(terminal_, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    tcsetattr(terminal_, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() {
    tcsetattr(terminal_, TCSADRAIN, &before_);
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

 private:
  int terminal_;
  termios before_{};
  sigset_t mask_;
};

void show(int terminal, std::string_view text) {
  if (write(terminal, text.data(), text.size()) < 0)
    throw Error(ErrorCode::IoError, std::string("cannot write to the terminal: ") + std::strerror(errno));
}

// Returns nothing if a signal came first.
std::optional<Password> askOnce(int terminal, const std::string& prompt, const PasswordSource& source) {
  sigset_t signals = promptSignals();
  SilentTerminal silent(terminal, signals);
  FileDescriptor signalled(signalfd(-1, &signals, SFD_CLOEXEC));
  bool interrupted = false;
  auto waitForKey = [&] {
    std::array<pollfd, 2> waits = {{{terminal, POLLIN, 0}, {signalled.get(), POLLIN, 0}}};
    while (poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
    }
    interrupted = (waits[1].revents & POLLIN) != 0;
    return !interrupted;
  };
  show(terminal, codec::onOneLine(prompt) + ": ");
  TextInput typed(sourceOf(source, kTypedBytesMax), terminal, waitForKey);
  std::optional<Password> password = firstLine(typed);
  if (interrupted) {
    show(terminal, "\n");
    return std::nullopt;
  }
  if (!password) throw Error(ErrorCode::Cancelled, "no " + source.noun + " was given");
  return password;
}

Password ask(int terminal, const std::string& prompt, const PasswordSource& source) {
  for (;;) {
    std::optional<Password> password = askOnce(terminal, prompt, source);
    if (password) return std::move(*password);
    // By now ^C has ended the process, or the process has resumed after ^Z, unless the signals were blocked before
    // (interrupt.h).
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM))
      throw Error(ErrorCode::Cancelled, "interrupted before a " + source.noun + " was given");
  }
}

Password fromTerminal(const PasswordSource& source) {
  FileDescriptor terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal.get() < 0)
    throw Error(ErrorCode::NotFound, "there is no " + source.noun + ", and no terminal to ask for one: set " +
                                         source.variable + " or give " + source.fileOption + " FILE");
  Password password = ask(terminal.get(), source.prompt, source);
  if (source.same && password.text().empty()) return Password(source.same->text());
  if (source.isNew && !password.text().empty()) {
    Password again = ask(terminal.get(), "Repeat the password", source);
    if (again.text() != password.text())
      throw Error(ErrorCode::InvalidArgument, "the two passwords differ; nothing was changed");
  }
  return password;
}

Password choose(const PasswordSource& source) {
  if (!source.file.empty()) return fromFile(source);
  if (const char* text = std::getenv(source.variable); text != nullptr && *text != '\0') return Password(text);
  return fromTerminal(source);
}

}  // namespace

Password::Password(Password&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }

void Password::wipe() {
  text_.resize(text_.capacity());
  explicit_bzero(text_.data(), text_.size());
  text_.clear();
}

Password readPassword(const PasswordSource& source) {
  Password password = choose(source);
  if (source.isNew && password.text().empty())
    throw Error(ErrorCode::InvalidArgument, "the new password is empty; nothing was changed");
  return password;
}

}  // namespace blazedb::cli
