// The status of a conversation, as one end of it sees it.
#pragma once

#include <cstdint>
#include <optional>

#include "sync/bye.h"
#include "sync/frames.h"
#include "sync/peer.h"
#include "sync/scope.h"

namespace blazedb::sync {

enum class SessionState : std::uint8_t { connecting, catchingUp, live, stopped };

struct SessionStatus {
  SessionState state = SessionState::connecting;
  std::optional<Identity> peer;
  Scope scope;                       // which both ends agree to carry; everything before there is a peer
  bool sending = false;              // both ends agree that this one sends
  bool receiving = false;            // both ends agree that this one receives
  std::uint64_t received = 0;        // records that this end received while catching up
  std::uint64_t expected = 0;        // about how many there will be; 0 before Welcome
  std::uint64_t delivered = 0;       // records of this end that the peer has acknowledged
  std::uint64_t toDeliver = 0;       // about how many there will be; 0 before its Subscribe
  std::uint64_t acknowledgedTo = 0;  // the peer has everything of this feed up to here
  std::uint64_t gaveBackTo = 0;      // refused changes that are in their records again lie up to here in this feed
  std::uint64_t appliedTo = 0;       // this replica has everything of the peer's feed up to here
  std::optional<Pong> pong;          // the latest one
  std::int64_t heardMs = 0;          // when the latest frame came
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
  std::uint64_t repaired = 0;   // records that differed at rest and were sent again
  std::uint64_t setAside = 0;   // records of the peer that this end has set aside
  std::uint64_t refused = 0;    // records of this end that the peer has set aside
  std::uint64_t toReplace = 0;  // of these, those whose place the peer's record has yet to take
  std::optional<Bye> reason;    // of the latest of these
  std::optional<Bye> ofTeams;   // why nothing comes of some teams that were asked for
  bool verified = false;        // the digests were equal, and nothing has changed since
  std::optional<Bye> ended;     // why the conversation stopped, whichever end stopped it
};

}  // namespace blazedb::sync
