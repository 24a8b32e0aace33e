// A connection between two databases, whatever it runs over: what the topology sees of it.
//
// A link makes its own way: it connects, catches up, stays live, and when it breaks it tries again with growing delays,
// unless trying again cannot help. Its owner tells it when the feed has moved, and may wait for the other end.
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
  // Of the present sessions, or of the last ones. A link to another process has one: the first.
  std::array<sync::SessionStatus, 2> ends;
  std::uint64_t bytes = 0;         // that have crossed the link, both ways, since it was made
  std::uint64_t repaired = 0;      // likewise
  std::optional<sync::Bye> error;  // with offline and stopped
  bool left = false;               // with these: the peer has left in order, and the error is what it said
  std::int64_t nextTryMs = 0;      // with offline: from when this was said
};

inline LinkState linkStateOf(sync::SessionState state) {
  switch (state) {
    case sync::SessionState::connecting:
      return LinkState::connecting;
    case sync::SessionState::catchingUp:
      return LinkState::catchingUp;
    case sync::SessionState::live:
    case sync::SessionState::stopped:  // its end is told separately
      return LinkState::live;
  }
  return LinkState::live;
}

class Link {
 public:
  // Called on a thread of the link with each new state, when the ends have been verified or are no longer, when more or
  // fewer records are rejected, and at most ten times a second with progress.
  using Listener = std::function<void(const LinkStatus&)>;

  // As end().
  virtual ~Link() = default;

  // Ends the conversation, for good; a second time does nothing. Who waits stops waiting. When it returns neither the
  // listener is called any more nor a store used. Not from the listener.
  virtual void end() = 0;

  // A feed of this process has moved. Thread-safe and quick: for a commit's listener.
  virtual void feedMoved() = 0;

  virtual LinkStatus status() const = 0;

  // Both wait on the caller's thread; false at the deadline (of the clock's monotonicUs), or when the link has stopped,
  // is paused or was ended.
  //
  // Until the peer of `end` has applied that end's feed up to `position`.
  virtual bool waitAcknowledged(int end, std::uint64_t position, std::int64_t deadlineUs) = 0;
  // Until each end has everything that the other had at the call.
  virtual bool waitSynchronized(std::int64_t deadlineUs) = 0;
};

}  // namespace blazedb::link
