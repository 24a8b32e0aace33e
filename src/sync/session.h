// The sync state machine at one end of a link.
//
// A Session is handed frames, ticks and "the feed has moved", and answers with frames to send; it merges what it
// receives through its Store. It never opens a socket, starts a thread or reads the time, so that one process can
// simulate a hundred replicas from a seed. The driver (src/link) owns the threads and calls in from one at a time.
//
// A conversation, for each direction by itself:
//
//   sender                          receiver
//   <- Hello ->                                       who are you
//   <- Subscribe(cursor)                              where I stand on your feed
//   Welcome(from, end, sweep?) ->                     where I start
//   Batch ... ->                                      under a credit window
//   <- Ack(position)                                  merged, cursor moved
//   <- Need(keys), Rows ->                            a batch had a part of a record that the receiver lacks
//   <- Rejected(keys, reasons)                        set aside; the rest is merged, and the cursor moves past them
//
// A session has three parts, and each can be read alone: Sender and Receiver are the two directions, Rest compares the
// two ends when nothing moves. This file greets the peer, hands each frame to its part, and decides what concerns more
// than one part: when this end may send, when the two ends are at rest, and in which order the parts go on after an
// event.
//
// An end whose cursor is older than its peer's purge horizon may have missed deletes, so it *sweeps* (receiver.h).
// Until it has, it sends nothing of its own. If both ends would have to sweep, the client goes first; between equals it
// is the end with the lower replica id. Only the end itself decides that it sweeps, and only if the peer may make it
// forget (WriteRule::mayErase). An end that never sweeps says so in Hello. If its peer has forgotten deletes that this
// end never heard of, the peer reads this end's feed again from 0, and the deleted records come back.
//
// A conversation that is about to end settles(): the sender announces what it withheld, the receiver saves its cursor,
// and the next conversation begins where this one ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "sync/receiver.h"
#include "sync/rest.h"
#include "sync/sender.h"
#include "sync/session_options.h"
#include "sync/session_status.h"
#include "sync/store.h"
#include "sync/this_end.h"

namespace blazedb::sync {

class Session {
 public:
  // `store` must outlive the session.
  explicit Session(Store& store, SessionOptions options = {});
  Session(const Session&) = delete;

  // Each of these may produce frames, and may throw what the Store throws. After an exception the session must not be
  // used. `wallMs` is the wall clock, which is compared with the peer's. `nowMs` never goes back.
  void start(std::int64_t wallMs, std::int64_t nowMs);
  void receive(base::ByteView frame, std::int64_t nowMs);
  void feedMoved(std::int64_t nowMs);
  void tick(std::int64_t nowMs);
  // The driver has room again for frames (SessionOptions::hasRoom). Does nothing if nothing waits for room.
  void roomMade(std::int64_t nowMs);
  // Asks the peer for a sign of life, and for the end of its feed.
  void ping(std::uint64_t number, std::int64_t nowMs);
  // Prepares the end of the conversation: the session reads nothing new from the feed, announces what it withheld and
  // saves its cursor. The driver carries the frames that are left, and then drops the session or stops it.
  void settle(std::int64_t nowMs);
  // Says Bye and stops.
  void stop(ErrorCode code, const std::string& text) { end_.stop(code, text); }

  // The frames produced since the last call, in order.
  std::vector<base::Bytes> takeFrames() { return end_.takeFrames(); }
  // The bytes of the peer's frames that the session holds until others come.
  std::size_t heldBytes() const { return receiver_.heldBytes(); }
  // When tick() next has something to do; std::nullopt for never. If that is past, one tick was not enough, and the
  // driver may serve other sessions first.
  std::optional<std::int64_t> nextTickMs() const;

  const SessionStatus& status() const { return end_.status; }
  bool stopped() const { return end_.stopped(); }
  // Whether every direction of this session has caught up.
  bool live() const { return end_.status.state == SessionState::live; }

 private:
  void dispatch(FrameType type, base::ByteView frame);
  void onHello(const Hello& hello);
  void onRows(base::ByteView frame);
  void onPing(const Ping& ping);
  void answerPing();
  void onBye(const Bye& bye);

  bool greeted() const { return end_.status.peer.has_value(); }
  bool sweepsFirst() const;
  bool maySend() const;
  void sendWhatMay();
  void send();
  void mergeHeld();
  Rest::Place here() const { return {end_.store.feedEnd(), receiver_.appliedTo()}; }
  bool comparable() const;
  bool atRest() const;
  void updateState();

  ThisEnd end_;
  Rest rest_;
  Sender sender_;
  Receiver receiver_;
  std::int64_t wallMs_ = 0;              // at the start
  std::optional<std::uint64_t> pinged_;  // the number of a Ping that waits for its Pong
};

}  // namespace blazedb::sync
