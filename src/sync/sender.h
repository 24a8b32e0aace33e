// The half of a session that sends: it reads this replica's feed and sends its changes to the peer.
//
// The peer says where it stands (Subscribe), this end says where it starts (Welcome), and batches follow under a credit
// window. A batch is sent at once while nothing is in flight (latency), and grows while two are (throughput). There is
// no queue: the changes for a slow peer stay in the feed.
//
// The sender withholds the changes that the peer sent itself, but still has to move the peer's cursor over them. No
// user waits for that, so the sender announces it with the next batch or a moment later.
//
// All positions here are positions in this replica's feed. A peer that is not to see them (Agreement::seals) gets
// others: the sender numbers the changes that it sends, and one more for each batch. What the peer gets, and when, then
// depends on what it may see and on what it sent alone: the sender announces no batch for other changes, and never ends
// a batch because of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sync/rest.h"
#include "sync/this_end.h"

namespace blazedb::sync {

class Sender {
 public:
  Sender(ThisEnd& end, Rest& rest) : end_(end), rest_(rest) {}

  // Called once the agreement is made.
  void begin() { catchingUp_ = end_.agreement.sends; }
  // `askedFrom`: the position in the peer's feed that this end's own Subscribe named.
  void onSubscribe(Subscribe subscribe, std::uint64_t askedFrom);
  // `saved`: the position of this end's stored cursor on the peer's feed.
  void onAck(const Ack& ack, std::uint64_t saved);
  // This end's stored cursor has moved: it may have by now what the peer had at its last Ack.
  void noteSaved(std::uint64_t saved);
  // Where the peer's cursor will stand once the peer has everything that is committed now. If the peer is not to see
  // positions, that is sent first; std::nullopt if it cannot be: the window is full, or the session may not send.
  std::optional<std::uint64_t> endForPeer(bool maySend);
  // Returns the records whose place the peer's are to take.
  std::vector<Rejection> onRejected(const Rejected& rejected);
  void onNeed(const Need& need);

  // Sends what the window and the driver have room for. Must be called only while the session may send.
  void send();
  // Moves the peer's cursor over what was withheld, up to what was read.
  void announceWithheld();
  void announceIfDue();
  // The peer asks for a sign of life: it gets what a reconnection would need, if it has not had that for long.
  void onPing();
  // Answers a Need that had to wait, if the driver has room for the answer now.
  void answerIfRoom();
  // Whether the driver had no room for a batch that was read.
  bool wantsRoom() const { return wantsRoom_ > 0; }
  // A sweep of this end has raised the purge horizon. The peer does not hold what the sweep removed.
  void horizonRaised(std::uint64_t before, std::uint64_t after);

  bool subscribed() const { return subscribed_; }
  bool peerSweeps() const { return peerSweeps_; }
  bool catchingUp() const { return catchingUp_; }
  // Whether the peer has acknowledged everything that there is to send.
  bool idle() const { return !catchingUp_ && inFlight_.empty() && readTo_ == end_.store.feedEnd(); }
  const Cursor& acknowledged() const { return acked_; }
  // The same position, moved over what was withheld: the peer has that in any case.
  std::uint64_t acknowledgedTo() const;
  // The sender left out deletes up to this position, because the peer held no data.
  std::uint64_t deadFrom() const { return deadFrom_; }
  // When announceIfDue() has something to announce, std::nullopt for never.
  std::optional<std::int64_t> nextTickMs() const;

 private:
  struct InFlight {
    std::uint64_t said = 0;  // what its Ack will say
    std::uint64_t to = 0;
    std::uint64_t complete = 0;
    std::size_t bytes = 0;
    std::uint64_t changes = 0;
  };

  Cursor unsealed(const Cursor& cursor) const;
  std::optional<Cursor> whereToStart(const Subscribe& subscribe);
  bool checkDeliveries(const Subscribe& subscribe, Cursor& start);
  bool hasForgotten(const Subscribe& subscribe, std::uint64_t from) const;
  std::uint64_t withheld() const { return seals_ ? withheld_ : readTo_ - announcedTo_; }
  std::optional<std::string> filterId() const;
  void noteFilter();
  void noteAcknowledged(std::uint64_t saved);
  void startOver();
  void readAnew();
  bool windowIsFull() const;
  bool sendMoved();
  void sendBatch(const BatchWriter& batch, bool atEnd);

  ThisEnd& end_;
  Rest& rest_;
  bool subscribed_ = false;
  bool seals_ = false;        // Agreement::seals
  bool filterNoted_ = false;  // the store knows the filter of this conversation
  bool givenAnew_ = false;    // the importer may hold records that another filter gave it
  bool peerSweeps_ = false;   // in this conversation
  // What the importer has to hear of because its rights or filter have changed: rows, how many of them were read, and
  // MovedQuery::start and notedAt.
  std::optional<Moved> moved_;
  bool goesOn_ = false;  // with the next batch of it, at once
  Cursor movedFrom_;
  std::uint64_t movedAt_ = 0;
  bool catchingUp_ = true;  // the peer has not been sent everything yet
  // Up to here the peer also gets what it sent itself. What came from it in this conversation lies beyond.
  std::uint64_t echoesTo_ = 0;
  std::uint64_t horizon_ = 0;  // the purge horizon when the peer subscribed
  std::uint64_t deadFrom_ = 0;
  std::uint64_t readTo_ = 0;       // everything up to here was read, and then sent or withheld
  bool readAll_ = false;           // the feed ended there when it was read
  std::uint64_t completeTo_ = 0;   // Cursor::complete for readTo_
  std::uint64_t reach_ = 0;        // Cursor::reach for readTo_
  std::uint64_t announcedTo_ = 0;  // batches cover everything up to here
  std::uint64_t said_ = 0;         // where the peer's cursor will stand then: if sealed, a count of what was sent
  std::uint64_t withheld_ = 0;     // changes of the peer itself that no batch covers yet
  Cursor acked_;
  std::optional<std::uint64_t> peerFeedEnd_;  // at its last Ack
  std::uint64_t notedSaved_ = 0;
  std::int64_t withheldSinceMs_ = 0;
  std::int64_t saidAtMs_ = 0;  // when the latest batch was sent
  std::deque<InFlight> inFlight_;
  std::size_t inFlightBytes_ = 0;
  std::size_t wantsRoom_ = 0;       // bytes of a batch that was read without room for it; it will be read again
  std::optional<Need> unanswered_;  // waits for room
  std::size_t unansweredBytes_ = 0;
};

}  // namespace blazedb::sync
