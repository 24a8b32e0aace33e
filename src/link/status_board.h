// Where a link puts up its status: others read it, wait for what it will say, and the listener hears of it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "link/link.h"

namespace blazedb::link {

class StatusBoard {
 public:
  StatusBoard(base::Clock& clock, Link::Listener listener) : clock_(clock), listener_(std::move(listener)) {}

  // Of this moment: where the owner has asked for a pause or for its end, what that makes of what was put up; and how
  // long it is from now to the next try.
  LinkStatus status() const;
  // When progress was last told: a link that has much to do need not put up more than ten a second.
  bool progressDue() const { return clock_.monotonicUs() / 1000 >= reportedMs_ + kProgressMs; }

  // The link's: from one thread at a time. The listener is called on it, with no lock held.
  void put(const LinkStatus& status);

  // What the owner has just asked for: to pause, or to try again. Whoever asks, and then looks or waits, must not be
  // told of the time before. What was put up stays as it is: a pause that is over before the link has heard of it
  // changes nothing there, and the link does not put up anything then.
  void expect(bool paused);

  // Waits until `reached` says yes of a status. False at the deadline, when the link has stopped or is paused, or once
  // the board is closed. `reached` is called with a lock held.
  bool wait(std::int64_t deadlineUs, const std::function<bool(const LinkStatus&)>& reached);
  // Waits likewise until each end has everything that the other had when it was asked for a sign of life with
  // `pingNumber`; the end of this one's feed was `feedEnd` then. For links to other processes.
  bool waitSynchronized(std::uint64_t pingNumber, std::uint64_t feedEnd, std::int64_t deadlineUs);
  // The link goes: nobody waits any longer, nothing is told any more.
  void close();

 private:
  static constexpr std::int64_t kProgressMs = 100;

  base::Clock& clock_;
  Link::Listener listener_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool closed_ = false;
  LinkStatus current() const;  // with the lock

  LinkStatus status_;
  std::int64_t putMs_ = 0;
  bool pauseExpected_ = false;

  // What the listener was told.
  std::int64_t reportedMs_ = 0;
  std::optional<LinkState> reported_;
  bool reportedVerified_ = false;
  std::pair<std::uint64_t, std::optional<ErrorCode>> reportedRejection_;
};

}  // namespace blazedb::link
