// SIGINT and SIGTERM during long work: the work then ends cleanly and says what was done.
//
// While an Interrupt lives, the two signals are blocked in its thread and in every thread started meanwhile. They stay
// pending until requested() or wait() takes one. So there is no signal handler, and no global variable for one to set.
// After one signal was taken, the next one ends the process as usual. In a command that runs for another process
// (visitor.h), requested() says instead whether that process has gone or was interrupted.
#pragma once

#include <signal.h>

namespace blazedb::cli {

// Make it before the first database is opened, because that starts threads. Only the thread that made it may use it.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Whether a signal has come.
  bool requested();
  // Returns when a signal has come.
  void wait();

 private:
  void notice();

  sigset_t signals_;
  sigset_t before_;
  bool requested_ = false;
};

// Waits until `fd` has data or is at its end. Returns false if a signal came first; requested() of this thread's
// Interrupt is then true. Without an Interrupt, the signal ends the process as usual.
bool waitReadable(int fd);

}  // namespace blazedb::cli
