// The options of a session.
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
  // Large enough to hide the fixed cost of a commit, small enough for smooth progress and little memory.
  std::size_t batchBytes = 512u << 10;
  // Called with the peer's Hello, and with what the two agree on, before anything is sent to the peer or merged. It may
  // narrow that: it alone heeds Hello::teams. Returns the reason if this end refuses the peer. Absent: this end accepts
  // every peer that names no teams.
  std::function<std::optional<Bye>(const Hello& peer, Agreement& agreement)> meet;
  // Called before records are sent. Returns whether so many bytes of frames may wait in the driver. After a false the
  // driver calls Session::roomMade() as soon as they may. Absent: always true.
  std::function<bool(std::size_t bytes)> hasRoom;
  std::int64_t withheldDelayMs = 50;  // how long the peer's cursor may lag behind what was withheld
  std::int64_t digestDelayMs = 500;   // how long both ends must be at rest before they compare
};

}  // namespace blazedb::sync
