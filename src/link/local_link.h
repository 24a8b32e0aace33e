// The link between two databases of one process: two sessions and the thread that runs both.
//
// A commit at either end wakes the thread; it reads the feed there, hands the frame to the other session, which merges
// and commits, and hands the acknowledgement back. One wake-up lies between a commit and its being visible at the other
// end, and frames never leave the process. Errors of either store end both sessions; the link tries again with
// exponential backoff and jitter, unless trying again cannot help.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/random.h"
#include "sync/session.h"

namespace blazedb::link {

enum class LinkState : std::uint8_t { connecting, catchingUp, live, offline, stopped };

struct LinkStatus {
  LinkState state = LinkState::connecting;
  std::array<sync::SessionStatus, 2> ends;  // of the present sessions, or of the last ones
  std::uint64_t bytes = 0;                  // since the link was made
  std::uint64_t repaired = 0;               // likewise
  std::optional<sync::Bye> error;           // with offline and stopped
  std::int64_t nextTryMs = 0;               // with offline: how long from when this was said
};

class LocalLink {
 public:
  struct End {
    sync::Store& store;
    sync::SessionOptions options;
  };
  using Listener = std::function<void(const LinkStatus&)>;

  // `listener` is called on the link's thread with each new state, when the ends have been verified or are no longer,
  // and at most ten times a second with progress. Stores, clock and random must outlive the link.
  LocalLink(End first, End second, base::Clock& clock, base::Random& random, Listener listener);
  // Says goodbye and joins the thread.
  ~LocalLink();
  LocalLink(const LocalLink&) = delete;

  // One of the feeds has moved. Thread-safe and quick: for a commit's listener.
  void feedMoved();

  LinkStatus status() const;

  // Waits until the peer of `end` has applied that end's feed up to `position`. False at the deadline (of the clock's
  // monotonicUs), or when the link has stopped.
  bool waitAcknowledged(int end, std::uint64_t position, std::int64_t deadlineUs);

 private:
  using Sessions = std::array<std::unique_ptr<sync::Session>, 2>;

  void run();
  sync::Bye converse(Sessions& sessions);
  void exchange(Sessions& sessions);
  void settle(Sessions& sessions);
  bool sleep(std::optional<std::int64_t> untilMs, bool forFeed);
  void publish(const Sessions& sessions);
  void publishEnd(const sync::Bye& why, bool forGood);
  void report();
  std::int64_t nowMs() { return clock_.monotonicUs() / 1000; }

  std::array<End, 2> ends_;
  base::Clock& clock_;
  base::Random& random_;
  Listener listener_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;     // the thread
  std::condition_variable changed_;  // those who wait for a status
  bool moved_ = false;
  bool stopping_ = false;
  int waiters_ = 0;
  LinkStatus status_;

  // The thread's own.
  std::uint64_t bytesBefore_ = 0;
  std::uint64_t repairedBefore_ = 0;
  std::int64_t reportedMs_ = 0;
  std::optional<LinkState> reported_;
  bool reportedVerified_ = false;
  int failures_ = 0;

  std::thread thread_;
};

}  // namespace blazedb::link
