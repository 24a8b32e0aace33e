// What a session is told when it is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "sync/agreement.h"
#include "sync/bye.h"

namespace blazedb::sync {

struct Hello;  // frames.h

struct SessionOptions {
  Terms terms;                    // what this end brings to the agreement
  bool leaveOtherScopes = false;  // remove what an earlier, wider scope brought from this peer
  bool acceptRemovals = false;    // a sweep may remove a large part of the records
  // Large enough that a commit's fixed cost disappears, small enough that progress is smooth and memory stays flat.
  std::size_t batchBytes = 512u << 10;
  // Called with the peer's Hello, before anything of the peer's is merged. Gives the reason if this end does not talk
  // with that peer. Absent: it talks with every peer.
  std::function<std::optional<Bye>(const Hello& peer)> meet;
  // Called before records are sent: may so many bytes of frames wait in the driver? After a no the driver calls
  // Session::roomMade() when they may. Absent: always.
  std::function<bool(std::size_t bytes)> hasRoom;
  std::int64_t withheldDelayMs = 50;  // how long the peer's cursor may lag behind what was withheld
  std::int64_t digestDelayMs = 500;   // how long both ends must be at rest before they compare
};

}  // namespace blazedb::sync
