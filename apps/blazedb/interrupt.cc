#include "interrupt.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <array>

#include "visitor.h"

namespace blazedb::cli {
namespace {

sigset_t endingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

Interrupt::Interrupt() {
  // The signals are for the whole process, not for this command.
  if (visitor()) return;
  signals_ = endingSignals();
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

Interrupt::~Interrupt() {
  if (visitor()) return;
  // Takes a signal that came too late to stop the work: it must not kill a process that has succeeded.
  requested();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool Interrupt::requested() {
  if (visitor()) return visitor()->hasGone();
  timespec none{};
  if (!requested_ && sigtimedwait(&signals_, nullptr, &none) > 0) notice();
  return requested_;
}

void Interrupt::wait() {
  while (!requested_)
    if (sigwaitinfo(&signals_, nullptr) > 0) notice();
}

void Interrupt::notice() {
  requested_ = true;
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool waitReadable(int fd) {
  if (visitor()) return visitor()->waitReadable(fd);
  sigset_t signals = endingSignals();
  for (;;) {
    // Blocked, so that no signal comes between the check and the wait.
    sigset_t before, pending;
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    int signalled = signalfd(-1, &signals, SFD_CLOEXEC);
    std::array<pollfd, 2> waits = {{{fd, POLLIN, 0}, {signalled, POLLIN, 0}}};
    int ready = poll(waits.data(), waits.size(), -1);
    close(signalled);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    // A signal that was not blocked before has now ended the process, unless the process ignores it.
    sigpending(&pending);
    if (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM)) return false;
    if (ready > 0 && waits[0].revents != 0) return true;
  }
}

}  // namespace blazedb::cli
