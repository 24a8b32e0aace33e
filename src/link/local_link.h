// The link between two databases of one process: two sessions, and one thread that runs both.
//
// A commit at either end wakes the thread. It reads the feed there and hands the frame to the other session, which
// merges, commits and acknowledges. So one wake-up lies between a commit and its visibility at the other end. An error
// of either store ends both sessions. The link then tries again with exponential backoff and jitter, unless that cannot
// help.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "link/link.h"
#include "link/retry.h"
#include "link/status_board.h"
#include "sync/session.h"

namespace blazedb::link {

class LocalLink final : public Link {
 public:
  struct End {
    sync::Store& store;
    sync::SessionOptions options;
  };

  // Stores, clock and random must outlive the link.
  LocalLink(End first, End second, base::Clock& clock, base::Random& random, Listener listener);
  ~LocalLink() override { end(); }
  LocalLink(const LocalLink&) = delete;

  // Says goodbye and joins the thread.
  void end() override;
  void feedMoved() override;
  void pause() override;
  void resume() override;
  LinkStatus status() const override { return board_.status(); }
  bool waitAcknowledged(int end, std::uint64_t position, std::int64_t deadlineUs) override;
  bool waitSynchronized(std::int64_t deadlineUs) override;

 private:
  using Sessions = std::array<std::unique_ptr<sync::Session>, 2>;

  void run();
  std::optional<std::int64_t> attempt();
  std::optional<sync::Bye> converse(Sessions& sessions);
  void exchange(Sessions& sessions);
  void settle(Sessions& sessions);
  bool sleep(std::optional<std::int64_t> untilMs);
  bool rest(std::optional<std::int64_t> forMs);
  bool isEnding();
  void noteSessions(const Sessions& sessions);
  void publish(const Sessions& sessions);
  void publishEnd(const sync::Bye& why, bool forGood);
  void publishPause();
  std::int64_t nowMs() { return clock_.monotonicUs() / 1000; }

  std::array<End, 2> ends_;
  base::Clock& clock_;
  base::Random& random_;
  StatusBoard board_;

  base::Mutex mutex_;
  std::condition_variable_any wake_;
  bool moved_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool paused_ GUARDED_BY(mutex_) = false;
  bool again_ GUARDED_BY(mutex_) = false;  // begin the next conversation at once

  // The thread's own.
  LinkStatus status_;
  std::uint64_t bytesBefore_ = 0;
  std::uint64_t repairedBefore_ = 0;
  Retry retry_;

  std::thread thread_;
};

}  // namespace blazedb::link
