// SIGINT and SIGTERM during long work, which is then to end cleanly and say what was done.
//
// While an Interrupt lives the two signals are blocked, and so in every thread that is started meanwhile: they wait
// until somebody asks. So there is no signal handler, and no global variable for one to set. The second signal after
// one was noticed ends the process as ever. In a command that is run for another process (visitor.h) it is about that
// one's going away instead.
#pragma once

#include <signal.h>

namespace blazedb::cli {

// Make it before the first database is opened, since that starts threads. For the thread that made it.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Has a signal come?
  bool requested();
  // Returns when one has come.
  void wait();

 private:
  void notice();

  sigset_t signals_;
  sigset_t before_;
  bool requested_ = false;
};

// Waits until `fd` has something to read, or its end. False where a signal came first, which the Interrupt of this
// thread has requested() then; where there is none, the signal ends the process as ever.
bool waitReadable(int fd);

}  // namespace blazedb::cli
