#include "interrupt.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <array>

#include "visitor.h"

namespace blazedb::cli {

Interrupt::Interrupt() {
  // The signals are for the process, which is about more than this one command.
  if (visitor()) return;
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  signalled_ = signalfd(-1, &signals_, SFD_CLOEXEC);
}

Interrupt::~Interrupt() {
  if (visitor()) return;
  // One that came too late to stop anything must not kill what has succeeded.
  requested();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  close(signalled_);
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

bool Interrupt::waitReadable(int fd) {
  std::array<pollfd, 2> waits = {{{fd, POLLIN, 0}, {signalled_, POLLIN, 0}}};
  while (!requested()) {
    int ready = poll(waits.data(), waits.size(), -1);
    if (ready > 0 && (waits[1].revents & POLLIN) == 0) return true;
  }
  return false;
}

void Interrupt::notice() {
  requested_ = true;
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace blazedb::cli
