// Link: a connection between two databases, whatever it runs over, as the topology sees it.
//
// A link works by itself: it connects, catches up and stays live. When it breaks it tries again with growing delays,
// unless that cannot help. Its owner tells it when the feed has moved, and may wait for the other end.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "sync/session.h"

namespace blazedb::link {

enum class LinkState : std::uint8_t { connecting, catchingUp, live, offline, stopped, paused };

struct LinkStatus {
  LinkState state = LinkState::connecting;
  // The present sessions, or the last ones. A link to another process has only the first.
  std::array<sync::SessionStatus, 2> ends;
  std::uint64_t bytes = 0;         // that have crossed the link in both directions since it was made
  std::uint64_t repaired = 0;      // records that were repaired since the link was made
  std::optional<sync::Bye> error;  // with offline and stopped
  bool left = false;               // with these: the peer said goodbye, and `error` is what it said
  std::int64_t nextTryMs = 0;      // with offline: the time until the next try, from this status on
  bool leavesOut = false;          // this end sends less than it would: the peer grants only a part of its scope
  // Told a listener though nothing has changed but acknowledgements, of a link that leaves something out.
  bool quiet = false;
};

inline LinkState linkStateOf(sync::SessionState state) {
  switch (state) {
    case sync::SessionState::connecting:
      return LinkState::connecting;
    case sync::SessionState::catchingUp:
      return LinkState::catchingUp;
    case sync::SessionState::live:
    case sync::SessionState::stopped:  // the link reports the end separately
      return LinkState::live;
  }
  return LinkState::live;
}

class Link {
 public:
  // Called on a thread of the link: with each new state, when `verified` changes, when the number of rejected records
  // changes, and with progress at most ten times a second.
  using Listener = std::function<void(const LinkStatus&)>;

  // Calls end().
  virtual ~Link() = default;

  // Ends the link for good; a second call does nothing. Waiting calls return. When end() returns, the link calls no
  // listener and uses no store any more. Must not be called in the listener.
  virtual void end() = 0;

  // A feed of this process has moved. Thread-safe and quick: a commit calls it.
  virtual void feedMoved() = 0;

  // Ends the conversation until resume(). Thread-safe.
  virtual void pause() = 0;
  // Connects at once, whether the link was paused, waiting for its next try, or stopped. Thread-safe.
  virtual void resume() = 0;

  virtual LinkStatus status() const = 0;

  // These two block the caller's thread. They return false at the deadline (of the clock's monotonicUs), or when the
  // link has stopped, is paused or was ended.
  //
  // Waits until the peer of `end` has applied that end's feed up to `position`.
  virtual bool waitAcknowledged(int end, std::uint64_t position, std::int64_t deadlineUs) = 0;
  // Waits until each end has applied everything that the other had at the call.
  virtual bool waitSynchronized(std::int64_t deadlineUs) = 0;
};

}  // namespace blazedb::link
