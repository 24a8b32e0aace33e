// The status of a link: the link writes it, other threads read it or wait for a change, and the listener is told.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>

#include "base/clock.h"
#include "base/mutex.h"
#include "link/link.h"

namespace blazedb::link {

// Thread-safe.
class StatusBoard {
 public:
  StatusBoard(base::Clock& clock, Link::Listener listener) : clock_(clock), listener_(std::move(listener)) {}

  // The rejected records that a status tells of.
  using Rejection = std::tuple<std::uint64_t, std::optional<ErrorCode>, bool>;

  // The present status: the last one that the link put, changed by what the owner has asked for since (a pause, or to
  // try again), with the time from now to the next try.
  LinkStatus status() const;
  // Whether a link that makes progress should put its status: ten times a second are enough.
  bool progressDue() const { return clock_.monotonicUs() / 1000 >= reportedMs_ + kProgressMs; }

  // The link calls this from one thread at a time. Calls the listener on that thread, with no lock held.
  void put(const LinkStatus& status);

  // Notes what the owner has just asked for: to pause, or to try again. The owner may look or wait next, and must not
  // see the state from before. The status that the link put stays as it is. If the owner resumes before the link has
  // noticed the pause, the link has nothing to put.
  void expect(bool paused);

  // Waits until `reached` returns true for a status. Returns false at the deadline, when the link has stopped or is
  // paused, or when the board is closed. `reached` is called with a lock held.
  bool wait(std::int64_t deadlineUs, const std::function<bool(const LinkStatus&)>& reached);
  // Waits in the same way until each end has everything that the other had at the Ping `pingNumber`. At that time this
  // end's feed ended at `feedEnd`. Changes that the peer had refused, and that go back meanwhile, are waited for too.
  // For links to other processes.
  bool waitSynchronized(std::uint64_t pingNumber, std::uint64_t feedEnd, std::int64_t deadlineUs);
  // The link ends: all waits return, and the listener is not called any more.
  void close();

 private:
  static constexpr std::int64_t kProgressMs = 100;

  LinkStatus current() const REQUIRES(mutex_);

  base::Clock& clock_;
  Link::Listener listener_;
  mutable base::Mutex mutex_;
  std::condition_variable_any changed_;
  int waiting_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = false;
  LinkStatus status_ GUARDED_BY(mutex_);
  std::int64_t putMs_ GUARDED_BY(mutex_) = 0;
  bool pauseExpected_ GUARDED_BY(mutex_) = false;

  // What the listener was last told.
  std::uint64_t reportedAcknowledged_ = 0;
  std::int64_t reportedMs_ = 0;
  std::optional<LinkState> reported_;
  bool reportedVerified_ = false;
  Rejection reportedRejection_;
};

}  // namespace blazedb::link
